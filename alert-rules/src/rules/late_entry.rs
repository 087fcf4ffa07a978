//! # DQ-04 迟录倒录 Late, back-dated entry
//!
//! ## What it finds
//! A posting that became known 30 (blue), 60 (yellow), 90 (orange) or 180 days (red) after its business date; or one dated into
//! books that the unit had already closed: of a month orange, of a year red. The latest of all gives the colour.
//!
//! ## Why it is a risk
//! Whoever looks at the figures sees others than will be true: decisions rest on them, and what comes late enough escapes
//! every rule that would have spoken in time.
//!
//! ## Worked example
//! A voucher of 2024-05-25 is recorded on 09-10, 108 days later: orange. The books of January are closed on 02-10; a
//! voucher of 01-20 that comes on 02-15 is orange although only 26 days late, until January is reopened with an approver
//! (反结账). Scenario: `fires_by_days`.
//!
//! ## Thresholds
//! `levels` in days. A closed period of at least `year_days` counts as a year.
//!
//! ## What it leaves out
//! What was published by others, which is late by nature, and what a person has ended a warning of this rule about: an approved
//! adjustment (调整) stays settled, and only later postings speak again. It is silent about no state: corrections after closing
//! are its business. The ratio of reversals is shown; the catalogue sets no threshold for it.
//!
//! ## Source
//! Adjustments after closing, a usual audit finding (the audit analytics of the inspector general of the US National
//! Science Foundation); the internal control standards on timely booking (内部控制规范).

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
use karez_events::Ratio;
use karez_events::event::supervision::Level;
use karez_projections::measures::sum;
use karez_projections::{Entry, EntryKind, Target, Warning};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::bands::{Bands, Judged};
use crate::case::Case;
use crate::rule::{About, Clearing, Collect, Finding, Outcome, Rule, Runs, banded};
use crate::words::{day_zh, percent};

/// So many of the late postings are named.
const NAMED: usize = 20;

/// The business day turns in Beijing (domain.md P9).
const BEIJING_SECONDS_EAST: i32 = 8 * 3600;

/// Thresholds of DQ-04.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LateEntry {
    /// Days from the business date to becoming known, by colour.
    pub levels: Bands,
    /// A closed period of so many days is a year.
    pub year_days: i64,
}

impl Default for LateEntry {
    fn default() -> Self {
        Self {
            levels: Bands::whole([30, 60, 90, 180]),
            year_days: 365,
        }
    }
}

/// One posting that came late.
struct Late<'a> {
    entry: &'a Entry,
    days: i64,
    closed: Option<Closed>,
    judged: Judged,
}

/// Which books had been closed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closed {
    Month,
    Year,
}

impl Rule for LateEntry {
    fn about(&self) -> About<'_> {
        About {
            name: "late_entry",
            code: "DQ-04",
            zh: "迟录倒录",
            en: "Late, back-dated entry",
            runs: Runs::OnEvent,
            clearing: Clearing::AtOnce,
            awaits_books: false,
            version: 1,
            source_text: include_str!("late_entry.rs"),
            manual_zh: include_str!("zh/late_entry.md"),
        }
    }

    fn judge(&self, case: &Case<'_>) -> Outcome {
        if case.is_published() {
            return Outcome::QUIET;
        }
        let first_days = [
            self.levels.blue,
            self.levels.yellow,
            self.levels.orange,
            self.levels.red,
        ];
        let first_days = first_days.into_iter().flatten().min().unwrap_or(Decimal::MAX);
        let is_late = |entry: &&Entry| {
            let days = days_late(entry);
            entry.is_into_closed_period || Decimal::from(days) >= first_days
        };
        let mut entries = case
            .entries()
            .filter(|entry| !entry.undated)
            .filter(is_late)
            .peekable();
        if entries.peek().is_none() {
            return Outcome::QUIET;
        }
        let settled = settled_until(case);
        let is_open = |entry: &&Entry| entry.position > settled && known_on(entry.recorded_at) <= case.as_of;
        let late: Vec<Late<'_>> = entries
            .filter(is_open)
            .map(|entry| self.late(case, entry))
            .collect();
        Outcome::of(self.finding(case, &late))
    }
}

impl LateEntry {
    fn late<'a>(&self, case: &Case<'a>, entry: &'a Entry) -> Late<'a> {
        let days = days_late(entry);
        let closed = entry.is_into_closed_period.then(|| self.closed(case, entry.on));
        let of_books = match closed {
            Some(Closed::Year) => Judged::at(Level::Red),
            Some(Closed::Month) => Judged::at(Level::Orange),
            None => Judged::default(),
        };
        Late {
            entry,
            days,
            closed,
            judged: self.levels.from_days(days).or(of_books),
        }
    }

    /// A month unless a closed period around the day is as long as a year.
    fn closed(&self, case: &Case<'_>, on: NaiveDate) -> Closed {
        let closed = case.unit().into_iter().flat_map(|unit| &unit.closed_periods);
        let is_year = |(from, to): &(NaiveDate, NaiveDate)| {
            (*from..=*to).contains(&on) && (*to - *from).num_days() + 1 >= self.year_days
        };
        if closed.into_iter().any(is_year) {
            Closed::Year
        } else {
            Closed::Month
        }
    }

    fn finding(&self, case: &Case<'_>, late: &[Late<'_>]) -> Option<Finding> {
        let worst = late
            .iter()
            .max_by_key(|late| (late.judged.level, late.days, late.entry.position))?;
        let (on, known_on, days) = (worst.entry.on, known_on(worst.entry.recorded_at), worst.days);
        let (closed_zh, closed_en) = match worst.closed {
            Some(Closed::Year) => ("，记入已年结账期", ", into a closed year"),
            Some(Closed::Month) => ("，记入已月结账期", ", into a closed month"),
            None => ("", ""),
        };
        let of_spending = late.iter().filter(|late| late.entry.kind.is_spending());
        let spent_late = sum(of_spending.map(|late| late.entry.amount));
        let spent = case.measures.amounts.spent;
        let evidence = banded(
            format!("{known_on} − {on} = {days} d{closed_en}"),
            self.levels,
            "d; closed month orange, closed year red",
        )
        .figure("spent_without_late_entries", spent.saturating_sub(spent_late))
        .figure("spent_with_late_entries", spent)
        .figure("share_of_postings_reversed", reversal_share(case));
        let others = late.len();
        Some(Finding::new(
            worst.judged,
            format!(
                "{}的业务于{}入库，迟{days}天{closed_zh}；迟录共{others}笔",
                day_zh(on),
                day_zh(known_on)
            ),
            format!(
                "a posting of {on} became known on {known_on}, {days} days later{closed_en}; {others} came late"
            ),
            evidence.facts(late.iter().rev().take(NAMED).rev().map(|late| late.entry)),
        ))
    }
}

fn known_on(recorded_at: DateTime<Utc>) -> NaiveDate {
    FixedOffset::east_opt(BEIJING_SECONDS_EAST).map_or_else(
        || recorded_at.date_naive(),
        |beijing| recorded_at.with_timezone(&beijing).date_naive(),
    )
}

fn days_late(entry: &Entry) -> i64 {
    (known_on(entry.recorded_at) - entry.on).num_days()
}

/// Where a person last ended a warning of this rule about the project: what had come by then is settled.
fn settled_until(case: &Case<'_>) -> u64 {
    let target = Target::Project(case.project.id.clone());
    let about = case.warnings.about(&target);
    let of_rule = about.filter(|warning: &&Warning| warning.raised.rule == "late_entry");
    let endings = of_rule.filter_map(|warning| warning.ending.as_ref());
    let by_person = endings.filter(|ending| ending.is_by_person);
    by_person.map(|ending| ending.position).max().unwrap_or(0)
}

fn reversal_share(case: &Case<'_>) -> String {
    let count = |kind| case.spending().filter(|entry| entry.kind == kind).count();
    let counts = [count(EntryKind::Reversed), count(EntryKind::Spent)].map(i64::try_from);
    match counts {
        [Ok(reversed), Ok(posted)] => {
            Ratio::of_counts(reversed, posted).map_or_else(|| "—".to_owned(), |share| percent(&share))
        }
        _ => "—".to_owned(),
    }
}
