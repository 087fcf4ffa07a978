//! How people write the two clocks of a question, and what they mean.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// A text that is neither a day nor an instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MomentError {
    /// No day.
    #[error("{0:?} is not a date: write it as 2024-12-31")]
    Date(String),
    /// No instant and no day.
    #[error(
        "{0:?} is neither an instant nor a date: write 2024-12-31T18:00:00+08:00, or 2024-12-31 for the end of that day"
    )]
    Instant(String),
}

impl MomentError {
    /// The same in Chinese.
    #[must_use]
    pub fn in_chinese(&self) -> String {
        match self {
            Self::Date(text) => format!("{text:?} 不是日期：请写作 2024-12-31"),
            Self::Instant(text) => {
                format!(
                    "{text:?} 不是时刻或日期：请写作 2024-12-31T18:00:00+08:00，或以 2024-12-31 表示当日终了"
                )
            }
        }
    }
}

/// Reads 截至.
///
/// # Errors
/// [`MomentError::Date`].
pub fn read_as_of(text: &str) -> Result<NaiveDate, MomentError> {
    let is_iso = text.len() == 10;
    text.parse()
        .ok()
        .filter(|_| is_iso)
        .ok_or_else(|| MomentError::Date(text.to_owned()))
}

/// Reads 按当时已知: an instant, or a day, which means its end in the office's time zone. An instant without a
/// zone is the office's time.
///
/// # Errors
/// [`MomentError::Instant`].
pub fn read_known_at(text: &str, time_zone: Tz) -> Result<DateTime<Utc>, MomentError> {
    let wrong = || MomentError::Instant(text.to_owned());
    // In a query string an unescaped "+" arrives as a space.
    let text = &text.replace(
        ' ',
        if text.contains(':') && text.contains('T') {
            "+"
        } else {
            "T"
        },
    );
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(at.to_utc());
    }
    if let Ok(on) = read_as_of(text) {
        let next = on.checked_add_days(Days::new(1)).ok_or_else(wrong)?;
        let midnight = local(next.and_time(NaiveTime::MIN), time_zone).ok_or_else(wrong)?;
        return midnight
            .checked_sub_signed(TimeDelta::microseconds(1))
            .ok_or_else(wrong);
    }
    let formats = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let naive = formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
    naive.and_then(|naive| local(naive, time_zone)).ok_or_else(wrong)
}

/// A local time that the clock skipped does not exist; one that it showed twice means the later.
fn local(naive: NaiveDateTime, time_zone: Tz) -> Option<DateTime<Utc>> {
    time_zone
        .from_local_datetime(&naive)
        .latest()
        .map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("2024-12-31", "2024-12-31T15:59:59.999999Z")]
    #[case("2024-12-31T18:00:00+08:00", "2024-12-31T10:00:00Z")]
    #[case("2024-12-31T18:00:00 08:00", "2024-12-31T10:00:00Z")]
    #[case("2024-12-31T18:00:00Z", "2024-12-31T18:00:00Z")]
    #[case("2024-12-31T18:00", "2024-12-31T10:00:00Z")]
    #[case("2024-12-31 18:00:05", "2024-12-31T10:00:05Z")]
    fn instants_are_understood(#[case] text: &str, #[case] meant: &str) {
        let meant: DateTime<Utc> = meant.parse().unwrap();
        assert_eq!(read_known_at(text, chrono_tz::Asia::Shanghai), Ok(meant));
    }

    #[rstest]
    #[case("yesterday")]
    #[case("2024-13-01")]
    #[case("")]
    #[case("+262143-01-01")]
    fn what_is_no_instant_is_refused(#[case] text: &str) {
        assert!(read_known_at(text, chrono_tz::Asia::Shanghai).is_err());
        assert!(read_as_of(text).is_err());
    }
}
