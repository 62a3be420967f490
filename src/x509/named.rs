//! The names that a certificate is for, subject and alternative names, in bytes that are equal for the same names in any order.

use der::Encode;
use x509_cert::ext::Extension;

use super::{Certificate, Name, X509Error, extension};

pub(super) fn names_of(subject: &Name, extensions: &[Extension]) -> Result<Vec<u8>, X509Error> {
    let mut names = Vec::new();
    for name in extension::find_general_names(extensions)? {
        names.push(name.to_der().map_err(X509Error::malformed("subjectAltName"))?);
    }
    names.sort_unstable();
    names.dedup();
    Ok([subject.der(), &names.concat()].concat())
}

impl Certificate {
    /// The encoded subject, followed by every name of `subjectAltName`, each once and sorted by its bytes. Two certificates for the same names have
    /// equal bytes.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn names(&self) -> Result<Vec<u8>, X509Error> {
        names_of(self.subject(), self.extensions())
    }
}
