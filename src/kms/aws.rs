//! The KMS client. Async stays in here: one current-thread runtime, one call at a time.

use std::time::Duration;

use aws_config::environment::EnvironmentVariableRegionProvider;
use aws_config::imds::region::ImdsRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeyPairSpec, KeySpec as AwsKeySpec, KeyUsageType};
use tokio::runtime::{Builder, Runtime};

use super::aws_error::translate;
use super::endpoint::EncryptedEndpoint;
use super::pair::region_of;
use super::{EncryptionContext, KeyPairDecryptor, KeyPairFile, KeySpec, KmsError};
use crate::secret::{MemoryGuard, PrivateKeyDer};
use crate::signer::PublicKey;

/// An operator waits for the answer: long enough for a slow link, short enough to notice a wrong proxy.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(60);

/// A connection to KMS with the settings of the usual AWS chain (environment, profile, SSO, IMDS).
#[derive(Debug)]
pub struct Kms {
    runtime: Runtime,
    client: Client,
    region: String,
    pinned_key: Option<String>,
}

/// A KMS key that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedKey {
    /// The key's ARN.
    pub arn: String,
    /// Its alias, if one was asked for.
    pub alias: Option<String>,
}

/// How KMS answered a question that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// It answered.
    Answered,
    /// It answered that this principal may not ask (`kms:ListAliases`), which is an answer too.
    Denied,
}

fn start_runtime() -> Result<Runtime, KmsError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| KmsError::Runtime {
        reason: error.to_string(),
    })
}

/// The region that is set in the environment or the profile, which must be that of the key's ARN; else that of the ARN; only
/// where neither names one, the machine's own (IMDS).
async fn choose_region(key: Option<&str>) -> Result<String, KmsError> {
    let set = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .region()
        .await;
    match (set, key.and_then(region_of)) {
        (Some(set), Some(keys)) if set.as_ref() != keys => Err(KmsError::Region {
            key: key.unwrap_or_default().to_owned(),
            region: set.to_string(),
        }),
        (Some(set), _) => Ok(set.to_string()),
        (None, Some(keys)) => Ok(keys.to_owned()),
        (None, None) => {
            let machine = ImdsRegionProvider::builder().build().region().await;
            machine.map(|region| region.to_string()).ok_or(KmsError::NoRegion)
        }
    }
}

impl Kms {
    /// Loads the AWS settings; KMS is not asked. `key` names the key the work is about: where no region is set, its ARN's
    /// counts, and where one is set, the two must agree.
    ///
    /// # Errors
    /// [`KmsError::NoRegion`], [`KmsError::Region`], [`KmsError::Runtime`]
    pub fn connect(key: Option<&str>) -> Result<Self, KmsError> {
        let runtime = start_runtime()?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(OPERATION_TIMEOUT)
            .build();
        let region = runtime.block_on(choose_region(key))?;
        let loader = aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .timeout_config(timeouts);
        let settings = runtime.block_on(loader.load());
        let config = aws_sdk_kms::config::Builder::from(&settings)
            .interceptor(EncryptedEndpoint)
            .build();
        Ok(Self {
            runtime,
            client: Client::from_conf(config),
            region,
            pinned_key: None,
        })
    }

    /// Has [`decrypt`](KeyPairDecryptor::decrypt) name `key` to KMS in place of the pair file's: KMS then refuses a
    /// ciphertext of any other key.
    #[must_use]
    pub fn pin_key(self, key: Option<String>) -> Self {
        Self {
            pinned_key: key,
            ..self
        }
    }

    /// The region that is asked.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Makes a symmetric encryption key, and its alias.
    ///
    /// The alias is looked up first: a key made for an alias that is taken would be left behind, and be paid for.
    ///
    /// # Errors
    /// [`KmsError::AliasExists`], [`KmsError::AliasNotMade`], and what KMS refuses.
    pub fn create_key(&self, alias: Option<&str>, description: Option<&str>) -> Result<CreatedKey, KmsError> {
        if let Some(alias) = alias {
            match self.describe_key(alias) {
                Ok(key) => {
                    return Err(KmsError::AliasExists {
                        alias: alias.to_owned(),
                        key,
                    });
                }
                Err(KmsError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        let request = self
            .client
            .create_key()
            .key_spec(AwsKeySpec::SymmetricDefault)
            .key_usage(KeyUsageType::EncryptDecrypt)
            .set_description(description.map(str::to_owned));
        let answer = self
            .runtime
            .block_on(request.send())
            .map_err(|error| translate("CreateKey", "", error))?;
        let arn = answer
            .key_metadata()
            .and_then(|metadata| metadata.arn())
            .ok_or(KmsError::Incomplete {
                operation: "CreateKey",
                field: "KeyMetadata.Arn",
            })?
            .to_owned();
        if let Some(alias) = alias {
            let request = self.client.create_alias().alias_name(alias).target_key_id(&arn);
            self.runtime
                .block_on(request.send())
                .map_err(|error| KmsError::AliasNotMade {
                    key: arn.clone(),
                    cause: Box::new(translate("CreateAlias", alias, error)),
                })?;
        }
        Ok(CreatedKey {
            arn,
            alias: alias.map(str::to_owned),
        })
    }

    fn describe_key(&self, key: &str) -> Result<String, KmsError> {
        let request = self.client.describe_key().key_id(key);
        let answer = self
            .runtime
            .block_on(request.send())
            .map_err(|error| translate("DescribeKey", key, error))?;
        let arn = answer.key_metadata().and_then(|metadata| metadata.arn());
        arn.map(str::to_owned).ok_or(KmsError::Incomplete {
            operation: "DescribeKey",
            field: "KeyMetadata.Arn",
        })
    }

    /// `GenerateDataKeyPairWithoutPlaintext`: the private key leaves KMS encrypted only.
    ///
    /// # Errors
    /// What KMS refuses; [`KmsError::Pair`] when the public key is not of the spec that was asked for.
    pub fn generate_key_pair(
        &self,
        key: &str,
        spec: KeySpec,
        context: EncryptionContext,
    ) -> Result<KeyPairFile, KmsError> {
        const OPERATION: &str = "GenerateDataKeyPairWithoutPlaintext";
        let incomplete = |field| KmsError::Incomplete {
            operation: OPERATION,
            field,
        };
        let request = self
            .client
            .generate_data_key_pair_without_plaintext()
            .key_id(key)
            .key_pair_spec(DataKeyPairSpec::from(spec.to_string().as_str()))
            .set_encryption_context((!context.is_empty()).then(|| context.clone().into_iter().collect()));
        let answer = self
            .runtime
            .block_on(request.send())
            .map_err(|error| translate(OPERATION, key, error))?;
        let public_key = answer.public_key.ok_or_else(|| incomplete("PublicKey"))?;
        let public_key = PublicKey::from_der(public_key.as_ref()).map_err(KmsError::PublicKey)?;
        if public_key.algorithm() != spec.algorithm() {
            return Err(KmsError::Pair {
                reason: format!("asked for {spec}, KMS made {}", public_key.algorithm()),
            });
        }
        Ok(KeyPairFile {
            private_key_ciphertext: answer
                .private_key_ciphertext_blob
                .ok_or_else(|| incomplete("PrivateKeyCiphertextBlob"))?
                .into_inner(),
            public_key,
            key_id: answer.key_id.ok_or_else(|| incomplete("KeyId"))?,
            spec,
            encryption_context: context,
            key_material_id: answer.key_material_id,
        })
    }

    /// Asks KMS something that changes nothing (`ListAliases`).
    ///
    /// # Errors
    /// What keeps it from answering.
    pub fn probe(&self) -> Result<Reachability, KmsError> {
        let answer = self.runtime.block_on(self.client.list_aliases().limit(1).send());
        match answer.map_err(|error| translate("ListAliases", "", error)) {
            Ok(_) => Ok(Reachability::Answered),
            Err(KmsError::AccessDenied { .. }) => Ok(Reachability::Denied),
            Err(error) => Err(error),
        }
    }
}

impl KeyPairDecryptor for Kms {
    fn decrypt(&self, pair: &KeyPairFile, guard: &MemoryGuard) -> Result<PrivateKeyDer, KmsError> {
        let key = self.pinned_key.as_deref().unwrap_or(&pair.key_id);
        let context = &pair.encryption_context;
        let request = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(pair.private_key_ciphertext.clone()))
            .key_id(key)
            .set_encryption_context((!context.is_empty()).then(|| context.clone().into_iter().collect()));
        // A runtime of its own, which takes the connection with it: KMS keeps connections open, and an open one may keep the
        // answer in its buffer.
        let runtime = start_runtime()?;
        let answer = runtime.block_on(request.send());
        drop(runtime);
        let answer = answer.map_err(|error| match translate("Decrypt", key, error) {
            KmsError::InvalidCiphertext { .. } => KmsError::InvalidCiphertext {
                with_context: !context.is_empty(),
            },
            other => other,
        })?;
        let mut plaintext = answer
            .plaintext
            .ok_or(KmsError::Incomplete {
                operation: "Decrypt",
                field: "Plaintext",
            })?
            .into_inner();
        let private_key = PrivateKeyDer::take(guard, &mut plaintext).map_err(KmsError::Memory)?;
        // KMS answers with the ARN of the key it used: that of the pinned key, or of the pair file's. An alias tells nothing.
        let expected = [Some(key), Some(&pair.key_id)].into_iter().flatten();
        let expected = expected.into_iter().find(|key| region_of(key).is_some());
        if let Some(expected) = expected.filter(|expected| answer.key_id.as_deref() != Some(expected)) {
            return Err(KmsError::IncorrectKey {
                key: expected.to_owned(),
            });
        }
        Ok(private_key)
    }
}
