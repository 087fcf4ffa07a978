//! Budget years and working days. The budget year is the calendar year (预算法 18); which days are off is
//! announced every year and so comes from outside.

use std::collections::BTreeSet;

use chrono::{Datelike, Days, NaiveDate, Weekday};

/// First day of a budget year.
#[must_use]
pub fn year_start(fiscal_year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(fiscal_year, 1, 1).unwrap_or(NaiveDate::MIN)
}

/// Last day of a budget year.
#[must_use]
pub fn year_end(fiscal_year: i32) -> NaiveDate {
    NaiveDate::from_ymd_opt(fiscal_year, 12, 31).unwrap_or(NaiveDate::MAX)
}

/// N: how many days the budget year of a date has.
#[must_use]
pub fn days_of_year(on: NaiveDate) -> i64 {
    if on.leap_year() { 366 } else { 365 }
}

/// n: the date's number within its budget year, from 1.
#[must_use]
pub fn day_of_year(on: NaiveDate) -> i64 {
    i64::from(on.ordinal())
}

/// Months of the budget year that are complete on a date; its last day completes a month.
#[must_use]
pub fn completed_months(on: NaiveDate) -> u32 {
    let is_last_day = on.succ_opt().is_none_or(|next| next.month() != on.month());
    if is_last_day { on.month() } else { on.month() - 1 }
}

/// The day so many days earlier.
#[must_use]
pub fn days_before(on: NaiveDate, days: u64) -> NaiveDate {
    on.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

/// Which days are worked, for deadlines in working days (工作日, with 调休).
///
/// # Source
/// The State Council's yearly notice on holidays; weekends are off where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkingDays {
    /// Weekdays off.
    pub holidays: BTreeSet<NaiveDate>,
    /// Weekend days worked in exchange (调休上班).
    pub worked_weekends: BTreeSet<NaiveDate>,
}

impl WorkingDays {
    /// Whether a day is worked.
    #[must_use]
    pub fn is_worked(&self, on: NaiveDate) -> bool {
        let is_weekend = matches!(on.weekday(), Weekday::Sat | Weekday::Sun);
        if is_weekend {
            self.worked_weekends.contains(&on)
        } else {
            !self.holidays.contains(&on)
        }
    }

    /// The last day of a deadline of so many working days after a day; that day itself does not count.
    #[must_use]
    pub fn after(&self, on: NaiveDate, working_days: u32) -> NaiveDate {
        let mut left = working_days;
        let mut deadline = on;
        while left > 0 {
            let Some(next) = deadline.succ_opt() else { break };
            deadline = next;
            left -= u32::from(self.is_worked(deadline));
        }
        deadline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_month_is_complete_on_its_last_day() {
        assert_eq!(completed_months(day("2024-09-30")), 9);
        assert_eq!(completed_months(day("2024-09-29")), 8);
        assert_eq!(completed_months(day("2024-02-28")), 1);
        assert_eq!(completed_months(day("2024-02-29")), 2);
    }

    #[test]
    fn days_of_the_year_know_leap_years() {
        assert_eq!(
            (day_of_year(day("2024-09-30")), days_of_year(day("2024-09-30"))),
            (274, 366)
        );
        assert_eq!(
            (day_of_year(day("2023-08-31")), days_of_year(day("2023-08-31"))),
            (243, 365)
        );
    }

    #[test]
    fn a_deadline_in_working_days_skips_the_national_holiday_and_counts_the_exchanged_weekend() {
        let calendar = WorkingDays {
            holidays: (1..=7)
                .map(|on| NaiveDate::from_ymd_opt(2024, 10, on).unwrap())
                .collect(),
            worked_weekends: [day("2024-09-29"), day("2024-10-12")].into(),
        };
        assert_eq!(calendar.after(day("2024-09-27"), 3), day("2024-10-08"));
        assert_eq!(calendar.after(day("2024-10-10"), 2), day("2024-10-12"));
        assert_eq!(calendar.after(day("2024-10-10"), 0), day("2024-10-10"));
    }
}
