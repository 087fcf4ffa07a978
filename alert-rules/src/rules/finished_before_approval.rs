//! # PS-05 立项前已完成 Finished before approval
//!
//! ## What it finds
//! Work that was done before the project was approved: a milestone reported complete, or an acceptance, dated before the
//! approval, or at least 80 % of a budget line's cost for services before S.
//!
//! ## Why it is a risk
//! A fund pays for work to come. Projects whose task was finished before approval were clawed back in 2025 (常德市).
//!
//! ## Worked example
//! The equipment line has 100,000. 85,000 of it is for services before S: red.
//!
//! ## Thresholds
//! `line_share_percent` of a line's budget.
//!
//! ## What it leaves out
//! Lines without a budget (BX-03), awards and reimbursements, which are for work done, and projects published by others.
//!
//! ## Source
//! domain.md §4.3, P15.

use std::collections::BTreeMap;

use karez_events::event::supervision::Level;
use karez_projections::measures::cost_before;
use karez_projections::{Entry, LifeStep};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{money_en, money_zh};

/// Thresholds of PS-05.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinishedBeforeApproval {
    /// A line counts as finished from this share of its budget, in percent.
    pub line_share_percent: Decimal,
}

impl Default for FinishedBeforeApproval {
    fn default() -> Self {
        Self {
            line_share_percent: Decimal::from(80),
        }
    }
}

impl Rule for FinishedBeforeApproval {
    fn about(&self) -> &'static About {
        &About {
            name: "finished_before_approval",
            code: "PS-05",
            zh: "立项前已完成",
            en: "Finished before approval",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("finished_before_approval.rs"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() {
            return Outcome::QUIET;
        }
        Outcome::of(evidence_of_work(case).or_else(|| self.line(case)))
    }
}

/// Whether the default thresholds find the project finished; for the rules that judge the same costs.
pub(super) fn is_finished(case: &Case<'_>) -> bool {
    evidence_of_work(case).is_some() || FinishedBeforeApproval::default().line(case).is_some()
}

/// A milestone or an acceptance dated before the approval.
fn evidence_of_work(case: &Case<'_>) -> Option<Finding> {
    let approved_on = case
        .project
        .first_on(chrono::NaiveDate::MAX, |step| step == LifeStep::Approved)?;
    let accepted = case.project.first_on(case.as_of, |step| {
        matches!(step, LifeStep::AcceptanceApplied | LifeStep::Accepted)
    });
    let reports = case
        .project
        .progress
        .iter()
        .filter(|report| report.fact.period_end_on < approved_on);
    let is_complete = |percent: Decimal| percent >= Decimal::ONE_HUNDRED;
    let milestone = reports
        .flat_map(|report| {
            report
                .fact
                .milestones
                .iter()
                .map(move |milestone| (report.fact.period_end_on, milestone))
        })
        .find(|(_, milestone)| is_complete(milestone.percent));
    let (what, on) = match (milestone, accepted.filter(|on| *on < approved_on)) {
        (Some((on, milestone)), _) => (milestone.name.clone(), on),
        (None, Some(on)) => ("验收 acceptance".to_owned(), on),
        (None, None) => return None,
    };
    let evidence = evidence(
        format!("{what}: {on} < {approved_on}"),
        "before 立项",
        "domain.md §4.3, P15",
    );
    Some(Finding::new(
        Judged::at(Level::Red),
        format!("“{what}”于{on}完成，早于立项批复日{approved_on}"),
        format!("{what:?} was complete on {on}, before the approval of {approved_on}"),
        evidence,
    ))
}

impl FinishedBeforeApproval {
    /// A line of which most was spent for services before S.
    fn line(&self, case: &Case<'_>) -> Option<Finding> {
        let start = case.measures.pre_start.eligible_from_on?;
        let currency = case.currency();
        let mut before: BTreeMap<&str, (Decimal, Vec<&Entry>)> = BTreeMap::new();
        for entry in case.spending() {
            let part = cost_before(entry, start, currency);
            let category = entry.category.as_ref().map(karez_events::CategoryId::as_str);
            if let (false, Some(category)) = (part.is_zero(), category) {
                let (sum, entries) = before.entry(category).or_default();
                *sum = sum.saturating_add(part);
                entries.push(entry);
            }
        }
        before.into_iter().find_map(|(category, (spent, entries))| {
            let lines = case.measures.lines.iter();
            let of_category =
                lines.filter(|line| line.category.as_ref().is_some_and(|of| of.as_str() == category));
            let budget = of_category.fold(Decimal::ZERO, |sum, line| sum.saturating_add(line.budget));
            let is_finished =
                budget > Decimal::ZERO && spent * Decimal::ONE_HUNDRED >= budget * self.line_share_percent;
            is_finished.then(|| {
                let formula = format!("{category}: {spent} before {start} of {budget}");
                let evidence = evidence(
                    formula,
                    format!("≥ {} %", self.line_share_percent),
                    "domain.md §4.3, P15",
                );
                Finding::new(
                    Judged::at(Level::Red),
                    format!(
                        "科目“{category}”启动前已支出{}，预算{}",
                        money_zh(spent, currency),
                        money_zh(budget, currency)
                    ),
                    format!(
                        "{} of the {} of line {category:?} was spent before the start",
                        money_en(spent, currency),
                        money_en(budget, currency)
                    ),
                    evidence.facts(entries),
                )
            })
        })
    }
}
