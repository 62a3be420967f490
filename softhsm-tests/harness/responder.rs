//! A CA on a token, with OCSP requests about its certificates.

use std::fs;

use serde_json::Value;

use super::{ALIAS, Rig, Run};
use crate::oracle::{make_request, openssl};

/// A CA in `customerCA.crt`, with a ledger of its certificates.
pub(crate) struct Responder {
    pub(crate) rig: Rig,
}

impl Responder {
    /// `NAME.crt` and `NAME.key` of profile tls-server for `www.example.com`.
    pub(crate) fn issue(&self, name: &str) {
        let (request, out) = (format!("{name}.csr"), format!("{name}.crt"));
        let names = [
            "-subj",
            "/O=Test",
            "-addext",
            "subjectAltName=DNS:www.example.com",
        ];
        make_request(&self.rig, &request, &["-newkey", "rsa:2048"], &names);
        fs::rename(
            self.rig.path("request.key"),
            self.rig.path(&format!("{name}.key")),
        )
        .expect("the key");
        self.sign(&request, "tls-server", &out);
    }

    pub(crate) fn sign(&self, request: &str, profile: &str, out: &str) {
        let fixed = ["csr", "sign", request, "--ca", "customerCA.crt"];
        self.rig
            .json(&[&fixed[..], &["--profile", profile, "--out", out]].concat())
            .ok();
    }

    pub(crate) fn revoke(&self, certificate: &str, more: &[&str]) {
        let fixed = ["cert", "revoke", certificate, "--ca", "customerCA.crt"];
        self.rig.json(&[&fixed[..], more].concat()).ok();
    }

    /// A key on the token, and its certificate of profile ocsp-signer in `signer.crt`.
    pub(crate) fn with_signer(self, spec: &str) -> Self {
        let rig = &self.rig;
        let generate = ["kms", "generate-key-pair", "--key-id", ALIAS, "--spec", spec];
        rig.command(&[&generate[..], &["--out", "pair.json", "--force"]].concat())
            .ok();
        rig.command(&["kms", "import", "pair.json", "--label", "ocsp"])
            .ok();
        // openssl makes the request, so it needs the key in a file this once.
        rig.write("signer.b64", rig.decrypt_with_aws_cli());
        openssl(
            rig,
            &["base64", "-d", "-A", "-in", "signer.b64", "-out", "signer.der"],
        );
        let request = ["req", "-new", "-key", "signer.der", "-keyform", "DER"];
        openssl(
            rig,
            &[&request[..], &["-subj", "/CN=OCSP", "-out", "signer.csr"]].concat(),
        );
        self.sign("signer.csr", "ocsp-signer", "signer.crt");
        self
    }

    /// A request by openssl in `q.der`: `more` is `-cert FILE`, `-serial N`, `-sha256`, `-no_nonce`.
    pub(crate) fn ask(&self, more: &[&str]) {
        let fixed = ["ocsp", "-reqout", "q.der", "-issuer", "customerCA.crt"];
        openssl(&self.rig, &[&fixed[..], more].concat());
    }

    /// Our answer to `q.der` in `r.der`.
    pub(crate) fn respond(&self, more: &[&str]) -> Run {
        let fixed = ["ocsp", "respond", "--ca", "customerCA.crt", "--request", "q.der"];
        self.rig
            .json(&[&fixed[..], &["--out", "r.der", "--force"], more].concat())
    }

    /// The statuses in our answer.
    #[track_caller]
    pub(crate) fn statuses(&self, more: &[&str]) -> Vec<String> {
        let answer = self.respond(more).ok().json();
        let list = answer["certificates"].as_array().expect("a list").iter();
        list.map(|one: &Value| one["status"].as_str().expect("a status").to_owned())
            .collect()
    }
}
