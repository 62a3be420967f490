//! A length of validity, as people write it.

use std::fmt;
use std::str::FromStr;

use der::DateTime;

use super::{UnixTime, X509Error};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Period {
    /// Hours.
    Hours(u32),
    /// Days of 24 hours.
    Days(u32),
    /// Calendar years: the same date so many years later. From the 29th of February it is the 28th in a year without a 29th.
    Years(u32),
}

/// Why a text is not a length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeriodTextError {
    /// Not a number, with or without a unit.
    Form,
    /// Zero.
    Zero,
    /// Longer than the calendar of X.509, in any unit.
    TooLong,
}

impl fmt::Display for PeriodTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "write a number of days, or a number with h, d or y: 90, 90d, 12h, 10y",
            Self::Zero => "it must be 1 or more",
            Self::TooLong => "X.509 cannot express times after the year 9999 (RFC 5280 section 4.1.2.5)",
        })
    }
}

impl std::error::Error for PeriodTextError {}

impl FromStr for Period {
    type Err = PeriodTextError;

    /// `90` and `90d` are days, `12h` hours, `10y` years.
    fn from_str(text: &str) -> Result<Self, PeriodTextError> {
        let end = text.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, unit) = text.split_at(end);
        let of: fn(u32) -> Self = match unit {
            "" | "d" => Self::Days,
            "h" => Self::Hours,
            "y" => Self::Years,
            _ => return Err(PeriodTextError::Form),
        };
        if digits.is_empty() {
            return Err(PeriodTextError::Form);
        }
        // It has digits only, so only its size can be wrong.
        match digits.parse() {
            Ok(0) => Err(PeriodTextError::Zero),
            Ok(count) => Ok(of(count)),
            Err(_) => Err(PeriodTextError::TooLong),
        }
    }
}

impl Period {
    /// The first second after the period, when `start` is the first one in it.
    ///
    /// # Errors
    /// [`X509Error::Calendar`] if the calendar of X.509 ends before.
    pub fn after(self, start: UnixTime) -> Result<UnixTime, X509Error> {
        let later =
            |count: u32, seconds: u64| Some(UnixTime(start.0.saturating_add(u64::from(count) * seconds)));
        let end = match self {
            Self::Hours(count) => later(count, HOUR),
            Self::Days(count) => later(count, DAY),
            Self::Years(count) => add_years(start, count),
        };
        end.filter(|end| end.is_in_calendar()).ok_or(X509Error::Calendar)
    }
}

fn add_years(start: UnixTime, count: u32) -> Option<UnixTime> {
    let date = start.date_time()?;
    let year = u16::try_from(u32::from(date.year()).checked_add(count)?).ok()?;
    let on = |day| {
        DateTime::new(
            year,
            date.month(),
            day,
            date.hour(),
            date.minutes(),
            date.seconds(),
        )
    };
    let later = on(date.day()).or_else(|_| on(28)).ok()?;
    Some(UnixTime(later.unix_duration().as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: &str, period: &str) -> String {
        let period: Period = period.parse().unwrap();
        period.after(start.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn days_are_24_hours_and_years_are_calendar_years() {
        for (start, period, end) in [
            ("2026-11-28T13:00:00Z", "1", "2026-11-29T13:00:00Z"),
            ("2026-11-28T13:00:00Z", "365d", "2027-11-28T13:00:00Z"),
            ("2027-11-28T13:00:00Z", "365d", "2028-11-27T13:00:00Z"),
            ("2026-11-28T13:00:00Z", "12h", "2026-11-29T01:00:00Z"),
            ("2026-11-28T13:00:00Z", "10y", "2036-11-28T13:00:00Z"),
            ("2028-02-29T13:00:00Z", "1y", "2029-02-28T13:00:00Z"),
            ("2028-02-29T13:00:00Z", "4y", "2032-02-29T13:00:00Z"),
            ("2096-02-29", "4y", "2100-02-28T00:00:00Z"),
            ("2049-12-31T23:59:59Z", "1y", "2050-12-31T23:59:59Z"),
            ("1970-01-01", "8029y", "9999-01-01T00:00:00Z"),
            ("2026-11-28", "007", "2026-12-05T00:00:00Z"),
        ] {
            assert_eq!(after(start, period), end, "{start} {period}");
        }
    }

    #[test]
    fn a_time_beyond_the_calendar_is_refused() {
        let start = UnixTime(0);
        for period in [
            "8030y",
            "99999999y",
            "4294967295y",
            "4294967295",
            "4294967295d",
            "2932897",
        ] {
            let period: Period = period.parse().unwrap();
            assert!(
                matches!(period.after(start), Err(X509Error::Calendar)),
                "{period:?}"
            );
        }
        assert!(Period::Days(1).after(UnixTime(u64::MAX)).is_err());
        assert!(Period::Years(1).after(UnixTime(u64::MAX)).is_err());
        assert!(Period::Hours(u32::MAX).after(UnixTime(u64::MAX - 1)).is_err());
    }

    #[test]
    fn other_texts_are_refused() {
        use PeriodTextError::{Form, TooLong, Zero};
        for (text, reason) in [
            ("", Form),
            ("d", Form),
            ("y", Form),
            ("-1", Form),
            ("+1", Form),
            ("1.5y", Form),
            ("1e3", Form),
            ("90 d", Form),
            (" 90", Form),
            ("90D", Form),
            ("1y6d", Form),
            ("10yd", Form),
            ("3w", Form),
            ("3m", Form),
            ("P1Y", Form),
            ("٣", Form),
            ("3ӱ", Form),
            ("0", Zero),
            ("0y", Zero),
            ("00h", Zero),
            ("4294967296", TooLong),
            ("99999999999999999999999y", TooLong),
        ] {
            assert_eq!(text.parse::<Period>(), Err(reason), "{text:?}");
        }
    }
}
