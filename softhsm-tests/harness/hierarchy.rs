//! Two CAs on one token, one below the other.

use std::fs;

use super::templates::Templates;
use super::{ALIAS, Rig, Run};
use crate::oracle::{assert_accepted, make_request, openssl};

/// A root in `root.crt`; below it `sub.crt`, whose key is on the token and, for openssl, in `sub.key`.
pub(crate) struct Hierarchy {
    pub(crate) rig: Rig,
}

impl Hierarchy {
    /// `more` is added to the intermediate's profile; if empty, the built-in one is used.
    pub(crate) fn new(spec: &'static str, more: &str) -> Self {
        static TEMPLATES: Templates<&'static str> = Templates::new();
        let rig = TEMPLATES.copy_of(spec, || Self::two_keys(spec));
        let profile = match more {
            "" => "intermediate",
            more => {
                let profile = "name = \"sub\"\nrole = \"intermediate\"\ndays = 1000\nkeys = [\"rsa:2048\", \"ec:p256\", \"ec:p384\"]\n";
                rig.write("sub.toml", format!("{profile}{more}"));
                "./sub.toml"
            }
        };
        let sign = [
            "csr",
            "sign",
            "sub.csr",
            "--ca",
            "root.crt",
            "--out",
            "sub.crt",
            "--profile",
            profile,
        ];
        rig.command(&sign).ok();
        assert_accepted(&rig, "sub.crt", "root.crt");
        Self { rig }
    }

    /// The root in `root.crt`, and the request of the intermediate.
    fn two_keys(spec: &str) -> Rig {
        let rig = Rig::new().with_pair(spec);
        rig.import().ok();
        let create = [
            "ca",
            "create",
            "--key",
            "customer-ca",
            "--profile",
            "root",
            "--out",
            "root.crt",
        ];
        rig.command(&[&create[..], &["--subject", "CN=Root,C=US"]].concat())
            .ok();
        let generate = [
            "kms",
            "generate-key-pair",
            "--key-id",
            ALIAS,
            "--spec",
            spec,
            "--out",
            "pair.json",
            "--force",
        ];
        rig.command(&generate).ok();
        rig.import_as("sub").ok();
        // openssl makes the request, so it needs the key in a file this once.
        rig.write("sub.b64", rig.decrypt_with_aws_cli());
        openssl(&rig, &["base64", "-d", "-A", "-in", "sub.b64", "-out", "sub.der"]);
        openssl(
            &rig,
            &["pkey", "-inform", "DER", "-in", "sub.der", "-out", "sub.key"],
        );
        openssl(
            &rig,
            &[
                "req",
                "-new",
                "-key",
                "sub.key",
                "-subj",
                "/C=US/CN=Sub",
                "-out",
                "sub.csr",
            ],
        );
        rig
    }

    /// Signs with this program, under the intermediate.
    pub(crate) fn sign(&self, request: &str, profile: &str, out: &str) -> Run {
        let sign = [
            "csr",
            "sign",
            request,
            "--ca",
            "sub.crt",
            "--profile",
            profile,
            "--out",
            out,
        ];
        self.rig.json(&sign)
    }

    /// Signs with openssl, under the intermediate, ignoring its constraints: `NAME.crt` and `NAME.key`.
    pub(crate) fn force(&self, name: &str, subject: &str, extensions: &str) {
        let rig = &self.rig;
        make_request(rig, "forced.csr", &["-newkey", "rsa:2048"], &["-subj", subject]);
        fs::rename(rig.path("request.key"), rig.path(&format!("{name}.key"))).expect("the key");
        let base = "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n";
        rig.write("forced.ext", format!("{base}{extensions}\n"));
        let out = format!("{name}.crt");
        openssl(
            rig,
            &[
                "x509",
                "-req",
                "-in",
                "forced.csr",
                "-CA",
                "sub.crt",
                "-CAkey",
                "sub.key",
                "-CAcreateserial",
                "-days",
                "30",
                "-extfile",
                "forced.ext",
                "-out",
                &out,
            ],
        );
    }

    /// Whether `cert verify`, openssl and GnuTLS accept a certificate, for a purpose if given.
    pub(crate) fn verdicts(&self, certificate: &str, purpose: Option<&str>) -> [bool; 3] {
        let ours = [
            "cert",
            "verify",
            certificate,
            "--ca",
            "root.crt",
            "--ca",
            "sub.crt",
        ];
        let mut theirs = vec!["verify", "-CAfile", "root.crt", "-untrusted", "sub.crt"];
        if let Some(purpose) = purpose {
            theirs.extend(["-purpose", purpose]);
        }
        theirs.push(certificate);
        let chain = [self.rig.read(certificate), self.rig.read("sub.crt")].concat();
        self.rig.write("chain.pem", chain);
        let gnutls = [
            "--verify",
            "--load-ca-certificate",
            "root.crt",
            "--infile",
            "chain.pem",
        ];
        [
            self.rig.command(&ours).code == Some(0),
            self.rig.tool("openssl", &theirs).code == Some(0),
            self.rig.tool("certtool", &gnutls).code == Some(0),
        ]
    }

    /// The step of `cert verify` that failed.
    pub(crate) fn failed_step(&self, certificate: &str) -> String {
        let ours = [
            "cert",
            "verify",
            certificate,
            "--ca",
            "root.crt",
            "--ca",
            "sub.crt",
        ];
        let run = self.rig.json(&ours);
        assert_eq!(run.code, Some(3), "{run:#?}");
        let report = run.json();
        let steps = report["checks"].as_array().expect("steps").iter();
        let failed: Vec<_> = steps.filter(|step| step["state"] == "failed").collect();
        assert_eq!(failed.len(), 1, "{report}");
        failed[0]["check"].as_str().expect("a step").to_owned()
    }
}
