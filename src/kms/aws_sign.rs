//! `GetPublicKey` and `Sign`.

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::operation::sign::SignOutput;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeyUsageType, MessageType, SigningAlgorithmSpec};

use super::exception::translate;
use super::{Kms, KmsError, SigningKeyName};
use crate::aws::{may_have_happened, start_runtime};
use crate::signer::{Hash, Pss, PublicKey, SignError, SignatureAlgorithm, Signer};

const GET_PUBLIC_KEY: &str = "GetPublicKey";
const SIGN: &str = "Sign";

/// KMS API reference, `Sign`: a `Message` has at most this many bytes.
const LONGEST_MESSAGE: usize = 4096;

/// A KMS key that signs, as `GetPublicKey` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKey {
    /// Its ARN.
    pub arn: String,
    /// Its key spec: `RSA_2048`, `ECC_NIST_P384` and so on.
    pub spec: String,
    /// Its public half.
    pub public_key: PublicKey,
    /// The names of its signature algorithms: `RSASSA_PKCS1_V1_5_SHA_256` and so on.
    pub algorithms: Vec<String>,
}

impl Kms {
    /// Asks KMS for a key that signs.
    ///
    /// # Errors
    /// [`KmsError::UnfitKey`] if it is not a signing key, or of an unknown kind, and any refusal by KMS.
    pub fn signing_key(&self, name: &SigningKeyName) -> Result<SigningKey, KmsError> {
        let incomplete = |field| KmsError::Incomplete {
            operation: GET_PUBLIC_KEY,
            field,
        };
        let request = self.client.get_public_key().key_id(name.key());
        let answer = self
            .runtime
            .block_on(request.send())
            .map_err(|error| unfit(name.key(), translate(GET_PUBLIC_KEY, name.key(), error)))?;
        let arn = answer.key_id.ok_or_else(|| incomplete("KeyId"))?;
        if !name.may_be(&arn) {
            return Err(KmsError::AnsweredOtherwise {
                operation: GET_PUBLIC_KEY,
                asked: name.key().to_owned(),
                answered: arn,
            });
        }
        let reject = |reason: String| KmsError::UnfitKey {
            key: arn.clone(),
            reason,
        };
        let usage = answer.key_usage.ok_or_else(|| incomplete("KeyUsage"))?;
        if usage != KeyUsageType::SignVerify {
            return Err(reject(format!("its usage is {usage}, not SIGN_VERIFY")));
        }
        let der = answer.public_key.ok_or_else(|| incomplete("PublicKey"))?;
        let public_key = PublicKey::from_der(der.as_ref()).map_err(|error| reject(error.to_string()))?;
        let algorithms = answer.signing_algorithms.unwrap_or_default();
        Ok(SigningKey {
            spec: answer.key_spec.ok_or_else(|| incomplete("KeySpec"))?.to_string(),
            public_key,
            algorithms: algorithms.iter().map(ToString::to_string).collect(),
            arn,
        })
    }
}

/// A symmetric key has no public half, and a key of another usage does not sign: that is a fault of the key, not of KMS.
fn unfit(key: &str, error: KmsError) -> KmsError {
    match error {
        KmsError::Service { code, message, .. }
            if code == "UnsupportedOperationException" || code == "InvalidKeyUsageException" =>
        {
            KmsError::UnfitKey {
                key: key.to_owned(),
                reason: format!("{code}: {message}"),
            }
        }
        other => other,
    }
}

/// Signs with one KMS key.
#[derive(Clone, Copy, Debug)]
pub(super) struct KmsSigner<'a> {
    kms: &'a Kms,
    key: &'a SigningKey,
}

impl<'a> KmsSigner<'a> {
    pub(super) const fn new(kms: &'a Kms, key: &'a SigningKey) -> Self {
        Self { kms, key }
    }

    /// KMS's name of an algorithm that the key supports.
    fn name(&self, algorithm: SignatureAlgorithm) -> Result<SigningAlgorithmSpec, KmsError> {
        let listed = &self.key.algorithms;
        let named = name_of(algorithm).filter(|named| listed.iter().any(|name| name == named.as_str()));
        named.ok_or_else(|| KmsError::SigningAlgorithm {
            key: self.key.arn.clone(),
            algorithm,
            listed: listed.clone(),
        })
    }

    fn sign_in_kms(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, KmsError> {
        let named = self.name(algorithm)?;
        let (kind, content) = match algorithm.hash() {
            Some(hash) => (MessageType::Digest, hash.digest(message)),
            // KMS API reference, `Sign`: "ED25519_SHA_512 signing algorithm requires KMS MessageType:RAW". For ML-DSA, RAW is the algorithm of FIPS
            // 204 section 5.2; with EXTERNAL_MU, KMS would accept longer messages too.
            None => (MessageType::Raw, message.to_vec()),
        };
        if content.len() > LONGEST_MESSAGE {
            return Err(KmsError::MessageTooLong {
                key: self.key.arn.clone(),
                bytes: content.len(),
                longest: LONGEST_MESSAGE,
            });
        }
        let answer = self.ask_once(&named, kind, content)?;
        self.read_answer(&named, answer)
    }

    /// One request, on a connection of its own. An idle connection may have been closed, which would only show after the request was sent; and then
    /// it would be unknown whether KMS had received it.
    fn ask_once(
        &self,
        algorithm: &SigningAlgorithmSpec,
        kind: MessageType,
        message: Vec<u8>,
    ) -> Result<SignOutput, KmsError> {
        let once = aws_sdk_kms::config::Builder::new().retry_config(RetryConfig::disabled());
        let request = self
            .kms
            .client
            .sign()
            // Not the name that was given: an alias may point at another key by now.
            .key_id(&self.key.arn)
            .signing_algorithm(algorithm.clone())
            .message_type(kind)
            .message(Blob::new(message));
        let runtime = start_runtime().map_err(KmsError::Aws)?;
        let answer = runtime.block_on(request.customize().config_override(once).send());
        drop(runtime);
        answer.map_err(|error| {
            let uncertain = may_have_happened(&error);
            let error = unfit(&self.key.arn, translate(SIGN, &self.key.arn, error));
            if uncertain {
                self.may_be_signed(error)
            } else {
                error
            }
        })
    }

    fn may_be_signed(&self, cause: KmsError) -> KmsError {
        KmsError::MayBeSigned {
            key: self.key.arn.clone(),
            cause: Box::new(cause),
        }
    }

    /// KMS reports which key signed, and with which algorithm.
    fn read_answer(&self, asked: &SigningAlgorithmSpec, answer: SignOutput) -> Result<Vec<u8>, KmsError> {
        let incomplete = |field| {
            self.may_be_signed(KmsError::Incomplete {
                operation: SIGN,
                field,
            })
        };
        let key = answer.key_id.ok_or_else(|| incomplete("KeyId"))?;
        let algorithm = answer
            .signing_algorithm
            .ok_or_else(|| incomplete("SigningAlgorithm"))?;
        if key != self.key.arn || algorithm != *asked {
            return Err(KmsError::AnsweredOtherwise {
                operation: SIGN,
                asked: format!("{asked} by {}", self.key.arn),
                answered: format!("{algorithm} by {key}"),
            });
        }
        let signature = answer.signature.map(Blob::into_inner).unwrap_or_default();
        if signature.is_empty() {
            return Err(incomplete("Signature"));
        }
        Ok(signature)
    }
}

impl Signer for KmsSigner<'_> {
    fn public_key(&self) -> &PublicKey {
        &self.key.public_key
    }

    fn check(&self, algorithm: SignatureAlgorithm) -> Result<(), SignError> {
        self.name(algorithm).map(drop).map_err(SignError::new)
    }

    /// For ECDSA, KMS answers with the DER of RFC 3279 section 2.2.3.
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_in_kms(algorithm, message).map_err(SignError::new)
    }

    /// Each request to sign has a connection of its own, so any number of signers can be open.
    fn open_another(&self) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        Ok(Some(Box::new(KmsSigner::new(self.kms, self.key))))
    }
}

/// KMS's name of an algorithm that it supports.
fn name_of(algorithm: SignatureAlgorithm) -> Option<SigningAlgorithmSpec> {
    let by_hash = |hash, [sha256, sha384, sha512]: [SigningAlgorithmSpec; 3]| match hash {
        Hash::Sha224 => None,
        Hash::Sha256 => Some(sha256),
        Hash::Sha384 => Some(sha384),
        Hash::Sha512 => Some(sha512),
    };
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(hash) => by_hash(
            hash,
            [
                SigningAlgorithmSpec::RsassaPkcs1V15Sha256,
                SigningAlgorithmSpec::RsassaPkcs1V15Sha384,
                SigningAlgorithmSpec::RsassaPkcs1V15Sha512,
            ],
        ),
        // KMS developer guide, "RSASSA-PSS": the salt is as long as the digest.
        SignatureAlgorithm::RsaPss(Pss { hash, salt_bytes }) if salt_bytes == hash.bytes() => by_hash(
            hash,
            [
                SigningAlgorithmSpec::RsassaPssSha256,
                SigningAlgorithmSpec::RsassaPssSha384,
                SigningAlgorithmSpec::RsassaPssSha512,
            ],
        ),
        SignatureAlgorithm::RsaPss(_) => None,
        SignatureAlgorithm::Ecdsa(hash) => by_hash(
            hash,
            [
                SigningAlgorithmSpec::EcdsaSha256,
                SigningAlgorithmSpec::EcdsaSha384,
                SigningAlgorithmSpec::EcdsaSha512,
            ],
        ),
        // Not ED25519_PH_SHA_512, which RFC 8410 has no identifier for.
        SignatureAlgorithm::Ed25519 => Some(SigningAlgorithmSpec::Ed25519Sha512),
        // One name for the three parameter sets: the key determines the set.
        SignatureAlgorithm::MlDsa(_) => Some(SigningAlgorithmSpec::MlDsaShake256),
    }
}
