//! `Decrypt`: for this process, or for a recipient's key.

use aws_sdk_kms::operation::decrypt::DecryptOutput;
use aws_sdk_kms::operation::decrypt::builders::DecryptFluentBuilder;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeyEncryptionMechanism, RecipientInfo};

use super::aws::{expect_dry_run, some_context};
use super::exception::translate;
use super::{AttestationDocument, KeyArn, KeyPairDecryptor, KeyPairFile, Kms, KmsError, RecipientEnvelope};
use crate::aws::start_runtime;
use crate::secret::{MemoryGuard, PrivateKeyDer};

const OPERATION: &str = "Decrypt";

impl Kms {
    /// The key that the call names: the pinned one, or the pair file's in the caller's own account. Anyone can write a pair file for a key of their
    /// own account whose policy lets everyone decrypt; by its bare id KMS does not find such a key.
    fn key_of<'a>(&'a self, pair: &'a KeyPairFile) -> &'a str {
        self.pinned_key.as_deref().unwrap_or_else(|| pair.key_id.id())
    }

    /// The same key, as an error shows it.
    fn shown_key_of<'a>(&'a self, pair: &'a KeyPairFile) -> &'a str {
        self.pinned_key.as_deref().unwrap_or_else(|| pair.key_id.as_str())
    }

    fn decrypt_request(&self, pair: &KeyPairFile) -> DecryptFluentBuilder {
        self.client
            .decrypt()
            .ciphertext_blob(Blob::new(pair.private_key_ciphertext.clone()))
            .key_id(self.key_of(pair))
            .set_grant_tokens(self.grant_tokens())
            .set_encryption_context(some_context(&pair.encryption_context))
    }

    fn send(&self, pair: &KeyPairFile, request: DecryptFluentBuilder) -> Result<DecryptOutput, KmsError> {
        // A runtime of its own, which closes the connection when it ends: KMS keeps connections open, and an open one may keep the answer in its
        // buffer.
        let runtime = start_runtime().map_err(KmsError::Aws)?;
        let answer = runtime.block_on(request.send());
        drop(runtime);
        answer.map_err(
            |error| match translate(OPERATION, self.shown_key_of(pair), error) {
                KmsError::NotFound { operation, message } => self
                    .other_account(pair, &message)
                    .unwrap_or(KmsError::NotFound { operation, message }),
                KmsError::InvalidCiphertext { .. } => KmsError::InvalidCiphertext {
                    with_context: !pair.encryption_context.is_empty(),
                },
                other => other,
            },
        )
    }

    /// KMS names the ARN that it looked for in the caller's account: "Key 'arn:…' does not exist".
    fn other_account(&self, pair: &KeyPairFile, message: &str) -> Option<KmsError> {
        let looked_for = message.split('\'').find_map(KeyArn::parse)?;
        let is_other = self.pinned_key.is_none()
            && looked_for.id() == pair.key_id.id()
            && looked_for.account() != pair.key_id.account();
        is_other.then(|| KmsError::OtherAccount {
            key: pair.key_id.clone(),
            caller: looked_for.account().to_owned(),
        })
    }

    /// KMS answers with the ARN of the key it used: it must be the pair file's, and so must the pinned key.
    fn check_key(&self, pair: &KeyPairFile, answered: Option<&str>) -> Result<(), KmsError> {
        let is_right = answered.and_then(KeyArn::parse).is_some_and(|answered| {
            let is_pinned = |name: &String| answered.may_be_named(name);
            answered.is_same_key(&pair.key_id) && self.pinned_key.as_ref().is_none_or(is_pinned)
        });
        is_right.then_some(()).ok_or_else(|| KmsError::IncorrectKey {
            key: pair.key_id.to_string(),
        })
    }
}

impl KeyPairDecryptor for Kms {
    fn rehearse_decrypt(&self, pair: &KeyPairFile) -> Result<(), KmsError> {
        expect_dry_run(self.send(pair, self.decrypt_request(pair).dry_run(true)))
    }

    fn decrypt(&self, pair: &KeyPairFile, guard: &MemoryGuard) -> Result<PrivateKeyDer, KmsError> {
        let answer = self.send(pair, self.decrypt_request(pair))?;
        let mut plaintext = answer
            .plaintext
            .ok_or(KmsError::Incomplete {
                operation: OPERATION,
                field: "Plaintext",
            })?
            .into_inner();
        let private_key = PrivateKeyDer::take(guard, &mut plaintext).map_err(KmsError::Memory)?;
        self.check_key(pair, answer.key_id.as_deref())?;
        Ok(private_key)
    }

    fn decrypt_for_recipient(
        &self,
        pair: &KeyPairFile,
        attestation: &AttestationDocument,
    ) -> Result<RecipientEnvelope, KmsError> {
        let recipient = RecipientInfo::builder()
            .key_encryption_algorithm(KeyEncryptionMechanism::RsaesOaepSha256)
            .attestation_document(Blob::new(attestation.bytes()))
            .build();
        let answer = self.send(pair, self.decrypt_request(pair).recipient(recipient))?;
        // API reference: "If this parameter [Recipient] is used, the Plaintext field is null or empty."
        if answer
            .plaintext
            .is_some_and(|plaintext| !plaintext.into_inner().is_empty())
        {
            return Err(KmsError::NotSealed);
        }
        let envelope = answer.ciphertext_for_recipient.ok_or(KmsError::Incomplete {
            operation: OPERATION,
            field: "CiphertextForRecipient",
        })?;
        self.check_key(pair, answer.key_id.as_deref())?;
        RecipientEnvelope::parse(envelope.as_ref()).map_err(KmsError::Envelope)
    }
}
