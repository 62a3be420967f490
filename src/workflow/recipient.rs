//! `kms recipient-key`: the token's own key, to which KMS encrypts on the sealed route.

use super::error::LeftBehind;
use super::generate::GENERATED;
use super::{Delivered, Delivery, KeyLog, Progress, Step, WorkflowError};
use crate::ledger::KeyAct;
use crate::signer::PublicKey;
use crate::token::{ImportRoute, KeyDescription, RECIPIENT_LABEL, RecipientKey, Session};
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

/// Finds the recipient key or generates it, and delivers its public half (DER `SubjectPublicKeyInfo`), which an attestation document must
/// carry. What `delivery` cannot write, it cannot write before a key is generated.
///
/// # Errors
/// [`WorkflowError`]; a key that was generated for nothing is destroyed again.
pub fn prepare_recipient(
    session: &Session,
    delivery: &Delivery,
    log: &mut KeyLog,
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
            progress.step(&Step::GenerateRecipientKey);
            generate_recorded(session, log)?
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
                destroy_recorded(session, key, log)?;
            }
            Err(error.into())
        }
    }
}

/// Destroys the recipient key on the token; returns whether one existed.
///
/// # Errors
/// [`WorkflowError`]
pub fn delete_recipient(session: &Session, log: &mut KeyLog) -> Result<bool, WorkflowError> {
    session.token().check_writable()?;
    match session.recipient_key()? {
        Some(key) => {
            destroy_recorded(session, key, log)?;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// A recipient key that cannot be recorded is deleted from the token again.
fn generate_recorded<'a>(session: &'a Session, log: &mut KeyLog) -> Result<RecipientKey<'a>, WorkflowError> {
    let begun = log.begin(session, KeyAct::Generate, RECIPIENT_LABEL, Some(GENERATED), None)?;
    let key = session
        .generate_recipient_key()
        .inspect_err(|error| log.fail(begun, &error.to_string()))?;
    let Err(cause) = log.complete(begun, key.description(), Some(key.public_key())) else {
        return Ok(key);
    };
    let left = match key.destroy() {
        Ok(()) => LeftBehind::Destroyed,
        Err(error) => LeftBehind::StillThere {
            reason: error.to_string(),
        },
    };
    let label = RECIPIENT_LABEL.to_owned();
    Err(WorkflowError::UnrecordedKey { label, cause, left })
}

/// Takes a recipient key off the token; the ledger has it before and after.
pub(super) fn destroy_recorded(
    session: &Session,
    key: RecipientKey<'_>,
    log: &mut KeyLog,
) -> Result<(), WorkflowError> {
    let (description, public_key) = (key.description().clone(), key.public_key().clone());
    let begun = log.begin(
        session,
        KeyAct::Delete,
        &description.label,
        None,
        Some(&public_key),
    )?;
    key.destroy()
        .inspect_err(|error| log.fail(begun, &error.to_string()))?;
    log.complete(begun, &description, Some(&public_key))
        .map_err(|cause| WorkflowError::UnrecordedDeletion { cause })
}
