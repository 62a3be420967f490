//! Proves that a key is the expected one and, on a token, that it can only sign.

use std::fmt;

use super::WorkflowError;
use super::error::LeftBehind;
use super::signing_key::find_token_key;
use crate::signer::{KeyList, KeySearch, PublicKey, SignError, Signer, new_challenge};
use crate::token::{KeyDescription, KeySelector, PrivateKey, Session, TokenError, TokenSigner};
use crate::x509::check_quality;

const OTHER_KEY: &str = "the private key object has a different public key";

/// What a key must prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofKind {
    /// The decrypted private key belongs to the public key from KMS.
    DecryptedKey,
    /// The token holds the expected public key.
    TokenKey,
    /// The generated key has the requested kind and no known fault.
    GeneratedKey,
    /// A key outside a token has the expected public key.
    ExpectedKey,
    /// The attributes on the token are those of a key that only signs.
    Attributes,
    /// A signature by the token verifies in software.
    Signature,
}

impl fmt::Display for ProofKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DecryptedKey => "the decrypted private key is not that of the KMS public key",
            Self::TokenKey => "no proof that the token holds the expected key",
            Self::GeneratedKey => "no proof that the token generated a sound key of the requested kind",
            Self::ExpectedKey => "no proof that it is the expected key",
            Self::Attributes => "no proof that the key can only sign",
            Self::Signature => "no proof that the key signs",
        })
    }
}

/// A proof that failed.
#[derive(Debug)]
pub struct Unproven {
    /// Which one.
    pub proof: ProofKind,
    /// Why it failed.
    pub reason: UnprovenReason,
}

/// Why a proof failed. The two cases need different actions.
#[derive(Debug)]
#[non_exhaustive]
pub enum UnprovenReason {
    /// The token gave a wrong answer.
    Found(String),
    /// The token gave no answer.
    Token(SignError),
}

impl fmt::Display for Unproven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            UnprovenReason::Found(found) => write!(f, "{}: {found}", self.proof),
            UnprovenReason::Token(error) => write!(f, "{}: {error}", self.proof),
        }
    }
}

impl std::error::Error for Unproven {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.reason {
            UnprovenReason::Token(error) => error.source(),
            UnprovenReason::Found(_) => None,
        }
    }
}

impl Unproven {
    pub(super) fn found(proof: ProofKind, found: impl Into<String>) -> Self {
        Self {
            proof,
            reason: UnprovenReason::Found(found.into()),
        }
    }

    /// For `map_err`: the token failed during this proof.
    pub(super) fn token(proof: ProofKind) -> impl Fn(TokenError) -> Self {
        move |error| match error {
            // The token returned something that is not a public key. That counts as an answer.
            TokenError::NoPublicKey { .. } => Self::found(proof, error.to_string()),
            other => Self {
                proof,
                reason: UnprovenReason::Token(SignError::new(other)),
            },
        }
    }
}

/// A key on the token with its proofs passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyProof {
    /// The key as the token describes it.
    pub key: KeyDescription,
    /// Its public key.
    pub public_key: PublicKey,
}

/// Proves that `key` holds `expected`, that its attributes are those of a key that only signs, and that it signs.
///
/// # Errors
/// The first proof that fails.
pub fn prove_key(session: &Session, key: PrivateKey, expected: &PublicKey) -> Result<KeyProof, Unproven> {
    if key.public_key != *expected {
        return Err(Unproven::found(ProofKind::TokenKey, OTHER_KEY));
    }
    if let Some(unfit) = key.description.attributes.unfit_for_signing_only() {
        return Err(Unproven::found(ProofKind::Attributes, unfit.to_string()));
    }
    let description = key.description.clone();
    prove_signature(&TokenSigner::new(session, key), expected)?;
    Ok(KeyProof {
        key: description,
        public_key: expected.clone(),
    })
}

/// Proves the same for a named key on the token; its public key must be `expected`, if that is given. First runs the long search for faults of
/// the key. `refused` lists keys whose private keys others know.
///
/// # Errors
/// [`WorkflowError::X509`] with the rule that the key breaks, [`WorkflowError::Unproven`], and errors of the token about the name.
pub fn prove_named_key(
    session: &Session,
    selector: &KeySelector,
    expected: Option<&PublicKey>,
    refused: Option<&KeyList>,
) -> Result<KeyProof, WorkflowError> {
    let unproven = |unproven| WorkflowError::Unproven {
        unproven,
        left: LeftBehind::Untouched,
    };
    let key = match expected {
        None => find_token_key(session, selector)?,
        Some(expected) => session
            .private_key_among(selector, std::slice::from_ref(expected))?
            .ok_or_else(|| unproven(Unproven::found(ProofKind::TokenKey, OTHER_KEY)))?,
    };
    let public_key = key.public_key.clone();
    check_quality(&public_key, KeySearch::Long, refused)?;
    prove_key(session, key, &public_key).map_err(unproven)
}

/// Proves that `signer` holds `expected`, and that it signs.
///
/// # Errors
/// The first proof that fails.
pub fn prove_signer(signer: &dyn Signer, expected: &PublicKey) -> Result<(), Unproven> {
    if signer.public_key() != expected {
        return Err(Unproven::found(
            ProofKind::ExpectedKey,
            "the private key has a different public key",
        ));
    }
    prove_signature(signer, expected)
}

fn prove_signature(signer: &dyn Signer, expected: &PublicKey) -> Result<(), Unproven> {
    let challenge = new_challenge()
        .map_err(|_| Unproven::found(ProofKind::Signature, "the system has no random numbers"))?;
    let algorithm = expected.algorithm().default_signature();
    let signature = signer.sign(algorithm, &challenge).map_err(|error| Unproven {
        proof: ProofKind::Signature,
        reason: UnprovenReason::Token(error),
    })?;
    expected
        .verify(algorithm, &challenge, &signature)
        .map_err(|error| Unproven::found(ProofKind::Signature, error.to_string()))
}
