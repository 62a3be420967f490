//! A cluster named by its id, on the local AWS.

use serde_json::Value;

use super::{desk, state};
use crate::harness::{HSM2, LocalCluster, TlsServer};
use crate::oracle::openssl;

#[test]
fn a_cluster_of_aws_is_checked_by_its_id_and_its_servers_are_found() {
    let rig = desk().with_aws();
    let cluster = LocalCluster::without_hsm(HSM2);
    // An address that no other run of the tests has, for AWS's port.
    let [.., high, middle, low] = std::process::id().to_be_bytes();
    let address = format!("127.{}.{middle}.{low}", 64 + high);
    let create = [
        "cloudhsmv2",
        "create-hsm",
        "--cluster-id",
        cluster.id(),
        "--availability-zone",
        "us-east-1a",
    ];
    rig.aws(&[&create[..], &["--ip-address", &address]].concat()).ok();
    cluster.step();
    let check = |more: &[&str]| {
        let command = [
            "cluster",
            "check",
            cluster.id(),
            "--ca",
            "ca.crt",
            "--client-dir",
            "client/certs",
        ];
        rig.json(&[&command[..], more].concat())
    };
    let report = check(&[]).ok().json();
    assert_eq!(
        state(&report, "cluster-certificate", "certificate"),
        "not-checked"
    );
    assert!(report.to_string().contains("UNINITIALIZED"));
    // Initialised by the AWS CLI, as in the guide.
    rig.write("cluster.csr", cluster.certificate("ClusterCsr"));
    let sign = [
        "x509",
        "-req",
        "-in",
        "cluster.csr",
        "-days",
        "3000",
        "-CAcreateserial",
    ];
    openssl(
        &rig,
        &[
            &sign[..],
            &["-CA", "ca.crt", "-CAkey", "ca.key", "-out", "signed.crt"],
        ]
        .concat(),
    );
    let initialize = ["cloudhsmv2", "initialize-cluster", "--cluster-id", cluster.id()];
    let files = [
        "--signed-cert",
        "file://signed.crt",
        "--trust-anchor",
        "file://ca.crt",
    ];
    rig.aws(&[&initialize[..], &files].concat()).ok();
    cluster.step();
    let server = TlsServer::start(&rig, "server", Some(&format!("{address}:2223")), &[]);
    let report = check(&["--connect"]).ok().json();
    assert_eq!(
        state(&report, "cluster-certificate", "issued-by-customer-ca"),
        "ok"
    );
    assert_eq!(state(&report, "server-certificate", "known-to-the-client"), "ok");
    let shown = report["certificates"].as_array().expect("certificates");
    let source = |role: &str| {
        shown
            .iter()
            .find(|one| one["component"] == role)
            .map(|one| one["source"].clone())
    };
    assert_eq!(
        source("server-certificate"),
        Some(Value::from(format!("{address}:2223")))
    );
    assert_eq!(source("cluster-certificate"), Some(Value::from("AWS")));
    drop(server);
    rig.json(&["cluster", "check", "cluster-zzzzzzzzzzz"])
        .refused(4, "cluster-not-found");
}
