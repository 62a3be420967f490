//! The CA's key: by its name, or by the CA certificate's public key.

use super::WorkflowError;
use crate::signer::{KeyStore, PublicKey, Signer};
use crate::x509::X509Error;

/// The key that `name` points at, which must be the CA certificate's; without a name the one that is.
///
/// # Errors
/// What the store said, and the rule `signing-key` where the name points at another key.
pub(super) fn find_signing_key<'a>(
    store: &'a dyn KeyStore,
    name: Option<&str>,
    authority_key: &PublicKey,
) -> Result<Box<dyn Signer + 'a>, WorkflowError> {
    let Some(name) = name else {
        return Ok(store.signer_for(authority_key)?);
    };
    let signer = store.signer_named(name)?;
    if signer.public_key() == authority_key {
        return Ok(signer);
    }
    let found = format!("{name} is not the key of the CA certificate");
    Err(X509Error::broken("signing-key", found).into())
}
