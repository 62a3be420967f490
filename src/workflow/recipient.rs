//! `kms recipient-key`: the token's own key, to which KMS encrypts on the sealed route.

use super::{Delivered, Delivery, Progress, WorkflowError};
use crate::signer::PublicKey;
use crate::token::{ImportRoute, KeyDescription, Session};
use crate::x509::PublicKeyFile;

/// The recipient key and where its public half went.
#[derive(Debug)]
pub struct RecipientSummary {
    /// The private half on the token.
    pub key: KeyDescription,
    /// The public half.
    pub public_key: PublicKey,
    /// False if it was on the token already.
    pub generated: bool,
    /// The file, or the content for the caller.
    pub delivered: Delivered,
}

/// Finds the recipient key or generates it, and delivers its public half (DER `SubjectPublicKeyInfo`), which an attestation
/// document has to carry. What `delivery` cannot write, it cannot write before a key is generated.
///
/// # Errors
/// [`WorkflowError`]; a key that was generated for nothing is destroyed again.
pub fn prepare_recipient(
    session: &Session,
    delivery: &Delivery,
    progress: &dyn Progress,
) -> Result<RecipientSummary, WorkflowError> {
    session.token().check_writable()?;
    session.token().check_any(ImportRoute::Sealed)?;
    let reserved = delivery.reserve()?;
    let found = session.recipient_key()?;
    let generated = found.is_none();
    let key = match found {
        Some(key) => key,
        None => {
            progress.step("generating a recipient key on the token");
            session.generate_recipient_key()?
        }
    };
    let description = key.description().clone();
    let public_key = key.public_key().clone();
    match reserved.deliver(&PublicKeyFile(public_key.clone())) {
        Ok(delivered) => Ok(RecipientSummary {
            key: description,
            public_key,
            generated,
            delivered,
        }),
        Err(error) => {
            if generated {
                key.destroy()?;
            }
            Err(error.into())
        }
    }
}

/// Takes the recipient key off the token, and tells whether there was one.
///
/// # Errors
/// [`WorkflowError`]
pub fn delete_recipient(session: &Session) -> Result<bool, WorkflowError> {
    session.token().check_writable()?;
    match session.recipient_key()? {
        Some(key) => {
            key.destroy()?;
            Ok(true)
        }
        None => Ok(false),
    }
}
