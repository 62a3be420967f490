//! The certificate that an issuer presents to the server, and its private key.

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

/// Reads both files and checks that they match.
pub(super) fn read(files: &ClientFiles) -> Result<CertifiedKey, LedgerError> {
    // The key first: if others can read it, that is the error, whatever else is wrong.
    let key = read_key(&files.key)?;
    let refused = |found| LedgerError::ClientCertificate {
        file: files.certificate.clone(),
        found,
    };
    let certified = CertifiedKey::new(read_certificates(&files.certificate).map_err(refused)?, key);
    match certified.keys_match() {
        // If this cannot be checked here, the server checks it.
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(Error::InconsistentKeys(_)) => Err(refused(format!(
            "it does not match the key in {}",
            files.key.display()
        ))),
        Err(error) => Err(refused(error.to_string())),
    }
}

/// The certificates in a PEM file that only its owner and root can change, in the file's order.
pub(super) fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut file = file_trust::open(path, Owners::Any).map_err(said)?;
    let mut pem = Vec::new();
    file.read_to_end(&mut pem).map_err(|cause| cause.to_string())?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates.map_err(|error| error.to_string())? {
        none if none.is_empty() => Err("it has no PEM certificate".to_owned()),
        certificates => Ok(certificates),
    }
}

/// Turns off core dumps and locks memory, as for a PIN.
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

/// The text of a file that only this user or root can change, and that others cannot read. As with libpq, a group may read a file that root
/// owns, so that services can share a system key.
fn read_private(path: &Path) -> Result<Zeroizing<String>, String> {
    /// The longest accepted file.
    const LONGEST: u64 = 64 * 1024;
    let file = file_trust::open(path, Owners::Own).map_err(said)?;
    let metadata = file.metadata().map_err(|cause| cause.to_string())?;
    let (mode, for_others) = match metadata.uid() {
        0 => (metadata.mode() & 0o777, 0o037),
        _ => (metadata.mode() & 0o777, 0o077),
    };
    if mode & for_others != 0 {
        return Err(format!("other users have access to it (mode {mode:04o})"));
    }
    if metadata.len() > LONGEST {
        return Err("it is too long for a key".to_owned());
    }
    // Allocated at its full length: a string that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(metadata.len().try_into().unwrap_or(0)));
    let read = file.take(metadata.len()).read_to_string(&mut text);
    read.map_err(|cause| cause.to_string())?;
    Ok(text)
}

fn said(error: TrustError) -> String {
    match error {
        TrustError::Io { cause, .. } => cause.to_string(),
        other => other.to_string(),
    }
}
