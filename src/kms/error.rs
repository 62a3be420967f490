//! What KMS refused, or why it was not called.

use std::fmt;

use super::{AttestationError, EnvelopeError, KeyArn};
use crate::aws::AwsError;
use crate::secret::MemoryError;
use crate::signer::{KeyFingerprint, PublicKeyError, SignatureAlgorithm};

/// Why KMS did not do what was requested.
#[derive(Debug)]
#[non_exhaustive]
pub enum KmsError {
    /// The file is not a pair file.
    Pair {
        /// What is wrong with it; never its content.
        reason: String,
    },
    /// The file holds the private key unencrypted.
    PlaintextInPair,
    /// The public key in the file cannot be used.
    PublicKey(PublicKeyError),
    /// The public key in the file, or in KMS's answer, is not one that KMS generates.
    WeakKey {
        /// What is wrong with it.
        reason: String,
    },
    /// The pair's public key is not the expected one.
    OtherFingerprint {
        /// The fingerprint that was given.
        expected: KeyFingerprint,
        /// That of the file's public key.
        found: KeyFingerprint,
    },
    /// The pair file names a KMS key of another account than the credentials', and the command line does not.
    OtherAccount {
        /// The key's ARN.
        key: KeyArn,
        /// The account of the credentials.
        caller: String,
    },
    /// A key pair spec that is not supported here.
    Spec {
        /// The spec.
        spec: String,
    },
    /// The pair file has one encryption context, the command line another.
    Context,
    /// The key is in one region, the client is set to another.
    Region {
        /// The key's ARN.
        key: String,
        /// The region that is set.
        region: String,
    },
    /// KMS was not called, or did not answer.
    Aws(AwsError),
    /// The alias is taken.
    AliasExists {
        /// The alias.
        alias: String,
        /// The key it points at.
        key: String,
    },
    /// The key was created, but its alias was not.
    AliasNotMade {
        /// The key, which exists.
        key: String,
        /// Why the alias does not.
        cause: Box<Self>,
    },
    /// `IncorrectKeyException`, or an answer under another key than requested.
    IncorrectKey {
        /// The key that was requested.
        key: String,
    },
    /// `InvalidCiphertextException`: a changed ciphertext, or another encryption context.
    InvalidCiphertext {
        /// Whether an encryption context was sent.
        with_context: bool,
    },
    /// `DisabledException`
    Disabled {
        /// The operation.
        operation: &'static str,
        /// The key.
        key: String,
    },
    /// `KMSInvalidStateException`: pending deletion, or otherwise not usable.
    InvalidState {
        /// The operation.
        operation: &'static str,
        /// What KMS said.
        message: String,
    },
    /// `AccessDeniedException`
    AccessDenied {
        /// The operation.
        operation: &'static str,
        /// What KMS said.
        message: String,
    },
    /// `NotFoundException`
    NotFound {
        /// The operation.
        operation: &'static str,
        /// What KMS said.
        message: String,
    },
    /// Any other answer.
    Service {
        /// The operation.
        operation: &'static str,
        /// The exception's name.
        code: String,
        /// What KMS said.
        message: String,
    },
    /// An answer without the field that it must have.
    Incomplete {
        /// The operation.
        operation: &'static str,
        /// The field.
        field: &'static str,
    },
    /// The attestation document cannot be used.
    Attestation(AttestationError),
    /// What KMS encrypted to the recipient is not a valid `CiphertextForRecipient`.
    Envelope(EnvelopeError),
    /// This machine is not a Nitro Enclave, or its security module fails.
    #[cfg(feature = "nitro-enclave")]
    SecurityModule {
        /// What it said.
        reason: String,
    },
    /// KMS answered with a plaintext although a recipient was named.
    NotSealed,
    /// KMS carried out a call that was a rehearsal.
    DryRunIgnored,
    /// The private key could not be given locked memory.
    Memory(MemoryError),
    /// A name in the form `kms:KEY` that no KMS key can have.
    KeyName {
        /// The name.
        name: String,
    },
    /// This program cannot sign with the KMS key.
    UnfitKey {
        /// The key.
        key: String,
        /// Why not.
        reason: String,
    },
    /// The KMS key is not the one whose signature is wanted.
    OtherPublicKey {
        /// Its name, as given.
        name: String,
        /// Its ARN.
        key: String,
    },
    /// The KMS key does not sign with this algorithm.
    SigningAlgorithm {
        /// The key's ARN.
        key: String,
        /// The algorithm.
        algorithm: SignatureAlgorithm,
        /// What KMS says it signs with.
        listed: Vec<String>,
    },
    /// KMS does not hash messages of this length, and the algorithm requires the signer to hash.
    MessageTooLong {
        /// The key's ARN.
        key: String,
        /// The message's length.
        bytes: usize,
        /// The longest message that KMS accepts.
        longest: usize,
    },
    /// The answer to `Sign` was lost or unusable: the call was not repeated.
    MayBeSigned {
        /// The key's ARN.
        key: String,
        /// How the call failed.
        cause: Box<Self>,
    },
    /// KMS answered about another key or algorithm than requested.
    AnsweredOtherwise {
        /// The operation.
        operation: &'static str,
        /// What was requested.
        asked: String,
        /// What the answer is about.
        answered: String,
    },
}

/// Some exceptions come without a message.
fn exception(f: &mut fmt::Formatter<'_>, operation: &str, code: &str, message: &str) -> fmt::Result {
    write!(f, "KMS {operation}: {code}")?;
    if message.is_empty() {
        return Ok(());
    }
    write!(f, ": {message}")
}

impl fmt::Display for KmsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pair { reason } => write!(f, "not a key pair file: {reason}"),
            Self::PlaintextInPair => write!(
                f,
                "the file holds the private key in plaintext (PrivateKeyPlaintext)"
            ),
            Self::PublicKey(error) => error.fmt(f),
            Self::WeakKey { reason } => write!(f, "the pair's public key is not one that KMS generates: {reason}"),
            Self::OtherFingerprint { expected, found } => write!(
                f,
                "the pair's public key is not the expected one: its SHA-256 is {found}, not {expected}"
            ),
            Self::OtherAccount { key, caller } => write!(
                f,
                "the pair file names the KMS key {key} of the account {}, but the AWS credentials belong to the account {caller}",
                key.account()
            ),
            Self::Spec { spec } => write!(f, "the key pair spec {spec} is not supported"),
            Self::Context => write!(f, "the encryption context given is not the one in the pair file"),
            Self::Region { key, region } => write!(f, "the KMS key is {key}, but the AWS region is {region}"),
            Self::Aws(error) => error.fmt(f),
            Self::AliasExists { alias, key } => write!(f, "{alias} already exists and points to {key}"),
            Self::AliasNotMade { key, cause } => {
                write!(f, "the key {key} was made, but its alias was not: {cause}")
            }
            Self::IncorrectKey { key } => write!(
                f,
                "KMS Decrypt: IncorrectKeyException: the private key is not encrypted under {key}"
            ),
            Self::InvalidCiphertext { with_context: true } => {
                write!(
                    f,
                    "KMS Decrypt: InvalidCiphertextException: the ciphertext is damaged, or the encryption context is different"
                )
            }
            Self::InvalidCiphertext { with_context: false } => {
                write!(
                    f,
                    "KMS Decrypt: InvalidCiphertextException: the ciphertext is damaged, or it needs an encryption context"
                )
            }
            Self::Disabled { operation, key } => {
                write!(f, "KMS {operation}: DisabledException: the key {key} is disabled")
            }
            Self::InvalidState { operation, message } => exception(f, operation, "KMSInvalidStateException", message),
            Self::AccessDenied { operation, message } => exception(f, operation, "AccessDeniedException", message),
            Self::NotFound { operation, message } => exception(f, operation, "NotFoundException", message),
            Self::Service {
                operation,
                code,
                message,
            } => exception(f, operation, code, message),
            Self::Incomplete { operation, field } => write!(f, "KMS {operation}: the answer has no {field}"),
            Self::Attestation(error) => error.fmt(f),
            Self::Envelope(error) => write!(f, "KMS Decrypt: {error}"),
            #[cfg(feature = "nitro-enclave")]
            Self::SecurityModule { reason } => write!(f, "the Nitro Secure Module: {reason}"),
            Self::NotSealed => f.write_str(
                "KMS Decrypt: the answer holds the private key in plaintext, although it was requested encrypted to the recipient",
            ),
            Self::DryRunIgnored => f.write_str("KMS ignored DryRun, and carried out what was meant as a rehearsal"),
            Self::Memory(error) => error.fmt(f),
            Self::KeyName { name } => write!(f, "{name:?} does not name a KMS key"),
            Self::UnfitKey { key, reason } => write!(f, "the KMS key {key} cannot be used for signing: {reason}"),
            Self::OtherPublicKey { name, key } => {
                write!(f, "{name} is not the CA certificate's key; it is the KMS key {key}")
            }
            Self::SigningAlgorithm { key, algorithm, listed } => write!(
                f,
                "the KMS key {key} does not sign with {algorithm}, but with {}",
                listed.join(", ")
            ),
            Self::MessageTooLong { key, bytes, longest } => write!(
                f,
                "KMS signs at most {longest} bytes with the key {key}; the message has {bytes}"
            ),
            Self::MayBeSigned { cause, .. } => write!(f, "{cause}; the signature may have been made anyway"),
            Self::AnsweredOtherwise { operation, asked, answered } => {
                write!(f, "KMS {operation}: asked for {asked}, but it answered with {answered}")
            }
        }
    }
}

impl std::error::Error for KmsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::PublicKey(error) => error.source(),
            Self::AliasNotMade { cause, .. } | Self::MayBeSigned { cause, .. } => cause.source(),
            Self::Aws(error) => error.source(),
            Self::Memory(error) => error.source(),
            Self::Attestation(error) => error.source(),
            Self::Envelope(error) => error.source(),
            _ => None,
        }
    }
}
