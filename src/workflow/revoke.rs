//! `cert revoke`: what the next CRL and every OCSP response say about a certificate.

use super::record::remembered_by;
use super::{Recorder, WorkflowError};
use crate::ledger::{Digest, Entry, LedgerError, RevocationReason, RevocationRequest};
use crate::signer::KeyStore;
use crate::x509::{Certificate, CrlReason, SerialNumber, UnixTime, X509Error, rules};

/// Which certificate.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Revoked {
    /// This certificate. If the ledger does not have it, it is added: another program may have signed it.
    Certificate(Box<Certificate>),
    /// The certificate in the ledger with this serial number.
    Serial(SerialNumber),
}

/// A revocation that is requested.
#[derive(Clone, Debug)]
pub struct RevokeRequest {
    /// The CA certificate.
    pub authority: Certificate,
    /// Which certificate.
    pub revoked: Revoked,
    /// Why; [`CrlReason::RemoveFromCrl`] ends a hold.
    pub reason: CrlReason,
    /// `invalidityDate`: the time from which the certificate must not be trusted, if known.
    pub invalid_since: Option<UnixTime>,
}

/// A revocation that is recorded.
#[derive(Clone, Debug)]
pub struct RevocationSummary {
    /// The certificate's entry.
    pub entry: Entry,
    /// Whether the ledger's kept head covers it, on the token or in a file. Otherwise the next signature raises that head.
    pub is_head_raised: bool,
    /// Whether the key is compromised, and the ledger does not know it, because it does not have the certificate: requests with that key are not
    /// refused.
    pub is_key_unknown: bool,
}

/// Revokes a certificate in the ledger, or ends its hold. No key is needed: the next CRL publishes the revocation. With the store of the CA's
/// key, the head that its token keeps of this ledger is compared before, and raised after; otherwise an older copy of the ledger, without this
/// revocation, would not be noticed.
///
/// # Errors
/// [`WorkflowError`]. After an error, nothing is recorded, except perhaps the certificate itself.
pub fn revoke_certificate(
    recorder: &mut Recorder,
    store: Option<&dyn KeyStore>,
    request: &RevokeRequest,
) -> Result<RevocationSummary, WorkflowError> {
    let (authority, now) = (&request.authority, recorder.now());
    authority.check_self_signature()?;
    if !authority.is_authority() {
        return Err(X509Error::NotAnAuthority {
            subject: authority.subject().clone(),
            reason: "basicConstraints does not say CA:TRUE",
        }
        .into());
    }
    recorder.require_known(authority)?;
    if request.invalid_since.is_some_and(|since| since > now) {
        return Err(X509Error::broken(rules::INVALIDITY_DATE, "it is in the future").into());
    }
    let serial = match &request.revoked {
        Revoked::Serial(serial) => serial.clone(),
        Revoked::Certificate(certificate) => {
            check_issued_by(certificate, authority)?;
            if certificate.is_self_issued() {
                let found = "it is a self-signed certificate: remove it from the trust stores that have it";
                return Err(X509Error::broken(rules::REVOKED_BY_ISSUER, found).into());
            }
            certificate.serial_number()
        }
    };
    let issuer = super::authority_of(authority)?;
    if let Some(store) = store {
        recorder.heads_on_token(store, &issuer)?;
    }
    let is_in_file = if let Ok(reason) = RevocationReason::try_from(request.reason) {
        if let Revoked::Certificate(certificate) = &request.revoked {
            recorder.adopt(authority, certificate)?;
        }
        let revocation = RevocationRequest {
            serial: serial.clone(),
            reason,
            revoked: now,
            invalidity_date: request.invalid_since,
            key_sha256: compromised_key(recorder, request, &serial)?,
        };
        recorder.revoke(authority, &[revocation])?
    } else {
        recorder.release(authority, &serial)?
    };
    let entry = recorder.ledger().certificate(&issuer, &serial)?;
    let entry = entry.ok_or(LedgerError::UnknownCertificate { serial })?;
    let is_on_token = store.is_some_and(|store| recorder.raise_head_on_token(store, authority));
    let names_serial = matches!(request.revoked, Revoked::Serial(_));
    Ok(RevocationSummary {
        is_key_unknown: names_serial && is_compromise(request.reason) && entry.state.der().is_none(),
        is_head_raised: is_in_file || is_on_token,
        entry,
    })
}

/// The hash of a certificate's key, if it is known, for a revocation after a compromise.
fn compromised_key(
    recorder: &Recorder,
    request: &RevokeRequest,
    serial: &SerialNumber,
) -> Result<Option<Digest>, WorkflowError> {
    if !is_compromise(request.reason) {
        return Ok(None);
    }
    let key = |certificate: &Certificate| certificate.public_key().ok().as_ref().map(remembered_by);
    if let Revoked::Certificate(certificate) = &request.revoked {
        return Ok(key(certificate));
    }
    let issuer = super::authority_of(&request.authority)?;
    let entry = recorder.ledger().certificate(&issuer, serial)?;
    let der = entry.as_ref().and_then(|entry| entry.state.der());
    let certificate = der.and_then(|der| Certificate::from_der(&der.0).ok());
    Ok(certificate.as_ref().and_then(key))
}

const fn is_compromise(reason: CrlReason) -> bool {
    matches!(reason, CrlReason::KeyCompromise | CrlReason::CaCompromise)
}

/// RFC 5280 section 6.1.3 (a)(1) and (4): the CA's name, and its key.
pub(super) fn check_issued_by(certificate: &Certificate, authority: &Certificate) -> Result<(), X509Error> {
    if !certificate.issuer().is_like(authority.subject()) {
        return Err(X509Error::broken(
            rules::ISSUER,
            format!(
                "its issuer is {}, not {}",
                certificate.issuer(),
                authority.subject()
            ),
        ));
    }
    certificate.verify_signature(&authority.public_key()?).map(|_| ())
}
