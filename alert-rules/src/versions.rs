//! Charts, scales and lists that notices lay down: each version counts from a day, with the notice it rests on.

use chrono::NaiveDate;

/// The version in force on a day: the last that had taken effect, else the first of all.
#[must_use]
pub fn in_force<T>(versions: &[T], effective_on: impl Fn(&T) -> NaiveDate, day: NaiveDate) -> Option<&T> {
    let begun = versions.iter().filter(|version| effective_on(version) <= day);
    let last = begun.max_by_key(|version| effective_on(version));
    last.or_else(|| versions.iter().min_by_key(|version| effective_on(version)))
}

/// A day that is written in the source, where the calendar has it.
#[must_use]
pub fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}
