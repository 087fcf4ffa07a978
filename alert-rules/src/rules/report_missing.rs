//! # TL-01 月报缺报 Report missing
//!
//! ## What it finds
//! A progress report that was due 1 (blue), 5 (yellow), 10 (orange) or 20 days ago (red) and has not been filed. The oldest
//! missing one gives the colour, and its period is the subject. Due is, unless the programme says otherwise, a report for
//! every quarter, ten days after its end; 月报 is the catalogue's name, and a programme with monthly reports sets `months = 1`.
//!
//! ## Why it is a risk
//! A project nobody hears of is seen only when it is too late; the report is also what BX-05 compares the money with.
//!
//! ## Worked example
//! A project runs from 2024-02-01. Its first full quarter ends on 06-30, and the report is due on 07-10: blue on 07-11,
//! yellow on 07-15, orange on 07-20, red on 07-30. Filed on 08-02, it is lifted on that day. Scenario:
//! `fires_by_the_quarter`.
//!
//! ## Thresholds
//! `levels` in days after the due day; `months` of a period (1, 3, 6 or 12: periods follow the calendar);
//! `due_within_days` after the period. A programme that asks for other reports says so, one without switches the rule off.
//!
//! ## What it leaves out
//! The part of a period in which the project began, periods of which every day was suspended, and periods that end after the
//! project. Suspended projects keep what is open, and get nothing new. Awards and reimbursements, and projects published by
//! others, report nothing. A report that covers several periods is filed for all of them. What was due when a person ended a
//! warning of this rule is not asked for again.
//!
//! ## Source
//! Local notices on reports on fixed days; late reports, a usual audit finding (the audit analytics of the inspector
//! general of the US National Science Foundation).

use chrono::{Datelike, Days, NaiveDate};
use karez_projections::{LifeStep, ProjectState, Target, Warning};
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::day_zh;

/// As many periods are looked back upon: ten years of months.
const LONGEST: i32 = 120;

/// Thresholds of TL-01.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReportMissing {
    /// Days after the due day, by colour.
    pub levels: Bands,
    /// Months of a period.
    pub months: u8,
    /// Days after the end of a period within which its report is due.
    pub due_within_days: u16,
}

impl Default for ReportMissing {
    fn default() -> Self {
        Self {
            levels: Bands::whole([1, 5, 10, 20]),
            months: 3,
            due_within_days: 10,
        }
    }
}

impl Rule for ReportMissing {
    fn about(&self) -> About<'_> {
        About {
            name: "report_missing",
            code: "TL-01",
            zh: "月报缺报",
            en: "Report missing",
            runs: Runs::Daily,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("report_missing.rs"),
            manual_zh: include_str!("zh/report_missing.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_exempt() || case.is_published() || !case.is_main_currency() {
            return Outcome::QUIET;
        }
        match case.state() {
            ProjectState::Running | ProjectState::Ended => Outcome::of(self.finding(case)),
            ProjectState::Suspended => Outcome::of(self.finding(case).map(|finding| Finding {
                judged: Judged {
                    level: None,
                    ..finding.judged
                },
                ..finding
            })),
            ProjectState::Applied
            | ProjectState::Approved
            | ProjectState::Signed
            | ProjectState::Terminated
            | ProjectState::Closed => Outcome::QUIET,
        }
    }
}

impl ReportMissing {
    fn finding(&self, case: &Case<'_>) -> Option<Finding> {
        let missing = self.missing(case)?;
        let (first_on, end_on) = (self.start_of(missing.oldest)?, self.end_of(missing.oldest)?);
        let due_on = self.due_on(missing.oldest)?;
        let days = (case.as_of - due_on).num_days();
        let reports = case
            .project
            .progress
            .iter()
            .filter(|report| report.on <= case.as_of);
        let last = reports.max_by_key(|report| report.fact.period_end_on);
        let mut evidence = banded(format!("{} − {due_on} = {days} d", case.as_of), self.levels, "d")
            .figure("missing_reports", missing.count)
            .figure("period", format!("{first_on}..{end_on}"));
        if let Some(last) = last {
            evidence = evidence
                .figure("last_report_until", last.fact.period_end_on)
                .figure("last_report_filed", last.on);
        }
        let finding = Finding::new(
            self.levels.from_days(days),
            format!(
                "{}至{}的报告应于{}前报送，已逾期{days}天；共缺{}期",
                day_zh(first_on),
                day_zh(end_on),
                day_zh(due_on),
                missing.count
            ),
            format!(
                "the report for {first_on} to {end_on} was due on {due_on}, {days} days ago; reports missing: {}",
                missing.count
            ),
            evidence,
        );
        Some(finding.about(first_on.format("%Y-%m").to_string()))
    }

    /// The due periods without a report.
    fn missing(&self, case: &Case<'_>) -> Option<Missing> {
        let started_on = case
            .project
            .first_on(case.as_of, |step| step == LifeStep::Started)?;
        let begun = self.number_of(started_on);
        let first = if self.start_of(begun)? < started_on {
            begun + 1
        } else {
            begun
        };
        let due_until = case
            .as_of
            .checked_sub_days(Days::new(u64::from(self.due_within_days) + 1))?;
        let until = case
            .project
            .end_on(case.as_of)
            .map_or(due_until, |end_on| due_until.min(end_on));
        let last = self.last_ended(until);
        let first = first.max(last - LONGEST + 1);
        if last < first {
            return None;
        }
        let mut filed = 0_u128;
        for report in case
            .project
            .progress
            .iter()
            .filter(|report| report.on <= case.as_of)
        {
            let from = self.number_of(report.fact.period_start_on).max(first);
            let to = self.last_ended(report.fact.period_end_on).min(last);
            for number in from..=to {
                filed |= bit(number - first);
            }
        }
        let settled_on = settled_on(case);
        let is_missing = |number: &i32| {
            filed & bit(number - first) == 0
                && self.is_active(case, *number)
                && settled_on.is_none_or(|settled_on| self.due_on(*number) > Some(settled_on))
        };
        let mut missing = (first..=last).filter(is_missing);
        let oldest = missing.next()?;
        Some(Missing {
            oldest,
            count: missing.count() + 1,
        })
    }

    /// Whether the project was not suspended on all days of a period.
    fn is_active(&self, case: &Case<'_>, number: i32) -> bool {
        let before = self.start_of(number).and_then(|first_on| first_on.pred_opt());
        before
            .zip(self.end_of(number))
            .is_some_and(|(before, end_on)| case.measures.clock.active_days(before, end_on) > 0)
    }

    fn months(&self) -> i32 {
        i32::from(self.months.max(1))
    }

    /// The number of the period that a day lies in.
    fn number_of(&self, day: NaiveDate) -> i32 {
        let months = day.year() * 12 + i32::try_from(day.month0()).unwrap_or_default();
        months.div_euclid(self.months())
    }

    /// The number of the last period that had ended by a day.
    fn last_ended(&self, day: NaiveDate) -> i32 {
        day.succ_opt().map_or(i32::MAX, |next| self.number_of(next)) - 1
    }

    fn start_of(&self, number: i32) -> Option<NaiveDate> {
        let months = number.checked_mul(self.months())?;
        let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
        NaiveDate::from_ymd_opt(months.div_euclid(12), month, 1)
    }

    fn end_of(&self, number: i32) -> Option<NaiveDate> {
        self.start_of(number + 1)?.pred_opt()
    }

    fn due_on(&self, number: i32) -> Option<NaiveDate> {
        self.end_of(number)?
            .checked_add_days(Days::new(self.due_within_days.into()))
    }
}

/// The day on which a person last ended a warning of this rule: what was due by then is not asked for again.
fn settled_on(case: &Case<'_>) -> Option<NaiveDate> {
    let target = Target::Project(case.project.id.clone());
    let of_rule = |warning: &&Warning| warning.raised.rule == "report_missing";
    let endings = case
        .warnings
        .about(&target)
        .filter(of_rule)
        .filter_map(|warning| warning.ending.as_ref());
    let by_person = endings.filter(|ending| ending.is_by_person && ending.on <= case.as_of);
    by_person.map(|ending| ending.on).max()
}

/// Periods without a report.
struct Missing {
    oldest: i32,
    count: usize,
}

fn bit(index: i32) -> u128 {
    u32::try_from(index)
        .ok()
        .and_then(|index| 1_u128.checked_shl(index))
        .unwrap_or_default()
}
