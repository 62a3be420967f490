//! A rig with the local AWS: KMS keys, pairs, and the AWS CLI.

use std::sync::OnceLock;

use serde_json::Value;

use super::local_aws::local_aws;
use super::{Rig, Run, python_tool};

/// The KMS alias of AWS's and Keyfactor's published recipe.
pub(crate) const ALIAS: &str = "alias/cloudhsm-customerCA-key-encryption-key";

impl Rig {
    /// The pair file's private key in base64, decrypted by the AWS CLI.
    pub(crate) fn decrypt_with_aws_cli(&self) -> String {
        let pair: Value = serde_json::from_slice(&self.read("pair.json")).expect("JSON");
        self.write(
            "blob.b64",
            pair["PrivateKeyCiphertextBlob"].as_str().expect("base64"),
        );
        self.tool(
            "openssl",
            &["base64", "-d", "-A", "-in", "blob.b64", "-out", "blob"],
        )
        .ok();
        let decrypt = [
            "kms",
            "decrypt",
            "--key-id",
            ALIAS,
            "--ciphertext-blob",
            "fileb://blob",
        ];
        self.aws(&[&decrypt[..], &["--query", "Plaintext", "--output", "text"]].concat())
            .ok()
            .stdout
            .trim()
            .to_owned()
    }

    /// A KMS key under the recipe's alias.
    pub(crate) fn with_key(self) -> Self {
        let rig = self.with_aws();
        rig.ensure_key();
        rig
    }

    /// A KMS key under the recipe's alias, and a pair in `pair.json`.
    pub(crate) fn with_pair(self, spec: &str) -> Self {
        let rig = self.with_key();
        rig.command(&[
            "kms",
            "generate-key-pair",
            "--key-id",
            ALIAS,
            "--spec",
            spec,
            "--out",
            "pair.json",
        ])
        .ok();
        rig
    }

    /// The settings of the local AWS.
    pub(crate) fn with_aws(self) -> Self {
        let aws = local_aws();
        self.with("AWS_ENDPOINT_URL", aws)
            .with("AWS_REGION", "us-east-1")
            .with("AWS_DEFAULT_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", "test")
            .with("AWS_SECRET_ACCESS_KEY", "test")
            .with("AWS_EC2_METADATA_DISABLED", "true")
    }

    /// The endpoint for AWS calls.
    pub(crate) fn endpoint(&self) -> String {
        let set = self
            .environment
            .iter()
            .rev()
            .find(|(name, _)| name == "AWS_ENDPOINT_URL");
        set.expect("with_aws was called").1.clone()
    }

    /// The alias is made once for all tests.
    fn ensure_key(&self) {
        static KEY: OnceLock<()> = OnceLock::new();
        KEY.get_or_init(|| drop(self.command(&["kms", "create-key", "--alias", ALIAS]).ok()));
    }

    /// The AWS CLI.
    pub(crate) fn aws(&self, arguments: &[&str]) -> Run {
        self.tool(python_tool("aws"), arguments)
    }
}
