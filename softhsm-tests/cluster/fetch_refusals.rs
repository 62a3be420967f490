//! `cluster fetch` with nothing to fetch, and with unusable answers of AWS.

use base64ct::{Base64, Encoding};

use crate::cluster::fetch::{fetch, fetched, rig};
use crate::harness::{HSM1, HSM2, LocalCluster, Rig, Weather};
use crate::oracle::openssl;

/// Refused, and nothing is written.
#[track_caller]
pub(crate) fn assert_refused(rig: &Rig, cluster: &str, code: i32, kind: &str, words: &str) {
    let message = fetch(rig, cluster, &[]).refused(code, kind);
    assert!(message.contains(words), "{message}");
    assert_eq!(fetched(rig), [""; 0]);
}

#[test]
fn a_cluster_without_a_csr_says_why() {
    let rig = rig();
    let cluster = LocalCluster::without_hsm(HSM2);
    assert_refused(&rig, cluster.id(), 3, "no-csr-yet", "has no HSM yet");
    for (state, kind, words) in [
        ("CREATE_IN_PROGRESS", "no-csr-yet", "is being created"),
        ("DELETE_IN_PROGRESS", "cluster-state", "is DELETE_IN_PROGRESS"),
        ("DELETED", "cluster-state", "is DELETED"),
        ("DEGRADED", "cluster-state", "is DEGRADED"),
        // Nothing shows that it was ever initialised.
        ("ROLLBACK_IN_PROGRESS", "cluster-state", "is ROLLBACK_IN_PROGRESS"),
    ] {
        cluster.set_state(state);
        assert_refused(&rig, cluster.id(), 3, kind, words);
    }
    let cluster = LocalCluster::create(HSM2, "");
    cluster.set_hsm_state("CREATE_IN_PROGRESS");
    assert_refused(&rig, cluster.id(), 3, "no-csr-yet", "is CREATE_IN_PROGRESS");
    let cluster = LocalCluster::create(HSM2, "");
    for kind in [
        "ClusterCsr",
        "HsmCertificate",
        "AwsHardwareCertificate",
        "ManufacturerHardwareCertificate",
    ] {
        cluster.set_certificate(kind, None);
    }
    assert_refused(&rig, cluster.id(), 3, "no-csr", "AWS returned no CSR");
}

#[test]
fn a_cluster_that_is_being_initialised_has_its_state_to_show() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    cluster.set_state("INITIALIZE_IN_PROGRESS");
    let result = fetch(&rig, cluster.id(), &[]).ok().json();
    assert_eq!(result["csr"], false);
    assert_eq!(fetched(&rig), [format!("{}_Cluster.json", cluster.id())]);
}

#[test]
fn certificates_that_are_missing_are_not_made_up() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    cluster.set_certificate("AwsHardwareCertificate", None);
    let result = fetch(&rig, cluster.id(), &[]).ok().json();
    assert_eq!(result["written"].as_array().map(Vec::len), Some(4));
    let file = format!("{}_AwsHardwareCertificate.crt", cluster.id());
    assert!(!fetched(&rig).contains(&file));
    let verify = ["cluster", "verify", "--dir", "out"];
    let root = rig.path("root.crt");
    let root = root.to_str().expect("UTF-8");
    let make = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "k", "-subj", "/CN=a",
    ];
    openssl(&rig, &[&make[..], &["-out", root]].concat());
    let roots = ["--aws-root", root, "--manufacturer-root", root];
    let message = rig
        .json(&[&verify[..], &roots].concat())
        .refused(3, "identity-incomplete");
    assert!(message.contains(&file), "{message}");
}

#[test]
fn an_answer_that_is_not_a_certificate_leaves_no_file() {
    let rig = rig();
    let good = LocalCluster::create(HSM2, "");
    let certificate = good.certificate("HsmCertificate");
    for kind in ["ClusterCsr", "HsmCertificate", "ManufacturerHardwareCertificate"] {
        let other = if kind == "ClusterCsr" {
            certificate.clone()
        } else {
            good.certificate("ClusterCsr")
        };
        let own = good.certificate(kind);
        for broken in [
            "nothing".to_owned(),
            own.replacen("-----END", "", 1),
            own.replacen("MII", "MIJ", 1),
            own.repeat(2),
            other,
        ] {
            let cluster = LocalCluster::create(HSM2, "");
            cluster.set_certificate(kind, Some(&broken));
            assert_refused(&rig, cluster.id(), 4, "cloudhsm-answer", kind);
        }
    }
}

#[test]
fn an_answer_that_the_second_decoder_refuses_leaves_no_file() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    rig.write(
        "hardware.crt",
        cluster.certificate("ManufacturerHardwareCertificate"),
    );
    let convert = [
        "x509",
        "-in",
        "hardware.crt",
        "-outform",
        "DER",
        "-out",
        "hardware.der",
    ];
    openssl(&rig, &convert);
    let mut der = rig.read("hardware.der");
    // rsaEncryption, and the BIT STRING behind it: one bit of the key is not used.
    let encryption = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82";
    let at = der
        .windows(encryption.len())
        .position(|window| window == encryption);
    let unused = at.expect("an RSA key") + encryption.len() + 2;
    assert_eq!(der[unused], 0, "all bits are used");
    der[unused] = 1;
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        Base64::encode_string(&der)
    );
    cluster.set_certificate("ManufacturerHardwareCertificate", Some(&pem));
    let words = "ManufacturerHardwareCertificate";
    assert_refused(&rig, cluster.id(), 4, "cloudhsm-answer", words);
}

#[test]
fn another_account_s_cluster_and_one_that_never_was() {
    let rig = rig();
    let cluster = LocalCluster::in_account(HSM1, "444455556666");
    let words = "in us-east-1";
    assert_refused(&rig, cluster.id(), 4, "cluster-not-found", words);
    assert_refused(&rig, "cluster-aaaaaaaaaaa", 4, "cluster-not-found", words);
    // In its own account, and in another region.
    let rig = rig.with("AWS_ACCESS_KEY_ID", "AKIA444455556666");
    let elsewhere = rig.with("AWS_REGION", "eu-west-1");
    assert_refused(&elsewhere, cluster.id(), 4, "cluster-not-found", "eu-west-1");
    let rig = elsewhere.with("AWS_REGION", "us-east-1");
    fetch(&rig, cluster.id(), &[]).ok();
}

#[test]
fn an_invalid_id_is_refused_without_a_call() {
    const KEY: &str = "AKIACLUSTERBADID";
    let rig = rig().with("AWS_ACCESS_KEY_ID", KEY);
    for id in [
        "cluster-1",
        "hsm-aaaaaaaaaaa",
        "cluster-../../etc/x",
        "",
        "cluster-aaaaaaaaaa1",
    ] {
        let message = fetch(&rig, id, &[]).refused(2, "usage");
        assert!(message.contains("is not a cluster id"), "{message}");
    }
    assert_eq!(Weather::of(KEY).calls(), [""; 0]);
}

#[test]
fn a_directory_is_created_but_not_its_parents() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    let fetch = |directory: &str| rig.json(&["cluster", "fetch", cluster.id(), "--out-dir", directory]);
    let message = fetch("nowhere/at-all").refused(2, "no-directory");
    assert!(message.contains("nowhere"), "{message}");
    assert!(!rig.path("nowhere").exists());
    assert_eq!(
        fetch("somewhere").ok().json()["written"].as_array().map(Vec::len),
        Some(5)
    );
    rig.write("a-file", "");
    assert_eq!(fetch("a-file").code, Some(2));
}
