//! `csr sign --identity` signs only for the HSM whose identity is verified.

use std::fs;

use serde_json::Value;

use crate::cluster::evidence::roots;
use crate::harness::{HSM1, HSM2, LocalCluster, Rig, Run, ready_authority};
use crate::oracle::assert_accepted;

/// A CA, and the files of a cluster in the directory `cluster`.
struct Desk {
    rig: Rig,
    cluster: LocalCluster,
}

impl Desk {
    fn of(hsm_type: &str, variation: &str) -> Self {
        let desk = Self {
            rig: ready_authority(),
            cluster: LocalCluster::create(hsm_type, variation),
        };
        desk.add(&desk.cluster);
        desk
    }

    /// The files of one more cluster in the same directory.
    fn add(&self, cluster: &LocalCluster) {
        let files = Rig::new();
        cluster.save(&files);
        fs::create_dir_all(self.rig.path("cluster")).expect("a directory");
        for name in files.files().iter().filter(|name| name.as_str() != "rig") {
            self.rig.write(&format!("cluster/{name}"), files.read(name));
        }
    }

    /// `csr sign`, behind the module that keeps a log.
    fn sign(&self, requests: &[&str], more: &[&str]) -> Run {
        let sign = ["--format", "json", "csr", "sign"];
        let authority = ["--ca", "customerCA.crt"];
        let arguments = [&sign[..], requests, &authority, more].concat();
        self.rig.command_with_rule(&arguments, &[])
    }

    fn request(&self) -> String {
        format!("cluster/{}_ClusterCsr.csr", self.cluster.id())
    }

    /// With the cluster's directory as identity.
    fn sign_for_identity(&self, request: &str, more: &[&str]) -> Run {
        let roots = self.roots();
        let roots: Vec<_> = roots.iter().map(String::as_str).collect();
        let identity = ["--out", "out.crt", "--identity", "cluster"];
        self.sign(&[request], &[&identity[..], &roots, more].concat())
    }

    fn roots(&self) -> Vec<String> {
        roots(&self.rig, "cluster/aws-root.crt", "cluster/manufacturer-root.crt")
    }

    /// No signature was asked for, and no file is there.
    #[track_caller]
    fn assert_nothing_signed(&self) {
        assert!(!self.rig.path("out.crt").exists(), "a certificate");
        if self.rig.path("calls.log").exists() {
            let calls = self.rig.calls();
            assert!(!calls.iter().any(|call| call.starts_with("C_Sign")), "{calls:?}");
        }
    }
}

#[test]
fn the_csr_of_a_verified_hsm_is_signed_and_the_unknown_roots_are_named() {
    for hsm_type in [HSM1, HSM2] {
        let desk = Desk::of(hsm_type, "");
        let signed = desk.sign_for_identity(&desk.request(), &[]).ok().json();
        assert_accepted(&desk.rig, "out.crt", "customerCA.crt");
        let warnings = signed["warnings"].as_array().expect("warnings");
        let warning = warnings[0].as_str().expect("text");
        assert!(
            warning
                .starts_with("the HSM's identity is verified, but under roots that hsm-ca does not know: "),
            "{warning}"
        );
        assert_eq!(
            (warnings.len(), warning.matches("SHA-256").count()),
            (1, 2),
            "{warning}"
        );
    }
}

#[test]
fn the_csr_of_an_hsm_that_is_not_verified_is_not_signed() {
    for (variation, words) in [
        ("csr-other-key", "The CSR, ClusterCsr, key: "),
        (
            "aws-expired",
            "AWS's chain, AWS hardware certificate, validity: expired on ",
        ),
        (
            "manufacturer-crossed",
            "The manufacturer's chain, HSM certificate, issuer: ",
        ),
        ("hsm-other-hardware", "AWS's chain, HSM certificate, signature: "),
    ] {
        let desk = Desk::of(HSM1, variation);
        let message = desk
            .sign_for_identity(&desk.request(), &[])
            .refused(3, "identity-not-verified");
        assert!(message.contains(words), "{message}");
        desk.assert_nothing_signed();
    }
    // Without trust in the roots.
    let desk = Desk::of(HSM2, "");
    let roots = desk.roots();
    let mut arguments = vec!["--out", "out.crt", "--identity", "cluster"];
    let files = [&roots[..2], &roots[4..6]].concat();
    arguments.extend(files.iter().map(String::as_str));
    let message = desk
        .sign(&[&desk.request()], &arguments)
        .refused(3, "identity-not-verified");
    assert!(message.contains("no known root of AWS"), "{message}");
    desk.assert_nothing_signed();
}

#[test]
fn a_csr_with_a_broken_signature_is_not_signed() {
    let desk = Desk::of(HSM2, "csr-broken");
    let message = desk
        .sign_for_identity(&desk.request(), &[])
        .refused(3, "identity-not-verified");
    assert!(message.contains("The CSR, ClusterCsr, signature: "), "{message}");
    desk.assert_nothing_signed();
}

#[test]
fn the_csr_of_another_hsm_than_the_directory_s_is_not_signed() {
    let desk = Desk::of(HSM2, "");
    let other = LocalCluster::create(HSM2, "");
    desk.rig.write("other.csr", other.certificate("ClusterCsr"));
    let message = desk.sign_for_identity("other.csr", &[]).refused(3, "other-hsm");
    assert!(
        message.starts_with("other.csr: ") && message.contains("a different key"),
        "{message}"
    );
    desk.assert_nothing_signed();
    // In a batch, the right one is not signed either.
    let (request, roots) = (desk.request(), desk.roots());
    let mut arguments = vec!["--out-dir", ".", "--identity", "cluster"];
    arguments.extend(roots.iter().map(String::as_str));
    desk.sign(&[&request, "other.csr"], &arguments)
        .refused(3, "other-hsm");
    desk.assert_nothing_signed();
    assert!(
        !desk
            .rig
            .files()
            .iter()
            .any(|name| name.contains("CustomerHsmCertificate"))
    );
}

#[test]
fn of_several_clusters_in_the_directory_one_is_named() {
    let desk = Desk::of(HSM2, "");
    let other = LocalCluster::create(HSM2, "");
    desk.add(&other);
    let message = desk.sign_for_identity(&desk.request(), &[]).refused(2, "usage");
    assert!(message.contains("--cluster"), "{message}");
    desk.sign_for_identity(&desk.request(), &["--cluster", other.id()])
        .refused(3, "other-hsm");
    desk.assert_nothing_signed();
    desk.sign_for_identity(&desk.request(), &["--cluster", desk.cluster.id()])
        .ok();
}

#[test]
fn without_identity_there_is_a_warning() {
    const WARNING: &str = "the HSM's identity is not checked";
    let desk = Desk::of(HSM2, "csr-other-key");
    let signed = desk.sign(&[&desk.request()], &["--out", "out.crt"]).ok().json();
    let warning = signed["warnings"][0].as_str().expect("a warning");
    assert!(warning.starts_with(WARNING), "{warning}");
    let (request, sign) = (desk.request(), ["csr", "sign", "--ca", "customerCA.crt", "--out"]);
    let run = desk
        .rig
        .command(&[&sign[..], &["text.crt", &request]].concat())
        .ok();
    assert!(run.stderr.contains(&format!("warning: {WARNING}")), "{run:?}");
    assert!(!run.stdout.contains(WARNING), "{run:?}");
    // For a client certificate, the warning is absent.
    let profile = ["--out", "client.crt", "--profile", "cloudhsm-client"];
    let signed = desk.sign(&[&request], &profile).ok().json();
    assert_eq!(signed["warnings"], Value::Null);
}

#[test]
fn the_options_for_an_identity_need_one() {
    let desk = Desk::of(HSM2, "");
    let request = desk.request();
    for lonely in [
        &["--aws-root", "cluster/aws-root.crt"][..],
        &["--aws-root-sha256", &"0".repeat(64)],
        &["--manufacturer-root-sha256", &"0".repeat(64)],
        &["--manufacturer-root", "cluster/manufacturer-root.crt"],
        &["--cluster", "cluster-aaaaaaaaaaa"],
    ] {
        let out = ["--out", "out.crt"];
        let message = desk
            .sign(&[&request], &[&out[..], lonely].concat())
            .refused(2, "usage");
        assert!(message.contains("--identity DIR"), "{message}");
    }
    let message = desk
        .sign_for_identity(&request, &["--profile", "cloudhsm-client"])
        .refused(2, "usage");
    assert!(
        message.contains("cloudhsm-cluster") && message.contains("cloudhsm-client"),
        "{message}"
    );
    desk.assert_nothing_signed();
}

#[test]
fn an_incomplete_directory_proves_no_identity() {
    let desk = Desk::of(HSM1, "");
    let file = format!("cluster/{}_AwsHardwareCertificate.crt", desk.cluster.id());
    fs::remove_file(desk.rig.path(&file)).expect("a file");
    let message = desk
        .sign_for_identity(&desk.request(), &[])
        .refused(3, "identity-incomplete");
    assert!(message.contains(&file), "{message}");
    desk.assert_nothing_signed();
}
