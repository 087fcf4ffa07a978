//! # BX-05 资金与任务进度背离 Money vs work
//!
//! ## What it finds
//! At each progress report: money that is 20, 30, 40 or 50 percentage points ahead of the work, or behind it. The work is what the
//! milestones of the contract have reached, by their weights; the money is what was spent of the budget of the whole life, or of the
//! approved amount where that is more, by the last day that the report covers.
//!
//! ## Why it is a risk
//! Money that runs ahead is spent without result; money far behind finished work was never needed, or the costs are booked elsewhere.
//!
//! ## Worked example
//! Milestones of 40 and 60 % are reported at 100 and 0: the work is 40 %. With 700,000 of 1,000,000 spent the money is 30
//! points ahead, which is yellow. Scenario: `fires_when_money_runs_ahead`.
//!
//! ## Thresholds
//! `levels` in percentage points.
//!
//! ## What it leaves out
//! Contracts without milestones, reports that name none, awards, reimbursements, and budgets that are not known. A milestone that no report
//! has named stands at 0. A report that names milestones the contract does not have cannot be judged, and says so.
//!
//! ## Source
//! Financial progress behind or ahead of the work, a usual audit finding (the audit analytics of the inspector general
//! of the US National Science Foundation); the points are defaults of this system.

use karez_events::Ratio;
use karez_events::event::project::{ContractSigned, ProgressReported};
use karez_projections::ProjectState;
use karez_projections::measures::sum;
use karez_projections::project::Dated;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{percent, points};

/// Thresholds of BX-05.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoneyAgainstWork {
    /// Percentage points, by colour.
    pub levels: Bands,
}

impl Default for MoneyAgainstWork {
    fn default() -> Self {
        Self {
            levels: Bands::whole([20, 30, 40, 50]),
        }
    }
}

impl Rule for MoneyAgainstWork {
    fn about(&self) -> About<'_> {
        About {
            name: "money_against_work",
            code: "BX-05",
            zh: "资金与任务进度背离",
            en: "Money vs work",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("money_against_work.rs"),
            manual_zh: include_str!("zh/money_against_work.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_meant = matches!(case.state(), ProjectState::Running | ProjectState::Suspended);
        if !is_meant || case.is_exempt() || !case.is_main_currency() {
            return Outcome::QUIET;
        }
        let reports = || {
            case.project
                .progress
                .iter()
                .filter(|report| report.on <= case.as_of)
        };
        let latest = reports().filter(|report| !report.fact.milestones.is_empty());
        let Some((latest, contract)) = latest
            .max_by_key(|report| (report.fact.period_end_on, report.position))
            .zip(case.contract())
        else {
            return Outcome::QUIET;
        };
        match reached(contract, reports().map(|report| &report.fact)) {
            Ok(Some(work)) => Outcome::of(self.finding(case, latest, &work)),
            Ok(None) => Outcome::QUIET,
            Err(unknown) => Outcome::Error(format!(
                "the report until {} names the milestone {unknown:?}, which the contract does not have",
                latest.fact.period_end_on
            )),
        }
    }
}

impl MoneyAgainstWork {
    fn finding(&self, case: &Case<'_>, report: &Dated<ProgressReported>, work: &Ratio) -> Option<Finding> {
        let until = report.fact.period_end_on.min(case.as_of);
        let budget = case
            .measures
            .rate("F1")
            .filter(|rate| !rate.is_denominator_incomplete)?;
        let counted: Vec<_> = case.spending().filter(|entry| entry.on <= until).collect();
        let spent = sum(counted.iter().map(|entry| entry.amount));
        // Of a project that is given its money year by year, the whole that was approved.
        let approved = case
            .approval()
            .and_then(|approval| approval.amount)
            .unwrap_or_default();
        let whole = budget.denominator.max(approved);
        let money = Ratio::of(spent, whole)?;
        let apart = money.minus(work);
        let judged = self
            .levels
            .from(&apart.magnitude().times(&Ratio::whole(100)), Margin::None);
        if judged.is_clear() {
            return None;
        }
        let evidence = banded(
            format!(
                "|E/A − work| on {until} = |{spent}/{} − work| = |{} − {}|",
                whole,
                percent(&money),
                percent(work)
            ),
            self.levels,
            "pp",
        )
        .facts(counted.into_iter().rev().take(5))
        .dated(report);
        let (zh, en) = if apart > Ratio::whole(0) {
            ("超前", "ahead of")
        } else {
            ("落后", "behind")
        };
        Some(Finding::new(
            judged,
            format!(
                "截至{until}支出{}，任务完成{}，资金{zh}于任务{}个百分点",
                percent(&money),
                percent(work),
                points(&apart)
            ),
            format!(
                "by {until} {} was spent and {} of the work done: the money is {} points {en} the work",
                percent(&money),
                percent(work),
                points(&apart)
            ),
            evidence,
        ))
    }
}

/// How far the work is: what each milestone has reached by the latest report that names it, by its weight. The error is
/// the name of a milestone that the contract does not have.
fn reached<'a>(
    contract: &ContractSigned,
    reports: impl Iterator<Item = &'a ProgressReported>,
) -> Result<Option<Ratio>, &'a str> {
    let mut reports: Vec<&ProgressReported> = reports.collect();
    reports.sort_by_key(|report| report.period_end_on);
    let mut done = vec![Decimal::ZERO; contract.milestones.len()];
    for said in reports.iter().flat_map(|report| &report.milestones) {
        if contract.milestones.is_empty() {
            break;
        }
        let milestones = contract.milestones.iter().zip(&mut done);
        let Some((_, percent)) = milestones
            .into_iter()
            .find(|(milestone, _)| milestone.name == said.name)
        else {
            return Err(&said.name);
        };
        *percent = said.percent;
    }
    let weighted = contract.milestones.iter().zip(done);
    let (sum, weights) = weighted.fold(
        (Ratio::whole(0), Ratio::whole(0)),
        |(sum, weights), (milestone, done)| {
            let weight = Ratio::exact(milestone.weight_percent);
            (
                sum.plus(&weight.times(&Ratio::exact(done))),
                weights.plus(&weight),
            )
        },
    );
    Ok(sum.over(&weights.times(&Ratio::whole(100))))
}
