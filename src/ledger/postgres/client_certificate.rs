//! The certificate that an issuer shows the server, and the key that proves it.

use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{Error, InconsistentKeys};
use zeroize::Zeroizing;

use super::super::LedgerError;
use super::place::ClientFiles;
use crate::file_trust::{self, Owners, TrustError};
use crate::secret::{MemoryGuard, TlsKey, TlsKeyForm};

/// Reads both files, and holds the one against the other.
pub(super) fn read(files: &ClientFiles) -> Result<CertifiedKey, LedgerError> {
    // The key first: one that others can read has its own answer, whatever else is wrong.
    let key = read_key(&files.key)?;
    let refused = |found| LedgerError::ClientCertificate {
        file: files.certificate.clone(),
        found,
    };
    let certified = CertifiedKey::new(read_certificates(&files.certificate).map_err(refused)?, key);
    match certified.keys_match() {
        // Where it cannot be told, the server finds out.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(Error::InconsistentKeys(_)) => Err(refused(format!(
            "it is not of the key in {}",
            files.key.display()
        ))),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// The certificate, and those above it, in the order of the file.
fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut file = file_trust::open(path, Owners::Any).map_err(said)?;
    let mut pem = Vec::new();
    file.read_to_end(&mut pem).map_err(|cause| cause.to_string())?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates.map_err(|error| error.to_string())? {
        none if none.is_empty() => Err("it has no certificate in PEM".to_owned()),
        certificates => Ok(certificates),
    }
}

/// Dumps are off and memory is locked from here on: the key is a secret like a PIN.
fn read_key(path: &Path) -> Result<Arc<dyn SigningKey>, LedgerError> {
    let refused = |found| LedgerError::ClientKey {
        file: path.to_owned(),
        found,
    };
    let guard = MemoryGuard::engage().map_err(|error| refused(error.to_string()))?;
    let pem = read_private(path).map_err(refused)?;
    let key = TlsKey::read(&guard, &pem).map_err(|error| refused(error.to_string()))?;
    let der = match key.form() {
        TlsKeyForm::Pkcs8 => PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.expose())),
        TlsKeyForm::Pkcs1 => PrivateKeyDer::from(PrivatePkcs1KeyDer::from(key.expose())),
        TlsKeyForm::Sec1 => PrivateKeyDer::from(PrivateSec1KeyDer::from(key.expose())),
    };
    any_supported_type(&der).map_err(|_| refused("not a key that TLS can use".to_owned()))
}

/// The text of a file that only this user or root can change, and that others cannot read. As libpq has it: root's file may be for a group
/// to read, because a key of the system's can be shared in this way.
fn read_private(path: &Path) -> Result<Zeroizing<String>, String> {
    /// No key has a longer file.
    const LONGEST: u64 = 64 * 1024;
    let file = file_trust::open(path, Owners::Own).map_err(said)?;
    let facts = file.metadata().map_err(|cause| cause.to_string())?;
    let (mode, for_others) = match facts.uid() {
        0 => (facts.mode() & 0o777, 0o037),
        _ => (facts.mode() & 0o777, 0o077),
    };
    if mode & for_others != 0 {
        return Err(format!("users other than its owner may use it (mode {mode:04o})"));
    }
    if facts.len() > LONGEST {
        return Err("it is too long for a key".to_owned());
    }
    // Of its whole length at once: a text that grows leaves copies.
    let mut text = Zeroizing::new(String::with_capacity(facts.len().try_into().unwrap_or(0)));
    let read = file.take(facts.len()).read_to_string(&mut text);
    read.map_err(|cause| cause.to_string())?;
    Ok(text)
}

fn said(error: TrustError) -> String {
    match error {
        TrustError::Io { cause, .. } => cause.to_string(),
        other => other.to_string(),
    }
}
