//! The status of a few certificates from the index of `openssl ca`, which may have millions.

use std::io::BufRead;

use super::CertificateStatus;
use crate::x509::crl::{LineStatus, each_line};
use crate::x509::{SerialNumber, X509Error};

/// What an index says about the requested certificates.
#[derive(Clone, Debug, Default)]
pub struct IndexStatuses {
    found: Vec<(SerialNumber, CertificateStatus)>,
}

impl IndexStatuses {
    /// Reads an index to its end, and keeps the wanted lines.
    ///
    /// # Errors
    /// [`X509Error::Index`] names the line.
    pub fn read(index: impl BufRead, wanted: &[SerialNumber]) -> Result<Self, X509Error> {
        let mut found: Vec<(SerialNumber, CertificateStatus)> = Vec::new();
        each_line(index, |line| {
            let serial = line.serial()?;
            if !wanted.iter().any(|wanted| wanted.octets() == serial.octets()) {
                return Ok(());
            }
            let status = match line.status {
                LineStatus::Issued => CertificateStatus::Good,
                LineStatus::Revoked => {
                    let revocation = line.revocation()?;
                    CertificateStatus::Revoked {
                        revoked_at: revocation.revoked_at,
                        reason: revocation.reason,
                    }
                }
            };
            if found.iter().any(|(other, _)| other.octets() == serial.octets()) {
                return Err("a serial number that an earlier line has already");
            }
            found.push((serial, status));
            Ok(())
        })?;
        Ok(Self { found })
    }

    /// The status of a certificate; unknown if the index has no line for it.
    #[must_use]
    pub fn of(&self, serial: &SerialNumber) -> CertificateStatus {
        let mut found = self.found.iter();
        found
            .find(|(other, _)| other.octets() == serial.octets())
            .map_or(CertificateStatus::Unknown, |(_, status)| *status)
    }
}
