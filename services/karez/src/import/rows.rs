//! What the rows of a table state, in karez's words.

use chrono::{Datelike, NaiveDate};
use karez_events::event::budget::{BudgetApproved, BudgetLine, BudgetStanding};
use karez_events::event::fund::FundSource;
use karez_events::event::money_flow::{CommitmentSigned, ExpenditureRecorded, FundsArrived, FundsDisbursed};
use karez_events::event::personal::{Payee, Personal};
use karez_events::event::project::{CarryoverRegime, ProjectApproved};
use karez_events::{CategoryId, Currency, Event, FundId, ProjectId, Submission, UnitId};
use rust_decimal::Decimal;

use super::cell_value::{amount_of, date_of};
use super::mapping::{FactColumns, FactKind, Mapping};
use super::table::{Header, TableRow};

/// The years a table may be about.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// What a workbook shows in place of a value where a formula failed.
const FAILED_FORMULAS: [&str; 8] = [
    "#REF!",
    "#N/A",
    "#VALUE!",
    "#DIV/0!",
    "#NAME?",
    "#NULL!",
    "#NUM!",
    "#GETTING_DATA",
];

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
    /// What the key columns hold, where the mapping names some.
    pub key: Option<String>,
    /// The facts, each with its business date, where the table gives one.
    pub facts: Vec<(Option<NaiveDate>, Event)>,
}

/// Reads one row.
///
/// # Errors
/// Every cell that cannot be read.
pub fn state(mapping: &Mapping, header: &Header, row: &TableRow) -> Result<StatedRow, Vec<CellFault>> {
    let mut cells = Cells {
        mapping,
        header,
        row,
        faults: Vec::new(),
    };
    let stated = cells.state();
    match stated {
        Some(stated) if cells.faults.is_empty() => Ok(stated),
        Some(_) | None => Err(cells.faults),
    }
}

/// The row's own key, where the mapping names one and the row has it, whatever else is wrong with the row.
#[must_use]
pub fn key_of(mapping: &Mapping, header: &Header, row: &TableRow) -> Option<String> {
    let cells = mapping.key.iter();
    let parts: Vec<&str> = cells.map(|column| header.cell(row, column)).collect();
    let is_blank = parts.iter().all(|part| part.is_empty());
    (!is_blank).then(|| parts.join(" / "))
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
        // Several facts may read one cell.
        let is_same = |fault: &CellFault| fault.column == column && fault.code == code;
        if self.faults.iter().any(is_same) {
            return;
        }
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

    fn state(&mut self) -> Option<StatedRow> {
        if self.has_failed_formulas() {
            return None;
        }
        let project = self.project_id()?;
        let key = self.key();
        let fund = self.fund();
        let approval = if self.mapping.project.known {
            None
        } else {
            Some(self.approval(&project, fund.clone())?)
        };
        let currency = self.currency()?;
        let mut facts = Vec::new();
        for columns in &self.mapping.facts {
            if !self.is_stated(columns) {
                continue;
            }
            let Some(amount) = self.amount(&columns.amount) else {
                continue;
            };
            let stated_on = self.business_date(columns);
            let event = self.event(columns, amount, currency);
            facts.push((stated_on, event));
        }
        if facts.is_empty() && self.faults.is_empty() {
            self.fault_of_nothing();
        }
        Some(StatedRow {
            project,
            fund,
            approval,
            key,
            facts,
        })
    }

    /// A failed formula is no text: taken as one it would name a project or a purpose.
    fn has_failed_formulas(&mut self) -> bool {
        let mapping = self.mapping;
        let failed = |column: &&str| {
            let text = self.header.cell(self.row, column);
            FAILED_FORMULAS.contains(&text) && !mapping.none.iter().any(|none| none == text)
        };
        let columns: Vec<&str> = mapping.named().filter(failed).collect();
        for column in &columns {
            let advice = (
                "公式出错，请更正公式或直接填写数值",
                "the formula failed: correct it, or write the value",
            );
            self.fault(column, "failed_formula", advice);
        }
        !columns.is_empty()
    }

    /// A row of a posted table about a recorded project that states nothing at all was meant to state something.
    fn fault_of_nothing(&mut self) {
        let mapping = self.mapping;
        if let [columns] = mapping.facts.as_slice()
            && !mapping.published
            && mapping.project.known
            && self.is_stated(columns)
        {
            let advice = ("请填写金额，或删除该行", "give the amount, or delete the row");
            self.fault(&columns.amount, "missing_amount", advice);
        }
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

    /// The row's own key, where the mapping names one; a blank one is a fault, because it would make one fact of many.
    fn key(&mut self) -> Option<String> {
        let column = self.mapping.key.first()?;
        let key = key_of(self.mapping, self.header, self.row);
        if key.is_none() {
            self.fault(column, "bad_key", ("请填写该行的编号", "give the row's key"));
        }
        key
    }

    /// Whether the row states this fact: its cells hold what the mapping asks for.
    fn is_stated(&self, columns: &FactColumns) -> bool {
        columns.only.iter().all(|(column, wanted)| {
            let found = self.header.cell(self.row, column);
            wanted.iter().any(|text| text == found)
        })
    }

    /// An identifier in a cell; one that cannot be an identifier is a fault, never left out.
    fn identifier<T>(&mut self, column: Option<&String>, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(column)?;
        let identifier = read(&text);
        if identifier.is_none() {
            let advice = (
                "请填写编号：不超过 200 字节，不含控制字符",
                "write an identifier of at most 200 bytes without control characters",
            );
            self.fault(column.map_or("", String::as_str), "bad_identifier", advice);
        }
        identifier
    }

    fn fund(&mut self) -> Option<FundId> {
        let columns = &self.mapping.project;
        self.identifier(columns.fund_column.as_ref(), |text| FundId::try_new(text).ok())
            .or_else(|| FundId::try_new(columns.fund.as_ref()?).ok())
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
            parent: self.identifier(columns.parent.as_ref(), |text| ProjectId::try_new(text).ok()),
            principal: None,
            kind: columns.kind,
            amount: None,
            currency: self.currency()?,
            planned_start_on: self.date(columns.start.as_ref()),
            planned_end_on: self.date(columns.end.as_ref()),
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

    /// The date given; the last day of the year where only that is given.
    fn business_date(&mut self, columns: &FactColumns) -> Option<NaiveDate> {
        let stated_on = self.date(columns.date.as_ref()).or(columns.on).or_else(|| {
            let year = self.year(columns)?;
            NaiveDate::from_ymd_opt(year, 12, 31)
        });
        // Published figures may have no date; what is posted happened on some day, and not on that of the import.
        if let Some(column) = &columns.date
            && stated_on.is_none()
            && !self.mapping.published
            && self.text(Some(column)).is_none()
        {
            let advice = (
                "请填写业务日期，例如 2024-12-31",
                "give the business date, such as 2024-12-31",
            );
            self.fault(column, "missing_date", advice);
        }
        stated_on
    }

    fn year(&mut self, columns: &FactColumns) -> Option<i32> {
        let text = self.text(columns.year.as_ref())?;
        let year = text.parse().ok().filter(|year| YEARS.contains(year));
        if year.is_none() {
            let column = columns.year.clone().unwrap_or_default();
            self.fault(
                &column,
                "bad_year",
                ("请填写四位年份", "write a year of four digits"),
            );
        }
        year
    }

    fn date(&mut self, column: Option<&String>) -> Option<NaiveDate> {
        let text = self.text(column)?;
        let date = date_of(&text, self.mapping).filter(|date| YEARS.contains(&date.year()));
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
        let category = self.identifier(columns.category.as_ref(), |text| CategoryId::try_new(text).ok());
        let reference = self.text(columns.reference.as_ref());
        let purpose = self.text(columns.purpose.as_ref());
        match columns.kind {
            FactKind::BudgetOriginal => budget(
                (self.year(columns), columns.period),
                BudgetStanding::Original,
                (source, category),
                (amount, currency),
            ),
            FactKind::BudgetRevised => budget(
                (self.year(columns), columns.period),
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
                line_no: self.line(columns),
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

    fn line(&mut self, columns: &FactColumns) -> Option<u32> {
        let text = self.text(columns.line.as_ref())?;
        let line = text.parse().ok();
        if line.is_none() {
            let column = columns.line.clone().unwrap_or_default();
            self.fault(
                &column,
                "bad_line",
                ("行号为正整数，例如 1", "a line is a whole number such as 1"),
            );
        }
        line
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
    time: (Option<i32>, Option<(NaiveDate, NaiveDate)>),
    standing: BudgetStanding,
    line: (FundSource, Option<CategoryId>),
    money: (Decimal, Currency),
) -> Event {
    let (source, category) = line;
    let (amount, currency) = money;
    let (fiscal_year, period) = time;
    let (period_start_on, period_end_on) = period.unzip();
    Event::BudgetApproved(BudgetApproved {
        fiscal_year,
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

#[cfg(test)]
mod tests;
