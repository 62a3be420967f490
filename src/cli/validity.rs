//! `--days`, `--not-before` and `--not-after`.

use clap::Args;
use hsm_ca::x509::{AskedValidity, Period, UnixTime, Validity, ValidityEnd};

use super::ui::Ui;

#[derive(Debug, Args)]
pub(super) struct ValidityOptions {
    /// The validity: 90d, 12h, 10y [default: the profile's]
    ///
    /// Days of 24 hours (90 or 90d), hours (12h) or years of the calendar (10y), the last second included. The default is never longer than
    /// the certificates above it.
    #[arg(long, value_name = "N|7d|12h|1y", allow_negative_numbers = true)]
    days: Option<Period>,
    /// The first second of validity: a date (2027-01-31, from 00:00:00 UTC) or a time of RFC 3339 (2027-01-31T12:00:00+01:00) [default:
    /// now]
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    not_before: Option<UnixTime>,
    /// The last second of validity, instead of --days: a date (2027-01-31, to 23:59:59 UTC) or a time of RFC 3339
    #[arg(
        long,
        value_name = "TIME",
        allow_negative_numbers = true,
        conflicts_with = "days",
        value_parser = UnixTime::parse_last_second
    )]
    not_after: Option<UnixTime>,
}

impl ValidityOptions {
    pub(super) fn asked(&self) -> AskedValidity {
        let end = self.not_after.map(ValidityEnd::At);
        AskedValidity {
            not_before: self.not_before,
            end: end.or_else(|| self.days.map(ValidityEnd::After)),
        }
    }
}

/// Warns before the PIN prompt about a certificate that starts days ago or in the future. Returns the warning for the result.
pub(super) fn warn(validity: &Validity, now: UnixTime, ui: &Ui) -> Option<String> {
    let begins = validity.not_before;
    // CA/B BR 7.1.2.7: "A value within 48 hours of the certificate signing operation."
    let warning = if begins.days_until(now) >= 2 {
        format!("it starts at {begins}, days before it is signed")
    } else if begins > now {
        format!("it is not valid before {begins}")
    } else {
        return None;
    };
    ui.warn(&format!("the certificate's dates were set by hand: {warning}"))
}
