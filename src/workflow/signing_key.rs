//! The key that signs: by its name, or by the public key of its certificate.

use super::WorkflowError;
use crate::signer::{KeyStore, PublicKey, Signer};
use crate::x509::X509Error;

/// The key that `name` points at, which must have the public key of the issuer's certificate; without a name the one that has it.
///
/// # Errors
/// What the store said, and the rule `signing-key` where the name points at another key.
pub(super) fn find_signing_key<'a>(
    store: &'a dyn KeyStore,
    name: Option<&str>,
    issuer_key: &PublicKey,
) -> Result<Box<dyn Signer + 'a>, WorkflowError> {
    let Some(name) = name else {
        return Ok(store.signer_for(issuer_key)?);
    };
    let signer = store.signer_named(name)?;
    if signer.public_key() == issuer_key {
        return Ok(signer);
    }
    let found = format!("{name} is not the issuer's key");
    Err(X509Error::broken("signing-key", found).into())
}
