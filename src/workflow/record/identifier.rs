//! Checks that the certificates of a subordinate CA still name it, after it gets another certificate.

use std::ops::ControlFlow;

use super::Recorder;
use crate::ledger::{Digest, EntryFilter};
use crate::signer::Hex;
use crate::workflow::WorkflowError;
use crate::x509::{Certificate, VerifiedRequest};

/// The most certificates of one subject that are read, newest first.
const LOOKED_AT: u64 = 100;

impl Recorder {
    /// Warns if `given`, a CA's subjectKeyIdentifier, differs from the one in its request or in its other certificates. The
    /// authorityKeyIdentifier in its issued certificates then does not match (RFC 5280 section 4.2.1.1), and verifiers skip the new certificate.
    ///
    /// # Errors
    /// [`LedgerError`](crate::ledger::LedgerError)
    pub(in super::super) fn tell_other_identifier(
        &mut self,
        request: &VerifiedRequest,
        given: &[u8],
    ) -> Result<(), WorkflowError> {
        let subject = request.subject();
        let (shown, of) = (Hex(given), format!("\"{subject}\""));
        let mut others = Vec::new();
        if let Some(asked) = request.subject_key_identifier()?.filter(|asked| asked != given) {
            others.push((asked, "the request asks for".to_owned()));
        }
        let filter = EntryFilter {
            names: Some(Digest::of(subject.der())),
            limit: Some(LOOKED_AT),
            ..EntryFilter::default()
        };
        self.ledger().entries(&filter, &mut |entry| {
            let certificate = entry.state.der().map(|der| Certificate::from_der(&der.0));
            if let Some(Ok(certificate)) = certificate
                && certificate.subject() == subject
                && certificate
                    .public_key()
                    .is_ok_and(|key| key == *request.public_key())
                && let Ok(Some(found)) = certificate.subject_key_identifier()
                && found != given
                && !others.iter().any(|(known, _)| *known == found)
            {
                others.push((found, format!("its certificate in entry {} has", entry.id)));
            }
            ControlFlow::Continue(())
        })?;
        for (other, who) in others {
            self.notices.push(format!(
                "the subjectKeyIdentifier of {of} is {shown}, and {who} {}: certificates that name that one as their \
                 authorityKeyIdentifier do not verify under this certificate; the identifier can be kept",
                Hex(&other)
            ));
        }
        Ok(())
    }
}
