//! The only place that reads the clock. Everything else is given a [`Clock`], an instant or a date.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};
use chrono_tz::Tz;
use uuid::{NoContext, Timestamp, Uuid};

/// Where the business day turns: deadlines are Beijing time, in Urumqi as well.
pub const BUSINESS_TIME_ZONE: Tz = chrono_tz::Asia::Shanghai;

/// What time it is: of the system, or as a test has set it.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Set(Arc<Mutex<DateTime<Utc>>>),
}

impl Clock {
    /// The clock of the machine.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until [`Clock::set`] or [`Clock::step`] moves it; copies move together.
    #[must_use]
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self(Source::Set(Arc::new(Mutex::new(at))))
    }

    /// Now, to the microsecond: what the log can store.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System => system_now(),
            Source::Set(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
        .trunc_subsecs(6)
    }

    /// The business day.
    #[must_use]
    pub fn today(&self, time_zone: Tz) -> NaiveDate {
        self.now().with_timezone(&time_zone).date_naive()
    }

    /// A fresh id that sorts by time (UUID version 7).
    #[must_use]
    pub fn fresh_id(&self) -> Uuid {
        let now = self.now();
        // An id before 1970 cannot be written as version 7; it then sorts first, which harms nothing.
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(Timestamp::from_unix(
            NoContext,
            seconds,
            now.timestamp_subsec_nanos(),
        ))
    }

    /// Sets a [`Clock::fixed`] clock, forwards or backwards; the system's clock is left alone.
    pub fn set(&self, to: DateTime<Utc>) {
        if let Source::Set(at) = &self.0 {
            *at.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// Moves a [`Clock::fixed`] clock on; the system's clock is left alone.
    pub fn step(&self, by: Duration) {
        if let Source::Set(at) = &self.0 {
            *at.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

/// Measures how long something takes; it has nothing to do with dates.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts measuring.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that reads the monotonic clock"
    )]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// How long ago it was started.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_business_day_turns_in_beijing() {
        let clock = Clock::fixed("2024-12-31T16:30:00.1234567Z".parse().unwrap());
        assert_eq!(clock.today(BUSINESS_TIME_ZONE), "2025-01-01".parse().unwrap());
        assert_eq!(clock.now().timestamp_subsec_nanos(), 123_456_000);
    }

    #[test]
    fn copies_of_a_fixed_clock_move_together() {
        let clock = Clock::fixed("2024-01-01T00:00:00Z".parse().unwrap());
        clock.clone().step(Duration::from_mins(1));
        assert_eq!(
            clock.now(),
            "2024-01-01T00:01:00Z".parse::<DateTime<Utc>>().unwrap()
        );
    }

    #[test]
    fn fresh_ids_sort_by_time() {
        let clock = Clock::fixed("2024-01-01T00:00:00Z".parse().unwrap());
        let first = clock.fresh_id();
        clock.step(Duration::from_secs(1));
        assert!(first < clock.fresh_id());
    }
}
