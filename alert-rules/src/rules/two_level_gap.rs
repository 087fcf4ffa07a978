//! # ST-07 以拨代支差 Two-level gap
//!
//! ## What it finds
//! A fund that has paid over far more of its budget than its units have spent of what reached them: F5 − F3 of 20, 35, 50 or 65
//! percentage points at a month's end.
//!
//! ## Why it is a risk
//! The evaluation report on the city's innovation fund shows 99.99 % executed and, on the same page, units that cannot use their money. Both are true: a transfer was booked as
//! if it were spent (以拨代支).
//!
//! ## Worked example
//! Of a budget of 1,000,000 all is paid over and arrives, 300,000 is spent: 100 % − 30 % = 70 points, red. Scenario:
//! `fires_at_a_month_s_end`.
//!
//! ## Thresholds
//! `levels` in percentage points.
//!
//! ## What it leaves out
//! Funds without a budget of the year, funds whose units have received nothing, and in F3 awards and reimbursements: they are
//! done when paid. Of published projects the sources are not known, so that they enter neither side of F3.
//!
//! ## What was decided
//! F5 is of the year, F3 of the life of the projects, as they are defined: money of earlier years that still lies at
//! units widens the gap.
//!
//! ## Source
//! The evaluation report on the city's innovation fund; a transfer booked as if spent (以拨代支), a usual audit finding.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use karez_events::{Ratio, UnitId};
use karez_projections::Project;
use karez_projections::measures::{Amounts, Brief, is_exempt, projects_of_fund};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::FundCase;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{percent, points};

/// Units that the evidence lists.
const MOST_UNITS: usize = 10;

/// Thresholds of ST-07.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TwoLevelGap {
    /// Percentage points, by colour.
    pub levels: Bands,
}

impl Default for TwoLevelGap {
    fn default() -> Self {
        Self {
            levels: Bands::whole([20, 35, 50, 65]),
        }
    }
}

impl Rule for TwoLevelGap {
    fn about(&self) -> About<'_> {
        About {
            name: "two_level_gap",
            code: "ST-07",
            zh: "以拨代支差",
            en: "Two-level gap",
            runs: Runs::Monthly,
            clearing: Clearing::ThreeCleanDays,
            awaits_books: false,
            version: 2,
            source_text: include_str!("two_level_gap.rs"),
            manual_zh: include_str!("zh/two_level_gap.md"),
        }
    }

    fn judge_fund(&self, case: &FundCase<'_>) -> Outcome {
        Outcome::of(self.finding(case))
    }
}

impl TwoLevelGap {
    fn finding(&self, case: &FundCase<'_>) -> Option<Finding> {
        let paid_over = case.figures.rate("F5")?;
        let by_project = at_units(case);
        let (arrived, spent) = by_project.iter().filter(|(_, is_exempt, _)| *is_exempt).fold(
            (
                case.figures.amounts.arrived_fiscal,
                case.figures.amounts.spent_fiscal,
            ),
            |(arrived, spent), (_, _, award)| {
                (
                    arrived.saturating_sub(award.arrived_fiscal),
                    spent.saturating_sub(award.spent_fiscal),
                )
            },
        );
        let (fund_level, unit_level) = (paid_over.ratio()?, Ratio::of(spent, arrived)?);
        let gap = fund_level.minus(&unit_level);
        let judged = self
            .levels
            .from(&gap.times(&Ratio::whole(100)), Margin::Units(Decimal::TWO));
        if judged.is_clear() {
            return None;
        }
        let (fund_level, unit_level) = (percent(&fund_level), percent(&unit_level));
        let formula = format!(
            "F5 − F3 = {}/{} − {spent}/{arrived} = {fund_level} − {unit_level}",
            paid_over.numerator, paid_over.denominator
        );
        let mut evidence = banded(formula, self.levels, "pp");
        for (number, (unit, balance)) in (1..).zip(highest_balances(&by_project)) {
            evidence = evidence.figure(&format!("unit_{number:02}"), format!("{unit}: {balance}"));
        }
        let gap = points(&gap);
        Some(Finding::new(
            judged,
            format!(
                "拨付率{fund_level}（财政口径），到位资金支出率{unit_level}（单位口径），相差{gap}个百分点"
            ),
            format!(
                "{fund_level} paid over (fund level), {unit_level} of what arrived spent (unit level): {gap} points apart"
            ),
            evidence,
        ))
    }
}

/// What the fund's projects received and spent, and which of them are awards or reimbursements.
fn at_units<'a>(case: &FundCase<'a>) -> Vec<(&'a Project, bool, Amounts)> {
    let projects = projects_of_fund(case.portfolio, &case.fund.id).into_iter();
    projects
        .map(|project| {
            let amounts = *Brief::of(project, case.as_of).amounts(case.figures.currency);
            (project, is_exempt(project, case.as_of), amounts)
        })
        .collect()
}

/// The ten units with most unspent money.
fn highest_balances<'a>(by_project: &[(&'a Project, bool, Amounts)]) -> Vec<(&'a UnitId, Decimal)> {
    let mut balances: BTreeMap<&UnitId, Decimal> = BTreeMap::new();
    for (project, _, amounts) in by_project.iter().filter(|(_, is_exempt, _)| !is_exempt) {
        if let Some(unit) = project.unit() {
            let balance = balances.entry(unit).or_default();
            *balance = balance.saturating_add(amounts.idle());
        }
    }
    let mut highest: Vec<(&UnitId, Decimal)> = balances.into_iter().collect();
    highest.retain(|(_, balance)| *balance > Decimal::ZERO);
    highest.sort_by_key(|(_, balance)| Reverse(*balance));
    highest.truncate(MOST_UNITS);
    highest
}
