//! Reads every certificate in an `index.txt`, for a CA that moves with everything that it has issued.

use std::io::BufRead;

use super::Revocation;
use super::openssl_index::{LineStatus, each_line};
use crate::x509::{SerialNumber, UnixTime, X509Error};

/// RFC 5280 section 4.1.2.5: 9999-12-31T23:59:59Z means that no well-defined date exists.
const NO_DATE: UnixTime = UnixTime(253_402_300_799);

/// A certificate as a CA's database or CRL describes it, without the certificate itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedCertificate {
    /// Its serial number.
    pub serial: SerialNumber,
    /// `notAfter`; the end of the year 9999 if it is unknown.
    pub not_after: UnixTime,
    /// The subject as the database spells it, `/C=US/CN=a`; `None` if it is unknown or not text.
    pub subject: Option<String>,
    /// Its revocation.
    pub revocation: Option<Revocation>,
    /// Its line in the database, from 1; `None` for an entry of a CRL.
    pub line: Option<usize>,
}

impl IndexedCertificate {
    /// Reads the `index.txt` of `openssl ca` to its end.
    ///
    /// # Errors
    /// [`X509Error::Index`] names the line.
    pub fn read_all(index: impl BufRead) -> Result<Vec<Self>, X509Error> {
        let mut all = Vec::new();
        each_line(index, |line| {
            let revocation = match line.status {
                LineStatus::Issued => None,
                LineStatus::Revoked => Some(line.revocation()?),
            };
            all.push(Self {
                serial: line.serial()?,
                not_after: line.expiry()?,
                subject: line.subject(),
                revocation,
                line: Some(line.number),
            });
            Ok(())
        })?;
        Ok(all)
    }

    /// What an entry of a CRL says about a certificate.
    #[must_use]
    pub fn of_crl(revocation: &Revocation) -> Self {
        Self {
            serial: revocation.serial.clone(),
            not_after: NO_DATE,
            subject: None,
            revocation: Some(revocation.clone()),
            line: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_certificate_of_an_index_is_reported() {
        let index = "V\t350101000000Z\t\t0A\tunknown\t/CN=good\n\
            R\t350101000000Z\t261120000000Z,keyCompromise\t0100\tunknown\t/CN=a\n\
            E\t200101000000Z\t\t0B\tunknown\t/CN=old\n";
        let all = IndexedCertificate::read_all(index.as_bytes()).unwrap();
        let shown: Vec<_> = all
            .iter()
            .map(|one| {
                let date = one.not_after.to_string();
                (
                    one.serial.to_string(),
                    date,
                    one.subject.clone().unwrap(),
                    one.revocation.is_some(),
                )
            })
            .collect();
        let expected = [
            ("0a", "2035-01-01T00:00:00Z", "/CN=good", false),
            ("0100", "2035-01-01T00:00:00Z", "/CN=a", true),
            ("0b", "2020-01-01T00:00:00Z", "/CN=old", false),
        ];
        assert_eq!(
            shown,
            expected.map(|(serial, date, subject, revoked)| {
                (serial.to_owned(), date.to_owned(), subject.to_owned(), revoked)
            })
        );
        assert!(IndexedCertificate::read_all(&b"V\twhen\t\t0A\tunknown\t/CN=x\n"[..]).is_err());
    }
}
