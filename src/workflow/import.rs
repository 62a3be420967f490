//! `kms import`: imports a KMS-generated key pair into the token.

use std::path::PathBuf;

use super::error::LeftBehind;
use super::key_lock::KeyLock;
use super::prove_import::{prove_or_destroy, prove_present};
use super::recipient::destroy_recorded;
use super::{KeyLog, KeyProof, Progress, Step, WorkflowError};
use crate::kms::{AttestationDocument, KeyPairDecryptor, KeyPairFile, KmsError};
use crate::ledger::{EntryId, KeyAct};
use crate::secret::{MemoryGuard, PrivateKeyError};
use crate::signer::KeyFingerprint;
use crate::token::{
    ImportRoute, KeyDescription, KeySelector, NewKey, RecipientKey, SealedKey, Session, TokenError,
};

/// What to import, under which name, and by which route.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The pair.
    pub pair: KeyPairFile,
    /// `CKA_LABEL` of both objects.
    pub label: String,
    /// How the key gets into the token; `None` for the best route.
    pub route: Option<ImportRoute>,
    /// For the sealed route: carries the token's recipient key to KMS.
    pub attestation: Option<AttestationDocument>,
    /// Leaves the recipient key on the token, for the next pair.
    pub keep_recipient_key: bool,
    /// The only public key that is accepted. Anyone with `kms:Encrypt` can make a pair around any key that KMS then decrypts. Only the
    /// fingerprint noted at generation shows that this is KMS's pair.
    pub expected: Option<KeyFingerprint>,
    /// Where this user's processes lock a token against each other: a directory that belongs to the user. `None` locks nothing.
    pub lock_directory: Option<PathBuf>,
}

impl ImportRequest {
    /// Refuses a key other than the expected one, and a route and an attestation document that do not fit. Calls neither the token nor KMS.
    ///
    /// # Errors
    /// [`KmsError::OtherFingerprint`], [`WorkflowError::NoAttestation`], [`WorkflowError::UselessAttestation`]
    pub fn check(&self) -> Result<(), WorkflowError> {
        if let Some(expected) = &self.expected {
            self.pair.require(expected)?;
        }
        match (self.route, &self.attestation) {
            (Some(ImportRoute::Sealed), None) => Err(WorkflowError::NoAttestation),
            (Some(ImportRoute::Sealed) | None, _) | (_, None) => Ok(()),
            (Some(route), Some(_)) => Err(WorkflowError::UselessAttestation { route }),
        }
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportOutcome {
    /// The key was unwrapped into the token.
    Imported {
        /// How.
        route: ImportRoute,
        /// How the plaintext in this process was protected; `None` without plaintext.
        memory: Option<MemoryLocking>,
    },
    /// The key was already on the token. It was checked again; nothing was decrypted.
    AlreadyThere {
        /// True if its public-key object was missing, because an import was interrupted, and was added now.
        completed: bool,
    },
}

/// How much of the process's memory was kept from swap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLocking {
    /// All of it.
    Everything,
    /// The key's own pages.
    KeyPages,
}

/// The key on the token, proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSummary {
    /// The key and its public half.
    pub proof: KeyProof,
    /// What was done.
    pub outcome: ImportOutcome,
    /// True if the recipient key of the sealed route was destroyed, because this run or an earlier one is done with it.
    pub recipient_destroyed: bool,
    /// The entry of the ledger, if a ledger is in use and this run recorded one.
    pub recorded: Option<EntryId>,
}

/// Imports the private key of a pair into the token, or finds it there. Either way the key then proves that it is the pair's, that it can only
/// sign, and that it does sign. The ledger records an import before and after. A key that cannot be recorded is deleted from the token again.
///
/// # Errors
/// [`WorkflowError`]; unless it says otherwise, the token is unchanged.
pub fn import_key_pair(
    session: &Session,
    decryptor: &dyn KeyPairDecryptor,
    request: &ImportRequest,
    log: &mut KeyLog,
    progress: &dyn Progress,
) -> Result<ImportSummary, WorkflowError> {
    request.check()?;
    session.token().check_writable()?;
    let _alone = KeyLock::take(
        session.token().description(),
        request.lock_directory.as_deref(),
        || progress.step(&Step::WaitForKeyLock),
    )?;
    if let Some(existing) = find_existing(session, request)? {
        progress.step(&Step::CheckPresentKey);
        let (proof, completed) = prove_present(session, request, &existing)?;
        // An interrupted run began the import, and this run ends it.
        let recorded = log.open_import(session, &request.label, &proof.public_key)?;
        log.complete(recorded, &proof.key, Some(&proof.public_key))?;
        let recipient_destroyed = destroy_left_recipient(session, request, &proof, log)?;
        return Ok(ImportSummary {
            proof,
            outcome: ImportOutcome::AlreadyThere { completed },
            recipient_destroyed,
            recorded,
        });
    }
    let route = choose_route(session, request)?;
    let mut import = Import {
        session,
        decryptor,
        request,
        log,
        recorded: None,
        progress,
    };
    let imported = match route {
        ImportRoute::Sealed => import.sealed(),
        other => import.through_this_process(other),
    };
    let recorded = import.recorded;
    imported.inspect_err(|error| match error {
        // The entry stays open: the next run finds the key and ends it.
        WorkflowError::LeftOnToken { .. } | WorkflowError::MayBeOnToken { .. } => {}
        other => log.fail(recorded, &other.to_string()),
    })
}

/// Uses the named route or refuses it. An attestation document means the sealed route; no other route replaces it.
fn choose_route(session: &Session, request: &ImportRequest) -> Result<ImportRoute, WorkflowError> {
    let algorithm = request.pair.spec.algorithm();
    let route = match (request.route, &request.attestation) {
        (Some(route), _) => route,
        (None, Some(_)) => ImportRoute::Sealed,
        (None, None) => return Ok(session.token().choose_route(algorithm)?),
    };
    session.token().check_route(route, algorithm)?;
    Ok(route)
}

struct Import<'a> {
    session: &'a Session,
    decryptor: &'a dyn KeyPairDecryptor,
    request: &'a ImportRequest,
    log: &'a mut KeyLog,
    recorded: Option<EntryId>,
    progress: &'a dyn Progress,
}

impl Import<'_> {
    /// Records the import, before the private key is decrypted.
    fn record(&mut self, route: ImportRoute) -> Result<(), WorkflowError> {
        let key = &self.request.pair.public_key;
        let route = route.to_string();
        self.recorded = self.log.begin(
            self.session,
            KeyAct::Import,
            &self.request.label,
            Some(&route),
            Some(key),
        )?;
        Ok(())
    }

    /// KMS decrypts the key to this process, which wraps it for the token.
    fn through_this_process(&mut self, route: ImportRoute) -> Result<ImportSummary, WorkflowError> {
        let pair = &self.request.pair;
        if route != ImportRoute::CreateObject {
            self.progress.step(&Step::GenerateWrappingKey);
        }
        let prepared = self.session.prepare_import(route, pair.spec.algorithm())?;
        self.check_alone()?;
        self.record(route)?;
        let guard = MemoryGuard::engage()?;
        let memory = if guard.lock_everything() {
            MemoryLocking::Everything
        } else {
            MemoryLocking::KeyPages
        };
        self.progress.step(&Step::DecryptKey);
        let private_key = self.decryptor.decrypt(pair, &guard)?;
        let private_key = private_key.check(&pair.public_key).map_err(not_the_pairs)?;

        self.progress.step(&Step::ImportKey { route });
        let imported = prepared.import(private_key, &pair.public_key, &self.request.label);
        let proof = self.prove(imported)?;
        Ok(ImportSummary {
            proof,
            outcome: ImportOutcome::Imported {
                route,
                memory: Some(memory),
            },
            recipient_destroyed: false,
            recorded: self.recorded,
        })
    }

    /// KMS encrypts the key to the token's own key, and this process carries it.
    fn sealed(&mut self) -> Result<ImportSummary, WorkflowError> {
        let pair = &self.request.pair;
        let document = self
            .request
            .attestation
            .as_ref()
            .ok_or(WorkflowError::NoAttestation)?;
        let recipient = self
            .session
            .recipient_key()?
            .ok_or(WorkflowError::NoRecipientKey)?;
        document
            .carries(recipient.public_key().der())
            .map_err(KmsError::Attestation)?;
        self.check_alone()?;
        self.record(ImportRoute::Sealed)?;
        self.progress.step(&Step::SealKey);
        let envelope = self.decryptor.decrypt_for_recipient(pair, document)?;
        let sealed = SealedKey {
            encrypted_key: envelope.encrypted_key(),
            initialization_vector: envelope.initialization_vector(),
            encrypted_content: envelope.encrypted_content(),
        };
        self.progress.step(&Step::ImportKey {
            route: ImportRoute::Sealed,
        });
        let imported = recipient.unseal(&sealed, &pair.public_key, &self.request.label);
        let proof = self.prove(imported)?;
        let recipient_destroyed = !self.request.keep_recipient_key;
        if recipient_destroyed {
            destroy_recipient(self.session, recipient, &proof, self.log)?;
        }
        Ok(ImportSummary {
            proof,
            outcome: ImportOutcome::Imported {
                route: ImportRoute::Sealed,
                memory: None,
            },
            recipient_destroyed,
            recorded: self.recorded,
        })
    }

    /// Another import of the same pair can finish during the preparation.
    fn check_alone(&self) -> Result<(), WorkflowError> {
        if find_existing(self.session, self.request)?.is_none() {
            return Ok(());
        }
        Err(WorkflowError::ImportedTwice {
            label: self.request.label.clone(),
            left: LeftBehind::NothingImported,
        })
    }

    /// The token may have created the key even if the call failed. The error must say so.
    fn prove(&mut self, imported: Result<NewKey<'_>, TokenError>) -> Result<KeyProof, WorkflowError> {
        let imported = imported.map_err(|cause| match find_existing(self.session, self.request) {
            Ok(None) => WorkflowError::Token(cause),
            Ok(Some(found)) => WorkflowError::LeftOnToken {
                cause,
                found: Box::new(found),
            },
            Err(_) => WorkflowError::MayBeOnToken {
                cause,
                label: self.request.label.clone(),
            },
        })?;
        self.progress.step(&Step::ProveKey);
        let (log, recorded) = (&mut *self.log, self.recorded);
        prove_or_destroy(self.session, self.request, imported, |proof| {
            log.complete(recorded, &proof.key, Some(&proof.public_key))
        })
    }
}

/// Destroys the recipient key, once the imported key has proven itself.
fn destroy_recipient(
    session: &Session,
    recipient: RecipientKey<'_>,
    proof: &KeyProof,
    log: &mut KeyLog,
) -> Result<(), WorkflowError> {
    destroy_recorded(session, recipient, log).map_err(|error| match error {
        WorkflowError::Token(cause) => WorkflowError::RecipientLeft {
            cause,
            imported: Box::new(proof.key.clone()),
        },
        other => other,
    })
}

/// Destroys the recipient key that an interrupted sealed import left, and returns whether it did. Only the key in the given document is taken
/// for that one.
fn destroy_left_recipient(
    session: &Session,
    request: &ImportRequest,
    proof: &KeyProof,
    log: &mut KeyLog,
) -> Result<bool, WorkflowError> {
    let document = request
        .attestation
        .as_ref()
        .filter(|_| !request.keep_recipient_key);
    let Some(document) = document else {
        return Ok(false);
    };
    match session.recipient_key()? {
        Some(recipient) if document.carries(recipient.public_key().der()).is_ok() => {
            destroy_recipient(session, recipient, proof, log)?;
            Ok(true)
        }
        _ => Ok(false),
    }
}

/// The error of the first proof: nothing has reached the token yet.
fn not_the_pairs(error: PrivateKeyError) -> WorkflowError {
    WorkflowError::PrivateKey(error)
}

/// The key with the label and the pair's key identifier. Refuses another key with this label, and this key under another label: the operator
/// expects neither.
fn find_existing(
    session: &Session,
    request: &ImportRequest,
) -> Result<Option<KeyDescription>, WorkflowError> {
    let id = request.pair.public_key.key_identifier();
    let labelled = session.private_keys(&KeySelector::labelled(&request.label))?;
    let (same, other): (Vec<_>, Vec<_>) = labelled.into_iter().partition(|key| key.id == id);
    if let Some(found) = other.into_iter().next() {
        return Err(WorkflowError::LabelTaken {
            label: request.label.clone(),
            found,
        });
    }
    if let Some(found) = same.into_iter().next() {
        return Ok(Some(found));
    }
    match session
        .private_keys(&KeySelector::with_id(&id))?
        .into_iter()
        .next()
    {
        Some(found) => Err(WorkflowError::OtherLabel {
            label: request.label.clone(),
            found,
        }),
        None => Ok(None),
    }
}
