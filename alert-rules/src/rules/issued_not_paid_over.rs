//! # ST-03 下达未拨付 Issued, not paid over
//!
//! ## What it finds
//! A quota issued for a project of which at least 1 % has not been paid over 15, 30, 60 or 90 days after the quota, or after the
//! contract where that is later.
//!
//! ## Why it is a risk
//! Contract signed means money within 30 days (国办发〔2021〕32号). A unit is not to be blamed for a delay whose clock ran elsewhere.
//!
//! ## Worked example
//! A quota of 200,000 is issued on 2024-03-01, the contract is from January: blue on 03-16, yellow on 03-31, orange on 04-30, red on
//! 05-30; paid over on 06-10, it is lifted after three clean days.
//!
//! ## Thresholds
//! `levels` in days; `least_share_percent` of the quota.
//!
//! ## What it leaves out
//! Quotas that name no project, projects without a contract, and projects that were terminated or closed.
//!
//! ## Source
//! domain.md §4.4, P4.

use chrono::NaiveDate;
use karez_projections::{LifeStep, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Bands;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of ST-03.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IssuedNotPaidOver {
    /// Days after quota and contract, by colour.
    pub levels: Bands,
    /// The least unpaid share of what was issued, in percent.
    pub least_share_percent: Decimal,
}

impl Default for IssuedNotPaidOver {
    fn default() -> Self {
        Self {
            levels: Bands::whole([15, 30, 60, 90]),
            least_share_percent: Decimal::ONE,
        }
    }
}

impl Rule for IssuedNotPaidOver {
    fn about(&self) -> About<'_> {
        About {
            name: "issued_not_paid_over",
            code: "ST-03",
            zh: "下达未拨付",
            en: "Issued, not paid over",
            runs: Runs::Daily,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 1,
            source_text: include_str!("issued_not_paid_over.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let has_ended = matches!(case.state(), ProjectState::Terminated | ProjectState::Closed);
        if has_ended || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl IssuedNotPaidOver {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let amounts = &case.measures.amounts;
        let unpaid = amounts.issued.saturating_sub(amounts.disbursed);
        let is_worth_it = unpaid > Decimal::ZERO
            && unpaid * Decimal::ONE_HUNDRED >= amounts.issued * self.least_share_percent;
        if !is_worth_it {
            return None;
        }
        let signed_on = case
            .project
            .first_on(case.as_of, |step| step == LifeStep::Signed)?;
        let issued_on = oldest_unpaid(case, amounts.disbursed)?;
        let since = issued_on.max(signed_on);
        let days = (case.as_of - since).num_days();
        let currency = case.currency();
        let evidence = banded(
            format!(
                "I − D = {} − {} = {unpaid}; {days} d since {since}",
                amounts.issued, amounts.disbursed
            ),
            self.levels,
            "d",
            "domain.md §4.4, P4",
        )
        .figure("quota_issued_on", issued_on)
        .figure("contract_signed_on", signed_on);
        Some(Finding::new(
            self.levels.from_days(days),
            format!(
                "已下达指标中{}自{}起{days}天未拨付",
                money_zh(unpaid, currency),
                day_zh(since)
            ),
            format!(
                "{} of the issued quota has not been paid over for {days} days since {since}",
                money_en(unpaid, currency)
            ),
            evidence,
        ))
    }
}

/// The day of the oldest quota that what was paid over does not cover.
fn oldest_unpaid(case: &Case<'_>, paid_over: Decimal) -> Option<NaiveDate> {
    let mut quotas: Vec<(NaiveDate, Decimal)> = case
        .project
        .quotas
        .iter()
        .filter(|quota| quota.currency == case.currency() && quota.effective_on <= case.as_of)
        .map(|quota| (quota.effective_on, quota.amount))
        .collect();
    quotas.sort_by_key(|(on, _)| *on);
    let mut covered = paid_over;
    quotas.into_iter().find_map(|(on, amount)| {
        covered = covered.saturating_sub(amount);
        (covered < Decimal::ZERO).then_some(on)
    })
}
