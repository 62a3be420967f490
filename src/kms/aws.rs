//! The KMS client.

use std::collections::HashMap;

use aws_sdk_kms::Client;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::types::{DataKeyPairSpec, KeySpec as AwsKeySpec, KeyUsageType};
use tokio::runtime::Runtime;

use super::exception::translate;
use super::pair::{refuse_weak, region_of};
use super::{EncryptionContext, KeyArn, KeyPairFile, KeySpec, KmsError};
use crate::aws::{AwsError, AwsSettings, SdkConfig};
use crate::signer::PublicKey;

/// A connection to KMS, with the settings of the usual AWS chain (environment, profile, SSO, IMDS) or of the caller.
#[derive(Debug)]
pub struct Kms {
    pub(super) runtime: Runtime,
    pub(super) client: Client,
    region: String,
    pub(super) pinned_key: Option<String>,
    pub(super) grant_tokens: Vec<String>,
}

/// A KMS key that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreatedKey {
    /// The key's ARN.
    pub arn: String,
    /// Its alias, if one was requested.
    pub alias: Option<String>,
}

/// How KMS answered a call that changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reachability {
    /// It answered.
    Answered,
    /// It answered that this principal may not make the call (`kms:ListAliases`), which also shows that KMS can be reached.
    Denied,
}

fn about_region(error: AwsError, key: Option<&str>) -> KmsError {
    match (error, key) {
        (AwsError::OtherRegion { set, .. }, Some(key)) => KmsError::Region {
            key: key.to_owned(),
            region: set,
        },
        (error, _) => KmsError::Aws(error),
    }
}

impl Kms {
    /// Loads the AWS settings, without a call to KMS. `key` names the key that the work is about: if no region is set, its ARN's region is used; if
    /// one is set, it must be the ARN's.
    ///
    /// # Errors
    /// [`KmsError::Region`], [`KmsError::Aws`]
    pub fn connect(key: Option<&str>) -> Result<Self, KmsError> {
        let settings = AwsSettings::load(key.and_then(region_of));
        Ok(Self::of(settings.map_err(|error| about_region(error, key))?))
    }

    /// With settings that the caller has loaded or made, without a call to KMS. `key` as in [`connect`](Self::connect).
    ///
    /// The limits of this library are added: an answer ends after 4 MiB, an unencrypted endpoint is refused unless it is on this machine,
    /// and a timeout that is not set gets a value.
    ///
    /// The methods block, on a runtime of their own: async code calls them, and drops the value, on a blocking thread.
    ///
    /// # Errors
    /// [`KmsError::Region`], [`KmsError::Aws`]
    pub fn with_config(config: &SdkConfig, key: Option<&str>) -> Result<Self, KmsError> {
        let settings = AwsSettings::of_caller(config, key.and_then(region_of));
        Ok(Self::of(settings.map_err(|error| about_region(error, key))?))
    }

    fn of(settings: AwsSettings) -> Self {
        let config = aws_sdk_kms::config::Builder::from(&settings.sdk)
            .interceptor(AwsSettings::interceptor())
            .retry_classifier(AwsSettings::retry_classifier())
            .build();
        Self {
            runtime: settings.runtime,
            client: Client::from_conf(config),
            region: settings.region,
            pinned_key: None,
            grant_tokens: Vec::new(),
        }
    }

    /// Makes [`decrypt`](super::KeyPairDecryptor::decrypt) name `key` to KMS instead of the pair file's key: KMS then refuses a ciphertext of any
    /// other key.
    #[must_use]
    pub fn pin_key(self, key: Option<String>) -> Self {
        Self {
            pinned_key: key,
            ..self
        }
    }

    /// Sends these grant tokens with every call about a key (KMS developer guide, "Using a grant token"): a new grant is effective at once with its
    /// token, and only after some minutes without.
    #[must_use]
    pub fn with_grant_tokens(self, grant_tokens: Vec<String>) -> Self {
        Self { grant_tokens, ..self }
    }

    /// The region of the calls.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Creates a symmetric encryption key, and its alias.
    ///
    /// The alias is looked up first: a key made for an alias that is taken would be left behind, and would cost money.
    ///
    /// # Errors
    /// [`KmsError::AliasExists`], [`KmsError::AliasNotMade`], and any refusal by KMS.
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
        // Not repeated: after a lost answer, a second key would be created, and would cost money.
        let once = aws_sdk_kms::config::Builder::new().retry_config(RetryConfig::disabled());
        let answer = self
            .runtime
            .block_on(request.customize().config_override(once).send())
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

    /// `GenerateDataKeyPairWithoutPlaintext`: the private key leaves KMS only in encrypted form.
    ///
    /// # Errors
    /// Any refusal by KMS; [`KmsError::AnsweredOtherwise`] when the answer is about another KMS key or spec than requested; [`KmsError::WeakKey`].
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
            .set_grant_tokens(self.grant_tokens())
            .set_encryption_context(some_context(&context));
        let answer = self
            .runtime
            .block_on(request.send())
            .map_err(|error| translate(OPERATION, key, error))?;
        let public_key = answer.public_key.ok_or_else(|| incomplete("PublicKey"))?;
        let public_key = PublicKey::from_der(public_key.as_ref()).map_err(KmsError::PublicKey)?;
        if public_key.algorithm() != spec.algorithm() {
            return Err(KmsError::AnsweredOtherwise {
                operation: OPERATION,
                asked: spec.to_string(),
                answered: public_key.algorithm().to_string(),
            });
        }
        refuse_weak(&public_key)?;
        let answered = answer.key_id.ok_or_else(|| incomplete("KeyId"))?;
        let key_id = KeyArn::parse(&answered)
            .filter(|arn| arn.may_be_named(key) && arn.region() == self.region)
            .ok_or_else(|| KmsError::AnsweredOtherwise {
                operation: OPERATION,
                asked: format!("{key} in {}", self.region),
                answered,
            })?;
        Ok(KeyPairFile {
            private_key_ciphertext: answer
                .private_key_ciphertext_blob
                .ok_or_else(|| incomplete("PrivateKeyCiphertextBlob"))?
                .into_inner(),
            public_key,
            key_id,
            spec,
            encryption_context: context,
            key_material_id: answer.key_material_id,
        })
    }

    /// Asks KMS whether it would generate a key pair under `key` (`DryRun`): KMS checks the policies and generates nothing.
    ///
    /// # Errors
    /// What the real call would fail with.
    pub fn rehearse_generate(&self, key: &str) -> Result<(), KmsError> {
        let request = self
            .client
            .generate_data_key_pair_without_plaintext()
            .key_id(key)
            .key_pair_spec(DataKeyPairSpec::Rsa2048)
            .set_grant_tokens(self.grant_tokens())
            .dry_run(true);
        let answer = self.runtime.block_on(request.send());
        expect_dry_run(answer.map_err(|error| translate("GenerateDataKeyPairWithoutPlaintext", key, error)))
    }

    pub(super) fn grant_tokens(&self) -> Option<Vec<String>> {
        (!self.grant_tokens.is_empty()).then(|| self.grant_tokens.clone())
    }

    /// Makes a call to KMS that changes nothing (`ListAliases`).
    ///
    /// # Errors
    /// Why KMS did not answer.
    pub fn probe(&self) -> Result<Reachability, KmsError> {
        let answer = self.runtime.block_on(self.client.list_aliases().limit(1).send());
        match answer.map_err(|error| translate("ListAliases", "", error)) {
            Ok(_) => Ok(Reachability::Answered),
            Err(KmsError::AccessDenied { .. }) => Ok(Reachability::Denied),
            Err(error) => Err(error),
        }
    }
}

pub(super) fn some_context(context: &EncryptionContext) -> Option<HashMap<String, String>> {
    (!context.is_empty()).then(|| context.clone().into_iter().collect())
}

/// KMS API reference, `DryRun`: an exception is the sign of success.
pub(super) fn expect_dry_run<T>(answer: Result<T, KmsError>) -> Result<(), KmsError> {
    match answer {
        Err(KmsError::Service { code, .. }) if code == "DryRunOperationException" => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(KmsError::DryRunIgnored),
    }
}
