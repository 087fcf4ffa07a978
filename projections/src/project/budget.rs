//! One fact about a project's budget.

use chrono::NaiveDate;
use karez_events::event::budget::{BudgetApproved, BudgetStanding, LeftoverKind};
use karez_events::event::fund::FundSource;
use karez_events::{CategoryId, Currency, Metadata, Position, RecordedEvent};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How a budget fact acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BudgetForm {
    /// Posted approval: replaces the one before it for the same `fiscal_year`, with its adjustments of earlier days.
    Approved,
    /// Published with a period of its own: stands beside the others, replaced only by overlapping revisions.
    Published {
        /// First and last day, where both are stated.
        period: Option<(NaiveDate, NaiveDate)>,
        /// Original or revised.
        standing: BudgetStanding,
    },
    /// 追加、调减: adds to the approval in force.
    Adjusted,
    /// 调剂: one line loses what another gains.
    Reallocated,
}

/// An amount on a budget line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineAmount {
    /// Whose money.
    pub source: FundSource,
    /// 科目.
    pub category: Option<CategoryId>,
    /// Amount, signed.
    pub amount: Decimal,
}

/// One fact about the budget.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetFact {
    /// The event it comes from.
    pub event_id: Uuid,
    /// Where that stands in the log.
    pub position: Position,
    /// Its business date, which may lie after the day from which it counts.
    pub dated_on: NaiveDate,
    /// The day from which it counts: 生效日 where given, else the business date.
    pub effective_on: NaiveDate,
    /// The budget year, absent for a budget of the whole life or of a published period.
    pub fiscal_year: Option<i32>,
    /// How it acts.
    pub form: BudgetForm,
    /// Of an approval: the first for its year, or a revision that leaves the opening budget as it was.
    pub standing: BudgetStanding,
    /// Currency of the lines.
    pub currency: Currency,
    /// Its lines.
    pub lines: Vec<LineAmount>,
}

impl BudgetFact {
    /// The sum of its lines; zero for a reallocation.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.lines
            .iter()
            .fold(Decimal::ZERO, |sum, line| sum.saturating_add(line.amount))
    }
}

/// 指标 issued for the project, or taken back from it, as its fund's events say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The day from which it counts.
    pub effective_on: NaiveDate,
    /// Amount, negative for a withdrawal.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// The year for which the money was first budgeted; absent for a withdrawal.
    pub origin_budget_year: Option<i32>,
}

/// 结转确认.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carryover {
    /// Amount.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
    /// The year for which the money was first budgeted.
    pub origin_budget_year: i32,
    /// The year into which it goes on.
    pub into_year: i32,
    /// 结转 or 结余.
    pub kind: LeftoverKind,
}

pub(super) fn approved_budget(recorded: &RecordedEvent, data: &BudgetApproved) -> BudgetFact {
    let period = data.period_start_on.zip(data.period_end_on);
    let is_published = is_published(&recorded.metadata);
    let form = if is_published && data.fiscal_year.is_none() {
        BudgetForm::Published {
            period,
            standing: data.standing,
        }
    } else {
        BudgetForm::Approved
    };
    BudgetFact {
        event_id: recorded.event_id,
        position: recorded.position,
        dated_on: recorded.occurred_on,
        effective_on: recorded.metadata.effective_on.unwrap_or(recorded.occurred_on),
        fiscal_year: data.fiscal_year,
        form,
        standing: data.standing,
        currency: data.currency,
        lines: data
            .lines
            .iter()
            .map(|line| LineAmount {
                source: line.source,
                category: line.category.clone(),
                amount: line.amount,
            })
            .collect(),
    }
}

/// Whether a fact was published by others and imported, and so keeps the precision and the dates they gave it.
#[must_use]
pub fn is_published(metadata: &Metadata) -> bool {
    metadata
        .source_system
        .as_deref()
        .is_some_and(|source| source.starts_with("import:"))
}
