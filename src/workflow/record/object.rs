//! The structures of X.509 in the ledger's plain values.

use crate::ledger::{Adoption, Authority, Der, Digest, Intent, LedgerError, Name, Object, Serial, UnixTime};
use crate::signer::PublicKey;
use crate::workflow::WorkflowError;
use crate::x509::{
    self, Certificate, Checked, CheckedCrl, CheckedOcsp, CheckedRequest, PlannedCertificate, VerifiedRequest,
    X509Error,
};

pub(in super::super) const fn time(time: x509::UnixTime) -> UnixTime {
    UnixTime(time.0)
}

fn name(name: &x509::Name) -> Name {
    Name {
        text: name.to_string(),
        der: Der(name.der().to_vec()),
    }
}

/// How the ledger names a CA: by its key and its subject.
///
/// # Errors
/// [`X509Error::Key`]
pub fn authority_of(certificate: &Certificate) -> Result<Authority, X509Error> {
    Ok(Authority {
        key_sha256: Digest::of(certificate.public_key()?.der()),
        subject: name(certificate.subject()),
    })
}

/// A certificate that is about to be signed; without an issuer, by its own key.
pub(in super::super) fn certificate_intent(
    checked: &Checked,
    issuer: Option<&Certificate>,
    request: Option<&VerifiedRequest>,
) -> Result<Intent, WorkflowError> {
    let PlannedCertificate {
        serial,
        subject,
        validity,
        profile,
        issuer_key,
    } = checked.describe()?;
    let authority = match issuer {
        Some(issuer) => authority_of(issuer)?,
        None => Authority {
            key_sha256: Digest::of(issuer_key.der()),
            subject: name(&subject),
        },
    };
    Ok(Intent {
        authority,
        tbs_sha256: Digest::of(checked.der()),
        object: Object::Certificate {
            serial: Serial::from_der_octets(serial.octets()),
            subject: name(&subject),
            profile: profile.to_owned(),
            request_sha256: request.map(|request| Digest::of(request.der())),
            not_before: time(validity.not_before),
            not_after: time(validity.not_after),
        },
        waived: Vec::new(),
    })
}

/// A CRL that is about to be signed.
pub(in super::super) fn crl_intent(
    checked: &CheckedCrl,
    authority: &Certificate,
) -> Result<Intent, WorkflowError> {
    let plan = checked.plan();
    let small = |number: &x509::CrlNumber| number.to_u64().ok_or(LedgerError::Range);
    Ok(Intent {
        authority: authority_of(authority)?,
        tbs_sha256: Digest::of(checked.der()),
        object: Object::Crl {
            number: small(&plan.number)?,
            base: plan.base().map(small).transpose()?,
            this_update: time(plan.this_update),
            next_update: time(plan.next_update),
            entries: u64::try_from(checked.entries()).map_err(|_| LedgerError::Range)?,
        },
        waived: Vec::new(),
    })
}

/// A request that is about to be signed, for a key that may not be a CA's yet: its authority is the key with the request's subject.
pub(in super::super) fn request_intent(
    checked: &CheckedRequest,
    key: &PublicKey,
    subject: &x509::Name,
) -> Intent {
    let subject = name(subject);
    Intent {
        authority: Authority {
            key_sha256: Digest::of(key.der()),
            subject: subject.clone(),
        },
        tbs_sha256: Digest::of(checked.der()),
        object: Object::Request { subject },
        waived: Vec::new(),
    }
}

/// An OCSP response that is about to be signed: under the name and key of who signs, the CA or its delegated signer.
pub(in super::super) fn ocsp_intent(checked: &CheckedOcsp) -> Result<Intent, WorkflowError> {
    let plan = checked.plan();
    let about = plan.request.certificates().filter(|(_, is_ours)| *is_ours);
    let serial = |number: x509::SerialNumber| Serial::from_der_octets(number.octets());
    Ok(Intent {
        authority: authority_of(plan.responder.certificate())?,
        tbs_sha256: Digest::of(checked.der()),
        object: Object::OcspResponse {
            serials: about.map(|(id, _)| serial(id.serial_number())).collect(),
            this_update: time(plan.produced_at),
            next_update: Some(time(plan.next_update)),
        },
        waived: Vec::new(),
    })
}

/// What the ledger has for the profile of a certificate that it did not see signed.
const UNKNOWN_PROFILE: &str = "unknown";

/// A certificate that was signed without this ledger.
pub(in super::super) fn adopted(
    authority: &Certificate,
    certificate: &Certificate,
) -> Result<Adoption, WorkflowError> {
    Ok(Adoption {
        authority: authority_of(authority)?,
        object: Object::Certificate {
            serial: Serial::from_der_octets(certificate.serial_number().octets()),
            subject: name(certificate.subject()),
            profile: UNKNOWN_PROFILE.to_owned(),
            request_sha256: None,
            not_before: time(certificate.validity().not_before),
            not_after: time(certificate.validity().not_after),
        },
        certificate: certificate.der().to_vec(),
    })
}
