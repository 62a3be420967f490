//! The local AWS CloudHSM is what AWS's own tools take it for: the AWS CLI and openssl follow the User Guide on it, and it refuses
//! what the real service refuses.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{HSM1, HSM2, LocalCluster, Rig, Run};
use crate::oracle::openssl;

fn rig() -> Rig {
    Rig::new().with_aws()
}

/// `aws cloudhsmv2 …`, whose answer is JSON.
#[track_caller]
fn cloudhsm(rig: &Rig, arguments: &[&str]) -> Value {
    rig.aws(&[&["cloudhsmv2"], arguments].concat()).ok().json()
}

/// One field of the cluster, as the guide's commands ask for it.
#[track_caller]
fn query(rig: &Rig, cluster: &str, path: &str) -> String {
    let filter = format!("clusterIds={cluster}");
    let describe = ["cloudhsmv2", "describe-clusters", "--filters", &filter];
    let run = rig.aws(&[&describe[..], &["--output", "text", "--query", path]].concat());
    run.ok().stdout
}

/// Asks until the field is what it should become.
#[track_caller]
fn wait(rig: &Rig, cluster: &str, path: &str, expected: &str) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..40 {
        let value = query(rig, cluster, path).trim().to_owned();
        if seen.last() != Some(&value) {
            seen.push(value);
        }
        if seen.last().is_some_and(|value| value == expected) {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{path} does not become {expected}: {seen:?}");
}

/// The guide's certificate authority: `customerCA.crt`, and its key.
fn make_authority(rig: &Rig) {
    let subject = ["-subj", "/CN=Example/O=Example/C=US"];
    let make = [
        "req", "-new", "-x509", "-days", "3652", "-newkey", "rsa:2048", "-nodes",
    ];
    let files = ["-keyout", "customerCA.key", "-out", "customerCA.crt"];
    openssl(rig, &[&make[..], &files, &subject].concat());
}

/// The guide's signature: `signed.crt` for a CSR.
fn sign(rig: &Rig, csr: &str, more: &[&str]) {
    let sign = [
        "x509",
        "-req",
        "-in",
        csr,
        "-out",
        "signed.crt",
        "-CAcreateserial",
    ];
    let authority = ["-CA", "customerCA.crt", "-CAkey", "customerCA.key"];
    openssl(rig, &[&sign[..], &authority, more].concat());
}

fn initialize(rig: &Rig, cluster: &str) -> Run {
    let files = [
        "--signed-cert",
        "file://signed.crt",
        "--trust-anchor",
        "file://customerCA.crt",
    ];
    rig.aws(
        &[
            &["cloudhsmv2", "initialize-cluster", "--cluster-id", cluster],
            &files[..],
        ]
        .concat(),
    )
}

#[test]
fn the_aws_cli_goes_from_an_empty_cluster_to_an_initialized_one() {
    let rig = rig();
    let created = cloudhsm(
        &rig,
        &[
            "create-cluster",
            "--hsm-type",
            HSM1,
            "--subnet-ids",
            "subnet-0123456789abcdef0",
            "subnet-0123456789abcdef1",
        ],
    );
    let cluster = created["Cluster"]["ClusterId"].as_str().expect("an ID");
    assert_eq!(created["Cluster"]["State"], "CREATE_IN_PROGRESS");
    assert_eq!(created["Cluster"]["Certificates"], json!({}));
    wait(&rig, cluster, "Clusters[].State", "UNINITIALIZED");
    assert_eq!(
        query(&rig, cluster, "Clusters[].Certificates.ClusterCsr").trim(),
        ""
    );

    let zone = ["--availability-zone", "us-east-1b"];
    let created = cloudhsm(
        &rig,
        &[&["create-hsm", "--cluster-id", cluster], &zone[..]].concat(),
    );
    assert_eq!(created["Hsm"]["State"], "CREATE_IN_PROGRESS");
    assert_eq!(created["Hsm"]["SubnetId"], "subnet-0123456789abcdef1");
    wait(&rig, cluster, "Clusters[].Hsms[].State", "ACTIVE");
    let ip = query(&rig, cluster, "Clusters[].Hsms[].EniIp");
    assert!(ip.starts_with("127."), "{ip}");
    let csr = query(&rig, cluster, "Clusters[].Certificates.ClusterCsr");
    rig.write("cluster.csr", csr);

    make_authority(&rig);
    sign(&rig, "cluster.csr", &["-days", "3652"]);
    let answer = initialize(&rig, cluster).ok().json();
    assert_eq!(answer["State"], "INITIALIZE_IN_PROGRESS");
    wait(&rig, cluster, "Clusters[].State", "INITIALIZED");
    let certificates = cloudhsm(
        &rig,
        &["describe-clusters", "--filters", &format!("clusterIds={cluster}")],
    );
    let certificates = &certificates["Clusters"][0]["Certificates"];
    let signed = String::from_utf8(rig.read("signed.crt")).expect("PEM");
    assert_eq!(*certificates, json!({ "ClusterCertificate": signed }));
    let _ = LocalCluster::create(HSM2, "");
}
