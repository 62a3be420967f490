//! Dates of an index.

use der::DateTime;

use crate::x509::UnixTime;

/// The date in UTC, from 1950 on (RFC 5280 section 4.1.2.5.1). This program has no times before 1970: an earlier one becomes its first second.
pub(super) fn date(year: u16, [month, day, hour, minute, second]: [u8; 5]) -> Option<UnixTime> {
    /// The period of the calendar in years, from 1901 to 2099.
    const CYCLE: u16 = 28;
    let known = match year {
        ..1950 => return None,
        1950..1970 => year + 2 * CYCLE,
        _ => year,
    };
    let read = DateTime::new(known, month, day, hour, minute, second).ok()?;
    Some(match year {
        ..1970 => UnixTime(0),
        _ => UnixTime(read.unix_duration().as_secs()),
    })
}
