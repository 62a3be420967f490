//! The local AWS CloudHSM works with AWS's own tools: the AWS CLI follows the User Guide on it, from an empty cluster to an initialized
//! one.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{HSM1, HSM2, LocalCluster, Rig, Run, Weather};
use crate::oracle::openssl;

pub(crate) fn rig() -> Rig {
    Rig::new().with_aws()
}

/// `aws cloudhsmv2 …`
pub(crate) fn cloudhsm(rig: &Rig, arguments: &[&str]) -> Run {
    rig.aws(&[&["cloudhsmv2"], arguments].concat())
}

/// One field of the cluster, queried as in the guide.
#[track_caller]
fn query(rig: &Rig, cluster: &str, path: &str) -> String {
    let filter = format!("clusterIds={cluster}");
    let describe = ["describe-clusters", "--filters", &filter];
    let text = ["--output", "text", "--query", path];
    cloudhsm(rig, &[&describe[..], &text].concat()).ok().stdout
}

/// Queries until the field has the expected value.
#[track_caller]
fn wait(rig: &Rig, cluster: &str, path: &str, expected: &str) {
    let mut value = String::new();
    for _ in 0..40 {
        value = query(rig, cluster, path);
        if value.trim() == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{path} does not become {expected}: {value}");
}

/// The guide's certificate authority: `customerCA.crt`, and its key.
pub(crate) fn make_authority(rig: &Rig) {
    let make = [
        "req", "-new", "-x509", "-days", "3652", "-newkey", "rsa:2048", "-nodes",
    ];
    let files = ["-keyout", "customerCA.key", "-out", "customerCA.crt"];
    openssl(rig, &[&make[..], &files, &["-subj", "/CN=Example"]].concat());
}

/// The guide's signature: `signed.crt` for a cluster's CSR.
pub(crate) fn sign(rig: &Rig, cluster: &LocalCluster) {
    rig.write("cluster.csr", cluster.certificate("ClusterCsr"));
    sign_file(rig);
}

fn sign_file(rig: &Rig) {
    let sign = ["x509", "-req", "-days", "3652", "-in", "cluster.csr"];
    let authority = [
        "-CA",
        "customerCA.crt",
        "-CAkey",
        "customerCA.key",
        "-CAcreateserial",
    ];
    openssl(rig, &[&sign[..], &authority, &["-out", "signed.crt"]].concat());
}

/// With `signed.crt` and `customerCA.crt`.
pub(crate) fn initialize(rig: &Rig, cluster: &str) -> Run {
    let signed = ["--signed-cert", "file://signed.crt"];
    let anchor = ["--trust-anchor", "file://customerCA.crt"];
    let initialize = ["initialize-cluster", "--cluster-id", cluster];
    cloudhsm(rig, &[&initialize[..], &signed, &anchor].concat())
}

/// The AWS CLI exits with 255 if the service refuses.
#[track_caller]
pub(crate) fn refused(run: &Run, exception: &str, words: &str) {
    assert_eq!(run.code, Some(255), "{run:?}");
    assert!(run.stderr.contains(&format!("({exception})")), "{run:?}");
    assert!(run.stderr.contains(words), "{words}: {run:?}");
}

#[test]
fn the_aws_cli_goes_from_an_empty_cluster_to_an_initialized_one() {
    let rig = rig();
    let subnets = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"];
    let create = ["create-cluster", "--hsm-type", HSM1, "--subnet-ids"];
    let created = cloudhsm(&rig, &[&create[..], &subnets].concat()).ok().json();
    let cluster = created["Cluster"]["ClusterId"].as_str().expect("an ID");
    assert_eq!(created["Cluster"]["State"], "CREATE_IN_PROGRESS");
    assert_eq!(created["Cluster"]["Certificates"], json!({}));
    wait(&rig, cluster, "Clusters[].State", "UNINITIALIZED");
    assert_eq!(
        query(&rig, cluster, "Clusters[].Certificates.ClusterCsr").trim(),
        ""
    );

    let create = ["create-hsm", "--cluster-id", cluster];
    let zone = ["--availability-zone", "us-east-1b"];
    let created = cloudhsm(&rig, &[&create[..], &zone].concat()).ok().json();
    assert_eq!(created["Hsm"]["State"], "CREATE_IN_PROGRESS");
    assert_eq!(created["Hsm"]["SubnetId"], subnets[1]);
    wait(&rig, cluster, "Clusters[].Hsms[].State", "ACTIVE");
    let ip = query(&rig, cluster, "Clusters[].Hsms[].EniIp");
    assert!(ip.starts_with("127."), "{ip}");
    let csr = query(&rig, cluster, "Clusters[].Certificates.ClusterCsr");
    rig.write("cluster.csr", csr);

    make_authority(&rig);
    sign_file(&rig);
    let answer = initialize(&rig, cluster).ok().json();
    assert_eq!(answer["State"], "INITIALIZE_IN_PROGRESS");
    wait(&rig, cluster, "Clusters[].State", "INITIALIZED");
    let filter = format!("clusterIds={cluster}");
    let described = cloudhsm(&rig, &["describe-clusters", "--filters", &filter])
        .ok()
        .json();
    let signed = String::from_utf8(rig.read("signed.crt")).expect("PEM");
    let only = json!({ "ClusterCertificate": signed });
    assert_eq!(described["Clusters"][0]["Certificates"], only);
}

#[test]
fn a_cluster_stays_in_a_state_until_the_test_advances_it() {
    let rig = rig();
    make_authority(&rig);
    let cluster = LocalCluster::create(HSM2, "").with_pace(None);
    sign(&rig, &cluster);
    initialize(&rig, cluster.id()).ok();
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(cluster.state(), "INITIALIZE_IN_PROGRESS");
    assert_eq!(cluster.describe()["Certificates"], json!({}));
    cluster.step();
    assert_eq!(cluster.state(), "INITIALIZED");
    cluster.set_state("ACTIVE");
    let signed = String::from_utf8(rig.read("signed.crt")).expect("PEM");
    assert_eq!(cluster.certificate("ClusterCertificate"), signed);
    cluster.set_hsm_state("DEGRADED");
    assert_eq!(cluster.describe()["Hsms"][0]["State"], "DEGRADED");
}

#[test]
fn an_initialization_can_end_badly() {
    let rig = rig();
    make_authority(&rig);
    let cluster = LocalCluster::create(HSM1, "")
        .with_pace(Some(0.0))
        .becoming("DEGRADED", Some("It says why."));
    sign(&rig, &cluster);
    initialize(&rig, cluster.id()).ok();
    assert_eq!(cluster.describe()["State"], "DEGRADED");
    assert_eq!(cluster.describe()["StateMessage"], "It says why.");
}

#[test]
fn a_replaced_hsm_does_not_accept_the_certificate_of_the_old_one() {
    let rig = rig();
    make_authority(&rig);
    let cluster = LocalCluster::create(HSM1, "");
    let old = cluster.describe();
    sign(&rig, &cluster);
    cluster.replace_hsm();
    assert_ne!(cluster.describe()["Hsms"][0]["HsmId"], old["Hsms"][0]["HsmId"]);
    let run = initialize(&rig, cluster.id());
    refused(
        &run,
        "CloudHsmInvalidRequestException",
        "does not match the cluster CSR",
    );
    assert_eq!(cluster.state(), "UNINITIALIZED");
    sign(&rig, &cluster);
    initialize(&rig, cluster.id()).ok();
}

#[test]
fn clusters_are_listed_page_by_page_and_only_one_s_own() {
    let key = "AKIALOCALCLUSTER111122223333";
    let rig = rig().with("AWS_ACCESS_KEY_ID", key);
    let mut own: Vec<_> = (0..5)
        .map(|_| LocalCluster::in_account(HSM1, "111122223333"))
        .collect();
    let ids = |listed: &Value| -> Vec<String> {
        let clusters = listed["Clusters"].as_array().expect("clusters").iter();
        clusters
            .map(|cluster| cluster["ClusterId"].as_str().expect("an ID").to_owned())
            .collect()
    };
    let expected: Vec<_> = own.iter().map(|cluster| cluster.id().to_owned()).collect();
    let listed = cloudhsm(&rig, &["describe-clusters", "--page-size", "2"]);
    assert_eq!(ids(&listed.ok().json()), expected);
    assert_eq!(Weather::of(key).calls(), ["DescribeClusters"; 3]);

    let last = own.pop().expect("five");
    last.set_state("ACTIVE");
    let listed = cloudhsm(&rig, &["describe-clusters", "--filters", "states=ACTIVE"]);
    assert_eq!(ids(&listed.ok().json()), [last.id()]);
    let bad = [
        "describe-clusters",
        "--no-paginate",
        "--cli-input-json",
        r#"{"NextToken": "x"}"#,
    ];
    refused(
        &cloudhsm(&rig, &bad),
        "CloudHsmInvalidRequestException",
        "NextToken",
    );
}

#[test]
fn another_account_s_cluster_is_not_found_or_denied() {
    let rig = rig();
    let cluster = LocalCluster::in_account(HSM1, "444455556666");
    let delete = ["delete-cluster", "--cluster-id", cluster.id()];
    let filter = format!("clusterIds={}", cluster.id());
    let listed = cloudhsm(&rig, &["describe-clusters", "--filters", &filter]);
    assert_eq!(listed.ok().json(), json!({ "Clusters": [] }));
    refused(
        &cloudhsm(&rig, &delete),
        "CloudHsmResourceNotFoundException",
        cluster.id(),
    );
    cluster.tell_strangers("CloudHsmAccessDeniedException");
    refused(
        &cloudhsm(&rig, &delete),
        "CloudHsmAccessDeniedException",
        cluster.id(),
    );
    let rig = rig.with("AWS_ACCESS_KEY_ID", "AKIADENIEDCLUSTER");
    let run = cloudhsm(&rig, &["describe-clusters"]);
    refused(&run, "CloudHsmAccessDeniedException", "cloudhsm:DescribeClusters");
}

#[test]
fn a_cluster_is_deleted_after_its_hsms() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM1, "").with_pace(Some(0.0));
    let delete = ["delete-cluster", "--cluster-id", cluster.id()];
    refused(
        &cloudhsm(&rig, &delete),
        "CloudHsmInvalidRequestException",
        "HSMs",
    );
    let description = cluster.describe();
    let ip = description["Hsms"][0]["EniIp"].as_str().expect("an address");
    cloudhsm(
        &rig,
        &["delete-hsm", "--cluster-id", cluster.id(), "--eni-ip", ip],
    )
    .ok();
    assert_eq!(cluster.describe()["Certificates"], json!({}));
    cloudhsm(&rig, &delete).ok();
    assert_eq!(cluster.state(), "DELETED");
}
