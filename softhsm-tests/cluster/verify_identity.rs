//! `cluster verify`: verified identities, and each faulty chain and CSR with its failed step. `openssl verify` judges the same chains,
//! except those with hardware certificates of version 1.

use crate::cluster::evidence::{AWS, CSR, Evidence, MANUFACTURER};
use crate::harness::{HSM1, HSM2, LocalCluster};
use crate::oracle::openssl;

#[test]
fn a_cluster_of_the_second_generation_is_verified_without_a_note_but_of_its_roots() {
    let evidence = Evidence::of(HSM2, "");
    let verdict = evidence.verdict();
    assert_eq!(verdict.0["verified"], true);
    let notes = verdict.steps("note");
    assert!(notes.iter().all(|[_, _, step, _]| step == "root"), "{notes:#?}");
    assert_eq!(notes.len(), 2);
    // Each subject with its fingerprint, as openssl has it.
    for part in verdict.0["parts"].as_array().expect("parts") {
        for subject in part["subjects"].as_array().expect("subjects") {
            let file = match subject["file_kind"].as_str().expect("a kind") {
                "hsm-certificate" => evidence.file("HsmCertificate.crt"),
                "aws-hardware-certificate" => evidence.file("AwsHardwareCertificate.crt"),
                "manufacturer-hardware-certificate" => evidence.file("ManufacturerHardwareCertificate.crt"),
                "aws-root" => "aws-root.crt".to_owned(),
                "manufacturer-root" => "manufacturer-root.crt".to_owned(),
                role => {
                    assert_eq!(role, "cluster-csr");
                    continue;
                }
            };
            let show = ["x509", "-in", &file, "-noout", "-fingerprint", "-sha256"];
            let shown = openssl(&evidence.rig, &show).replace(':', "").to_lowercase();
            let own = subject["sha256"].as_str().expect("hex");
            assert!(shown.trim().ends_with(own), "{file}: {shown}, {own}");
        }
    }
}

#[test]
fn a_cluster_of_the_first_generation_is_verified_and_each_certificate_of_version_1_noted() {
    let verdict = Evidence::of(HSM1, "").verdict();
    assert_eq!(verdict.0["verified"], true);
    let notes = verdict.steps("note");
    let of_version_1: Vec<_> = notes
        .iter()
        .filter(|[_, _, step, found]| step == "ca-certificate" && found.contains("X.509 v1"))
        .map(|[_, role, ..]| role.as_str())
        .collect();
    let expected = [
        "aws-hardware-certificate",
        "manufacturer-hardware-certificate",
        "manufacturer-root",
    ];
    assert_eq!(of_version_1, expected);
    // In the second generation the same is noted, for such a certificate.
    let verdict = Evidence::of(HSM2, "aws-v1").verdict();
    assert_eq!(
        (&verdict.0["verified"], verdict.steps("note").len()),
        (&true.into(), 3)
    );
}

/// In both generations, on one side and on both, exactly these steps fail for the hardware's and the HSM's certificates.
#[track_caller]
fn assert_hardware_fault(fault: &str, of_hardware: &[[&'static str; 2]], of_hsm: &[[&'static str; 2]]) {
    for hsm_type in [HSM1, HSM2] {
        for (part, sides) in [
            ("aws", &[(AWS, "aws-hardware-certificate")][..]),
            (
                "manufacturer",
                &[(MANUFACTURER, "manufacturer-hardware-certificate")],
            ),
            (
                "hardware",
                &[
                    (AWS, "aws-hardware-certificate"),
                    (MANUFACTURER, "manufacturer-hardware-certificate"),
                ],
            ),
        ] {
            let verdict = Evidence::of(hsm_type, &format!("{part}-{fault}")).verdict();
            let mut expected = Vec::new();
            for (title, role) in sides {
                let steps = |role, faults: &[[&'static str; 2]]| -> Vec<[&str; 4]> {
                    faults
                        .iter()
                        .map(|[step, words]| [*title, role, *step, *words])
                        .collect()
                };
                expected.extend(steps("hsm-certificate", of_hsm));
                expected.extend(steps(role, of_hardware));
            }
            verdict.assert_failed(&expected);
        }
    }
}

const WRONG_KEY: &str = "the issuer's certificate has the right name but a different key";

#[test]
fn the_hardware_of_another_hsm_did_not_issue_this_one() {
    assert_hardware_fault(
        "crossed",
        &[],
        &[["issuer", "it is issued by"], ["signature", "does not verify"]],
    );
}

#[test]
fn hardware_of_the_right_name_and_another_key_did_not_issue_it_either() {
    assert_hardware_fault("other-key", &[], &[["signature", WRONG_KEY]]);
}

#[test]
fn hardware_that_another_key_of_the_roots_name_certified() {
    assert_hardware_fault("impostor", &[["signature", WRONG_KEY]], &[]);
}

#[test]
fn a_hardware_certificate_that_has_expired() {
    assert_hardware_fault("expired", &[["validity", "expired on "]], &[]);
}

#[test]
fn a_hardware_certificate_that_is_not_valid_yet() {
    assert_hardware_fault("not-yet-valid", &[["validity", "not valid before "]], &[]);
}

#[test]
fn a_hardware_certificate_of_version_3_that_says_ca_false() {
    assert_hardware_fault("ca-false", &[["ca-certificate", "CA:FALSE"]], &[]);
}

#[test]
fn a_hardware_certificate_of_version_3_without_basic_constraints() {
    assert_hardware_fault(
        "no-constraints",
        &[["ca-certificate", "no basicConstraints"]],
        &[],
    );
}

#[test]
fn a_hardware_certificate_that_must_not_sign_certificates() {
    assert_hardware_fault("no-cert-sign", &[["ca-certificate", "keyCertSign"]], &[]);
}

#[test]
fn a_hardware_certificate_with_an_unknown_critical_extension() {
    assert_hardware_fault(
        "unknown-critical",
        &[
            ["critical-extensions", "1.3.6.1.4.1.32473.1"],
            ["ca-certificate", "critical extension"],
        ],
        &[],
    );
}

#[test]
fn a_hardware_certificate_that_is_signed_with_sha1() {
    assert_hardware_fault("sha1", &[["signature", "SHA-1"]], &[]);
}

#[track_caller]
fn assert_fault(variation: &str, expected: &[[&str; 4]]) {
    for hsm_type in [HSM1, HSM2] {
        Evidence::of(hsm_type, variation)
            .verdict()
            .assert_failed(expected);
    }
}

#[test]
fn a_root_that_has_expired_or_is_not_valid_yet() {
    let aws = |words| [AWS, "aws-root", "validity", words];
    let manufacturer = |words| [MANUFACTURER, "manufacturer-root", "validity", words];
    assert_fault("aws-root-expired", &[aws("expired on ")]);
    assert_fault("aws-root-not-yet-valid", &[aws("not valid before ")]);
    assert_fault("manufacturer-root-expired", &[manufacturer("expired on ")]);
    assert_fault(
        "manufacturer-root-not-yet-valid",
        &[manufacturer("not valid before ")],
    );
}

#[test]
fn an_hsm_certificate_that_has_expired_or_is_not_valid_yet_fails_in_both_chains() {
    let both = |step, words| [AWS, MANUFACTURER].map(|part| [part, "hsm-certificate", step, words]);
    assert_fault("hsm-expired", &both("validity", "expired on "));
    assert_fault("hsm-not-yet-valid", &both("validity", "not valid before "));
    assert_fault("hsm-other-hardware", &both("signature", WRONG_KEY));
}

#[test]
fn a_csr_with_another_key_or_a_broken_signature() {
    let words = "the CSR is from another HSM";
    assert_fault("csr-other-key", &[[CSR, "cluster-csr", "key", words]]);
    let words = "does not verify";
    assert_fault("csr-broken", &[[CSR, "cluster-csr", "signature", words]]);
}

#[test]
fn the_csr_of_another_cluster_is_of_another_hsm() {
    let evidence = Evidence::of(HSM2, "");
    let other = LocalCluster::create(HSM2, "");
    evidence.replace("ClusterCsr.csr", other.certificate("ClusterCsr"));
    let words = "the CSR is from another HSM";
    evidence
        .verdict()
        .assert_failed(&[[CSR, "cluster-csr", "key", words]]);
    // The replaced HSM's too.
    let evidence = Evidence::of(HSM1, "");
    evidence.cluster.replace_hsm();
    evidence.replace("ClusterCsr.csr", evidence.cluster.certificate("ClusterCsr"));
    evidence
        .verdict()
        .assert_failed(&[[CSR, "cluster-csr", "key", words]]);
}

#[test]
fn two_hardware_certificates_under_each_other_s_names() {
    for hsm_type in [HSM1, HSM2] {
        let evidence = Evidence::of(hsm_type, "");
        let [aws, manufacturer] =
            ["Aws", "Manufacturer"].map(|side| format!("{side}HardwareCertificate.crt"));
        let content = evidence.rig.read(&evidence.file(&aws));
        evidence.replace(&aws, evidence.rig.read(&evidence.file(&manufacturer)));
        evidence.replace(&manufacturer, content);
        let role = "aws-hardware-certificate";
        let other_role = "manufacturer-hardware-certificate";
        evidence.verdict().assert_failed(&[
            [AWS, role, "issuer", "it is issued by"],
            [AWS, role, "signature", "does not verify"],
            [MANUFACTURER, other_role, "issuer", "it is issued by"],
            [MANUFACTURER, other_role, "signature", "does not verify"],
        ]);
    }
}
