//! How near the end of a certificate is.

use crate::x509::{UnixTime, Validity};

/// Whether it ends in less than so many days.
pub(super) fn is_near(validity: &Validity, now: UnixTime, days: u32) -> bool {
    now.days_until(validity.not_after.next()) < i64::from(days)
}

/// The end of a certificate that is valid now.
pub(super) fn until(validity: &Validity, now: UnixTime) -> String {
    let not_after = validity.not_after;
    match validity.days_left(now) {
        1 => format!("until {not_after}, 1 day left"),
        days => format!("until {not_after}, {days} days left"),
    }
}
