//! Finds the signing key, by its name or by the public key of its certificate.

use super::WorkflowError;
use crate::signer::{KeyStore, PublicKey, SignError, SignatureAlgorithm, Signer};
use crate::token::{KeySelector, PrivateKey, Session, TokenError};
use crate::x509::{Certificate, X509Error, rules};

/// The key with this name, which must be the issuer's; without a name, the issuer's key. Checks that the key can make signatures of `signature`,
/// as far as the store knows.
///
/// # Errors
/// Errors of the store, and the rule `signing-key` if the name belongs to another key.
pub(super) fn find_signing_key<'a>(
    store: &'a dyn KeyStore,
    name: Option<&str>,
    issuer_key: &PublicKey,
    signature: SignatureAlgorithm,
) -> Result<Box<dyn Signer + 'a>, WorkflowError> {
    let signer = match name {
        None => store.signer_for(issuer_key)?,
        Some(name) => store
            .signer_among(name, std::slice::from_ref(issuer_key))?
            .ok_or_else(|| {
                X509Error::broken(rules::SIGNING_KEY, format!("{name} is not the issuer's key"))
            })?,
    };
    signer.check(signature)?;
    Ok(signer)
}

/// The key with this name. If the store cannot read its public half, that is taken from a certificate beside it.
///
/// # Errors
/// Errors of the store.
pub(super) fn find_named_key<'a>(
    store: &'a dyn KeyStore,
    name: &str,
) -> Result<Box<dyn Signer + 'a>, WorkflowError> {
    let error = match store.signer_named(name) {
        Err(error) if matches!(error.cause(), Some(TokenError::NoPublicKey { .. })) => error,
        other => return Ok(other?),
    };
    let keys = certified_keys(store)?;
    let found = match keys.as_slice() {
        [] => None,
        keys => store.signer_among(name, keys)?,
    };
    Ok(found.ok_or(error)?)
}

/// The same for a key on a token, with the token's description of it.
///
/// # Errors
/// Errors of the token.
pub fn find_token_key(session: &Session, selector: &KeySelector) -> Result<PrivateKey, WorkflowError> {
    let error = match session.private_key(selector) {
        Err(error @ TokenError::NoPublicKey { .. }) => error,
        other => return Ok(other?),
    };
    let keys = certified_keys(session)?;
    let found = match keys.as_slice() {
        [] => None,
        keys => session.private_key_among(selector, keys)?,
    };
    Ok(found.ok_or(error)?)
}

/// The public keys of the readable certificates in the store.
fn certified_keys(store: &dyn KeyStore) -> Result<Vec<PublicKey>, SignError> {
    let mut keys: Vec<PublicKey> = Vec::new();
    for value in store.certificates()? {
        let key = Certificate::read(&value).and_then(|certificate| certificate.public_key());
        keys.extend(key.ok().filter(|key| !keys.contains(key)));
    }
    Ok(keys)
}
