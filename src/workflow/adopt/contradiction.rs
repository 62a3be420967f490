//! Checks a CA that is new to the ledger against everything that the ledger has: its issuer, its serial number, its key.

use std::ops::ControlFlow;

use super::{AdoptionRequest, check_issued_by};
use crate::ledger::{EntryFilter, Ledger, PathCheck};
use crate::workflow::record::{
    NamedAuthority, authority_certificates, authority_certificates_in_any_spelling, authority_of,
    authority_with, find_compromised, require_known,
};
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::{Certificate, Name, X509Error, rules};

/// The most CA certificates that are considered above one.
const MOST_ABOVE: usize = 64;

/// What the ledger adds to an adoption that it does not contradict.
pub(super) struct InLedger {
    /// What was checked of the path, the certificates of the ledger included.
    pub(super) path: PathCheck,
    /// The certificate of its issuer, if the ledger has it.
    pub(super) issuer: Option<Certificate>,
    /// The rules that are broken and waived.
    pub(super) waived: Vec<String>,
}

impl InLedger {
    /// Compares a CA with the ledger. A certificate that the ledger has byte for byte was compared before: then only its history is new.
    ///
    /// # Errors
    /// The rules `compromised-key`, `serial-unused`, `second-certificate`, `adopted-path` and `same-name-other-key`.
    pub(super) fn compare(
        request: &AdoptionRequest,
        path: PathCheck,
        recorder: &Recorder,
    ) -> Result<Self, WorkflowError> {
        let (ledger, certificate) = (recorder.ledger(), &request.authority.value);
        let mut compared = Self {
            path,
            issuer: None,
            waived: Vec::new(),
        };
        match require_known(ledger, certificate) {
            Ok(_) => return Ok(compared),
            Err(WorkflowError::UnknownAuthority(_)) => {}
            Err(error) => return Err(error),
        }
        if let Some(entry) = find_compromised(ledger, &certificate.public_key()?)? {
            return Err(Recorder::compromised_by(entry).into());
        }
        refuse_same_number(ledger, certificate)?;
        if let Some(found) = under_another_name(request, recorder)? {
            if !request.waivers.second_certificate {
                return Err(X509Error::broken(rules::SECOND_CERTIFICATE, found).into());
            }
            compared.waived.push(rules::SECOND_CERTIFICATE.name.to_owned());
        }
        if path != PathCheck::SelfSigned {
            compared.find_issuer(request, recorder)?;
        }
        Ok(compared)
    }

    /// If the ledger has a CA of the issuer's name, it must have signed this certificate. Otherwise the certificate is forged, or another CA
    /// has the same name.
    fn find_issuer(&mut self, request: &AdoptionRequest, recorder: &Recorder) -> Result<(), WorkflowError> {
        let certificate = &request.authority.value;
        let above = certificates_above(recorder.ledger(), certificate)?;
        let mut named = above
            .iter()
            .filter(|found| found.subject().is_like(certificate.issuer()))
            .peekable();
        if named.peek().is_none() {
            return Ok(());
        }
        match named.find(|issuer| check_issued_by(certificate, issuer).is_ok()) {
            Some(issuer) => self.issuer = Some(issuer.clone()),
            None if self.path != PathCheck::Verified => {
                let found = format!(
                    "the ledger has the CA \"{}\", and its key did not sign this certificate",
                    certificate.issuer()
                );
                return Err(X509Error::broken(rules::ADOPTED_PATH, found).into());
            }
            None if request.waivers.same_name_other_key => {
                self.waived.push(rules::SAME_NAME_OTHER_KEY.name.to_owned());
            }
            None => {
                let found = format!(
                    "the ledger has another CA of the issuer's name, \"{}\", whose key did not sign this certificate",
                    certificate.issuer()
                );
                return Err(X509Error::broken(rules::SAME_NAME_OTHER_KEY, found).into());
            }
        }
        let reaches_a_root = above.iter().any(Certificate::is_self_issued);
        if self.issuer.is_some() && self.path == PathCheck::NotChecked && reaches_a_root {
            self.path = request.check_path_through(&above, recorder.now())?;
        }
        Ok(())
    }
}

/// The CA certificates in the ledger from the issuer of this one upwards.
fn certificates_above(
    ledger: &dyn Ledger,
    certificate: &Certificate,
) -> Result<Vec<Certificate>, WorkflowError> {
    let key = certificate.public_key()?;
    let mut names: Vec<Name> = vec![certificate.issuer().clone()];
    let mut found: Vec<Certificate> = Vec::new();
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        next += 1;
        let named = authority_certificates_in_any_spelling(ledger, &name, &authority_with(&name, &key))?;
        for above in named.into_iter().filter_map(|named| named.certificate) {
            if found.len() == MOST_ABOVE {
                return Ok(found);
            }
            if !names.iter().any(|name| name.is_like(above.issuer())) {
                names.push(above.issuer().clone());
            }
            found.push(above);
        }
    }
    Ok(found)
}

/// Issuer and serial number identify one certificate (RFC 5280 section 4.1.2.2), and the ledger has it with other bytes.
fn refuse_same_number(ledger: &dyn Ledger, certificate: &Certificate) -> Result<(), WorkflowError> {
    let is_same = |der: &[u8]| {
        Certificate::from_der(der).is_ok_and(|found| {
            found.serial_number() == certificate.serial_number()
                && found.issuer().is_like(certificate.issuer())
                && found.der() != certificate.der()
        })
    };
    let filter = EntryFilter {
        serial: Some(certificate.serial_number()),
        ..EntryFilter::default()
    };
    let mut same = None;
    ledger.entries(&filter, &mut |entry| {
        if entry.state.der().is_some_and(|der| is_same(&der.0)) {
            same = Some(entry.id);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    })?;
    if same.is_none() {
        let known = ledger.authority_certificates_like(&authority_of(certificate)?)?;
        let mut known = known.into_iter();
        same = known
            .find(|known| is_same(&known.certificate.der.0))
            .map(|known| known.event);
    }
    let Some(number) = same else {
        return Ok(());
    };
    let found = format!(
        "the ledger has another certificate of this issuer with the serial number {}: {number}",
        certificate.serial_number()
    );
    Err(X509Error::broken(rules::SERIAL_UNUSED, found).into())
}

/// A valid CA certificate in the ledger for the same key under another name.
fn under_another_name(
    request: &AdoptionRequest,
    recorder: &Recorder,
) -> Result<Option<String>, WorkflowError> {
    let ledger = recorder.ledger();
    let authority = authority_of(&request.authority.value)?;
    for other in ledger.authorities_like(&authority)? {
        let name = &other.subject.name;
        if other.key_sha256 != authority.key_sha256 || name.is_like(request.authority.value.subject()) {
            continue;
        }
        let is_valid = |found: &NamedAuthority| {
            found.key == Some(authority.key_sha256) && found.not_after >= recorder.now()
        };
        let named = authority_certificates(ledger, name, &other)?;
        if let Some(found) = named.iter().find(|found| is_valid(found)) {
            return Ok(Some(format!(
                "a CA certificate of this key under another name already exists: \"{}\", {}, valid until {}",
                other.subject.text, found.known, found.not_after
            )));
        }
    }
    Ok(None)
}
