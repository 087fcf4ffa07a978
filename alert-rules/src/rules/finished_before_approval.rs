//! # PS-05 立项前已完成 Finished before approval
//!
//! ## What it finds
//! Work that was done before the project was approved: a milestone reported complete for a day before the approval (立项批复),
//! an application for acceptance or an acceptance dated before it, a voucher labelled as acceptance (验收) for a service before
//! it; or at least 80 % of a budget line spent for services before S, from whatever source, that no approval covers.
//!
//! ## Why it is a risk
//! A fund pays for work to come. Projects whose task was finished before approval were clawed back in 2025 (常德市).
//!
//! ## Worked example
//! The equipment line has 100,000. By 2024-05-03 80,000 of it is for services before S = 06-01: red. A voucher of 79,999.99
//! is reversed in July: lifted. Scenario: `fires_on_a_finished_line`.
//!
//! ## Thresholds
//! `line_share_percent` of a line's budget: of the year of S, with every change known by its end, all sources together.
//! `acceptance_words`: labels of a voucher that is evidence of acceptance.
//!
//! ## What it leaves out
//! Lines without a budget (BX-03), what PS-01 leaves out, awards and reimbursements, which are for work done, and projects
//! published by others. An acceptance closes a project, so that one before the approval is said of a closed project as well.
//!
//! ## Source
//! The notice of the finance bureau of Changde (常德市) of 2025 that takes back money of projects finished before
//! approval; the share is a default of this system.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use karez_events::event::supervision::{Evidence, Level};
use karez_events::{CategoryId, Ratio};
use karez_projections::fiscal_calendar::year_end;
use karez_projections::{Entry, EntryKind, LifeStep, measures};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::Judged;
use crate::case::Case;
use crate::pre_start_costs::{
    Part, before_start, in_state, is_judged_at_all, rounded_sum, start_on, with_approvals,
};
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{day_zh, money_en, money_zh};

/// Thresholds of PS-05.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FinishedBeforeApproval {
    /// A line counts as finished from this share of its budget, in percent.
    pub line_share_percent: Decimal,
    /// Labels of a voucher that is evidence of acceptance.
    pub acceptance_words: Vec<String>,
}

impl Default for FinishedBeforeApproval {
    fn default() -> Self {
        Self {
            line_share_percent: Decimal::from(80),
            acceptance_words: ["验收", "acceptance"].map(str::to_owned).into(),
        }
    }
}

impl Rule for FinishedBeforeApproval {
    fn about(&self) -> About<'_> {
        About {
            name: "finished_before_approval",
            code: "PS-05",
            zh: "立项前已完成",
            en: "Finished before approval",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 2,
            source_text: include_str!("finished_before_approval.rs"),
            manual_zh: include_str!("zh/finished_before_approval.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if !is_judged_at_all(case) {
            return Outcome::QUIET;
        }
        let work = self.work(case);
        Outcome::of(work.or_else(|| in_state(case, self.line(case))))
    }
}

/// What shows that the work was done: its name in Chinese and English, the day, and the evidence with the fact.
type Sign = ((String, String), NaiveDate, Evidence);

impl FinishedBeforeApproval {
    /// A milestone, an acceptance or its voucher, dated before the approval.
    fn work(&self, case: &Case<'_>) -> Option<Finding> {
        let approved_on = case
            .project
            .first_on(case.as_of, |step| step == LifeStep::Approved)?;
        let ((what, what_en), on, evidence) = milestone(case, approved_on)
            .or_else(|| acceptance(case, approved_on))
            .or_else(|| self.voucher(case, approved_on))?;
        let evidence = Evidence {
            formula: format!("{what_en}: {on} < {approved_on}"),
            threshold: "–/–/–/before 立项".to_owned(),
            ..evidence
        };
        Some(Finding::new(
            Judged::at(Level::Red),
            format!(
                "“{what}”于{}完成，早于立项批复日{}",
                day_zh(on),
                day_zh(approved_on)
            ),
            format!("{what_en:?} was complete on {on}, before the approval of {approved_on}"),
            evidence,
        ))
    }

    fn voucher(&self, case: &Case<'_>, approved_on: NaiveDate) -> Option<Sign> {
        let is_acceptance = |entry: &&Entry| {
            let mut labels = entry.on_voucher.tags.iter();
            entry.kind == EntryKind::Spent
                && !entry.is_reversed
                && entry.cost_on() < approved_on
                && labels.any(|label| self.acceptance_words.contains(label))
        };
        let entry = case.spending().find(is_acceptance)?;
        let name = entry.wording().reference.map_or_else(acceptance_name, same);
        Some((name, entry.cost_on(), Evidence::default().facts([entry])))
    }

    /// A line of which most was spent for services before S.
    fn line(&self, case: &Case<'_>) -> Option<Finding> {
        let mut before: BTreeMap<&str, Vec<Part<'_>>> = BTreeMap::new();
        let is_lump_sum = case.approval().is_some_and(|approval| approval.lump_sum);
        for (entry, part) in before_start(case, |_| true) {
            let category = entry.wording().category.filter(|_| !is_lump_sum);
            before.entry(line_of(category)).or_default().push((entry, part));
        }
        if before.is_empty() {
            return None;
        }
        let budgets = budgets(case);
        let finished = before.into_iter().find_map(|(category, parts)| {
            let budget = budgets
                .get(category)
                .copied()
                .filter(|budget| *budget > Decimal::ZERO)?;
            let spent = rounded_sum(case, &parts);
            let percent = Ratio::of(spent, budget)?.times(&Ratio::whole(100));
            let is_finished = percent >= Ratio::exact(self.line_share_percent);
            is_finished.then_some((category, parts, spent, budget))
        });
        let (category, parts, spent, budget) = finished?;
        let (start, currency) = (start_on(case), case.currency());
        let evidence = evidence(
            format!("{category}: {spent} before {start} of {budget}"),
            format!("–/–/–/≥ {} %", self.line_share_percent),
        );
        Some(Finding::new(
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
            with_approvals(case, evidence).facts(parts.iter().map(|(entry, _)| *entry)),
        ))
    }
}

fn milestone(case: &Case<'_>, approved_on: NaiveDate) -> Option<Sign> {
    let reports = case
        .project
        .progress
        .iter()
        .filter(|report| report.on <= case.as_of);
    let mut reports = reports.filter(|report| report.fact.period_end_on < approved_on);
    reports.find_map(|report| {
        let mut milestones = report.fact.milestones.iter();
        let complete = milestones.find(|milestone| milestone.percent >= Decimal::ONE_HUNDRED)?;
        let evidence = Evidence::default().dated(report);
        Some((same(&complete.name), report.fact.period_end_on, evidence))
    })
}

fn acceptance(case: &Case<'_>, approved_on: NaiveDate) -> Option<Sign> {
    let is_of_it = |step: LifeStep| matches!(step, LifeStep::AcceptanceApplied | LifeStep::Accepted);
    let mut steps = case.project.life.iter();
    let early = steps.find(|step| is_of_it(step.fact) && step.on < approved_on)?;
    let evidence = Evidence::default().dated(early);
    Some((acceptance_name(), early.on, evidence))
}

fn acceptance_name() -> (String, String) {
    ("验收".to_owned(), "acceptance".to_owned())
}

/// A name that others gave, in whatever language.
fn same(name: &str) -> (String, String) {
    (name.to_owned(), name.to_owned())
}

/// The budget of every line in the year of S, all sources together.
fn budgets(case: &Case<'_>) -> BTreeMap<String, Decimal> {
    let at = case.as_of.min(year_end(start_on(case).year()));
    let of_year = (at != case.as_of).then(|| measures::measures(case.project, case.currency(), at));
    let lines = of_year
        .as_ref()
        .map_or(&case.measures.lines, |measures| &measures.lines);
    let mut budgets: BTreeMap<String, Decimal> = BTreeMap::new();
    for line in lines {
        let budget = budgets
            .entry(line_of(line.category.as_ref().map(CategoryId::as_str)).to_owned())
            .or_default();
        *budget = budget.saturating_add(line.budget);
    }
    budgets
}

/// The name of a line; under 包干制 there is one without a category.
fn line_of(category: Option<&str>) -> &str {
    category.unwrap_or("—")
}
