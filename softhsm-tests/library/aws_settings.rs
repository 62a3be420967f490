//! A program can pass its own AWS settings. The limits of the clients still apply.

use aws_config::Region;
use aws_sdk_kms::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use hsm_ca::aws::{AwsError, SdkConfig};
use hsm_ca::cloudhsm::{CloudHsm, CloudHsmError};
use hsm_ca::kms::{Kms, KmsError};
use serde_json::json;

use crate::harness::{Rig, Weather};

const REGION: &str = "us-east-1";

fn local_aws() -> String {
    Rig::without_token().with_aws().endpoint()
}

fn settings(access_key: &str, endpoint: &str, region: Option<&'static str>) -> SdkConfig {
    let credentials = Credentials::new(access_key, "secret", None, None, "test");
    SdkConfig::builder()
        .endpoint_url(endpoint)
        .region(region.map(Region::new))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

#[test]
fn both_clients_work_with_settings_of_the_caller() {
    let weather = Weather::of("AKIAHANDEDIN");
    weather.set(&[]);
    let settings = settings("AKIAHANDEDIN", &local_aws(), Some(REGION));
    let kms = Kms::with_config(&settings, None).expect("a client");
    assert_eq!(kms.region(), REGION);
    let key = kms
        .create_key(None, Some("with settings handed in"))
        .expect("a key");
    assert!(key.arn.starts_with("arn:aws:kms:us-east-1:"), "{key:?}");
    let cloudhsm = CloudHsm::with_config(&settings).expect("a client");
    assert_eq!(cloudhsm.region(), REGION);
    cloudhsm.list().expect("the clusters");
    // One call for each page of clusters: other tests have made some.
    let calls = weather.calls();
    let (first, pages) = calls.split_first().expect("a call");
    assert_eq!(first, "CreateKey");
    assert!(
        !pages.is_empty() && pages.iter().all(|call| call == "DescribeClusters"),
        "{calls:?}"
    );
}

#[test]
fn an_answer_to_the_callers_own_http_client_ends_after_4_mib_and_is_not_repeated() {
    let weather = Weather::of("AKIAOWNCLIENT");
    weather.set(&[json!({ "kind": "huge", "bytes": 64 << 20, "chunked": true, "times": 0 })]);
    let unbounded = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .build_https();
    let settings = settings("AKIAOWNCLIENT", &local_aws(), Some(REGION))
        .into_builder()
        .http_client(unbounded)
        .build();
    let answer = CloudHsm::with_config(&settings).expect("a client").list();
    assert!(
        matches!(answer, Err(CloudHsmError::Aws(AwsError::AnswerTooLong { longest, .. })) if longest == 4 << 20),
        "{answer:?}"
    );
    let answer = Kms::with_config(&settings, None)
        .expect("a client")
        .create_key(None, None);
    assert!(
        matches!(answer, Err(KmsError::Aws(AwsError::AnswerTooLong { .. }))),
        "{answer:?}"
    );
    assert_eq!(weather.calls(), ["DescribeClusters", "CreateKey"]);
}

#[test]
fn an_unencrypted_endpoint_of_the_caller_is_refused() {
    // TEST-NET-1 (RFC 5737): no host answers, and nothing is sent.
    for endpoint in [
        "http://192.0.2.1",
        "http://localhost.example.com:4566",
        "http://127.0.0.1@192.0.2.1",
    ] {
        let settings = settings("AKIAPLAIN", endpoint, Some(REGION));
        let answer = Kms::with_config(&settings, None)
            .expect("a client")
            .create_key(None, None);
        assert!(
            matches!(&answer, Err(KmsError::Aws(AwsError::PlaintextEndpoint { .. }))),
            "{endpoint}: {answer:?}"
        );
        let answer = CloudHsm::with_config(&settings).expect("a client").list();
        assert!(
            matches!(
                &answer,
                Err(CloudHsmError::Aws(AwsError::PlaintextEndpoint { .. }))
            ),
            "{endpoint}: {answer:?}"
        );
    }
}

#[test]
fn if_the_callers_region_and_the_keys_differ_nothing_is_called() {
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let without = settings("AKIAREGION", &local_aws(), None);
    assert!(matches!(
        Kms::with_config(&without, None),
        Err(KmsError::Aws(AwsError::NoRegion))
    ));
    assert!(matches!(
        CloudHsm::with_config(&without),
        Err(CloudHsmError::Aws(AwsError::NoRegion))
    ));
    let kms = Kms::with_config(&without, Some(key)).expect("the key's region");
    assert_eq!(kms.region(), "eu-west-1");
    let other = settings("AKIAREGION", &local_aws(), Some(REGION));
    let refused = Kms::with_config(&other, Some(key));
    assert!(
        matches!(&refused, Err(KmsError::Region { region, .. }) if region == REGION),
        "{refused:?}"
    );
}
