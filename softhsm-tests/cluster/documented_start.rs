//! Runs the commands at the beginning of docs/cloudhsm.md, from an empty KMS to an initialised cluster.

use std::fs;
use std::path::Path;

use crate::harness::{HSM2, LocalCluster, PROGRAM, Rig};
use crate::oracle::{assert_accepted, openssl};

#[test]
fn the_documented_start_runs_as_written() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cloudhsm.md");
    let text = fs::read_to_string(document).expect("the document");
    let block = text
        .split("```sh\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let block = block.expect("a first block of commands");
    for command in [
        "kms import",
        "ca create",
        "cluster verify",
        "csr sign",
        "cluster initialize",
        "cluster check",
    ] {
        assert!(
            block.contains(&format!("hsm-ca {command}")),
            "the walk has lost {command}"
        );
    }

    let rig = Rig::new().with_aws();
    let cluster = LocalCluster::create(HSM2, "");
    cluster.save(&rig);
    fs::create_dir(rig.path("bin")).expect("a directory");
    std::os::unix::fs::symlink(PROGRAM, rig.path("bin/hsm-ca")).expect("a link");
    // The local AWS has its own, unknown roots.
    let fingerprint = |file: &str| {
        let shown = openssl(&rig, &["x509", "-in", file, "-noout", "-fingerprint", "-sha256"]);
        shown.trim().rsplit('=').next().expect("hex").to_owned()
    };
    let aws = format!("aws-root.crt --aws-root-sha256 {}", fingerprint("aws-root.crt"));
    let script = block
        .replace("AWS_REGION=eu-west-1", "AWS_REGION=us-east-1")
        // Tests share the local AWS, and another one makes a key of the same name.
        .replace("alias/customer-ca", "alias/documented-start")
        .replace("cluster-ID", cluster.id())
        .replace("AWS_CloudHSM_Root-G1.crt", &aws)
        .replace("mrvl-rsa-LS2-AR-v1.crt", "manufacturer-root.crt")
        .replace("FINGERPRINT", &fingerprint("manufacturer-root.crt"));
    // Nobody types the cluster's id.
    let initialize = "--trust-anchor customerCA.crt --wait";
    assert!(script.contains(initialize), "{script}");
    let script = script.replace(initialize, &format!("{initialize} --yes"));
    let script = format!("PATH=$PWD/bin:$PATH\n{script}");
    rig.tool("bash", &["-euo", "pipefail", "-c", &script]).ok();
    let signed = format!("cluster/{}_CustomerHsmCertificate.crt", cluster.id());
    assert_accepted(&rig, &signed, "customerCA.crt");
    assert_eq!(cluster.describe()["State"], "INITIALIZED");
}
