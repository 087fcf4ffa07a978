//! When a day's run is due: a cron expression in the office's time zone.

use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use cron::Schedule;

/// The clock of the daily run.
#[derive(Debug, Clone)]
pub struct Daily {
    schedule: Schedule,
    time_zone: Tz,
}

/// An expression that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DailyError {
    /// Not six fields, or a field out of its range.
    #[error(
        "{setting} = {expression:?} is not usable: {why}; give six fields (second minute hour day-of-month \
         month day-of-week) such as \"0 30 0 * * *\""
    )]
    Expression {
        /// The setting.
        setting: &'static str,
        /// What was given.
        expression: String,
        /// What the reader of such expressions says.
        why: String,
    },
    /// A weekday as a number, which programs count from different days.
    #[error("{setting} = {expression:?} has a weekday as a number: write MON to SUN")]
    NumericWeekday {
        /// The setting.
        setting: &'static str,
        /// What was given.
        expression: String,
    },
}

impl Daily {
    /// Reads an expression of six fields.
    ///
    /// # Errors
    /// [`DailyError`] says what to write.
    pub fn try_new(setting: &'static str, expression: &str, time_zone: Tz) -> Result<Self, DailyError> {
        let weekday = expression.split_whitespace().nth(5).unwrap_or("*");
        if weekday.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(DailyError::NumericWeekday {
                setting,
                expression: expression.to_owned(),
            });
        }
        let schedule = Schedule::from_str(expression).map_err(|error| DailyError::Expression {
            setting,
            expression: expression.to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self { schedule, time_zone })
    }

    /// The business day of an instant.
    #[must_use]
    pub fn day_of(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.time_zone).date_naive()
    }

    /// When a day's run is due: the first tick after the day has ended. `None` when the expression never comes again.
    #[must_use]
    pub fn due(&self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let last = day.and_time(NaiveTime::from_hms_opt(23, 59, 59)?);
        let last = self.time_zone.from_local_datetime(&last).latest()?;
        let tick = self.schedule.after(&last).next()?;
        Some(tick.with_timezone(&Utc))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::BUSINESS_TIME_ZONE;

    fn daily(expression: &str) -> Daily {
        Daily::try_new("sentinel.daily_at", expression, BUSINESS_TIME_ZONE).unwrap()
    }

    #[test]
    fn a_day_is_due_half_an_hour_after_it_ended_in_beijing() {
        let due = daily("0 30 0 * * *").due("2024-12-31".parse().unwrap()).unwrap();
        assert_eq!(due, "2024-12-31T16:30:00Z".parse::<DateTime<Utc>>().unwrap());
    }

    #[test]
    fn days_of_a_weekend_may_be_due_together_on_monday() {
        let daily = daily("0 0 8 * * MON-FRI");
        let due = |day: &str| daily.due(day.parse().unwrap()).unwrap();
        assert_eq!(due("2024-11-22"), due("2024-11-24"));
        assert_eq!(
            due("2024-11-24"),
            "2024-11-25T00:00:00Z".parse::<DateTime<Utc>>().unwrap()
        );
    }

    #[test]
    fn five_fields_and_numeric_weekdays_are_refused_with_what_to_write() {
        let refused = |expression| {
            Daily::try_new("sentinel.daily_at", expression, BUSINESS_TIME_ZONE)
                .unwrap_err()
                .to_string()
        };
        assert!(
            refused("30 0 * * *").contains("give six fields"),
            "{}",
            refused("30 0 * * *")
        );
        assert!(refused("0 30 0 * * 1").contains("write MON to SUN"));
    }
}
