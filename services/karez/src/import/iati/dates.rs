//! Dates as IATI publishers write them: ten characters, `YYYY-MM-DD`, and a day of the calendar.

use chrono::{Datelike, NaiveDate};

use super::values::{all_digits, half_width};

/// A date that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadDate {
    pub(super) on: NaiveDate,
    /// Letters or digits follow that are not a time of day or a zone.
    pub(super) trailing_text: bool,
}

impl ReadDate {
    /// Whether the year is one that a project could have, 1900 to 2200.
    pub(super) fn plausible(self) -> bool {
        (1900..=2200).contains(&self.on.year())
    }
}

/// Reads the date in the first ten characters of `text`; what follows (a time, a zone) is not looked at.
pub(super) fn date(text: &str) -> Option<ReadDate> {
    let text = text.trim();
    let head: String = text.chars().take(10).map(half_width).collect();
    let [year, month, day] = <[&str; 3]>::try_from(head.split('-').collect::<Vec<_>>()).ok()?;
    let well_formed = [(year, 4), (month, 2), (day, 2)]
        .iter()
        .all(|(part, len)| part.len() == *len && all_digits(part));
    let on = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)?;
    let trailing_text = text
        .chars()
        .nth(10)
        .is_some_and(|next| next.is_alphanumeric() && !matches!(next, 'T' | 't' | 'Z'));
    (well_formed && on.year() >= 1).then_some(ReadDate { on, trailing_text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ten_characters_are_the_date() {
        for (text, want, trailing) in [
            ("2012-09-24 00:00:00", "2012-09-24", false),
            (" 2012-06-12T06:06:12Z ", "2012-06-12", false),
            ("2012-06-12Z", "2012-06-12", false),
            ("2024-02-29+01:00", "2024-02-29", false),
            ("2012-01-011", "2012-01-01", true),
            ("0001-01-01", "0001-01-01", false),
        ] {
            let read = date(text);
            assert_eq!(
                read.map(|read| (read.on.to_string(), read.trailing_text)),
                Some((want.to_owned(), trailing)),
                "{text:?}"
            );
        }
    }

    #[test]
    fn other_writing_and_days_outside_the_calendar_are_refused() {
        for text in [
            "",
            "2010",
            "2006-10-1",
            "2006-1-10",
            "20061001",
            "2023-02-29",
            "2012-13-01",
            "0000-01-01",
            "01/02/2012",
            "+012-01-01",
            "二〇一二年",
        ] {
            assert_eq!(date(text), None, "{text:?}");
        }
    }

    #[test]
    fn years_outside_two_centuries_are_not_plausible() {
        assert_eq!(date("1899-12-31").map(ReadDate::plausible), Some(false));
        assert_eq!(date("9999-12-31").map(ReadDate::plausible), Some(false));
        assert_eq!(date("1900-01-01").map(ReadDate::plausible), Some(true));
    }
}
