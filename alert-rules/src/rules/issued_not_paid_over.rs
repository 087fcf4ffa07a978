//! # ST-03 下达未拨付 Issued, not paid over
//!
//! ## What it finds
//! A quota issued for a project of which at least 1 % has not been paid over 15, 30, 60 or 90 days after the quota, or after the
//! contract where that is later. An award or reimbursement has no contract: there the days run from the quota. Money that
//! arrived was paid over, even where only the unit has recorded it.
//!
//! ## Why it is a risk
//! Contract signed means money within 30 days (国办发〔2021〕32号). A unit is not to be blamed for a delay whose clock ran elsewhere.
//!
//! ## Worked example
//! A quota of 200,000 is issued on 2024-03-01, the contract is from January: blue on 03-16, yellow on 03-31, orange on
//! 04-30, red on 05-30; paid over on 06-10, it is lifted after three clean days. Scenario: `fires_by_days_after_the_quota`.
//!
//! ## Thresholds
//! `levels` in days; `least_share_percent` of the quota.
//!
//! ## What it leaves out
//! Quotas that name no project, projects without a contract other than awards and reimbursements, projects that were
//! terminated or closed, and projects published by others. Suspended days do not count, and while payments to the project
//! are stopped by a measure (暂停拨款) nobody is late.
//!
//! ## What was decided
//! What was paid over covers the oldest quota first; a quota taken back covers like a payment. Resumption of payments after a
//! measure is not recorded as such: the next payment over shows it.
//!
//! ## Source
//! 国办发〔2021〕32号 on the time within which money is paid over.

use chrono::NaiveDate;
use karez_projections::{EntryKind, LifeStep, ProjectState};
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
            version: 2,
            source_text: include_str!("issued_not_paid_over.rs"),
            manual_zh: include_str!("zh/issued_not_paid_over.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let has_ended = matches!(case.state(), ProjectState::Terminated | ProjectState::Closed);
        if has_ended || case.is_published() || are_payments_stopped(case) {
            return Outcome::QUIET;
        }
        Outcome::of(self.finding(case))
    }
}

impl IssuedNotPaidOver {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let amounts = &case.measures.amounts;
        let paid_over = amounts.disbursed.max(amounts.arrived_fiscal);
        let unpaid = amounts.issued.saturating_sub(paid_over);
        let is_worth_it = unpaid > Decimal::ZERO
            && unpaid * Decimal::ONE_HUNDRED >= amounts.issued * self.least_share_percent;
        if !is_worth_it {
            return None;
        }
        let signed_on = case.project.first_on(case.as_of, |step| step == LifeStep::Signed);
        if signed_on.is_none() && !case.is_exempt() {
            return None;
        }
        let issued_on = oldest_unpaid(case, paid_over)?;
        let since = signed_on.map_or(issued_on, |signed_on| issued_on.max(signed_on));
        let days = case.measures.clock.active_days(since, case.as_of);
        let currency = case.currency();
        let evidence = banded(
            format!(
                "I − D = {} − {paid_over} = {unpaid}; {days} d since {since}",
                amounts.issued
            ),
            self.levels,
            "d",
        )
        .figure("quota_issued_on", issued_on)
        .figure(
            "contract_signed_on",
            signed_on.map_or_else(|| "—".to_owned(), |day| day.to_string()),
        );
        let paid = case
            .entries()
            .filter(|entry| matches!(entry.kind, EntryKind::Disbursed | EntryKind::Arrived));
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
            evidence.facts(paid),
        ))
    }
}

/// 暂停拨款, and nothing was paid over since.
fn are_payments_stopped(case: &Case<'_>) -> bool {
    let stopped_on = case.project.disbursement_suspended_on;
    stopped_on
        .filter(|stopped_on| *stopped_on <= case.as_of)
        .is_some_and(|stopped_on| {
            let mut later = case.entries().filter(|entry| entry.on > stopped_on);
            !later.any(|entry| entry.kind == EntryKind::Disbursed)
        })
}

/// The day of the oldest quota that what was paid over or taken back does not cover.
fn oldest_unpaid(case: &Case<'_>, paid_over: Decimal) -> Option<NaiveDate> {
    let mut quotas: Vec<(NaiveDate, Decimal)> = case
        .project
        .quotas
        .iter()
        .filter(|quota| quota.currency == case.currency() && quota.effective_on <= case.as_of)
        .map(|quota| (quota.effective_on, quota.amount))
        .collect();
    quotas.sort_by_key(|(on, _)| *on);
    let (withdrawn, issued): (Vec<_>, Vec<_>) = quotas
        .into_iter()
        .partition(|(_, amount)| *amount < Decimal::ZERO);
    let mut covered = withdrawn
        .into_iter()
        .fold(paid_over, |sum, (_, amount)| sum.saturating_sub(amount));
    issued.into_iter().find_map(|(on, amount)| {
        covered = covered.saturating_sub(amount);
        (covered < Decimal::ZERO).then_some(on)
    })
}
