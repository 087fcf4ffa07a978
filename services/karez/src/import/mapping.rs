//! Which column of a table says what: a TOML file that an office writes once for each kind of table it receives.

use std::collections::BTreeMap;
use std::path::Path;

use karez_events::event::project::ProjectKind;
use serde::{Deserialize, Deserializer};

use crate::nearest::nearest;

/// A mapping. Columns are named by their header, so their order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a line of a file that is on or off"
)]
pub struct Mapping {
    /// Names the source; ids of facts are made from it, so it must stay the same for every delivery.
    pub source: String,
    /// Published by others: precision, currencies and dates are kept as they gave them. Otherwise the rules for
    /// posted facts hold.
    #[serde(default)]
    pub published: bool,
    /// Currency of every amount, where no column gives it; CNY where absent.
    pub currency: Option<String>,
    /// Column with the currency.
    pub currency_column: Option<String>,
    /// Encoding of a CSV file, such as `gb18030` or `iso-8859-1`; where absent the first of UTF-8, GB18030 and
    /// windows-1252 in which the whole file is text.
    pub encoding: Option<String>,
    /// Delimiter of a CSV file; the most frequent of `,` `;` and tab in its header where absent.
    pub delimiter: Option<char>,
    /// Row of the header, from 1, the last where it has several; the first that holds every column needed, where
    /// absent.
    pub header_row: Option<u64>,
    /// Rows of the header. What stands above one another is one name, joined by " / "; merged cells count for each
    /// column that they cover.
    #[serde(default = "one")]
    pub header_rows: u64,
    /// Other names that a column may have: the name used in this mapping, then the others.
    #[serde(default)]
    pub also_called: BTreeMap<String, Vec<String>>,
    /// Sheet of a workbook; its first where absent.
    pub sheet: Option<String>,
    /// Cells that mean "nothing stated".
    #[serde(default = "nothing")]
    pub none: Vec<String>,
    /// Amounts use a decimal comma and points between thousands.
    #[serde(default)]
    pub decimal_comma: bool,
    /// 元, 万元 or 亿元: what amounts are multiplied with, exactly.
    #[serde(default)]
    pub unit: Unit,
    /// How dates are written, such as `%d.%m.%Y`; ISO and what offices write where empty.
    #[serde(default)]
    pub date_formats: Vec<String>,
    /// The columns that name a row wherever it is delivered, such as a receipt number. A repeated key with the same
    /// content is the same fact; the same content under another key is another fact. Rows of one table that share a
    /// key and differ are refused: which of them holds, or whether they are parts of a whole, the table does not say.
    #[serde(default)]
    pub key: Vec<String>,
    /// Each table is the whole of its source, not what has come since the last one: a row that differs from the one
    /// recorded under its key takes its place, and facts whose key is no longer listed are withdrawn. Needs `key`, and
    /// a `source` that no other table shares.
    #[serde(default)]
    pub complete: bool,
    /// Rows that repeat a fact word for word state the same fact; otherwise they are separate facts.
    #[serde(default)]
    pub repeats_are_one: bool,
    /// Rows of which a cell holds one of these texts are passed over (示例).
    #[serde(default, deserialize_with = "one_or_more")]
    pub skip: Vec<String>,
    /// The project that a row is about.
    pub project: ProjectColumns,
    /// The facts that a row states.
    #[serde(rename = "fact")]
    pub facts: Vec<FactColumns>,
}

/// The unit of amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum Unit {
    /// One.
    #[default]
    元,
    /// Ten thousand.
    万元,
    /// A hundred million.
    亿元,
}

/// The columns about the project.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectColumns {
    /// The columns that together name the project; joined by " / ".
    pub id: Vec<String>,
    /// Title.
    pub title: Option<String>,
    /// 统一社会信用代码 of the unit, or its name.
    pub unit: Option<String>,
    /// Name of the unit.
    pub unit_name: Option<String>,
    /// The fund, one for the whole table.
    pub fund: Option<String>,
    /// Column with the fund.
    pub fund_column: Option<String>,
    /// Column with the project it is a part of.
    pub parent: Option<String>,
    /// Column with the first day planned.
    pub start: Option<String>,
    /// Column with the last day planned.
    pub end: Option<String>,
    /// What kind of project each is: research, reimbursement, award or activity.
    #[serde(default)]
    pub kind: ProjectKind,
    /// Rows are about projects that are recorded already: none is approved by this table.
    #[serde(default)]
    pub known: bool,
}

/// What a fact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactKind {
    /// 年初预算, the first for its period.
    #[serde(alias = "budget")]
    BudgetOriginal,
    /// 调整后预算, in place of the first.
    BudgetRevised,
    /// 拨付.
    Disbursement,
    /// 到位; others call it incoming funds.
    #[serde(alias = "incoming")]
    Arrival,
    /// 合同占用.
    Commitment,
    /// 支出.
    Expenditure,
}

/// The columns of one fact.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactColumns {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: FactKind,
    /// Column with the amount; a row without one does not state the fact.
    pub amount: String,
    /// Column with the business date.
    pub date: Option<String>,
    /// Business date of every row, where no column gives it.
    pub on: Option<chrono::NaiveDate>,
    /// Rows state this fact only where these columns hold one of these texts.
    #[serde(default)]
    pub only: BTreeMap<String, Vec<String>>,
    /// Column with the budget year; the fact is dated 31 December where it has no date.
    pub year: Option<String>,
    /// First and last day of a budget's period.
    pub period: Option<(chrono::NaiveDate, chrono::NaiveDate)>,
    /// Column with the source of the money (财政当年, 自筹 …).
    pub source: Option<String>,
    /// Column with the category.
    pub category: Option<String>,
    /// Column with the voucher, tranche or contract number.
    pub reference: Option<String>,
    /// Column with the line of the voucher.
    pub line: Option<String>,
    /// Column with the purpose.
    pub purpose: Option<String>,
    /// Column with the payee's name.
    pub payee: Option<String>,
    /// Column with the first day of service.
    pub service_from: Option<String>,
    /// Column with the last day of service.
    pub service_to: Option<String>,
}

fn one() -> u64 {
    1
}

/// A text, or a list of texts.
fn one_or_more<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a text or a list of texts was expected")]
    enum Texts {
        One(String),
        More(Vec<String>),
    }
    Ok(match Texts::deserialize(input)? {
        Texts::One(text) => vec![text],
        Texts::More(texts) => texts,
    })
}

fn nothing() -> Vec<String> {
    vec![String::new(), "-".to_owned()]
}

/// A mapping that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("the mapping {path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// It is not a mapping; the message names line, column and key.
    #[error("the mapping {path} is wrong: {message}")]
    Wrong {
        /// The file.
        path: String,
        /// What the reader found.
        message: String,
    },
}

impl Mapping {
    /// Reads a mapping file.
    ///
    /// # Errors
    /// [`MappingError`] with line, column and what was expected.
    pub fn read(path: &Path) -> Result<Self, MappingError> {
        let place = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| MappingError::Unreadable {
            path: place.clone(),
            source,
        })?;
        Self::parse(&text).map_err(|message| MappingError::Wrong { path: place, message })
    }

    /// Every column that the mapping names. One that is missing would leave out what it says, unseen.
    pub fn named(&self) -> impl Iterator<Item = &str> {
        let project = &self.project;
        let about_project = [
            &self.currency_column,
            &project.title,
            &project.unit,
            &project.unit_name,
            &project.fund_column,
            &project.parent,
            &project.start,
            &project.end,
        ];
        let of_facts = self.facts.iter().flat_map(FactColumns::optional);
        let optional = about_project.into_iter().flatten().map(String::as_str);
        let keys = self.key.iter().map(String::as_str);
        self.needed().chain(keys).chain(optional).chain(of_facts)
    }

    /// The columns by which a header is told from the titles above it.
    pub fn needed(&self) -> impl Iterator<Item = &str> {
        let amounts = self.facts.iter().map(|fact| fact.amount.as_str());
        self.project.id.iter().map(String::as_str).chain(amounts)
    }

    /// The name that this mapping uses for a column; the name found where it uses none.
    #[must_use]
    pub fn canonical<'a>(&'a self, found: &'a str) -> &'a str {
        self.also_called
            .iter()
            .find(|(_, others)| others.iter().any(|other| other == found))
            .map_or(found, |(name, _)| name)
    }

    /// Reads a mapping from its text.
    ///
    /// # Errors
    /// A sentence with line, column and what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mapping: Self = toml::from_str(text).map_err(|error| {
            let message = error.to_string();
            match meant(error.message()) {
                Some(name) => format!("{message}did you mean `{name}`?"),
                None => message,
            }
        })?;
        mapping.check().map(|()| mapping)
    }

    /// What each setting allows by itself but not all of them together.
    fn check(&self) -> Result<(), String> {
        if self.project.id.is_empty() {
            return Err("[project] id names no column: name those that tell projects apart".to_owned());
        }
        if self.facts.is_empty() {
            return Err("there is no [[fact]]: say what a row states".to_owned());
        }
        if self.complete && self.key.is_empty() {
            return Err("complete needs key: name the columns by which a row is known again".to_owned());
        }
        if self.header_rows == 0 || self.header_row.is_some_and(|last| last < self.header_rows) {
            return Err(
                "a header has at least one row, and header_row is the last of header_rows".to_owned(),
            );
        }
        if self.delimiter.is_some_and(|given| !given.is_ascii()) {
            return Err("delimiter is one ASCII letter such as ; or a tab".to_owned());
        }
        match &self.currency {
            Some(code) if code.parse::<karez_events::Currency>().is_err() => Err(format!(
                "currency {code:?} is no currency: use three letters such as CNY"
            )),
            Some(_) | None => Ok(()),
        }
    }
}

impl FactColumns {
    fn optional(&self) -> impl Iterator<Item = &str> {
        [
            &self.date,
            &self.year,
            &self.source,
            &self.category,
            &self.reference,
            &self.line,
            &self.purpose,
            &self.payee,
            &self.service_from,
            &self.service_to,
        ]
        .into_iter()
        .flatten()
        .chain(self.only.keys())
        .map(String::as_str)
    }
}

/// The known key that an unknown one was meant to be: the reader quotes the unknown first, then all that it knows.
fn meant(message: &str) -> Option<&str> {
    let mut quoted = message.split('`').skip(1).step_by(2);
    nearest(quoted.next()?, quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_named_with_its_line() {
        let text = "source = \"a\"\n[project]\nid = [\"A\"]\ntitel = \"B\"\n[[fact]]\ntype = \"arrival\"\namount = \"C\"\n";
        let refused = Mapping::parse(text).unwrap_err();
        assert!(
            refused.contains("titel")
                && refused.contains("line 4")
                && refused.contains("did you mean `title`?"),
            "{refused}"
        );
    }

    #[test]
    fn settings_that_do_not_fit_together_are_refused() {
        let rest = "[project]\nid = [\"A\"]\n[[fact]]\ntype = \"arrival\"\namount = \"C\"\n";
        for (wrong, named) in [
            ("delimiter = \"；\"", "delimiter"),
            ("header_row = 1\nheader_rows = 2", "header_row"),
            ("currency = \"yuan\"", "yuan"),
            ("complete = true", "complete needs key"),
            ("skip = 1", "a text or a list of texts"),
        ] {
            let refused = Mapping::parse(&format!("source = \"a\"\n{wrong}\n{rest}")).unwrap_err();
            assert!(refused.contains(named), "{wrong}: {refused}");
        }
    }
}
