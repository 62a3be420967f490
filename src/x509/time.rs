//! Times: whole seconds, as X.509 has them.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use der::DateTime;
use der::asn1::{GeneralizedTime, UtcTime};
use x509_cert::time::Time;

use super::X509Error;

const DAY: u64 = 24 * 60 * 60;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime(pub u64);

impl UnixTime {
    /// The clock's time, cut to the second.
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

    pub(super) fn from_time(time: &Time) -> Self {
        Self(time.to_unix_duration().as_secs())
    }

    pub(super) fn from_generalized_time(time: &GeneralizedTime) -> Self {
        Self(time.to_unix_duration().as_secs())
    }

    /// For structures that have no other, such as those of OCSP.
    pub(super) fn to_generalized_time(self) -> Result<GeneralizedTime, X509Error> {
        let date = self.date_time().ok_or(X509Error::Calendar)?;
        Ok(GeneralizedTime::from_date_time(date))
    }

    fn date_time(self) -> Option<DateTime> {
        DateTime::from_unix_duration(Duration::from_secs(self.0))
            .ok()
            .filter(|date| date.year() <= 9999)
    }

    /// RFC 5280 section 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
    pub(super) fn to_time(self) -> Result<Time, X509Error> {
        let date = self.date_time().ok_or(X509Error::Calendar)?;
        match UtcTime::from_date_time(date) {
            Ok(time) if date.year() <= 2049 => Ok(Time::UtcTime(time)),
            _ => Ok(Time::GeneralTime(GeneralizedTime::from_date_time(date))),
        }
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

impl FromStr for UnixTime {
    type Err = String;

    /// `2026-11-20T08:30:00Z`, or `2026-11-20` for its first second.
    fn from_str(text: &str) -> Result<Self, String> {
        let whole = if text.len() == 10 {
            format!("{text}T00:00:00Z")
        } else {
            text.to_owned()
        };
        whole
            .parse::<DateTime>()
            .map(|date| Self(date.unix_duration().as_secs()))
            .map_err(|_| "a time is wanted, as 2026-11-20 or 2026-11-20T08:30:00Z".to_owned())
    }
}

/// First and last second of validity, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// `notBefore`
    pub not_before: UnixTime,
    /// `notAfter`
    pub not_after: UnixTime,
}

impl Validity {
    /// From `start`, for `days` days of 24 hours, as `openssl -days` counts.
    #[must_use]
    pub const fn days_from(start: UnixTime, days: u32) -> Self {
        Self {
            not_before: start,
            not_after: start.plus_days(days),
        }
    }

    /// X.509 has no time after the year 9999.
    ///
    /// # Errors
    /// [`X509Error::Calendar`]
    pub fn check_calendar(&self) -> Result<(), X509Error> {
        self.not_after.to_time().map(drop)
    }

    /// True if `time` lies inside.
    #[must_use]
    pub fn covers(&self, time: UnixTime) -> bool {
        self.not_before <= time && time <= self.not_after
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_changes_with_the_year_2050() {
        let last = UnixTime(2_524_607_999);
        assert_eq!(last.to_string(), "2049-12-31T23:59:59Z");
        assert!(matches!(last.to_time(), Ok(Time::UtcTime(_))));
        assert!(matches!(UnixTime(last.0 + 1).to_time(), Ok(Time::GeneralTime(_))));
    }

    #[test]
    fn the_calendar_ends_with_9999() {
        assert!(UnixTime(253_402_300_799).to_time().is_ok());
        assert!(matches!(
            UnixTime(253_402_300_800).to_time(),
            Err(X509Error::Calendar)
        ));
        assert!(matches!(UnixTime(u64::MAX).to_time(), Err(X509Error::Calendar)));
    }

    #[test]
    fn what_is_shown_is_read() {
        for time in [UnixTime(0), UnixTime(1_000_000), UnixTime(2_524_608_000)] {
            assert_eq!(time.to_string().parse(), Ok(time));
        }
        assert_eq!("1970-01-02".parse(), Ok(UnixTime(DAY)));
        for wrong in [
            "",
            "1970-1-2",
            "1970-01-32",
            "1969-12-31",
            "tomorrow",
            "1970-01-02T00:00:00",
        ] {
            assert!(wrong.parse::<UnixTime>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_left_round_towards_now() {
        let now = UnixTime(1_000_000);
        assert_eq!(now.days_until(UnixTime(1_000_000 + 3 * DAY - 1)), 2);
        assert_eq!(now.days_until(UnixTime(1_000_000 - DAY)), -1);
    }
}
