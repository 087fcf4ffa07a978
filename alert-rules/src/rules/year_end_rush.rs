//! # YE-01 年末突击 Year-end rush
//!
//! ## What it finds
//! In December, every day: December's share of the year's spending at 20, 30, 40 or 50 %, or its busiest seven days at 2, 3, 4 or 5 times the
//! mean week of the year up to then (F18). On 31 January the year before is judged once more, with everything that was booked late.
//!
//! ## Why it is a risk
//! Money is spent because the year ends and not because it is needed; what is bought so is bought dear. Of federal spending in the United
//! States 16.5 % falls into the last month, and the last week has 4.9 times the mean, at lower quality.
//!
//! ## Worked example
//! 900,000 by 11-30 and 225,000 on 12-02: 225,000/1,125,000 = 20 %, blue; that week is 225,000 against a mean of
//! 23,368 a week, nearly ten times: red. Scenario: `fires_by_share_and_by_week`.
//!
//! ## Thresholds
//! `share_levels` in percent; `week_levels`, multiples of the mean week; `least_spent` in December, in whole units of the currency;
//! `least_days`, how long money has been there.
//!
//! ## What it leaves out
//! Spending below `least_spent`; awards, reimbursements and published data. Where the first money of a project came less than `least_days`
//! before, the rush is not the unit's: nothing is said of it. Time never ends the warning: somebody explains, and a person lifts it.
//!
//! ## Source
//! Rush at the year's end, a usual audit finding; the shares follow the study of US federal procurement “Do Expiring
//! Budgets Lead to Wasteful Year-End Spending?”, the multiples are defaults of this system.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use karez_events::Ratio;
use karez_projections::fiscal_calendar::{day_of_year, days_before, year_end};
use karez_projections::measures::sum;
use karez_projections::{Entry, ProjectState};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, evidence};
use crate::words::{money_en, money_zh, multiple, percent};

/// Thresholds of YE-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct YearEndRush {
    /// December's share of the year in percent, by colour.
    pub share_levels: Bands,
    /// The busiest week as a multiple of the mean week, by colour.
    pub week_levels: Bands,
    /// Less in December is not judged, in whole units of the currency.
    pub least_spent: Decimal,
    /// Judged when money has been there for so many days.
    pub least_days: i64,
}

impl Default for YearEndRush {
    fn default() -> Self {
        Self {
            share_levels: Bands::whole([20, 30, 40, 50]),
            week_levels: Bands::whole([2, 3, 4, 5]),
            least_spent: Decimal::from(10_000),
            least_days: 180,
        }
    }
}

impl Rule for YearEndRush {
    fn about(&self) -> About<'_> {
        About {
            name: "year_end_rush",
            code: "YE-01",
            zh: "年末突击",
            en: "Year-end rush",
            runs: Runs::Daily,
            clearing: Clearing::ByPerson,
            awaits_books: false,
            version: 1,
            source_text: include_str!("year_end_rush.rs"),
            manual_zh: include_str!("zh/year_end_rush.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_silent = matches!(case.state(), ProjectState::Applied | ProjectState::Suspended);
        if is_silent || case.is_exempt() || case.is_published() || !case.has_had_money_for(self.least_days) {
            return Outcome::QUIET;
        }
        let year = case.as_of.year();
        Outcome::of(match (case.as_of.month(), case.as_of.day()) {
            (12, _) => self.finding(case, year, case.as_of),
            (1, 31) => self.finding(case, year - 1, year_end(year - 1)),
            _ => None,
        })
    }
}

impl YearEndRush {
    fn finding(&self, case: &Case<'_>, year: i32, until: NaiveDate) -> Option<Finding> {
        let of_year: Vec<&Entry> = case
            .spending()
            .filter(|entry| entry.on.year() == year && entry.on <= until && !entry.prior_year)
            .collect();
        let in_december = of_year.iter().filter(|entry| entry.on.month() == 12);
        let december = sum(in_december.map(|entry| entry.amount));
        let spent = sum(of_year.iter().map(|entry| entry.amount));
        if december < self.least_spent {
            return None;
        }
        let share = Ratio::of(december, spent)?;
        let (week_until, last_week, times) = busiest_week(&of_year, until)?;
        let by_share = self
            .share_levels
            .from(&share.times(&Ratio::whole(100)), Margin::None);
        let by_week = self.week_levels.from(&times, Margin::None);
        let evidence = evidence(
            format!(
                "E(12)/E = {december}/{spent} = {}; {last_week} in the 7 days to {week_until} = {}× the mean week",
                percent(&share),
                multiple(&times)
            ),
            format!("{} %, {} ×", self.share_levels, self.week_levels))
        .figure("committed", case.measures.amounts.committed_open)
        .facts(of_year.iter().copied().filter(|entry| entry.on.month() == 12));
        let currency = case.currency();
        let finding = Finding::new(
            by_share.or(by_week),
            format!(
                "{year}年12月支出{}，占全年{}；最忙七天（至{week_until}）为周均支出的{}倍",
                money_zh(december, currency),
                percent(&share),
                multiple(&times)
            ),
            format!(
                "{} spent in December {year}, {} of the year; the busiest seven days, to {week_until}, are {} times the mean week",
                money_en(december, currency),
                percent(&share),
                multiple(&times)
            ),
            evidence,
        );
        Some(finding.about(year.to_string()))
    }
}

/// The seven days of December that stand furthest above the mean week of the year up to their end: their last day, what
/// was spent in them, and the multiple.
fn busiest_week(of_year: &[&Entry], until: NaiveDate) -> Option<(NaiveDate, Decimal, Ratio)> {
    let between = |after: NaiveDate, until: NaiveDate| {
        let meant = of_year
            .iter()
            .filter(|entry| entry.on > after && entry.on <= until);
        sum(meant.map(|entry| entry.amount))
    };
    // Only days with spending can end the busiest week.
    let ends: BTreeSet<NaiveDate> = of_year
        .iter()
        .map(|entry| entry.on)
        .filter(|on| on.month() == 12)
        .collect();
    let weeks = ends.into_iter().filter_map(|end| {
        let in_week = between(days_before(end, 7), end);
        let mean_week =
            Ratio::exact(between(NaiveDate::MIN, end)).times(&Ratio::of_counts(7, day_of_year(end))?);
        Some((end, in_week, Ratio::exact(in_week).over(&mean_week)?))
    });
    weeks
        .filter(|(end, ..)| *end <= until)
        .max_by(|left, right| left.2.cmp(&right.2))
}
