//! A directory with the files that AWS provides about a cluster's HSM, and the verdicts of `cluster verify` and openssl on it.

use serde_json::Value;

use crate::harness::{LocalCluster, Rig, Run};
use crate::oracle::openssl;

pub(crate) const AWS: &str = "AWS's chain";
pub(crate) const MANUFACTURER: &str = "The manufacturer's chain";
pub(crate) const CSR: &str = "The CSR";

/// A directory with a cluster's CSR, certificates and roots.
pub(crate) struct Evidence {
    pub(crate) rig: Rig,
    pub(crate) cluster: LocalCluster,
}

impl Evidence {
    pub(crate) fn of(hsm_type: &str, variation: &str) -> Self {
        let rig = Rig::new();
        let cluster = LocalCluster::create(hsm_type, variation);
        cluster.save(&rig);
        Self { rig, cluster }
    }

    /// The name of one of the files.
    pub(crate) fn file(&self, suffix: &str) -> String {
        format!("{}_{suffix}", self.cluster.id())
    }

    /// Replaces one of the files by another cluster's.
    pub(crate) fn replace(&self, suffix: &str, content: impl AsRef<[u8]>) {
        self.rig.write(&self.file(suffix), content);
    }

    pub(crate) fn verify(&self, more: &[&str]) -> Run {
        self.rig
            .json(&[&["cluster", "verify", "--dir", "."], more].concat())
    }

    /// Verifies with the roots of the cluster, which are unknown.
    pub(crate) fn verify_with_roots(&self) -> Run {
        self.verify(&words(&self.roots()))
    }

    /// The options for the roots of the cluster, with their fingerprints.
    pub(crate) fn roots(&self) -> Vec<String> {
        roots(&self.rig, "aws-root.crt", "manufacturer-root.crt")
    }

    #[track_caller]
    pub(crate) fn verdict(&self) -> Verdict {
        let verdict = Verdict::of(&self.verify_with_roots());
        verdict.assert_agrees(self);
        verdict
    }

    /// The verdict of `openssl verify` on one of the two chains, as in the guide, without SHA-1.
    fn ask_openssl(&self, hardware: &str, root: &str) -> String {
        let hardware = self.file(&format!("{hardware}HardwareCertificate.crt"));
        let chain = [self.rig.read(&hardware), self.rig.read(root)].concat();
        self.rig.write("chain.pem", chain);
        let hsm = self.file("HsmCertificate.crt");
        let verify = ["verify", "-auth_level", "2", "-CAfile", "chain.pem", &hsm];
        let run = self.rig.tool("openssl", &verify);
        format!("{}{}", run.stdout, run.stderr)
    }
}

/// The options for two unknown roots, each with its SHA-256 from openssl.
pub(crate) fn roots(rig: &Rig, aws: &str, manufacturer: &str) -> Vec<String> {
    let side = |option: &str, file: &str| {
        let shown = openssl(rig, &["x509", "-in", file, "-noout", "-fingerprint", "-sha256"]);
        let fingerprint = shown.trim().rsplit('=').next().expect("hex").to_owned();
        [
            option.to_owned(),
            file.to_owned(),
            format!("{option}-sha256"),
            fingerprint,
        ]
    };
    [side("--aws-root", aws), side("--manufacturer-root", manufacturer)].concat()
}

pub(crate) fn words(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

/// The roots, by their files alone.
pub(crate) const FILES_OF_ROOTS: [&str; 4] = [
    "--aws-root",
    "aws-root.crt",
    "--manufacturer-root",
    "manufacturer-root.crt",
];

/// A result in JSON.
pub(crate) struct Verdict(pub(crate) Value);

impl Verdict {
    #[track_caller]
    pub(crate) fn of(run: &Run) -> Self {
        let verdict = Self(run.json());
        let is_verified = verdict.0["verified"] == true;
        assert_eq!(run.code, Some(if is_verified { 0 } else { 3 }), "{run:?}");
        assert_eq!(is_verified, verdict.steps("failed").is_empty(), "{run:?}");
        assert_eq!(
            verdict.0["failed_checks"],
            verdict.steps("failed").len(),
            "{run:?}"
        );
        verdict
    }

    /// The steps with this outcome: part, role, step and finding.
    pub(crate) fn steps(&self, state: &str) -> Vec<[String; 4]> {
        let list = |value: &Value| value.as_array().expect("a list").clone();
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let mut found = Vec::new();
        for part in list(&self.0["parts"]) {
            for subject in list(&part["subjects"]) {
                let steps = list(&subject["checks"]);
                for step in steps.iter().filter(|step| step["state"] == state) {
                    let named = [
                        &part["title"],
                        &subject["file_kind"],
                        &step["check"],
                        &step["found"],
                    ];
                    found.push(named.map(text));
                }
            }
        }
        found
    }

    /// Exactly these steps failed, with these words. Differing key identifiers do not count as a separate failure.
    #[track_caller]
    pub(crate) fn assert_failed(&self, expected: &[[&str; 4]]) {
        let mut failed = self.steps("failed");
        failed.retain(|[_, _, step, _]| step != "key-identifiers");
        let is_as = |(found, wanted): (&[String; 4], &[&str; 4])| {
            found[..3].iter().eq(&wanted[..3]) && found[3].contains(wanted[3])
        };
        let fits = failed.len() == expected.len() && failed.iter().zip(expected).all(is_as);
        assert!(fits, "{failed:#?}, not {expected:#?}");
    }

    /// openssl refuses each chain that is refused here, and accepts every other one, unless a note says that it has version 1.
    #[track_caller]
    fn assert_agrees(&self, evidence: &Evidence) {
        for (part, hardware, root) in [
            (AWS, "Aws", "aws-root.crt"),
            (MANUFACTURER, "Manufacturer", "manufacturer-root.crt"),
        ] {
            let said = evidence.ask_openssl(hardware, root);
            let of_part = |state| {
                let mut steps = self.steps(state);
                steps.retain(|[title, role, ..]| title == part && !role.ends_with("root"));
                steps
            };
            let is_version_1 = of_part("note")
                .iter()
                .any(|[.., step, _]| step == "ca-certificate");
            let failed = self.steps("failed").iter().any(|[title, ..]| title == part);
            if is_version_1 && !failed {
                assert!(said.contains("error 79 at 1 depth lookup"), "{part}: {said}");
                assert_eq!(said.matches("error ").count(), 2, "and nothing else: {said}");
            } else {
                assert_eq!(!said.contains(": OK"), failed, "{part}: {said}, {:#}", self.0);
            }
        }
        let request = evidence.file("ClusterCsr.csr");
        let verify = ["req", "-in", &request, "-verify", "-noout"];
        let said = evidence.rig.tool("openssl", &verify).ok().stderr;
        let failed = self.steps("failed");
        let is_broken = failed
            .iter()
            .any(|[part, _, step, _]| part == CSR && step == "signature");
        assert_eq!(!said.contains("self-signature verify OK"), is_broken, "{said}");
    }
}
