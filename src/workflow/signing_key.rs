//! The key that signs: by its name, or by the public key of its certificate.

use super::WorkflowError;
use crate::signer::{KeyStore, PublicKey, SignatureAlgorithm, Signer};
use crate::x509::X509Error;

/// The key that `name` points at, which must be that of the issuer's certificate; without a name the one that is. It makes
/// signatures of `signature`, as far as its store tells.
///
/// # Errors
/// What the store said, and the rule `signing-key` where the name points at another key.
pub(super) fn find_signing_key<'a>(
    store: &'a dyn KeyStore,
    name: Option<&str>,
    issuer_key: &PublicKey,
    signature: SignatureAlgorithm,
) -> Result<Box<dyn Signer + 'a>, WorkflowError> {
    let signer = match name {
        None => store.signer_for(issuer_key)?,
        Some(name) => {
            let signer = store.signer_named(name)?;
            // No store tells that an RSA key is for RSASSA-PSS only, as its certificate may.
            if !signer.public_key().has_numbers_of(issuer_key) {
                let found = format!("{name} is not the issuer's key");
                return Err(X509Error::broken("signing-key", found).into());
            }
            signer
        }
    };
    signer.check(signature)?;
    Ok(signer)
}
