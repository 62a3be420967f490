//! `cluster fetch` and `cluster list` when AWS is busy, fails, refuses, answers nonsense, or cannot be reached.

use base64ct::{Base64, Encoding};
use serde_json::{Value, json};

use crate::cluster::fetch::{fetch, fetched, rig};
use crate::cluster::fetch_refusals::assert_refused;
use crate::harness::{HSM1, HSM2, LocalCluster, Rig, Weather};

/// Runs both commands under one fault, and counts their calls.
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
fn throttled_and_failed_calls_are_repeated() {
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
fn endless_pages_have_a_limit() {
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
fn an_answer_about_another_cluster_is_refused() {
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
