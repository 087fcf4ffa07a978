//! Which days are off and which weekends are worked in exchange, year by year, as the State Council's notices say.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate};
use karez_projections::fiscal_calendar::WorkingDays;

/// Month and day.
type MonthDay = (u32, u32);

/// The notice for one year.
#[derive(Debug, Clone, Copy)]
pub struct Notice {
    /// The year it is for.
    pub year: i32,
    /// Its number.
    pub basis: &'static str,
    /// First and last day of each holiday.
    off: &'static [(MonthDay, MonthDay)],
    /// Weekend days worked in exchange (调休上班).
    worked: &'static [MonthDay],
}

/// The notices that are known, by year; for other years weekends are off and no other day.
pub const NOTICES: [Notice; 3] = [
    Notice {
        year: 2024,
        basis: "国办发明电〔2023〕7号",
        off: &[
            ((1, 1), (1, 1)),
            ((2, 10), (2, 17)),
            ((4, 4), (4, 6)),
            ((5, 1), (5, 5)),
            ((6, 10), (6, 10)),
            ((9, 15), (9, 17)),
            ((10, 1), (10, 7)),
        ],
        worked: &[
            (2, 4),
            (2, 18),
            (4, 7),
            (4, 28),
            (5, 11),
            (9, 14),
            (9, 29),
            (10, 12),
        ],
    },
    Notice {
        year: 2025,
        basis: "国办发明电〔2024〕12号",
        off: &[
            ((1, 1), (1, 1)),
            ((1, 28), (2, 4)),
            ((4, 4), (4, 6)),
            ((5, 1), (5, 5)),
            ((5, 31), (6, 2)),
            ((10, 1), (10, 8)),
        ],
        worked: &[(1, 26), (2, 8), (4, 27), (9, 28), (10, 11)],
    },
    Notice {
        year: 2026,
        basis: "国办发明电〔2025〕7号",
        off: &[
            ((1, 1), (1, 3)),
            ((2, 15), (2, 23)),
            ((4, 4), (4, 6)),
            ((5, 1), (5, 5)),
            ((6, 19), (6, 21)),
            ((9, 25), (9, 27)),
            ((10, 1), (10, 7)),
        ],
        worked: &[(1, 4), (2, 14), (2, 28), (5, 9), (9, 20), (10, 10)],
    },
];

/// The days worked by the notices, but for the years of which an office gives days of its own.
#[must_use]
pub fn working_days(holidays: BTreeSet<NaiveDate>, worked_weekends: BTreeSet<NaiveDate>) -> WorkingDays {
    let own: BTreeSet<i32> = holidays.union(&worked_weekends).map(Datelike::year).collect();
    let mut days = WorkingDays {
        holidays,
        worked_weekends,
    };
    for notice in NOTICES.iter().filter(|notice| !own.contains(&notice.year)) {
        let day = |(month, day): MonthDay| NaiveDate::from_ymd_opt(notice.year, month, day);
        for (first, last) in notice.off {
            if let Some((first, last)) = day(*first).zip(day(*last)) {
                days.holidays
                    .extend(first.iter_days().take_while(|day| *day <= last));
            }
        }
        days.worked_weekends
            .extend(notice.worked.iter().filter_map(|worked| day(*worked)));
    }
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_day_worked_in_exchange_is_a_weekend_and_none_is_off() {
        let days = working_days(BTreeSet::new(), BTreeSet::new());
        for worked in &days.worked_weekends {
            assert!(worked.weekday().number_from_monday() > 5, "{worked}");
            assert!(!days.holidays.contains(worked), "{worked}");
        }
    }

    #[test]
    fn a_deadline_over_the_national_holiday_of_2024_counts_the_exchanged_weekend() {
        let days = working_days(BTreeSet::new(), BTreeSet::new());
        assert_eq!(days.after(day("2024-09-27"), 3), day("2024-10-08"));
    }

    #[test]
    fn an_office_s_own_days_take_the_place_of_that_year_s_notice_only() {
        let days = working_days([day("2024-12-24")].into(), BTreeSet::new());
        assert!(!days.is_worked(day("2024-12-24")));
        assert!(days.is_worked(day("2024-10-01")), "2024 is the office's own");
        assert!(!days.is_worked(day("2025-10-01")));
    }
}
