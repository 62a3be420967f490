//! Times in whole seconds, as in X.509.

mod text;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use der::DateTime;

pub use self::text::TimeTextError;

const DAY: u64 = 24 * 60 * 60;

/// The last second of X.509: 9999-12-31T23:59:59Z (RFC 5280 section 4.1.2.5).
const LAST: u64 = 253_402_300_799;

/// Seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The clock's time, rounded down to the second.
    #[must_use]
    pub fn from_system(time: SystemTime) -> Self {
        Self(
            time.duration_since(UNIX_EPOCH)
                .map_or(0, |elapsed| elapsed.as_secs()),
        )
    }

    /// `days` of 24 hours later.
    #[must_use]
    pub const fn plus_days(self, days: u32) -> Self {
        #[allow(clippy::as_conversions, reason = "u64::from is not const")]
        Self(self.0.saturating_add(days as u64 * DAY))
    }

    /// The second before it.
    #[must_use]
    pub const fn before(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// The second after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Whether X.509 can express it.
    #[must_use]
    pub const fn is_in_calendar(self) -> bool {
        self.0 <= LAST
    }

    /// Whole days from `self` to `later`; negative when `later` is earlier.
    #[must_use]
    pub fn days_until(self, later: Self) -> i64 {
        let days = |from: u64, to: u64| i64::try_from((to - from) / DAY).unwrap_or(i64::MAX);
        if later >= self {
            days(self.0, later.0)
        } else {
            -days(later.0, self.0)
        }
    }

    /// Days from `self` to `later`, rounded up; zero or less if `later` is not later.
    #[must_use]
    pub fn days_left_until(self, later: Self) -> i64 {
        let whole = self.days_until(later);
        let is_begun = later > self && !(later.0 - self.0).is_multiple_of(DAY);
        whole + i64::from(is_begun)
    }

    /// The date and time in UTC; `None` after the year 9999.
    #[must_use]
    pub(crate) fn date_time(self) -> Option<DateTime> {
        let duration = Duration::from_secs(self.0);
        DateTime::from_unix_duration(duration)
            .ok()
            .filter(|_| self.is_in_calendar())
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.date_time() {
            Some(date) => date.fmt(f),
            None => write!(f, "{} seconds after 1970", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_days_are_rounded_towards_now_and_days_left_are_not() {
        let now = UnixTime(1_000_000);
        for (later, whole, left) in [
            (1_000_000 + 3 * DAY, 3, 3),
            (1_000_000 + 3 * DAY - 1, 2, 3),
            (1_000_000 + 2 * DAY + 1, 2, 3),
            (1_000_000 + 1, 0, 1),
            (1_000_000, 0, 0),
            (1_000_000 - 1, 0, 0),
            (1_000_000 - DAY, -1, -1),
        ] {
            assert_eq!(now.days_until(UnixTime(later)), whole, "{later}");
            assert_eq!(now.days_left_until(UnixTime(later)), left, "{later}");
        }
        assert!(UnixTime(0).days_left_until(UnixTime(u64::MAX)) > 0);
    }

    #[test]
    fn a_time_outside_of_the_calendar_is_shown_as_a_number() {
        assert_eq!(UnixTime(LAST).to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(
            UnixTime(LAST).next().to_string(),
            "253402300800 seconds after 1970"
        );
        assert!(UnixTime(LAST).is_in_calendar() && !UnixTime(LAST).next().is_in_calendar());
    }
}
