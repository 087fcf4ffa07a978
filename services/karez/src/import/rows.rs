//! What the rows of a table state, in karez's words.

use chrono::{Datelike, NaiveDate};
use karez_events::event::budget::{BudgetApproved, BudgetLine, BudgetStanding};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::{CommitmentSigned, ExpenditureRecorded, FundsArrived, FundsDisbursed};
use karez_events::event::personal::{Payee, Personal};
use karez_events::event::project::{CarryoverRegime, ProjectApproved, ProjectKind};
use karez_events::{CategoryId, Currency, Event, FundId, ProjectId, Submission, UnitId};
use rust_decimal::Decimal;

use super::mapping::{FactColumns, FactKind, Mapping, Unit};
use super::table::{Header, TableRow};

/// What is wrong with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFault {
    /// The column.
    pub column: String,
    /// The stable code.
    pub code: &'static str,
    /// What was found.
    pub found: String,
    /// What to do, in Chinese.
    pub advice_zh: &'static str,
    /// The same in English.
    pub advice_en: &'static str,
}

/// What one row states.
#[derive(Debug, Clone, PartialEq)]
pub struct StatedRow {
    /// The project it is about.
    pub project: ProjectId,
    /// The fund, where one is named.
    pub fund: Option<FundId>,
    /// The project's particulars, where the table gives them.
    pub approval: Option<ProjectApproved>,
    /// The facts, each with its business date and whether the table gives one.
    pub facts: Vec<(NaiveDate, bool, Event)>,
}

/// Reads one row. `today` dates what has no date.
///
/// # Errors
/// Every cell that cannot be read.
pub fn state(
    mapping: &Mapping,
    header: &Header,
    row: &TableRow,
    today: NaiveDate,
) -> Result<StatedRow, Vec<CellFault>> {
    let mut cells = Cells {
        mapping,
        header,
        row,
        faults: Vec::new(),
    };
    let stated = cells.state(today);
    match stated {
        Some(stated) if cells.faults.is_empty() => Ok(stated),
        Some(_) | None => Err(cells.faults),
    }
}

struct Cells<'a> {
    mapping: &'a Mapping,
    header: &'a Header,
    row: &'a TableRow,
    faults: Vec<CellFault>,
}

impl Cells<'_> {
    /// A cell that states something.
    fn text(&self, column: Option<&String>) -> Option<String> {
        let text = self.header.cell(self.row, column?);
        (!self.mapping.none.iter().any(|none| none == text)).then(|| text.to_owned())
    }

    fn fault(&mut self, column: &str, code: &'static str, advice: (&'static str, &'static str)) {
        let found = self.header.cell(self.row, column).to_owned();
        let (advice_zh, advice_en) = advice;
        self.faults.push(CellFault {
            column: column.to_owned(),
            code,
            found,
            advice_zh,
            advice_en,
        });
    }

    fn state(&mut self, today: NaiveDate) -> Option<StatedRow> {
        let project = self.project_id()?;
        let fund = self.fund();
        let approval = if self.mapping.project.known {
            None
        } else {
            Some(self.approval(&project, fund.clone())?)
        };
        let currency = self.currency()?;
        let mut facts = Vec::new();
        for columns in &self.mapping.facts {
            let Some(amount) = self.amount(&columns.amount) else {
                continue;
            };
            let stated_on = self.business_date(columns);
            let event = self.event(columns, amount, currency);
            facts.push((stated_on.unwrap_or(today), stated_on.is_some(), event));
        }
        Some(StatedRow {
            project,
            fund,
            approval,
            facts,
        })
    }

    fn project_id(&mut self) -> Option<ProjectId> {
        let columns = &self.mapping.project.id;
        let parts: Vec<String> = columns
            .iter()
            .filter_map(|column| self.text(Some(column)))
            .collect();
        let id = ProjectId::try_new(&shortened(&parts.join(" / "))).ok();
        if id.is_none()
            && let Some(column) = columns.first()
        {
            self.fault(
                column,
                "bad_project",
                ("请填写项目编号", "give the project number"),
            );
        }
        id
    }

    fn fund(&self) -> Option<FundId> {
        let columns = &self.mapping.project;
        let named = self
            .text(columns.fund_column.as_ref())
            .or_else(|| columns.fund.clone())?;
        FundId::try_new(&named).ok()
    }

    fn approval(&mut self, project: &ProjectId, fund: Option<FundId>) -> Option<ProjectApproved> {
        let columns = &self.mapping.project;
        let unit_name = self.text(columns.unit_name.as_ref());
        let unit = self.text(columns.unit.as_ref()).or_else(|| unit_name.clone());
        let unit = UnitId::try_new(&shortened(&unit.unwrap_or_else(|| self.mapping.source.clone()))).ok();
        let Some(unit) = unit else {
            let column = columns.unit.clone().unwrap_or_default();
            self.fault(
                &column,
                "bad_unit",
                ("请填写统一社会信用代码", "give the unit's code"),
            );
            return None;
        };
        Some(ProjectApproved {
            title: self
                .text(columns.title.as_ref())
                .unwrap_or_else(|| project.to_string()),
            unit,
            unit_name,
            fund,
            programme: None,
            parent: self
                .text(columns.parent.as_ref())
                .and_then(|parent| ProjectId::try_new(&parent).ok()),
            principal: None,
            kind: ProjectKind::Research,
            amount: None,
            currency: self.currency()?,
            planned_start_on: None,
            planned_end_on: None,
            lump_sum: false,
            carryover_regime: CarryoverRegime::ResearchProject,
            published_status: None,
            published_id: None,
        })
    }

    fn currency(&mut self) -> Option<Currency> {
        let column = self.mapping.currency_column.clone();
        let Some(code) = self
            .text(column.as_ref())
            .or_else(|| self.mapping.currency.clone())
        else {
            return Some(Currency::CNY);
        };
        let currency = code.parse().ok();
        if currency.is_none() {
            let advice = (
                "货币代码为三个字母，例如 CNY",
                "a currency is three letters such as CNY",
            );
            self.fault(&column.unwrap_or_default(), "odd_currency", advice);
        }
        currency
    }

    fn amount(&mut self, column: &str) -> Option<Decimal> {
        let text = self.text(Some(&column.to_owned()))?;
        let amount = amount_of(&text, self.mapping);
        if amount.is_none() {
            let advice = (
                "请填写数字，例如 1234.50；小数逗号须在映射文件中声明",
                "write a number such as 1234.50; a decimal comma must be declared in the mapping",
            );
            self.fault(column, "bad_amount", advice);
        }
        amount
    }

    fn business_date(&mut self, columns: &FactColumns) -> Option<NaiveDate> {
        if let Some(year) = self.text(columns.year.as_ref()) {
            let last = year
                .parse()
                .ok()
                .and_then(|year| NaiveDate::from_ymd_opt(year, 12, 31));
            if last.is_none() {
                let column = columns.year.clone().unwrap_or_default();
                self.fault(
                    &column,
                    "bad_year",
                    ("请填写四位年份", "write a year of four digits"),
                );
            }
            return last;
        }
        self.date(columns.date.as_ref()).or(columns.on)
    }

    fn date(&mut self, column: Option<&String>) -> Option<NaiveDate> {
        let text = self.text(column)?;
        let date = date_of(&text).filter(|date| (1900..=2200).contains(&date.year()));
        if date.is_none() {
            let advice = (
                "请填写 1900 至 2200 年的日期，例如 2024-12-31",
                "write a date such as 2024-12-31, of 1900 to 2200",
            );
            self.fault(column.map_or("", String::as_str), "bad_date", advice);
        }
        date
    }

    fn source(&mut self, columns: &FactColumns) -> FundSource {
        let Some(text) = self.text(columns.source.as_ref()) else {
            return if self.mapping.published {
                FundSource::Other
            } else {
                FundSource::FiscalCurrent
            };
        };
        match text.as_str() {
            "财政" | "财政当年" | "财政拨款" | "fiscal_current" => FundSource::FiscalCurrent,
            "上年结转" | "结转" | "fiscal_carryover" => FundSource::FiscalCarryover,
            "自筹" | "自筹资金" | "self_raised" => FundSource::SelfRaised,
            "配套" | "配套资金" | "matching" => FundSource::Matching,
            "其他" | "other" => FundSource::Other,
            _ => {
                let advice = (
                    "请填写财政当年、上年结转、自筹、配套或其他",
                    "write fiscal_current, fiscal_carryover, self_raised, matching or other",
                );
                self.fault(
                    columns.source.as_deref().unwrap_or_default(),
                    "bad_source",
                    advice,
                );
                FundSource::Other
            }
        }
    }

    fn event(&mut self, columns: &FactColumns, amount: Decimal, currency: Currency) -> Event {
        let source = self.source(columns);
        let category = self
            .text(columns.category.as_ref())
            .and_then(|text| CategoryId::try_new(&text).ok());
        let reference = self.text(columns.reference.as_ref());
        let purpose = self.text(columns.purpose.as_ref());
        match columns.kind {
            FactKind::BudgetOriginal => budget(
                columns,
                BudgetStanding::Original,
                (source, category),
                (amount, currency),
            ),
            FactKind::BudgetRevised => budget(
                columns,
                BudgetStanding::Revised,
                (source, category),
                (amount, currency),
            ),
            FactKind::Disbursement => disbursement((source, reference), purpose, (amount, currency)),
            FactKind::Arrival => arrival((source, reference), purpose, (amount, currency)),
            FactKind::Commitment => Event::CommitmentSigned(CommitmentSigned {
                amount,
                currency,
                source,
                category,
                commitment_no: reference,
                due_on: None,
                payee: self.payee(columns),
                valued_on: None,
                purpose,
            }),
            FactKind::Expenditure => Event::ExpenditureRecorded(ExpenditureRecorded {
                amount,
                currency,
                source,
                category,
                old_category: None,
                voucher_no: reference,
                line_no: self
                    .text(columns.line.as_ref())
                    .and_then(|line| line.parse().ok()),
                invoice_no: None,
                payee: self.payee(columns),
                purpose,
                service_from_on: self.date(columns.service_from.as_ref()),
                service_to_on: self.date(columns.service_to.as_ref()),
                valued_on: None,
                tags: Vec::new(),
                person_days: None,
            }),
        }
    }

    fn payee(&self, columns: &FactColumns) -> Option<Payee> {
        let name = self.text(columns.payee.as_ref())?;
        Some(Payee {
            name: Some(Personal::Open(name)),
            ..Payee::default()
        })
    }
}

/// A text as short as an identifier may be; what is cut off is told apart by a hash at the end.
fn shortened(text: &str) -> String {
    const KEPT_BYTES: usize = 150;
    let text: &str = &text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.len() <= karez_events::ids::LONGEST_ID_BYTES {
        return text.to_owned();
    }
    let fits = |(index, letter): &(usize, char)| index + letter.len_utf8() <= KEPT_BYTES;
    let kept: String = text
        .char_indices()
        .take_while(fits)
        .map(|(_, letter)| letter)
        .collect();
    format!("{kept}#{}", Submission::id_of_key("project", text).simple())
}

fn budget(
    columns: &FactColumns,
    standing: BudgetStanding,
    line: (FundSource, Option<CategoryId>),
    money: (Decimal, Currency),
) -> Event {
    let (source, category) = line;
    let (amount, currency) = money;
    let (period_start_on, period_end_on) = columns.period.unzip();
    Event::BudgetApproved(BudgetApproved {
        fiscal_year: None,
        period_start_on,
        period_end_on,
        standing,
        currency,
        lines: vec![BudgetLine {
            source,
            category,
            amount,
        }],
    })
}

fn disbursement(
    from: (FundSource, Option<String>),
    purpose: Option<String>,
    money: (Decimal, Currency),
) -> Event {
    let (source, tranche_no) = from;
    let (amount, currency) = money;
    Event::FundsDisbursed(FundsDisbursed {
        amount,
        currency,
        source,
        tranche_no,
        origin_budget_year: None,
        due_on: None,
        reference: None,
        valued_on: None,
        purpose,
        passed_on_to: None,
    })
}

fn arrival(from: (FundSource, Option<String>), purpose: Option<String>, money: (Decimal, Currency)) -> Event {
    let (source, tranche_no) = from;
    let (amount, currency) = money;
    Event::FundsArrived(FundsArrived {
        amount,
        currency,
        source,
        tranche_no,
        origin_budget_year: None,
        reference: None,
        valued_on: None,
        purpose,
    })
}

/// Reads an amount exactly. A comma is taken only between well-formed groups of three digits, unless the mapping
/// declares a decimal comma: it is never guessed.
fn amount_of(text: &str, mapping: &Mapping) -> Option<Decimal> {
    let (thousands, point) = if mapping.decimal_comma {
        ('.', ',')
    } else {
        (',', '.')
    };
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    let (whole, fraction) = digits.split_once(point).unwrap_or((digits, ""));
    let groups: Vec<&str> = whole.split(thousands).collect();
    let is_grouped = match groups.as_slice() {
        [_] => true,
        [first, rest @ ..] => (1..=3).contains(&first.len()) && rest.iter().all(|group| group.len() == 3),
        [] => false,
    };
    let plain = format!("{sign}{}.{fraction}", groups.concat());
    let is_number = is_grouped
        && whole.chars().any(|letter| letter.is_ascii_digit())
        && groups
            .concat()
            .chars()
            .chain(fraction.chars())
            .all(|letter| letter.is_ascii_digit());
    let amount = is_number
        .then(|| Decimal::from_str_exact(plain.trim_end_matches('.')).ok())
        .flatten()?;
    let factor = match mapping.unit {
        Unit::元 => Decimal::ONE,
        Unit::万元 => Decimal::from(10_000),
        Unit::亿元 => Decimal::from(100_000_000),
    };
    amount.checked_mul(factor)
}

fn date_of(text: &str) -> Option<NaiveDate> {
    let day = text.get(..10).and_then(|day| day.parse().ok());
    let others = ["%Y/%m/%d", "%Y年%m月%d日", "%Y.%m.%d", "%Y%m%d"];
    day.or_else(|| {
        others
            .iter()
            .find_map(|format| NaiveDate::parse_from_str(text, format).ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(more: &str) -> Mapping {
        Mapping::parse(&format!(
            "source = \"t\"\n{more}\n[project]\nid = [\"A\"]\n[[fact]]\ntype = \"arrival\"\namount = \"B\"\n"
        ))
        .unwrap()
    }

    #[test]
    fn a_comma_is_never_guessed() {
        let read = |text: &str| amount_of(text, &mapping("")).map(|amount| amount.to_string());
        assert_eq!(read("40,800,000").as_deref(), Some("40800000"));
        assert_eq!(read("-1,234.50").as_deref(), Some("-1234.50"));
        assert_eq!(read("46678,00"), None);
        assert_eq!(read("1,23"), None);
        for text in ["NaN", "1e999", "", ".", "12a", "１２", "--1", "1.2.3"] {
            assert_eq!(read(text), None, "{text}");
        }
        let european = mapping("decimal_comma = true");
        assert_eq!(amount_of("1.234,50", &european).unwrap().to_string(), "1234.50");
    }

    #[test]
    fn ten_thousands_are_exact() {
        let amount = amount_of("861.46", &mapping("unit = \"万元\"")).unwrap();
        assert_eq!(amount, Decimal::from(8_614_600));
    }

    #[test]
    fn dates_of_offices_are_read() {
        let day = NaiveDate::from_ymd_opt(2024, 12, 31);
        for text in [
            "2024-12-31",
            "2024-12-31T00:00:00",
            "2024/12/31",
            "2024年12月31日",
            "20241231",
        ] {
            assert_eq!(date_of(text), day, "{text}");
        }
        assert_eq!(date_of("31.12.2024"), None);
    }
}
