//! Whether the ledger has a CA certificate byte for byte. Same name and same key are not enough: anyone can make such a certificate, with any
//! names and constraints.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::ControlFlow;

use super::authority_of;
use crate::ledger::{Authority, Digest, EntryFilter, EntryId, EntryState, Ledger, PathCheck, UnixTime};
use crate::workflow::WorkflowError;
use crate::x509::{Certificate, Name, X509Error};

/// Where a ledger has a CA certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownAs {
    /// An entry: it was signed here, or adopted with its issuer.
    Entry(EntryId),
    /// The event of `ca adopt`, for a certificate whose issuer is elsewhere.
    Event {
        /// Its number.
        number: EntryId,
        /// What was checked at the adoption.
        path: PathCheck,
    },
}

impl fmt::Display for KnownAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(entry) => write!(f, "entry {entry} of the ledger"),
            Self::Event { number, .. } => write!(f, "event {} of the ledger", number.0),
        }
    }
}

/// Why a CA certificate is not accepted as that of a CA in this ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownAuthority {
    /// The ledger has no certificate of this name and key.
    Never {
        /// The subject.
        subject: String,
    },
    /// The ledger has a certificate of this name and key, with other bytes.
    OtherCertificate {
        /// The subject.
        subject: String,
        /// Where the ledger has it.
        known: KnownAs,
    },
    /// The ledger has the key under another name.
    OtherName {
        /// The subject.
        subject: String,
        /// The name in the ledger.
        known: String,
    },
}

impl fmt::Display for UnknownAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Never { subject } => write!(f, "the ledger does not know the CA \"{subject}\""),
            Self::OtherCertificate { subject, known } => write!(
                f,
                "this is not the certificate that the ledger has of \"{subject}\": {known} has the same name and key, but different bytes"
            ),
            Self::OtherName { subject, known } => write!(
                f,
                "the ledger knows this CA's key under another name: \"{known}\", not \"{subject}\""
            ),
        }
    }
}

impl std::error::Error for UnknownAuthority {}

/// Refuses a CA certificate that is not in the ledger byte for byte, signed here or adopted. Every command that acts for a CA calls this before
/// it uses the token.
///
/// # Errors
/// [`WorkflowError::UnknownAuthority`]
pub(in super::super) fn require_known(
    ledger: &dyn Ledger,
    certificate: &Certificate,
) -> Result<KnownAs, WorkflowError> {
    let authority = authority_of(certificate)?;
    if let Some(known) = find_known(ledger, &authority, certificate)? {
        return Ok(known);
    }
    let subject = certificate.subject().to_string();
    let named = authority_certificates(ledger, certificate.subject(), &authority)?;
    let same_key = named
        .iter()
        .find(|found| found.key == Some(authority.key_sha256) && found.certificate.is_some());
    if let Some(found) = same_key {
        let known = found.known;
        return Err(UnknownAuthority::OtherCertificate { subject, known }.into());
    }
    let mut alike = ledger.authorities_like(&authority)?.into_iter();
    let other_name = alike.find(|found| {
        found.key_sha256 == authority.key_sha256 && found.subject.name != authority.subject.name
    });
    Err(match other_name {
        Some(found) => UnknownAuthority::OtherName {
            subject,
            known: found.subject.text,
        },
        None => UnknownAuthority::Never { subject },
    }
    .into())
}

fn find_known(
    ledger: &dyn Ledger,
    authority: &Authority,
    certificate: &Certificate,
) -> Result<Option<KnownAs>, WorkflowError> {
    let filter = EntryFilter {
        serial: Some(certificate.serial_number()),
        ..EntryFilter::default()
    };
    let mut known = None;
    ledger.entries(&filter, &mut |entry| {
        if entry.state.der().is_some_and(|der| der.0 == certificate.der()) {
            known = Some(KnownAs::Entry(entry.id));
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if known.is_some() {
        return Ok(known);
    }
    let adopted = ledger.authority_certificates_like(authority)?;
    let found = adopted
        .into_iter()
        .find(|known| known.certificate.der.0 == certificate.der());
    Ok(found.map(|found| KnownAs::Event {
        number: found.event,
        path: found.certificate.path,
    }))
}

/// A CA certificate in the ledger, found by its name.
pub(in super::super) struct NamedAuthority {
    pub(in super::super) known: KnownAs,
    /// The certificate, if its bytes are known.
    pub(in super::super) certificate: Option<Certificate>,
    /// SHA-256 of its key, if known. An open entry may not have it.
    pub(in super::super) key: Option<Digest>,
    /// The name of its issuer.
    pub(super) issuer: Name,
    pub(in super::super) not_after: UnixTime,
    pub(super) sha256: Option<Digest>,
}

/// The CA certificates of a name that were signed or adopted, or may have been signed.
pub(in super::super) fn authority_certificates(
    ledger: &dyn Ledger,
    subject: &Name,
    authority: &Authority,
) -> Result<Vec<NamedAuthority>, WorkflowError> {
    let filter = EntryFilter {
        names: Some(Digest::of(subject.der())),
        ..EntryFilter::default()
    };
    let (mut found, mut problem) = (Vec::new(), None);
    ledger.entries(&filter, &mut |entry| {
        let known = KnownAs::Entry(entry.id);
        let named = match (entry.state.der(), &entry.state) {
            (Some(der), _) => of_certificate(&der.0, known),
            // The entry is open: there may be a signature.
            (None, EntryState::Begun) => {
                let issuer = entry.authority.subject.name;
                let is_own = issuer == *subject;
                Ok(Some(NamedAuthority {
                    known,
                    certificate: None,
                    key: is_own.then_some(entry.authority.key_sha256),
                    issuer,
                    not_after: entry.object.not_after().unwrap_or(UnixTime(u64::MAX)),
                    sha256: None,
                }))
            }
            _ => Ok(None),
        };
        match named {
            Ok(named) => found.extend(named),
            Err(error) => problem = Some(error),
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = problem {
        return Err(error.into());
    }
    for adopted in ledger.authority_certificates_like(authority)? {
        let known = KnownAs::Event {
            number: adopted.event,
            path: adopted.certificate.path,
        };
        if adopted.certificate.authority.subject.name == *subject {
            found.extend(of_certificate(&adopted.certificate.der.0, known)?);
        }
    }
    Ok(found)
}

/// The same, for every CA whose name differs at most in its spelling (RFC 5280 section 7.1): a verifier takes such names as equal.
pub(in super::super) fn authority_certificates_in_any_spelling(
    ledger: &dyn Ledger,
    subject: &Name,
    authority: &Authority,
) -> Result<Vec<NamedAuthority>, WorkflowError> {
    let mut found = authority_certificates(ledger, subject, authority)?;
    let mut names = BTreeSet::from([subject.der().to_vec()]);
    for other in ledger.authorities()? {
        let name = &other.subject.name;
        if name.is_like(subject) && names.insert(name.der().to_vec()) {
            found.extend(authority_certificates(ledger, name, &other)?);
        }
    }
    Ok(found)
}

/// `None` for a leaf.
fn of_certificate(der: &[u8], known: KnownAs) -> Result<Option<NamedAuthority>, X509Error> {
    let certificate = Certificate::from_der(der)?;
    if !certificate.is_authority() {
        return Ok(None);
    }
    Ok(Some(NamedAuthority {
        known,
        key: certificate.public_key().ok().map(|key| Digest::of(key.der())),
        issuer: certificate.issuer().clone(),
        not_after: certificate.validity().not_after,
        sha256: Some(Digest::of(der)),
        certificate: Some(certificate),
    }))
}
