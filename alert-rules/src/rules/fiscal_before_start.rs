//! # PS-02 财政资金启动前支出 Fiscal money before start
//!
//! ## What it finds
//! Fiscal money spent for a service before the eligibility start S less the approved pre-study days: red, or orange while every
//! such cost is marked as awaiting an approval. Of a project published by others, whose sources are not known, any payment
//! dated before its actual start (its planned one where it has none).
//!
//! ## Why it is a risk
//! Costs before the start are not the project's: they are ineligible unless approved (2 CFR 200.458; Horizon Europe).
//!
//! ## Worked example
//! S = 2024-06-01. On 05-20 fiscal money of 8,000 is spent for a service of May: red. An approval of 30 days, recorded
//! later, lifts it. Scenario: `fires_red`.
//!
//! ## Thresholds
//! `pending_words`: labels of a voucher by which a unit says that it has applied for the approval.
//!
//! ## What it leaves out
//! Costs that an approval covers up to its cap, costs inside a suspension (YE-03), reversed and refunded costs, what finance does
//! not count, awards and reimbursements, applications. Costs swapped from own money are shown by PS-03, which silences
//! this one. That the project has not begun is no ground here: ST-02 and BX-03 say that. Of published projects undated
//! payments, and projects without any start; their dates may be wrong, and the sentence says that they are the publisher's.
//!
//! ## Source
//! Costs before the start, a usual audit finding. Compare 2 CFR 200.458 (approval of pre-award costs) and the
//! eligibility of costs in Horizon Europe.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use karez_events::event::supervision::Level;
use karez_projections::measures::sum;
use karez_projections::{Entry, EntryKind};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bands::Judged;
use crate::case::Case;
use crate::pre_start_costs::{
    Part, before_start, in_state, is_by_postponement, is_judged_at_all, rounded_sum, start_on, with_approvals,
};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of PS-02.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FiscalBeforeStart {
    /// Labels of a voucher that awaits a pre-study approval.
    pub pending_words: Vec<String>,
}

impl Default for FiscalBeforeStart {
    fn default() -> Self {
        Self {
            pending_words: ["预研待批", "pre_start_pending"].map(str::to_owned).into(),
        }
    }
}

impl Rule for FiscalBeforeStart {
    fn about(&self) -> About<'_> {
        About {
            name: "fiscal_before_start",
            code: "PS-02",
            zh: "财政资金启动前支出",
            en: "Fiscal money before start",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 2,
            source_text: include_str!("fiscal_before_start.rs"),
            manual_zh: include_str!("zh/fiscal_before_start.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_published() {
            return Outcome::of(of_published(case));
        }
        if !is_judged_at_all(case) {
            return Outcome::QUIET;
        }
        let costs: Vec<Part<'_>> = before_start(case, |entry| entry.source.is_fiscal()).collect();
        if costs.is_empty() {
            return Outcome::QUIET;
        }
        Outcome::of(in_state(case, self.finding(case, &costs)))
    }
}

impl FiscalBeforeStart {
    fn finding(&self, case: &Case<'_>, costs: &[Part<'_>]) -> Option<Finding> {
        let total = rounded_sum(case, costs);
        if total <= Decimal::ZERO {
            return None;
        }
        let reversed = costs
            .iter()
            .filter(|(entry, _)| entry.kind == EntryKind::Reversed);
        let reversed: BTreeSet<Option<Uuid>> = reversed.map(|(entry, _)| entry.seldom.corrects).collect();
        let mut paid = costs
            .iter()
            .filter(|(entry, part)| *part > Decimal::ZERO && !reversed.contains(&Some(entry.event_id)));
        let is_pending = paid.all(|(entry, _)| self.is_pending(entry));
        let (level, pending_zh, pending_en) = if is_pending {
            (
                Level::Orange,
                "，预研批准待批",
                "; an approval has been applied for",
            )
        } else {
            (Level::Red, "", "")
        };
        let (start, currency) = (start_on(case), case.currency());
        let grace_days = case.measures.pre_start.grace_days;
        let evidence = evidence(
            format!("Σ fiscal money before {start} − {grace_days} d = {total}"),
            "–/–/approval pending/> 0",
        )
        .figure("fiscal_balance", case.measures.curve.balance_on(case.as_of))
        .facts(costs.iter().map(|(entry, _)| *entry));
        let finding = Finding::new(
            Judged::at(level),
            format!(
                "可列支起始日{}之前列支财政资金{}{pending_zh}",
                day_zh(start),
                money_zh(total, currency)
            ),
            format!(
                "{} of fiscal money was spent before {start}, from which costs are eligible{pending_en}",
                money_en(total, currency)
            ),
            with_approvals(case, evidence),
        );
        Some(if is_by_postponement(case, costs) {
            finding.because("起始日变更")
        } else {
            finding
        })
    }

    fn is_pending(&self, entry: &Entry) -> bool {
        let mut labels = entry.on_voucher.tags.iter();
        labels.any(|label| self.pending_words.contains(label))
    }
}

/// The start that a publisher states.
fn published_start(case: &Case<'_>) -> Option<NaiveDate> {
    let planned = case.approval().and_then(|approval| approval.planned_start_on);
    case.project.started_on().or(planned)
}

/// Payments that others published with a date before the start. A payment that was reversed since counts no more.
fn of_published(case: &Case<'_>) -> Option<Finding> {
    let start = published_start(case)?;
    let is_early = |entry: &&Entry| {
        let is_payment = matches!(
            entry.kind,
            EntryKind::Disbursed | EntryKind::PassedOn | EntryKind::Spent
        );
        is_payment && entry.on < start && !entry.undated && !entry.is_reversed && !entry.amount.is_zero()
    };
    let mut early = case.entries().filter(is_early).peekable();
    early.peek()?;
    let early: Vec<&Entry> = early.collect();
    let total = sum(early.iter().map(|entry| entry.amount));
    let (count, currency) = (early.len(), case.currency());
    let formula = format!("Σ before {start} = {total} in {count} payments");
    let evidence = evidence(formula, "–/–/–/> 0");
    Some(Finding::new(
        Judged::at(Level::Red),
        format!(
            "按公布日期，起始日{}之前支付{count}笔，合计{}",
            day_zh(start),
            money_zh(total, currency)
        ),
        format!(
            "by the published dates {count} payments, {} in all, lie before the start of {start}",
            money_en(total, currency)
        ),
        evidence.facts(early),
    ))
}
