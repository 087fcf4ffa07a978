//! Days and moments of the demonstration: when an office works, and at what time of the day a fact becomes known.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use karez_projections::fiscal_calendar::WorkingDays;

use crate::clock::BUSINESS_TIME_ZONE;

/// Weekdays off in 2024, month and day.
///
/// # Source
/// The State Council's notice on the holidays of 2024. Weekend days worked in exchange are left out: nobody has
/// to record anything on them.
const HOLIDAYS_2024: [(u32, u32); 19] = [
    (1, 1),
    (2, 12),
    (2, 13),
    (2, 14),
    (2, 15),
    (2, 16),
    (4, 4),
    (4, 5),
    (5, 1),
    (5, 2),
    (5, 3),
    (6, 10),
    (9, 16),
    (9, 17),
    (10, 1),
    (10, 2),
    (10, 3),
    (10, 4),
    (10, 7),
];

/// A day.
pub(super) fn on(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}

/// The first and the last day of a month of 2024.
pub(super) fn month(number: u32) -> (NaiveDate, NaiveDate) {
    month_of(on(2024, number, 1))
}

/// The first and the last day of the month of a day.
pub(super) fn month_of(day: NaiveDate) -> (NaiveDate, NaiveDate) {
    let first = day.with_day(1).unwrap_or(day);
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    (first, days_after(next, -1))
}

/// The last day of a month of 2024.
pub(super) fn month_end(number: u32) -> NaiveDate {
    month(number).1
}

/// So many days later, or earlier where negative.
pub(super) fn days_after(day: NaiveDate, days: i64) -> NaiveDate {
    day.checked_add_signed(TimeDelta::days(days)).unwrap_or(day)
}

/// The day itself, or the next one on which offices and banks work.
pub(super) fn working_day(day: NaiveDate) -> NaiveDate {
    let calendar = WorkingDays {
        holidays: HOLIDAYS_2024
            .iter()
            .map(|(month, day)| on(2024, *month, *day))
            .collect(),
        ..WorkingDays::default()
    };
    let before = day.checked_sub_days(Days::new(1)).unwrap_or(day);
    calendar.after(before, 1)
}

/// The moment so many minutes after midnight of a day, business time.
pub(super) fn moment(day: NaiveDate, minutes: u32) -> DateTime<Utc> {
    let time = NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap_or_default();
    let local = BUSINESS_TIME_ZONE
        .from_local_datetime(&day.and_time(time))
        .earliest();
    local.map_or_else(|| day.and_time(time).and_utc(), |local| local.with_timezone(&Utc))
}
