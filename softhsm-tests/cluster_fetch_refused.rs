//! `cluster fetch` and `cluster list` where there is nothing to fetch, where AWS says no, and where the answer cannot be used.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::cluster_fetch::{fetch, fetched, rig};
use crate::harness::{HSM1, HSM2, LocalCluster, Rig, Weather};
use crate::oracle::openssl;

/// Refused, and nothing is written.
#[track_caller]
fn assert_refused(rig: &Rig, cluster: &str, code: i32, kind: &str, words: &str) {
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
        // Nothing tells that it was ever initialised.
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
    assert_refused(&rig, cluster.id(), 3, "no-csr", "AWS gives no CSR");
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
    let verify = ["cluster", "verify", "--dir", "out", "--trust-unknown-root"];
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
fn an_answer_that_is_no_certificate_leaves_no_file() {
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
fn what_a_second_decoder_does_not_read_leaves_no_file_either() {
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
    let words = "in this account in us-east-1";
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
fn a_bad_id_is_not_asked_for() {
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
        assert!(message.contains("is no cluster id"), "{message}");
    }
    assert_eq!(Weather::of(KEY).calls(), [""; 0]);
}

#[test]
fn a_directory_that_is_not_there() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    let fetch = ["cluster", "fetch", cluster.id(), "--out-dir", "nowhere"];
    let message = rig.json(&fetch).refused(2, "no-directory");
    assert!(message.contains("nowhere"), "{message}");
}

/// Both commands under one fault, with how often they ask.
#[track_caller]
fn assert_under(key: &str, fault: &Value, attempts: usize, kind: &str, words: &str) {
    let rig = rig().with("AWS_ACCESS_KEY_ID", key);
    let cluster = LocalCluster::create(HSM2, "");
    let weather = Weather::of(key);
    weather.set(std::slice::from_ref(fault));
    assert_refused(&rig, cluster.id(), 4, kind, words);
    assert_eq!(weather.calls(), vec!["DescribeClusters"; attempts], "{fault}");
    weather.forget_calls();
    let message = rig.json(&["cluster", "list"]).refused(4, kind);
    assert!(message.contains(words), "{message}");
    assert_eq!(weather.calls(), vec!["DescribeClusters"; attempts], "{fault}");
}

fn always(kind: &str) -> Value {
    json!({ "operation": "DescribeClusters", "kind": kind, "times": 0 })
}

#[test]
fn throttling_and_failures_of_the_service_are_asked_again() {
    const KEY: &str = "AKIACLUSTERTWICE";
    for kind in ["ThrottlingException", "CloudHsmInternalFailureException", "close"] {
        let rig = rig().with("AWS_ACCESS_KEY_ID", KEY);
        let cluster = LocalCluster::create(HSM2, "");
        let weather = Weather::of(KEY);
        weather.forget_calls();
        weather.set(&[json!({ "operation": "DescribeClusters", "kind": kind, "times": 2 })]);
        fetch(&rig, cluster.id(), &[]).ok();
        assert_eq!(fetched(&rig).len(), 5);
        assert_eq!(weather.calls(), ["DescribeClusters"; 3], "{kind}");
    }
}

#[test]
fn throttling_without_end_is_given_up() {
    let fault = always("ThrottlingException");
    assert_under(
        "AKIACLUSTERTHROTTLED",
        &fault,
        5,
        "cloudhsm",
        "ThrottlingException",
    );
}

#[test]
fn a_service_that_fails_without_end_is_given_up() {
    let fault = always("CloudHsmInternalFailureException");
    let words = "CloudHsmInternalFailureException";
    assert_under("AKIACLUSTERBROKEN", &fault, 5, "cloudhsm", words);
}

#[test]
fn answers_that_cannot_be_read() {
    for (number, (fault, kind, words)) in [
        (
            always("garbage"),
            "cloudhsm-unreachable",
            "the answer (HTTP status 200) cannot be read: ",
        ),
        (
            json!({ "kind": "html", "status": 200, "times": 0 }),
            "cloudhsm-unreachable",
            "the answer (HTTP status 200) cannot be read: ",
        ),
        (
            json!({ "kind": "html", "status": 404, "times": 0 }),
            "cloudhsm-unreachable",
            "the answer (HTTP status 404) cannot be read: ",
        ),
        (
            always("CloudHsmAccessDeniedException"),
            "access-denied",
            "DescribeClusters",
        ),
        (
            always("CloudHsmServiceException"),
            "cloudhsm",
            "CloudHsmServiceException",
        ),
        (
            always("UnrecognizedClientException"),
            "credentials",
            "UnrecognizedClientException",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        assert_under(&format!("AKIACLUSTERANSWER{number}"), &fault, 1, kind, words);
    }
}

#[test]
fn an_empty_answer_is_about_no_cluster() {
    const KEY: &str = "AKIACLUSTEREMPTY";
    let rig = rig().with("AWS_ACCESS_KEY_ID", KEY);
    let cluster = LocalCluster::create(HSM2, "");
    Weather::of(KEY).set(&[always("empty")]);
    assert_refused(&rig, cluster.id(), 4, "cluster-not-found", cluster.id());
}

#[test]
fn pages_that_never_end_are_not_read_for_ever() {
    const KEY: &str = "AKIACLUSTERPAGES333322221111";
    let rig = rig().with("AWS_ACCESS_KEY_ID", KEY);
    let cluster = LocalCluster::in_account(HSM1, "333322221111");
    let token = Base64::encode_string(cluster.id().as_bytes());
    let weather = Weather::of(KEY);
    weather.set(&[json!({ "kind": "replace", "field": "NextToken", "value": token, "times": 0 })]);
    let message = rig.json(&["cluster", "list"]).refused(4, "cloudhsm");
    assert!(message.contains("NextToken"), "{message}");
    assert_eq!(weather.calls().len(), 2);
    assert_refused(&rig, cluster.id(), 4, "cloudhsm", "NextToken");
}

#[test]
fn an_answer_about_another_cluster_is_none() {
    const KEY: &str = "AKIACLUSTEROTHER";
    let rig = rig().with("AWS_ACCESS_KEY_ID", KEY);
    let [asked, other] = [HSM2; 2].map(|hsm_type| LocalCluster::create(hsm_type, ""));
    let weather = Weather::of(KEY);
    let value = json!([other.describe()]);
    weather.set(&[json!({ "kind": "replace", "field": "Clusters", "value": value, "times": 0 })]);
    assert_refused(&rig, asked.id(), 4, "cluster-not-found", asked.id());
    for (field, value) in [
        ("ClusterId", json!(null)),
        ("ClusterId", json!("../../x")),
        ("State", json!(null)),
    ] {
        let mut described = asked.describe();
        described[field] = value;
        let value = json!([described]);
        weather.set(&[json!({ "kind": "replace", "field": "Clusters", "value": value, "times": 0 })]);
        let run = fetch(&rig, asked.id(), &[]);
        assert_ne!(run.code, Some(0), "{field}: {run:?}");
        assert_eq!(fetched(&rig), [""; 0]);
    }
}

#[test]
fn access_denied() {
    let rig = rig().with("AWS_ACCESS_KEY_ID", "AKIADENIEDLIST");
    let cluster = LocalCluster::create(HSM2, "");
    let words = "cloudhsm:DescribeClusters";
    assert_refused(&rig, cluster.id(), 4, "access-denied", words);
    let message = rig.json(&["cluster", "list"]).refused(4, "access-denied");
    assert!(message.contains(words), "{message}");
}

#[test]
fn a_service_that_is_not_reached() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    // Nobody listens there.
    let rig = rig.with("AWS_ENDPOINT_URL_CLOUDHSM_V2", "http://127.0.0.1:1");
    assert_refused(&rig, cluster.id(), 4, "cloudhsm-unreachable", "refused");
    rig.json(&["cluster", "list"]).refused(4, "cloudhsm-unreachable");
    let rig = rig.with("AWS_ENDPOINT_URL_CLOUDHSM_V2", "http://192.0.2.1");
    let words = "http://192.0.2.1 is not encrypted";
    assert_refused(&rig, cluster.id(), 2, "plaintext-endpoint", words);
}

#[test]
fn settings_that_are_missing() {
    let local = Rig::new().with_aws();
    let endpoint = local.endpoint();
    let settings = || {
        let rig = Rig::new().with("AWS_ENDPOINT_URL", &endpoint);
        std::fs::create_dir(rig.path("out")).expect("a directory");
        rig.with("AWS_EC2_METADATA_DISABLED", "true")
    };
    let cluster = LocalCluster::create(HSM2, "");
    let rig = settings()
        .with("AWS_ACCESS_KEY_ID", "test")
        .with("AWS_SECRET_ACCESS_KEY", "test");
    assert_refused(&rig, cluster.id(), 2, "no-region", "no AWS region");
    rig.json(&["cluster", "list"]).refused(2, "no-region");
    let rig = settings().with("AWS_REGION", "us-east-1");
    assert_refused(&rig, cluster.id(), 4, "credentials", "no usable AWS credentials");
    rig.json(&["cluster", "list"]).refused(4, "credentials");
}
