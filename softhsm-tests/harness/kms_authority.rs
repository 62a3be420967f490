//! A machine without a PKCS#11 module, and signing keys in the local KMS.

use serde_json::{Value, json};

use super::sealed::kms;
use super::{Rig, Run};
use crate::oracle::openssl;

/// The alias of the current key.
const ALIAS: &str = "alias/ca-of-";

/// A machine without a token, and a KMS key that is a CA's.
pub(crate) struct KmsAuthority {
    pub(crate) rig: Rig,
    /// The key's ARN.
    pub(crate) arn: String,
    /// The key's name for commands: its alias.
    pub(crate) name: String,
}

/// Makes a KMS key; its ARN.
pub(crate) fn make_kms_key(spec: &str, usage: &str) -> String {
    let made = kms("CreateKey", &json!({ "KeySpec": spec, "KeyUsage": usage }));
    made["KeyMetadata"]["Arn"].as_str().expect("an ARN").to_owned()
}

impl KmsAuthority {
    /// A key of this spec. `access_key` must be unique to the test, so that its KMS calls can be told apart.
    pub(crate) fn with_key(spec: &str, access_key: &str) -> Self {
        let rig = Rig::without_token()
            .with_aws()
            .with("AWS_ACCESS_KEY_ID", access_key);
        let arn = make_kms_key(spec, "SIGN_VERIFY");
        let alias = format!("{ALIAS}{access_key}");
        kms("CreateAlias", &json!({ "AliasName": alias, "TargetKeyId": arn }));
        Self {
            rig,
            arn,
            name: format!("kms:{alias}"),
        }
    }

    /// With its certificate in `customerCA.crt`, and a request in `request.csr`. Forgets the KMS calls so far.
    pub(crate) fn new(spec: &str, access_key: &str) -> Self {
        let authority = Self::with_key(spec, access_key);
        authority.create("customerCA.crt", &[]).ok();
        authority.make_request();
        authority.rig.kms_requests();
        authority
    }

    /// `ca create`
    pub(crate) fn create(&self, out: &str, more: &[&str]) -> Run {
        let create = ["ca", "create", "--subject", "CN=Test CA,O=Test,C=US"];
        let key = ["--key", self.name.as_str(), "--out", out];
        self.rig.json(&[&create[..], &key, more].concat())
    }

    /// `csr sign` of `request.csr`, under `customerCA.crt`: a new signature each time.
    pub(crate) fn sign(&self, out: &str, more: &[&str]) -> Run {
        let sign = ["csr", "sign", "request.csr", "--again", "--ca", "customerCA.crt"];
        let profile = ["--profile", "cloudhsm-cluster"];
        let key = ["--key", self.name.as_str(), "--out", out];
        self.rig.json(&[&sign[..], &profile, &key, more].concat())
    }

    pub(crate) fn make_request(&self) {
        let make = [
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "request.key",
        ];
        let request = ["-subj", "/O=Test/CN=A request", "-out", "request.csr"];
        openssl(&self.rig, &[&make[..], &request].concat());
    }

    /// The parameters of the `Sign` requests since the last query.
    pub(crate) fn signatures(&self) -> Vec<Value> {
        let requests = self.rig.kms_requests().into_iter();
        requests
            .filter(|(operation, _)| operation == "Sign")
            .map(|(_, parameters)| parameters)
            .collect()
    }
}
