//! One fund as its events tell it.

use chrono::NaiveDate;
use karez_events::event::fund::FundEstablished;
use karez_events::{Currency, Event, FundId, ProjectId, RecordedEvent};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A change of a fund's budget or quotas.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FundEntry {
    /// The event it comes from.
    pub event_id: Uuid,
    /// The day from which it counts.
    pub effective_on: NaiveDate,
    /// What it is.
    pub kind: FundEntryKind,
    /// Amount, signed.
    pub amount: Decimal,
    /// Its currency.
    pub currency: Currency,
}

/// What a [`FundEntry`] is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FundEntryKind {
    /// 年初预算 of a budget year; a later one of the same year replaces it.
    Appropriation {
        /// 预算年度.
        fiscal_year: i32,
    },
    /// 追加、调减 of a budget year.
    Adjustment {
        /// 预算年度.
        fiscal_year: i32,
    },
    /// 指标下达, negative for 收回.
    Quota {
        /// The year for which the money was first budgeted; absent for a withdrawal.
        origin_budget_year: Option<i32>,
        /// The project it is for.
        project: Option<ProjectId>,
    },
}

/// A fund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fund {
    /// Its identifier.
    pub id: FundId,
    /// Its particulars, the latest.
    pub particulars: FundEstablished,
    /// Since when.
    pub established_on: NaiveDate,
    /// Changes of budget and quotas, in the order of becoming known.
    pub entries: Vec<FundEntry>,
}

impl Fund {
    pub(crate) fn new(id: FundId, particulars: FundEstablished, established_on: NaiveDate) -> Self {
        Self {
            id,
            particulars,
            established_on,
            entries: Vec::new(),
        }
    }

    /// Whether the fund was established, or anything about it is dated, on or before a day.
    #[must_use]
    pub fn is_known_by(&self, as_of: NaiveDate) -> bool {
        self.established_on <= as_of || self.entries.iter().any(|entry| entry.effective_on <= as_of)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "Project::apply lists every event; only a few concern this fold"
    )]
    pub(crate) fn apply(&mut self, recorded: &RecordedEvent) {
        let (kind, amount, currency, effective_on) = match &recorded.event {
            Event::FundEstablished(data) => {
                self.particulars = data.clone();
                return;
            }
            Event::AppropriationApproved(data) => {
                let kind = FundEntryKind::Appropriation {
                    fiscal_year: data.fiscal_year,
                };
                (kind, data.amount, data.currency, None)
            }
            Event::AppropriationAdjusted(data) => {
                let kind = FundEntryKind::Adjustment {
                    fiscal_year: data.fiscal_year,
                };
                (kind, data.amount, data.currency, data.effective_on)
            }
            Event::QuotaIssued(data) => {
                let origin_budget_year = Some(data.origin_budget_year);
                let kind = FundEntryKind::Quota {
                    origin_budget_year,
                    project: data.project.clone(),
                };
                (kind, data.amount, data.currency, None)
            }
            Event::QuotaWithdrawn(data) => {
                let kind = FundEntryKind::Quota {
                    origin_budget_year: None,
                    project: data.project.clone(),
                };
                (kind, -data.amount, data.currency, None)
            }
            _ => return,
        };
        let effective_on = effective_on
            .or(recorded.metadata.effective_on)
            .unwrap_or(recorded.occurred_on);
        self.entries.push(FundEntry {
            event_id: recorded.event_id,
            effective_on,
            kind,
            amount,
            currency,
        });
    }
}
