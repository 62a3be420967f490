//! The other side of the sealed route: recipient keys, attestation documents, KMS keys with chosen answers, and the recorded KMS calls.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use serde_json::{Value, json};

use super::local_aws::{attestation_root, local_aws};
use super::{Rig, Run, TokenKind, python_tool};

/// The label of the recipient key.
pub(crate) const RECIPIENT: &str = "hsm-ca recipient key";

/// Sends a request to the local AWS directly.
fn ask(method: &str, path: &str, headers: &str, body: &str) -> Value {
    let address = local_aws().strip_prefix("http://").expect("a local address");
    let mut stream = TcpStream::connect(address).expect("the local AWS is there");
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .expect("it listens");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).expect("a status");
    assert_eq!(status, "200", "{method} {path}: {head} {body}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// An operation of KMS with an access key that no test counts.
pub(crate) fn kms(operation: &str, parameters: &Value) -> Value {
    let headers = format!(
        "X-Amz-Target: TrentService.{operation}\r\nContent-Type: application/x-amz-json-1.1\r\n\
        Authorization: AWS4-HMAC-SHA256 Credential=nobody/20250101/us-east-1/kms/aws4_request, \
        SignedHeaders=host, Signature=00\r\n"
    );
    ask("POST", "/", &headers, &parameters.to_string())
}

/// The id without the ARN, which moto needs in most places.
pub(crate) fn bare_id(arn: &str) -> &str {
    arn.rsplit('/').next().expect("an id")
}

impl Rig {
    /// A token with AWS settings and its own access key, so that its KMS calls can be told apart.
    pub(crate) fn asking_as(kind: TokenKind, access_key: &str) -> Self {
        Self::of(kind).with_aws().with("AWS_ACCESS_KEY_ID", access_key)
    }

    /// Kryoptic, the only test token that supports the sealed route, with a recipient key and a document for it.
    pub(crate) fn sealing(access_key: &str) -> Self {
        let rig = Self::asking_as(TokenKind::Kryoptic, access_key);
        rig.recipient_key();
        rig.attest(&[]);
        rig
    }

    fn access_key(&self) -> &str {
        let set = self.environment.iter().rev();
        let mut set = set.filter(|(name, _)| name == "AWS_ACCESS_KEY_ID");
        &set.next().expect("asking_as was called").1
    }

    /// A new KMS key, whose description chooses how it encodes keys and answers. Returns its ARN.
    pub(crate) fn kms_key(&self, description: &str) -> String {
        let created = self.json(&["kms", "create-key", "--description", description]);
        created.ok().json()["kms_key_arn"]
            .as_str()
            .expect("an ARN")
            .to_owned()
    }

    /// Changes how that key answers.
    pub(crate) fn describe_kms_key(&self, key: &str, description: &str) {
        let parameters = json!({ "KeyId": bare_id(key), "Description": description });
        kms("UpdateKeyDescription", &parameters);
    }

    /// A pair of this spec under that key.
    #[track_caller]
    pub(crate) fn generate(&self, key: &str, spec: &str, file: &str) {
        let generate = ["kms", "generate-key-pair", "--force", "--key-id", key];
        self.command(&[&generate[..], &["--spec", spec, "--out", file]].concat())
            .ok();
    }

    /// A pair in `pair.json`, under a new KMS key with that description. Returns the key's ARN.
    #[track_caller]
    pub(crate) fn generate_pair(&self, spec: &str, description: &str) -> String {
        let key = self.kms_key(description);
        self.generate(&key, spec, "pair.json");
        key
    }

    /// The public half of the recipient key, in `recipient.pem`.
    #[track_caller]
    pub(crate) fn recipient_key(&self) -> Value {
        self.json(&["kms", "recipient-key", "--force", "--out", "recipient.pem"])
            .ok()
            .json()
    }

    /// An attestation document for it, in `document`.
    #[track_caller]
    pub(crate) fn attest(&self, options: &[&str]) {
        self.attest_under(attestation_root(), options);
    }

    /// The same under a different root than KMS's.
    #[track_caller]
    pub(crate) fn attest_under(&self, root: &Path, options: &[&str]) {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/local-aws/attest.py");
        let [script, root] = [&script, root].map(|path| path.to_str().expect("UTF-8"));
        let attest = [
            script,
            "--public-key",
            "recipient.pem",
            "--root",
            root,
            "--out",
            "document",
        ];
        self.tool(python_tool("python"), &[&attest[..], options].concat())
            .ok();
    }

    /// `kms import` of `pair.json` with `document`.
    pub(crate) fn import_sealed(&self, more: &[&str]) -> Run {
        let import = ["kms", "import", "pair.json", "--label", "customer-ca"];
        let document = ["--attestation-document", "document"];
        self.json(&[&import[..], &document, more].concat())
    }

    /// The private key of `pair.json` from KMS, in base64 and in DER.
    pub(crate) fn private_key(&self) -> (String, Vec<u8>) {
        let pair: Value = serde_json::from_slice(&self.read("pair.json")).expect("JSON");
        let blob = &pair["PrivateKeyCiphertextBlob"];
        let decrypted = kms("Decrypt", &json!({ "CiphertextBlob": blob }));
        let base64 = decrypted["Plaintext"].as_str().expect("base64").to_owned();
        self.write("private.b64", &base64);
        let decode = ["base64", "-d", "-A", "-in", "private.b64", "-out", "private.der"];
        self.tool("openssl", &decode).ok();
        (base64, self.read("private.der"))
    }

    /// This rig's KMS calls since the last query: operations and parameters.
    pub(crate) fn kms_requests(&self) -> Vec<(String, Value)> {
        let path = format!("/_test/calls?access_key={}", self.access_key());
        let mut answer = ask("GET", &path, "", "");
        ask("DELETE", &path, "", "");
        let requests = answer["requests"].as_array_mut().expect("a list");
        let request = |request: &mut Value| {
            let operation = request["operation"].as_str().expect("a name").to_owned();
            (operation, request["parameters"].take())
        };
        requests.iter_mut().map(request).collect()
    }

    /// Sets KMS's faults for this rig.
    pub(crate) fn kms_faults(&self, faults: &Value) {
        let order = json!({ "access_key": self.access_key(), "faults": faults });
        ask("POST", "/_test/faults", "", &order.to_string());
    }

    /// The labels of the private keys on the token. Asserts that all other objects are public keys.
    #[track_caller]
    pub(crate) fn private_keys(&self) -> Vec<String> {
        let objects = self.objects();
        assert!(!objects.contains("Secret Key Object"), "{objects}");
        let privates = objects.split("Private Key Object").skip(1);
        let mut labels: Vec<_> = privates
            .filter_map(|object| object.lines().find_map(|line| line.trim().strip_prefix("label:")))
            .map(|label| label.trim().to_owned())
            .collect();
        labels.sort();
        labels
    }

    /// Deletes the imported key from the token.
    #[track_caller]
    pub(crate) fn delete_imported(&self) {
        for class in ["privkey", "pubkey"] {
            self.pkcs11_tool(&["--delete-object", "--type", class, "--label", "customer-ca"]);
        }
    }
}
