//! By when a warning of a colour is to be acknowledged and handled (domain.md §4, SLA): red within two hours and three
//! working days, orange within a day and seven days, yellow within three and fifteen working days; blue is for the
//! weekly digest.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use karez_events::event::supervision::Level;
use karez_projections::fiscal_calendar::WorkingDays;

/// A red warning is acknowledged within this time.
pub const RED_ACKNOWLEDGED_WITHIN: TimeDelta = TimeDelta::hours(2);

/// The deadlines of a colour that a warning has had since an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// 签收: somebody has taken note by then.
    pub acknowledge_by: Option<DateTime<Utc>>,
    /// 处置: it is handled by the end of that day.
    pub handle_by: Option<NaiveDate>,
}

impl Deadlines {
    /// The deadlines of a colour, from the instant and the business day on which a warning got it.
    #[must_use]
    pub fn of(level: Level, at: DateTime<Utc>, day: NaiveDate, calendar: &WorkingDays) -> Self {
        let (acknowledge_by, handle_by) = match level {
            Level::Red => (Some(at + RED_ACKNOWLEDGED_WITHIN), Some(calendar.after(day, 3))),
            Level::Orange => (
                Some(at + TimeDelta::hours(24)),
                day.checked_add_days(Days::new(7)),
            ),
            Level::Yellow => {
                let days = calendar.after(day, 3) - day;
                (Some(at + days), Some(calendar.after(day, 15)))
            }
            Level::Blue => (None, None),
        };
        Self {
            acknowledge_by,
            handle_by,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_red_warning_of_a_friday_is_to_be_handled_by_wednesday() {
        let friday: NaiveDate = "2024-11-22".parse().unwrap();
        let at: DateTime<Utc> = "2024-11-22T09:00:00Z".parse().unwrap();
        let deadlines = Deadlines::of(Level::Red, at, friday, &WorkingDays::default());
        assert_eq!(
            deadlines.acknowledge_by,
            Some("2024-11-22T11:00:00Z".parse().unwrap())
        );
        assert_eq!(deadlines.handle_by, Some("2024-11-27".parse().unwrap()));
    }

    #[test]
    fn a_blue_warning_waits_for_the_digest() {
        let day: NaiveDate = "2024-11-22".parse().unwrap();
        let deadlines = Deadlines::of(Level::Blue, DateTime::UNIX_EPOCH, day, &WorkingDays::default());
        assert_eq!((deadlines.acknowledge_by, deadlines.handle_by), (None, None));
    }
}
