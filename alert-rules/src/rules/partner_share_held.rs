//! # ST-06 牵头单位滞拨 Lead unit holds partner share
//!
//! ## What it finds
//! A partner's share of the contract that the lead unit had to pass on and has not, 15, 30, 60 or 90 days after its day.
//!
//! ## Why it is a risk
//! The partner works without money, and the lead unit's balance looks like its own.
//!
//! ## Worked example
//! 60,000 are due to a partner on 2024-04-01; 20,000 are passed on: blue on 04-16, yellow on 05-01, orange on 05-31, red on 06-30.
//!
//! ## Thresholds
//! `levels` in days after the due day.
//!
//! ## What it leaves out
//! Shares without a due day, and shares while no money has arrived at the lead unit.
//!
//! ## Source
//! domain.md §4.4.

use karez_projections::EntryKind;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Bands;
use crate::case::Case;
use crate::rule::{About, Clearing, Finding, Outcome, Rule, Runs, banded};
use crate::words::{money_en, money_zh};

/// Thresholds of ST-06.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PartnerShareHeld {
    /// Days after the due day, by colour.
    pub levels: Bands,
}

impl Default for PartnerShareHeld {
    fn default() -> Self {
        Self {
            levels: Bands::whole([15, 30, 60, 90]),
        }
    }
}

impl Rule for PartnerShareHeld {
    fn about(&self) -> About<'_> {
        About {
            name: "partner_share_held",
            code: "ST-06",
            zh: "牵头单位滞拨",
            en: "Lead unit holds partner share",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 1,
            source_text: include_str!("partner_share_held.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let Some(contract) = case
            .contract()
            .filter(|contract| contract.currency == case.currency())
        else {
            return Outcome::QUIET;
        };
        if contract.partners.is_empty() || case.measures.curve.first_arrival_on().is_none() {
            return Outcome::QUIET;
        }
        let mut passed_on = passed_on(case);
        let mut findings = Vec::new();
        for share in &contract.partners {
            let Some(due_on) = share.due_on.filter(|due_on| *due_on < case.as_of) else {
                continue;
            };
            let covered = passed_on.min(share.amount);
            passed_on = passed_on.saturating_sub(covered);
            let unpaid = share.amount.saturating_sub(covered);
            let days = (case.as_of - due_on).num_days();
            if unpaid <= Decimal::ZERO {
                continue;
            }
            let currency = case.currency();
            let evidence = banded(
                format!("{} − {covered} = {unpaid}; {days} d since {due_on}", share.amount),
                self.levels,
                "d",
                "domain.md §4.4",
            );
            let finding = Finding::new(
                self.levels.from_days(days),
                format!(
                    "应转拨合作单位{}的{}逾期{days}天",
                    share.unit,
                    money_zh(unpaid, currency)
                ),
                format!(
                    "{} due to partner {} on {due_on} has not been passed on for {days} days",
                    money_en(unpaid, currency),
                    share.unit
                ),
                evidence,
            );
            findings.push(finding.about(share.unit.to_string()));
        }
        Outcome::of_all(findings)
    }
}

/// What the lead unit has passed on to partners.
fn passed_on(case: &Case<'_>) -> Decimal {
    let entries = case.entries().filter(|entry| entry.kind == EntryKind::PassedOn);
    entries.fold(Decimal::ZERO, |sum, entry| sum.saturating_add(entry.amount))
}
