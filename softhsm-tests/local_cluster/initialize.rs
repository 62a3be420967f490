//! What `InitializeCluster` of the local AWS CloudHSM accepts and refuses, and throttled or lost calls, tested with the AWS CLI and
//! certificates by openssl and certtool.

use serde_json::json;

use crate::harness::{HSM1, LocalCluster, Rig, Weather};
use crate::local_cluster::states::{cloudhsm, initialize, make_authority, refused, rig, sign};
use crate::oracle::openssl;

const INVALID: &str = "CloudHsmInvalidRequestException";
const CONSTRAINTS: &str = "basicConstraints=critical,CA:TRUE";

/// A rig with the guide's CA, a cluster, and its signed certificate.
fn ready() -> (Rig, LocalCluster) {
    let rig = rig();
    make_authority(&rig);
    // openssl's own configuration adds extensions.
    rig.write("bare.cnf", "[req]\ndistinguished_name=dn\n[dn]\n");
    let cluster = LocalCluster::create(HSM1, "").with_pace(Some(0.0));
    sign(&rig, &cluster);
    (rig, cluster)
}

/// `customerCA.crt` again, with a new key and these extensions.
fn authority(rig: &Rig, key: &[&str], extensions: &[&str]) {
    let make = [
        "req",
        "-new",
        "-x509",
        "-nodes",
        "-config",
        "bare.cnf",
        "-subj",
        "/CN=Example",
    ];
    let files = ["-keyout", "customerCA.key", "-out", "customerCA.crt"];
    let added: Vec<_> = extensions.iter().flat_map(|text| ["-addext", text]).collect();
    openssl(rig, &[&make[..], &files, key, &added].concat());
}

/// `customerCA.crt` again, with these dates.
fn dated_authority(rig: &Rig, from: &str, until: &str) {
    let dates = format!("activation_date = \"{from}\"\nexpiration_date = \"{until}\"\n");
    rig.write(
        "dated.tmpl",
        format!("cn = Example\nca\ncert_signing_key\n{dates}"),
    );
    let make = ["--generate-self-signed", "--template", "dated.tmpl"];
    let files = ["--load-privkey", "customerCA.key", "--outfile", "customerCA.crt"];
    rig.tool("certtool", &[&make[..], &files].concat()).ok();
}

const RSA: [&str; 2] = ["-newkey", "rsa:2048"];

#[test]
fn a_trust_anchor_that_may_not_sign_is_refused() {
    let (rig, cluster) = ready();
    let refuse = |words: &str| {
        sign(&rig, &cluster);
        refused(&initialize(&rig, cluster.id()), INVALID, words);
    };
    for (key, extensions, words) in [
        (&RSA[..], &["basicConstraints=critical,CA:FALSE"][..], "CA:FALSE"),
        (
            &RSA,
            &["keyUsage=critical,keyCertSign"],
            "no X509v3 Basic Constraints",
        ),
        (
            &RSA,
            &[CONSTRAINTS, "keyUsage=critical,digitalSignature"],
            "conflict",
        ),
        (
            &["-newkey", "rsa:1024"],
            &[CONSTRAINTS],
            "type or size that is not supported",
        ),
        (
            &["-newkey", "ed25519"],
            &[CONSTRAINTS],
            "type or size that is not supported",
        ),
        (
            &["-newkey", "rsa:2048", "-sha1"],
            &[CONSTRAINTS],
            "algorithm that is not supported",
        ),
    ] {
        authority(&rig, key, extensions);
        refuse(words);
    }
    authority(&rig, &RSA, &[CONSTRAINTS]);
    dated_authority(&rig, "2020-01-01 00:00:00", "2021-01-01 00:00:00");
    refuse("TrustAnchor has expired");
    dated_authority(&rig, "2046-01-01 00:00:00", "2047-01-01 00:00:00");
    refuse("TrustAnchor is not yet valid");
    assert_eq!(cluster.state(), "UNINITIALIZED");
}

#[test]
fn a_certificate_that_does_not_answer_the_csr_is_refused() {
    let (rig, cluster) = ready();
    let signed = String::from_utf8(rig.read("signed.crt")).expect("PEM");
    let dump = openssl(&rig, &["x509", "-in", "signed.crt", "-text"]);
    let refuse = |signed: &str, words: &str| {
        rig.write("signed.crt", signed);
        refused(&initialize(&rig, cluster.id()), INVALID, words);
    };
    refuse(&dump, "failed to satisfy constraint");
    refuse(
        &format!("{signed}{}", "\n".repeat(5000)),
        "at most 5000 characters",
    );
    refuse("certificate", "not a certificate in PEM format");
    refuse(&format!("{signed}{signed}"), "one certificate");

    let leaf = [
        "x509",
        "-req",
        "-in",
        "cluster.csr",
        "-out",
        "signed.crt",
        "-days",
    ];
    let issuer = ["-CA", "customerCA.crt", "-CAkey", "customerCA.key"];
    openssl(&rig, &[&leaf[..], &["-1"], &issuer].concat());
    refused(&initialize(&rig, cluster.id()), INVALID, "SignedCert has expired");

    // Of another key, and of a CA of the same name.
    rig.write(
        "cluster.csr",
        LocalCluster::create(HSM1, "").certificate("ClusterCsr"),
    );
    openssl(&rig, &[&leaf[..], &["9"], &issuer].concat());
    refused(
        &initialize(&rig, cluster.id()),
        INVALID,
        "does not match the cluster CSR",
    );
    make_authority(&rig);
    refuse(&signed, "not signed by TrustAnchor");
}

#[test]
fn a_cluster_that_cannot_be_claimed_is_not() {
    let (rig, cluster) = ready();
    for state in ["CREATE_IN_PROGRESS", "INITIALIZED", "ACTIVE", "DELETED"] {
        cluster.set_state(state);
        refused(&initialize(&rig, cluster.id()), INVALID, state);
    }
    let empty = LocalCluster::without_hsm(HSM1);
    refused(&initialize(&rig, empty.id()), INVALID, "no HSM");
    let none = "CloudHsmResourceNotFoundException";
    refused(&initialize(&rig, "cluster-aaaaaaaaaaa"), none, "not found");
    refused(
        &initialize(&rig, "cluster-1"),
        INVALID,
        "cluster-[2-7a-zA-Z]{11,16}",
    );
}

#[test]
fn a_cluster_that_the_api_does_not_have_is_not_made() {
    let rig = rig();
    let subnets = ["--subnet-ids", "subnet-0123456789abcdef0"];
    for (arguments, words) in [
        (
            &["create-cluster", "--hsm-type", "hsm2m.medium"][..],
            "Mode is required",
        ),
        (
            &["create-cluster", "--hsm-type", "hsm3.medium", "--mode", "FIPS"],
            "hsm3.medium",
        ),
        (
            &["create-cluster", "--hsm-type", HSM1, "--mode", "BOTH"],
            "[FIPS, NON_FIPS]",
        ),
    ] {
        refused(&cloudhsm(&rig, &[arguments, &subnets].concat()), INVALID, words);
    }
    let cluster = LocalCluster::without_hsm(HSM1);
    let create = ["create-hsm", "--cluster-id", cluster.id(), "--availability-zone"];
    let run = cloudhsm(&rig, &[&create[..], &["us-east-1f"]].concat());
    refused(&run, INVALID, "no subnet in availability zone us-east-1f");
}

#[test]
fn every_trust_anchor_that_aws_documents_is_accepted() {
    let rig = ready().0;
    let take = || {
        let cluster = LocalCluster::create(HSM1, "").with_pace(Some(0.0));
        sign(&rig, &cluster);
        initialize(&rig, cluster.id()).ok();
        assert_eq!(cluster.state(), "INITIALIZED");
    };
    authority(&rig, &RSA, &[]);
    take();
    let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"];
    authority(&rig, &curve, &[CONSTRAINTS, "keyUsage=critical,keyCertSign"]);
    take();
    authority(
        &rig,
        &[&RSA[..], &["-sigopt", "rsa_padding_mode:pss"]].concat(),
        &[CONSTRAINTS],
    );
    take();

    // An intermediate CA: only together with its root.
    make_authority(&rig);
    let request = [
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=Issuing",
    ];
    openssl(
        &rig,
        &[&request[..], &["-keyout", "ica.key", "-out", "ica.csr"]].concat(),
    );
    rig.write("ica.ext", CONSTRAINTS);
    let issue = [
        "x509", "-req", "-in", "ica.csr", "-extfile", "ica.ext", "-out", "ica.crt",
    ];
    let issuer = ["-CA", "customerCA.crt", "-CAkey", "customerCA.key"];
    openssl(&rig, &[&issue[..], &issuer].concat());
    let chain = [rig.read("ica.crt"), rig.read("customerCA.crt")].concat();
    rig.write("customerCA.key", rig.read("ica.key"));
    rig.write("customerCA.crt", rig.read("ica.crt"));
    let cluster = LocalCluster::create(HSM1, "");
    sign(&rig, &cluster);
    refused(&initialize(&rig, cluster.id()), INVALID, "self-signed");
    rig.write("customerCA.crt", chain);
    initialize(&rig, cluster.id()).ok();
}

#[test]
fn the_aws_cli_repeats_throttled_and_unanswered_calls() {
    let (rig, cluster) = ready();
    let key = "CLUSTERWEATHER";
    let (rig, weather) = (rig.with("AWS_ACCESS_KEY_ID", key), Weather::of(key));
    let operation = "InitializeCluster";
    weather.set(&[
        json!({ "operation": operation, "kind": "ThrottlingException" }),
        json!({ "operation": operation, "kind": "CloudHsmInternalFailureException" }),
    ]);
    initialize(&rig, cluster.id()).ok();
    assert_eq!(weather.calls(), [operation; 3]);
    assert_eq!(cluster.state(), "INITIALIZED");

    // The first attempt was carried out, and the second finds that.
    let cluster = LocalCluster::create(HSM1, "");
    sign(&rig, &cluster);
    weather.forget_calls();
    weather.set(&[json!({ "operation": operation, "kind": "lost" })]);
    refused(&initialize(&rig, cluster.id()), INVALID, "not in UNINITIALIZED");
    assert_eq!(weather.calls(), [operation; 2]);
}
