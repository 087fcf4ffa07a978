//! # PI-01 目标难以完成 Target unlikely
//!
//! ## What it finds
//! A target of the year that its unit calls possible but not certain, or whose result is 15 percentage points behind the time on the day of
//! the report (yellow); 30 points behind (orange); or that the unit calls out of reach (red). The latest report of each indicator counts.
//!
//! ## Why it is a risk
//! Money that is spent in full on a goal that is missed is not well spent; a goal known to be out of reach in August can still be revised.
//!
//! ## Worked example
//! Of 100 prototypes 34 are reported on 2024-06-30: 34 % against 182/366 = 49.73 % of the year, 15.73 points behind,
//! yellow. Scenario: `fires_by_progress_and_by_what_the_unit_says`.
//!
//! ## Thresholds
//! `levels` in percentage points, for what can be counted.
//!
//! ## What it leaves out
//! Progress against time is judged only for targets that are to be reached from below (正向) and are more than nothing; of others, only what
//! the unit says of them. Results without a target, awards, reimbursements and published data.
//!
//! ## Source
//! The monitoring form for project expenditure (完成目标可能性, 偏差原因); the points are defaults of this system.

use std::collections::BTreeMap;

use chrono::Datelike;
use karez_events::Ratio;
use karez_events::event::performance::{Direction, IndicatorReported, IndicatorTargetSet, Likelihood};
use karez_events::event::supervision::Level;
use karez_projections::ProjectState;
use karez_projections::measures::{BenchmarkMode, benchmark};
use karez_projections::project::Dated;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged, Margin};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{percent, points};

/// Thresholds of PI-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetUnlikely {
    /// Percentage points behind the time, by colour.
    pub levels: Bands,
}

impl Default for TargetUnlikely {
    fn default() -> Self {
        Self {
            levels: Bands {
                yellow: Some(Decimal::from(15)),
                orange: Some(Decimal::from(30)),
                ..Bands::default()
            },
        }
    }
}

impl Rule for TargetUnlikely {
    fn about(&self) -> About<'_> {
        About {
            name: "target_unlikely",
            code: "PI-01",
            zh: "目标难以完成",
            en: "Target unlikely",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("target_unlikely.rs"),
            manual_zh: include_str!("zh/target_unlikely.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        let is_meant = matches!(case.state(), ProjectState::Running | ProjectState::Suspended);
        if !is_meant || case.is_exempt() || case.is_published() || !case.is_main_currency() {
            return Outcome::QUIET;
        }
        let mut latest: BTreeMap<&str, &Dated<IndicatorReported>> = BTreeMap::new();
        let mut results: Vec<_> = case
            .project
            .results
            .iter()
            .filter(|result| result.on <= case.as_of)
            .collect();
        results.sort_by_key(|result| (result.on, result.position));
        for result in results {
            latest.insert(&result.fact.indicator, result);
        }
        Outcome::of_all(
            latest
                .into_values()
                .filter_map(|result| self.finding(case, result)),
        )
    }
}

impl TargetUnlikely {
    fn finding(&self, case: &Case<'_>, result: &Dated<IndicatorReported>) -> Option<Finding> {
        let indicator = result.fact.indicator.as_str();
        let targets = case.project.targets.iter().filter(|target| {
            target.on <= case.as_of
                && target.fact.indicator == indicator
                && target.fact.fiscal_year == result.on.year()
        });
        let target = targets.max_by_key(|target| (target.on, target.position))?;
        let said = match result.fact.likelihood {
            Some(Likelihood::Impossible) => Judged::at(Level::Red),
            Some(Likelihood::Possible) => Judged::at(Level::Yellow),
            Some(Likelihood::Certain) | None => Judged::default(),
        };
        let progress = progress(&target.fact, &result.fact);
        let due = benchmark(
            case.project,
            case.currency(),
            result.on,
            &BenchmarkMode::DayOfYear,
        );
        let behind = progress
            .clone()
            .zip(due.clone())
            .map(|(progress, due)| due.share.minus(&progress));
        let by_time = behind.as_ref().map_or_else(Judged::default, |behind| {
            self.levels.from(&behind.times(&Ratio::whole(100)), Margin::None)
        });
        let judged = said.or(by_time);
        if judged.is_clear() {
            return None;
        }
        let done = progress.as_ref().map_or_else(|| "—".to_owned(), percent);
        let time = due
            .as_ref()
            .map_or_else(|| "—".to_owned(), |due| percent(&due.share));
        let (chance_zh, chance_en) = match result.fact.likelihood {
            Some(Likelihood::Impossible) => ("完全不可能", "out of reach"),
            Some(Likelihood::Possible) => ("有可能", "possible"),
            Some(Likelihood::Certain) => ("确定能", "certain"),
            None => ("未填", "not stated"),
        };
        let evidence = banded(
            format!("B/A − b(t) = {done} − {time} on {}", result.on),
            self.levels,
            "pp",
        )
        .figure("likelihood", chance_en)
        .dated(target)
        .dated(result);
        let lag = behind.as_ref().map_or_else(|| "—".to_owned(), points);
        let why = result.fact.deviation.as_deref().unwrap_or("未填");
        let finding = Finding::new(
            judged,
            format!(
                "指标“{indicator}”完成{done}，序时{time}（相差{lag}个百分点），完成目标可能性：{chance_zh}，偏差原因：{why}"
            ),
            format!(
                "{done} of {indicator:?} is reached with {time} of the time gone ({lag} points apart); reaching it is {chance_en}; reason given: {why}"
            ),
            evidence,
        );
        Some(finding.about(indicator))
    }
}

/// B/A of a target that is reached from below.
fn progress(target: &IndicatorTargetSet, result: &IndicatorReported) -> Option<Ratio> {
    match target.direction {
        Direction::AtLeast => Ratio::of(
            result.actual?,
            target.target.filter(|target| *target > Decimal::ZERO)?,
        ),
        Direction::AtMost | Direction::Qualitative => None,
    }
}
