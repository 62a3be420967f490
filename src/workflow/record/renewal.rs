//! Finds the certificate that a new one renews: the same names, CA and profile, and still valid.

use std::ops::ControlFlow;

use super::Recorder;
use crate::ledger::{
    Authority, Digest, Entry, EntryFilter, EntryId, EntryState, Object, RevocationState, SerialNumber,
};
use crate::workflow::WorkflowError;
use crate::x509::{self, Certificate, CertificateContent};

/// The most certificates of one name that are read, newest first.
const LOOKED_AT: u64 = 1000;

/// The certificate that is renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renewed {
    /// Its entry.
    pub entry: EntryId,
    /// Its serial number.
    pub serial: SerialNumber,
    /// Its `notAfter`.
    pub not_after: x509::UnixTime,
}

impl Recorder {
    /// The newest certificate of this CA and profile for exactly the names of a new one ([`Certificate::names`]) that is neither expired nor
    /// revoked. An adopted certificate counts for every profile. Certificates that an earlier version recorded are found if their hosts are
    /// written in small letters, or as in the new one.
    ///
    /// # Errors
    /// [`LedgerError`](crate::ledger::LedgerError)
    pub(in super::super) fn find_renewed(
        &self,
        authority: &Authority,
        profile: &str,
        new: &CertificateContent,
    ) -> Result<Option<Renewed>, WorkflowError> {
        let (names, written, subject) = (&new.names, &new.written_names, &new.subject);
        let mut exact = self.newest_named(authority, profile, Digest::of(names), &|_| true)?;
        if exact.is_none() && written != names {
            exact = self.newest_named(authority, profile, Digest::of(written), &|_| true)?;
        }
        if exact.is_some() || names == subject.der() {
            return Ok(exact);
        }
        // For an adopted certificate, and for one from version 1 of the ledger, the table has only the subject.
        let has_the_names = |entry: &Entry| {
            let certificate = entry.state.der().map(|der| Certificate::from_der(&der.0));
            matches!(certificate, Some(Ok(certificate)) if certificate.names().is_ok_and(|found| found == *names))
        };
        self.newest_named(authority, profile, Digest::of(subject.der()), &has_the_names)
    }

    fn newest_named(
        &self,
        authority: &Authority,
        profile: &str,
        names: Digest,
        fits: &dyn Fn(&Entry) -> bool,
    ) -> Result<Option<Renewed>, WorkflowError> {
        let filter = EntryFilter {
            authority: Some(authority.clone()),
            names: Some(names),
            limit: Some(LOOKED_AT),
            ..EntryFilter::default()
        };
        let (now, mut found) = (self.now(), None);
        self.ledger().entries(&filter, &mut |entry| {
            let Object::Certificate {
                serial,
                profile: of,
                not_after,
                ..
            } = &entry.object
            else {
                return ControlFlow::Continue(());
            };
            let is_signed = match entry.state {
                EntryState::Signed { .. } => of == profile,
                EntryState::Adopted { .. } => true,
                _ => false,
            };
            let revocation = entry.revocation.as_ref().map(|last| &last.state);
            let is_revoked = matches!(revocation, Some(RevocationState::Revoked { .. }));
            if is_signed && !is_revoked && *not_after >= now && fits(&entry) {
                found = Some(Renewed {
                    entry: entry.id,
                    serial: serial.clone(),
                    not_after: *not_after,
                });
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}
