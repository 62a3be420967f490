//! The CSR and the hardware certificates of the local AWS CloudHSM, read by openssl: their forms, the two chains of AWS's guide, and each
//! variation for tests.

use std::fs;

use serde_json::json;

use crate::harness::{HSM1, HSM2, LocalCluster, Rig};
use crate::local_cluster::states::{cloudhsm, refused, rig};
use crate::oracle::openssl;

/// `openssl verify` as in the guide, with one of the two chains.
fn verify(rig: &Rig, cluster: &LocalCluster, hardware: &str, root: &str) -> String {
    let id = cluster.id();
    let chain = [rig.read(&format!("{id}_{hardware}.crt")), rig.read(root)].concat();
    rig.write("chain.crt", chain);
    let hsm = format!("{id}_HsmCertificate.crt");
    let run = rig.tool("openssl", &["verify", "-CAfile", "chain.crt", &hsm]);
    format!("{}{}", run.stdout, run.stderr)
}

fn verify_aws(rig: &Rig, cluster: &LocalCluster) -> String {
    verify(rig, cluster, "AwsHardwareCertificate", "aws-root.crt")
}

fn verify_manufacturer(rig: &Rig, cluster: &LocalCluster) -> String {
    let hardware = "ManufacturerHardwareCertificate";
    verify(rig, cluster, hardware, "manufacturer-root.crt")
}

/// The guide's last step: are the public keys of the CSR and of the HSM certificate the same?
fn keys_are_equal(rig: &Rig, cluster: &LocalCluster) -> bool {
    let file = |suffix: &str| format!("{}_{suffix}", cluster.id());
    let of = |kind: &str, file: &str| openssl(rig, &[kind, "-in", file, "-pubkey", "-noout"]);
    of("x509", &file("HsmCertificate.crt")) == of("req", &file("ClusterCsr.csr"))
}

/// The fields of a certificate or request, on one line each.
fn text(rig: &Rig, cluster: &LocalCluster, kind: &str, file: &str) -> String {
    let file = format!("{}_{file}", cluster.id());
    let show = [kind, "-in", &file, "-noout", "-text"];
    openssl(rig, &[&show[..], &["-nameopt", "RFC2253"]].concat())
}

#[track_caller]
fn assert_shows(text: &str, lines: &[&str]) {
    for line in lines {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn the_first_generation_has_certificates_of_version_1_on_which_openssl_3_gives_up() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM1, "");
    cluster.save(&rig);
    assert!(keys_are_equal(&rig, &cluster));
    for said in [verify_aws(&rig, &cluster), verify_manufacturer(&rig, &cluster)] {
        assert_shows(&said, &["error 79 at 1 depth lookup"]);
        assert_eq!(said.matches("error ").count(), 2, "and nothing else: {said}");
    }
    let hardware = text(&rig, &cluster, "x509", "AwsHardwareCertificate.crt");
    assert_shows(
        &hardware,
        &["Version: 1 (0x0)", "(2048 bit)", ",L=SanJose+OU=N3FIPS+O=Cavium+"],
    );
    let hsm = text(&rig, &cluster, "x509", "HsmCertificate.crt");
    assert_shows(&hsm, &["Version: 3 (0x2)", "Serial Number: 1 (0x1)"]);
    assert!(!hsm.contains("X509v3 extensions"), "{hsm}");
    let root = openssl(&rig, &["x509", "-in", "manufacturer-root.crt", "-noout", "-text"]);
    assert_shows(&root, &["Version: 1 (0x0)"]);
    // Still, each certificate is signed by the next one.
    for (hardware, root) in [("Aws", "aws-root.crt"), ("Manufacturer", "manufacturer-root.crt")] {
        let hardware = format!("{}_{hardware}HardwareCertificate.crt", cluster.id());
        openssl(&rig, &["verify", "-CAfile", root, &hardware]);
        assert_signed(&rig, &format!("{}_HsmCertificate.crt", cluster.id()), &hardware);
    }
}

/// The signature of a certificate is by the key in another one.
fn assert_signed(rig: &Rig, certificate: &str, issuer: &str) {
    let listing = openssl(rig, &["asn1parse", "-in", certificate]);
    let offset = |line: Option<&str>| -> String {
        let line = line.expect("a field");
        line.split(':').next().expect("an offset").trim().to_owned()
    };
    let fields = || listing.lines().filter(|line| line.contains("d=1 "));
    for (offset, file) in [
        (offset(fields().next()), "tbs"),
        (offset(fields().next_back()), "signature"),
    ] {
        openssl(
            rig,
            &[
                "asn1parse",
                "-in",
                certificate,
                "-strparse",
                &offset,
                "-noout",
                "-out",
                file,
            ],
        );
    }
    rig.write(
        "issuer.pub",
        openssl(rig, &["x509", "-in", issuer, "-noout", "-pubkey"]),
    );
    openssl(
        rig,
        &[
            "dgst",
            "-sha256",
            "-verify",
            "issuer.pub",
            "-signature",
            "signature",
            "tbs",
        ],
    );
}

#[test]
fn the_second_generation_verifies_as_the_guide_says() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    cluster.save(&rig);
    assert!(keys_are_equal(&rig, &cluster));
    assert_shows(&verify_aws(&rig, &cluster), &["HsmCertificate.crt: OK"]);
    assert_shows(&verify_manufacturer(&rig, &cluster), &["HsmCertificate.crt: OK"]);
    for file in ["Aws", "Manufacturer"] {
        let hardware = text(&rig, &cluster, "x509", &format!("{file}HardwareCertificate.crt"));
        assert_shows(
            &hardware,
            &[
                "Version: 3 (0x2)",
                "(4096 bit)",
                "X509v3 Basic Constraints: critical\n                CA:TRUE\n",
                "X509v3 Key Usage: critical\n                Certificate Sign\n",
                ",O=Marvell+L=SanJose+OU=LS2+ST=CA+C=US",
            ],
        );
    }
    // The roots of a cluster are those in the directory.
    for (file, kept) in [
        ("aws-root.crt", "aws-root.crt"),
        ("manufacturer-root.crt", "manufacturer-root-2.crt"),
    ] {
        assert_eq!(
            rig.read(file),
            fs::read(LocalCluster::roots().join(kept)).expect("a root")
        );
    }
}

/// The verdict of `openssl req -verify` on the CSR. Its exit code is always 0.
fn verify_request(rig: &Rig, cluster: &LocalCluster) -> String {
    let file = format!("{}_ClusterCsr.csr", cluster.id());
    let verify = ["req", "-in", &file, "-verify", "-noout"];
    rig.tool("openssl", &verify).ok().stderr
}

#[test]
fn a_csr_has_the_shape_of_a_real_one() {
    let rig = rig();
    for (hsm_type, mode, names) in [
        (
            HSM1,
            "FIPS",
            ", for FIPS mode,L=SanJose+OU=N3FIPS+O=Cavium+ST=CA+C=US",
        ),
        (
            HSM2,
            "NON_FIPS",
            ", for non-FIPS mode,O=Marvell+L=SanJose+OU=LS2+ST=CA+C=US",
        ),
    ] {
        let settings = json!({ "hsm_type": hsm_type, "mode": mode });
        let cluster = LocalCluster::with(&settings);
        cluster.save(&rig);
        let csr = text(&rig, &cluster, "req", "ClusterCsr.csr");
        let unescaped = csr.replace('\\', "");
        assert_shows(
            &unescaped,
            &[
                "Version: 1 (0x0)",
                "Subject: CN=HSM:",
                ":PARTN:",
                names,
                "(2048 bit)",
                "sha256WithRSA",
            ],
        );
        let file = format!("{}_ClusterCsr.csr", cluster.id());
        let parsed = openssl(&rig, &["asn1parse", "-in", &file]);
        assert_shows(&parsed, &["d=2  hl=2 l=   0 cons: cont [ 0 ]"]);
        assert_shows(&verify_request(&rig, &cluster), &["self-signature verify OK"]);
    }
}

#[test]
fn openssl_confirms_each_variation() {
    let rig = rig();
    let at_hardware = |error: &str| format!("error {error} at 1 depth lookup");
    for (fault, error) in [
        ("crossed", "error 20 at 0 depth lookup".to_owned()),
        ("other-key", "error 20 at 0 depth lookup".to_owned()),
        ("impostor", at_hardware("7")),
        ("expired", at_hardware("10")),
        ("not-yet-valid", at_hardware("9")),
        ("v1", at_hardware("79")),
        ("ca-false", at_hardware("79")),
        ("no-constraints", at_hardware("79")),
        ("no-cert-sign", at_hardware("32")),
        ("unknown-critical", at_hardware("34")),
    ] {
        let aws = LocalCluster::create(HSM2, &format!("aws-{fault}"));
        aws.save(&rig);
        assert_shows(&verify_aws(&rig, &aws), &[&error]);
        assert_shows(&verify_manufacturer(&rig, &aws), &[": OK"]);
        let both = LocalCluster::create(HSM2, &format!("hardware-{fault}"));
        both.save(&rig);
        assert_shows(&verify_aws(&rig, &both), &[&error]);
        assert_shows(&verify_manufacturer(&rig, &both), &[&error]);
    }
    for (variation, error) in [
        (
            "aws-root-expired+manufacturer-root-expired",
            "error 10 at 2 depth",
        ),
        (
            "aws-root-not-yet-valid+manufacturer-root-not-yet-valid",
            "error 9 at 2 depth",
        ),
        ("hsm-expired", "error 10 at 0 depth"),
        ("hsm-not-yet-valid", "error 9 at 0 depth"),
        ("hsm-other-hardware", "error 7 at 0 depth"),
    ] {
        let cluster = LocalCluster::create(HSM2, variation);
        cluster.save(&rig);
        assert_shows(&verify_aws(&rig, &cluster), &[error]);
        assert_shows(&verify_manufacturer(&rig, &cluster), &[error]);
    }
    let cluster = LocalCluster::create(HSM1, "manufacturer-sha1");
    cluster.save(&rig);
    let hardware = text(&rig, &cluster, "x509", "ManufacturerHardwareCertificate.crt");
    assert_shows(&hardware, &["Signature Algorithm: sha1WithRSAEncryption"]);
}

#[test]
fn a_csr_can_be_another_s_or_broken_or_any_text() {
    let rig = rig();
    let other = LocalCluster::create(HSM1, "csr-other-key");
    other.save(&rig);
    assert!(!keys_are_equal(&rig, &other));

    let broken = LocalCluster::create(HSM1, "csr-broken");
    broken.save(&rig);
    assert!(keys_are_equal(&rig, &broken));
    let said = verify_request(&rig, &broken);
    assert_shows(&said, &["self-signature verify failure"]);

    broken.set_certificate("ClusterCsr", Some("no CSR"));
    broken.set_certificate("AwsHardwareCertificate", None);
    let filter = format!("clusterIds={}", broken.id());
    let shown = cloudhsm(&rig, &["describe-clusters", "--filters", &filter])
        .ok()
        .json();
    let certificates = &shown["Clusters"][0]["Certificates"];
    assert_eq!(certificates["ClusterCsr"], "no CSR");
    assert!(
        certificates.get("AwsHardwareCertificate").is_none(),
        "{certificates}"
    );
}

#[test]
fn the_aws_cli_asks_for_a_variation_by_a_tag() {
    let rig = rig();
    let create = ["create-cluster", "--hsm-type", HSM2, "--mode", "FIPS"];
    let subnets = ["--subnet-ids", "subnet-0123456789abcdef0", "--tag-list"];
    let known = [&create[..], &subnets, &["Key=hsm-ca-test,Value=hsm-expired"]].concat();
    let tags = &cloudhsm(&rig, &known).ok().json()["Cluster"]["TagList"];
    assert_eq!(*tags, json!([{ "Key": "hsm-ca-test", "Value": "hsm-expired" }]));
    let unknown = [&create[..], &subnets, &["Key=hsm-ca-test,Value=expired"]].concat();
    let run = cloudhsm(&rig, &unknown);
    refused(&run, "CloudHsmInvalidRequestException", "no hsm-ca-test=expired");
}
