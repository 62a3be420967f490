//! Converts X.509 structures to the ledger's plain values.

use std::collections::BTreeSet;

use crate::ledger::{
    AdoptedCrl, Adoption, Authority, Digest, Intent, LedgerError, Object, RecordedName, RevocationReason,
    RevocationRequest,
};
use crate::signer::PublicKey;
use crate::workflow::WorkflowError;
use crate::x509::{
    Certificate, CertificateContent, CertificateRevocationList, Checked, CheckedCrl, CheckedOcsp,
    CheckedRequest, IndexedCertificate, Name, Revocation, VerifiedRequest, X509Error,
};

fn name(name: &Name) -> RecordedName {
    RecordedName {
        text: name.to_string(),
        name: name.clone(),
    }
}

/// The ledger's name for a CA: its key and its subject.
///
/// # Errors
/// [`X509Error::Key`]
pub fn authority_of(certificate: &Certificate) -> Result<Authority, X509Error> {
    Ok(Authority {
        key_sha256: Digest::of(certificate.public_key()?.der()),
        subject: name(certificate.subject()),
    })
}

/// The same for a certificate that does not exist yet.
pub(in super::super) fn authority_with(subject: &Name, key: &PublicKey) -> Authority {
    Authority {
        key_sha256: Digest::of(key.der()),
        subject: name(subject),
    }
}

/// A certificate that is about to be signed.
pub(in super::super) fn certificate_intent(checked: &Checked) -> Result<Intent, WorkflowError> {
    let CertificateContent {
        serial,
        issuer,
        subject,
        validity,
        names,
        is_authority,
        ..
    } = checked.content();
    let has_more_names = !is_authority && names != subject.der();
    // The request, or the certificate that is cross-signed, is recorded by its hash.
    let asked = checked.request().map(VerifiedRequest::der);
    let asked = asked.or_else(|| checked.original().map(Certificate::der));
    Ok(Intent {
        authority: authority_with(issuer, checked.issuer_key()),
        tbs_sha256: Digest::of(checked.der()),
        object: Object::Certificate {
            serial: serial.clone(),
            subject: name(subject),
            profile: checked.profile().name.clone().into_owned(),
            names_sha256: has_more_names.then(|| Digest::of(names)),
            request_sha256: asked.map(Digest::of),
            not_before: validity.not_before,
            not_after: validity.not_after,
        },
        waived: Vec::new(),
    })
}

/// A CRL that is about to be signed.
pub(in super::super) fn crl_intent(checked: &CheckedCrl) -> Result<Intent, WorkflowError> {
    let plan = checked.plan();
    Ok(Intent {
        authority: authority_of(checked.authority())?,
        tbs_sha256: Digest::of(checked.der()),
        object: Object::Crl {
            number: plan.number,
            base: plan.base().copied(),
            this_update: plan.this_update,
            next_update: plan.next_update,
            entries: u64::try_from(checked.entries()).map_err(|_| LedgerError::Range)?,
        },
        waived: Vec::new(),
    })
}

/// A request that is about to be signed. Its key may not be a CA's yet, so its authority is the key with the request's subject.
pub(in super::super) fn request_intent(checked: &CheckedRequest) -> Result<Intent, WorkflowError> {
    let authority = authority_with(&checked.subject()?, checked.key());
    let subject = authority.subject.clone();
    Ok(Intent {
        authority,
        tbs_sha256: Digest::of(checked.der()),
        object: Object::Request { subject },
        waived: Vec::new(),
    })
}

/// An OCSP response that is about to be signed, under the name and key of its signer: the CA or its delegated signer.
pub(in super::super) fn ocsp_intent(checked: &CheckedOcsp) -> Result<Intent, WorkflowError> {
    let plan = checked.plan();
    let about = plan.request.certificates().filter(|(_, is_ours)| *is_ours);
    Ok(Intent {
        authority: authority_of(plan.responder.certificate())?,
        tbs_sha256: Digest::of(checked.der()),
        object: Object::OcspResponse {
            serials: about.map(|(id, _)| id.serial_number()).collect(),
            this_update: plan.produced_at,
            next_update: Some(plan.next_update),
        },
        waived: Vec::new(),
    })
}

/// The recorded profile of a certificate that the ledger did not see signed.
const UNKNOWN_PROFILE: &str = "unknown";

/// A certificate that was signed without this ledger.
pub(in super::super) fn adopted(
    authority: &Certificate,
    certificate: &Certificate,
) -> Result<Adoption, WorkflowError> {
    Ok(Adoption {
        authority: authority_of(authority)?,
        object: Object::Certificate {
            serial: certificate.serial_number(),
            subject: name(certificate.subject()),
            profile: UNKNOWN_PROFILE.to_owned(),
            names_sha256: None,
            request_sha256: None,
            not_before: certificate.validity().not_before,
            not_after: certificate.validity().not_after,
        },
        certificate: certificate.der().to_vec(),
    })
}

/// A certificate that is known only from a database or a CRL.
pub(in super::super) fn adopted_number(certificate: &IndexedCertificate) -> Object {
    Object::SerialNumber {
        serial: certificate.serial.clone(),
        subject: certificate.subject.clone(),
        not_after: certificate.not_after,
    }
}

/// The revocation of such a certificate.
pub(in super::super) fn revocation_request(revocation: &Revocation) -> Result<RevocationRequest, X509Error> {
    let reason = RevocationReason::try_from(revocation.reason).map_err(|reason| X509Error::Malformed {
        what: "revocation",
        reason: format!("{}: {reason}", revocation.serial),
    })?;
    Ok(RevocationRequest {
        serial: revocation.serial.clone(),
        reason,
        revoked: revocation.revoked_at,
        invalidity_date: revocation.invalid_since,
        key_sha256: None,
    })
}

/// A CRL that was signed without this ledger. `None` for one without a number: it does not restrict later numbers.
pub(in super::super) fn adopted_crl(
    crl: &CertificateRevocationList,
) -> Result<Option<AdoptedCrl>, WorkflowError> {
    let Some(number) = crl.number()? else {
        return Ok(None);
    };
    // The ledger has each serial number once; some CAs repeat one.
    let serials: BTreeSet<_> = crl.entries().map(|entry| entry.serial).collect();
    let entries = u64::try_from(serials.len()).map_err(|_| LedgerError::Range)?;
    Ok(Some(AdoptedCrl {
        object: Object::Crl {
            number,
            base: None,
            this_update: crl.this_update(),
            next_update: crl.next_update().unwrap_or(crl.this_update()),
            entries,
        },
        der: crl.der().to_vec(),
    }))
}
