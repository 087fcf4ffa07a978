//! Days that count: a suspension freezes the clock (domain.md §4.1, §4.2).

use chrono::{Days, NaiveDate};

use crate::project::{LifeStep, Project};

/// The suspensions of a project as known at a date.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Clock {
    /// First suspended day, and the day on which the clock runs again; in order, without overlap.
    suspended: Vec<(NaiveDate, NaiveDate)>,
}

impl Clock {
    /// The clock of a project; a suspension not yet lifted on `as_of` goes on.
    #[must_use]
    pub fn of(project: &Project, as_of: NaiveDate) -> Self {
        let mut steps: Vec<(NaiveDate, bool)> = project
            .life
            .iter()
            .filter(|fact| fact.on <= as_of)
            .filter_map(stops_or_runs)
            .collect();
        steps.sort_by_key(|(on, _)| *on);
        let mut suspended = Vec::new();
        let mut since = None;
        for (on, stops) in steps {
            match (since, stops) {
                (None, true) => since = Some(on),
                (Some(first), false) => {
                    suspended.push((first, on));
                    since = None;
                }
                (None, false) | (Some(_), true) => {}
            }
        }
        suspended.extend(since.map(|first| (first, NaiveDate::MAX)));
        Self { suspended }
    }

    /// Whether the clock stands still on a day.
    #[must_use]
    pub fn is_suspended_on(&self, day: NaiveDate) -> bool {
        self.suspended_since(day).is_some()
    }

    /// The first day of the suspension in which a day lies.
    #[must_use]
    pub fn suspended_since(&self, day: NaiveDate) -> Option<NaiveDate> {
        let mut suspended = self.suspended.iter();
        let around = suspended.find(|(first, runs_again)| (*first..*runs_again).contains(&day));
        around.map(|(first, _)| *first)
    }

    /// Days after `from` up to and with `to`, suspended days left out; 0 where `to` is not later.
    #[must_use]
    pub fn active_days(&self, from: NaiveDate, to: NaiveDate) -> i64 {
        let frozen: i64 = self
            .suspended
            .iter()
            .map(|(first, runs_again)| {
                let first = after(from).max(*first);
                let runs_again = after(to).min(*runs_again);
                (runs_again - first).num_days().max(0)
            })
            .sum();
        ((to - from).num_days() - frozen).max(0)
    }

    /// Where a window of so many active days that ends with `to` begins: the latest day from which
    /// [`Self::active_days`] to `to` is at least `days`.
    #[must_use]
    pub fn window_start(&self, to: NaiveDate, days: u32) -> NaiveDate {
        let mut start = back(to, i64::from(days));
        for (first, runs_again) in self.suspended.iter().rev() {
            if *first > to {
                continue;
            }
            let frozen_until = (*runs_again).min(after(to));
            // The window reaches into the suspension or behind it: all of the suspension lies inside.
            if after(start) < frozen_until {
                start = back(start, (frozen_until - *first).num_days());
            }
        }
        start
    }
}

fn stops_or_runs(fact: &crate::project::LifeFact) -> Option<(NaiveDate, bool)> {
    let stops = match fact.fact {
        LifeStep::Suspended => true,
        LifeStep::Started
        | LifeStep::Resumed
        | LifeStep::Terminated
        | LifeStep::Accepted
        | LifeStep::Closed => false,
        LifeStep::Applied
        | LifeStep::Approved
        | LifeStep::Signed
        | LifeStep::PreStartApproved { .. }
        | LifeStep::Extended { .. }
        | LifeStep::AcceptanceApplied => return None,
    };
    Some((fact.on, stops))
}

fn after(day: NaiveDate) -> NaiveDate {
    day.succ_opt().unwrap_or(day)
}

fn back(day: NaiveDate, days: i64) -> NaiveDate {
    let days = Days::new(u64::try_from(days).unwrap_or_default());
    day.checked_sub_days(days).unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn suspended(spans: &[(&str, &str)]) -> Clock {
        Clock {
            suspended: spans
                .iter()
                .map(|(first, runs)| (day(first), day(runs)))
                .collect(),
        }
    }

    #[test]
    fn without_a_suspension_every_day_counts() {
        assert_eq!(
            Clock::default().active_days(day("2024-03-01"), day("2024-05-30")),
            90
        );
        assert_eq!(
            Clock::default().active_days(day("2024-05-30"), day("2024-03-01")),
            0
        );
    }

    #[test]
    fn suspended_days_do_not_count() {
        let clock = suspended(&[("2024-03-11", "2024-03-21")]);
        assert_eq!(clock.active_days(day("2024-03-01"), day("2024-03-10")), 9);
        assert_eq!(clock.active_days(day("2024-03-01"), day("2024-03-15")), 9);
        assert_eq!(clock.active_days(day("2024-03-01"), day("2024-03-31")), 20);
    }

    #[test]
    fn a_window_of_active_days_begins_where_they_are_complete() {
        let clock = suspended(&[("2024-01-10", "2024-01-20"), ("2024-03-11", "2024-03-21")]);
        for days in 0..120 {
            for to in [
                "2024-01-05",
                "2024-03-10",
                "2024-03-12",
                "2024-03-20",
                "2024-03-21",
                "2024-05-01",
            ] {
                let start = clock.window_start(day(to), days);
                assert_eq!(
                    clock.active_days(start, day(to)),
                    i64::from(days),
                    "{days} to {to} from {start}"
                );
                let later = after(start);
                assert!(later > day(to) || clock.active_days(later, day(to)) < i64::from(days) || days == 0);
            }
        }
    }
}
