//! Times in DER: `UTCTime` and `GeneralizedTime`.

use der::asn1::{GeneralizedTime, UtcTime};
use x509_cert::time::Time;

use super::X509Error;
use crate::values::UnixTime;

impl UnixTime {
    pub(super) fn from_time(time: &Time) -> Self {
        Self(time.to_unix_duration().as_secs())
    }

    pub(super) fn from_generalized_time(time: &GeneralizedTime) -> Self {
        Self(time.to_unix_duration().as_secs())
    }

    /// For structures that only have GeneralizedTime, such as those of OCSP.
    pub(super) fn to_generalized_time(self) -> Result<GeneralizedTime, X509Error> {
        let date = self.date_time().ok_or(X509Error::Calendar)?;
        Ok(GeneralizedTime::from_date_time(date))
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
}
