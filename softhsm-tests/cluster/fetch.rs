//! `cluster fetch` and `cluster list`: they write the same as the AWS CLI shows, atomically.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::{Value, json};

use crate::harness::{HSM1, HSM2, LocalCluster, PROGRAM, Rig, Run, Weather};
use crate::local_cluster::states::{cloudhsm, initialize, make_authority, sign};
use crate::oracle::openssl;

const KINDS: [(&str, &str); 4] = [
    ("ClusterCsr", "csr"),
    ("HsmCertificate", "crt"),
    ("AwsHardwareCertificate", "crt"),
    ("ManufacturerHardwareCertificate", "crt"),
];

pub(crate) fn rig() -> Rig {
    let rig = Rig::new().with_aws();
    fs::create_dir(rig.path("out")).expect("a directory");
    rig
}

pub(crate) fn fetch(rig: &Rig, cluster: &str, more: &[&str]) -> Run {
    rig.json(&[&["cluster", "fetch", cluster, "--out-dir", "out"], more].concat())
}

/// The names of the files that were fetched.
pub(crate) fn fetched(rig: &Rig) -> Vec<String> {
    let entries = fs::read_dir(rig.path("out")).expect("the directory");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

fn names(cluster: &LocalCluster) -> Vec<String> {
    let mut names: Vec<_> = KINDS
        .iter()
        .map(|(kind, end)| format!("{}_{kind}.{end}", cluster.id()))
        .collect();
    names.push(format!("{}_Cluster.json", cluster.id()));
    names.sort();
    names
}

/// The contents of the fetched files, by name.
fn contents(rig: &Rig) -> Vec<(String, Vec<u8>)> {
    let read = |name: String| {
        let content = rig.read(&format!("out/{name}"));
        (name, content)
    };
    fetched(rig).into_iter().map(read).collect()
}

fn count(value: &Value) -> usize {
    value.as_array().expect("a list").len()
}

#[test]
fn the_files_are_those_given_to_the_aws_cli() {
    for hsm_type in [HSM1, HSM2] {
        let rig = rig();
        let cluster = LocalCluster::create(hsm_type, "");
        let result = fetch(&rig, cluster.id(), &[]).ok().json();
        assert_eq!(fetched(&rig), names(&cluster));
        assert_eq!((count(&result["written"]), count(&result["unchanged"])), (5, 0));
        assert_eq!(
            (&result["csr"], &result["state"]),
            (&json!(true), &json!("UNINITIALIZED"))
        );
        let filter = format!("clusterIds={}", cluster.id());
        for (kind, end) in KINDS {
            let query = format!("Clusters[].Certificates.{kind}");
            let describe = ["describe-clusters", "--filters", &filter, "--output", "text"];
            let told = cloudhsm(&rig, &[&describe[..], &["--query", &query]].concat());
            rig.write("told", told.ok().stdout);
            let tool = if end == "csr" { "req" } else { "x509" };
            let file = format!("out/{}_{kind}.{end}", cluster.id());
            assert_eq!(
                openssl(&rig, &[tool, "-in", "told"]).into_bytes(),
                rig.read(&file),
                "{kind}"
            );
            let mode = fs::metadata(rig.path(&file))
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o7777, 0o644, "{file}");
        }
        let state = rig.read(&format!("out/{}_Cluster.json", cluster.id()));
        let state: Value = serde_json::from_slice(&state).expect("JSON");
        let described = cluster.describe();
        assert_eq!(state["cluster"], cluster.id());
        assert_eq!(state["hsm_type"], described["HsmType"]);
        assert_eq!(state["hsms"][0]["id"], described["Hsms"][0]["HsmId"]);
        assert_eq!(state["hsms"][0]["address"], described["Hsms"][0]["EniIp"]);
        // They verify unchanged.
        let roots = Rig::new();
        cluster.save(&roots);
        for root in ["aws-root.crt", "manufacturer-root.crt"] {
            rig.write(root, roots.read(root));
        }
        let verify = ["cluster", "verify", "--dir", "out"];
        let roots = crate::cluster::evidence::roots(&rig, "aws-root.crt", "manufacturer-root.crt");
        rig.json(&[&verify[..], &crate::cluster::evidence::words(&roots)].concat())
            .ok();
    }
}

#[test]
fn a_second_run_changes_nothing() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    fetch(&rig, cluster.id(), &[]).ok();
    let times = || -> Vec<_> {
        let modified =
            |name: &String| fs::metadata(rig.path(&format!("out/{name}"))).and_then(|file| file.modified());
        fetched(&rig)
            .iter()
            .map(|name| modified(name).expect("a time"))
            .collect()
    };
    let before = times();
    let result = fetch(&rig, cluster.id(), &[]).ok().json();
    assert_eq!((count(&result["written"]), count(&result["unchanged"])), (0, 5));
    assert_eq!(times(), before);
    fs::remove_file(rig.path(&format!("out/{}_HsmCertificate.crt", cluster.id()))).expect("a file");
    let result = fetch(&rig, cluster.id(), &[]).ok().json();
    assert_eq!((count(&result["written"]), count(&result["unchanged"])), (1, 4));
    assert_eq!(fetched(&rig), names(&cluster));
}

#[test]
fn the_files_of_a_replaced_hsm_are_replaced_with_force_only_and_all_of_them() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM1, "");
    fetch(&rig, cluster.id(), &[]).ok();
    let old = contents(&rig);
    cluster.replace_hsm();
    let message = fetch(&rig, cluster.id(), &[]).refused(2, "output-exists");
    assert!(message.contains("ClusterCsr.csr"), "{message}");
    assert_eq!(contents(&rig), old, "nothing is written");
    // Nor if only the last of them differs.
    for (kind, end) in &KINDS[..3] {
        fs::remove_file(rig.path(&format!("out/{}_{kind}.{end}", cluster.id()))).expect("a file");
    }
    fetch(&rig, cluster.id(), &[]).refused(2, "output-exists");
    assert_eq!(fetched(&rig).len(), 2, "nothing is written");
    let result = fetch(&rig, cluster.id(), &["--force"]).ok().json();
    assert_eq!(count(&result["written"]), 5);
    for ((name, old), (_, new)) in old.iter().zip(contents(&rig)) {
        assert_ne!(*old, new, "{name}");
    }
    let csr = rig.read(&format!("out/{}_ClusterCsr.csr", cluster.id()));
    assert_eq!(csr, cluster.certificate("ClusterCsr").into_bytes());
}

#[test]
fn the_state_is_always_written() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    fetch(&rig, cluster.id(), &[]).ok();
    cluster.set_hsm_state("DEGRADED");
    cluster.set_hsm_state("ACTIVE");
    make_authority(&rig);
    sign(&rig, &cluster);
    initialize(&rig, cluster.id()).ok();
    cluster.set_state("INITIALIZED");
    // Fetched files are not replaced, and --force is not needed.
    let before = contents(&rig);
    let result = fetch(&rig, cluster.id(), &[]).ok().json();
    for (name, content) in before {
        let is_state = name.ends_with("_Cluster.json");
        assert_eq!(rig.read(&format!("out/{name}")) != content, is_state, "{name}");
    }
    assert_eq!(
        (&result["csr"], &result["state"]),
        (&json!(false), &json!("INITIALIZED"))
    );
    let warning = result["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("no longer has a CSR"), "{warning}");
    assert_eq!(count(&result["written"]), 2);
    let state = rig.read(&format!("out/{}_Cluster.json", cluster.id()));
    let state: Value = serde_json::from_slice(&state).expect("JSON");
    assert_eq!(state["state"], "INITIALIZED");
    let certificate = rig.read(&format!("out/{}_ClusterCertificate.crt", cluster.id()));
    assert_eq!(certificate, rig.read("signed.crt"));
}

#[test]
fn a_pipe_or_link_instead_of_a_file_does_not_block_and_is_not_followed() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    let file = format!("out/{}_HsmCertificate.crt", cluster.id());
    rig.tool("mkfifo", &[&file]).ok();
    for more in [&[][..], &["--force"]] {
        fetch(&rig, cluster.id(), more).refused(2, "output-exists");
        assert_eq!(fetched(&rig).len(), 1, "nothing is written");
    }
    fs::remove_file(rig.path(&file)).expect("a pipe");
    rig.write("precious", "mine");
    symlink("../precious", rig.path(&file)).expect("a link");
    fetch(&rig, cluster.id(), &[]).refused(2, "output-exists");
    fetch(&rig, cluster.id(), &["--force"]).ok();
    assert_eq!(rig.read("precious"), b"mine");
    assert_eq!(fetched(&rig), names(&cluster));
}

#[test]
fn a_full_disk_leaves_nothing() {
    let rig = rig();
    let cluster = LocalCluster::create(HSM2, "");
    // Room for only some of the files, in a separate mount namespace.
    let script = "mount -t tmpfs -o size=256k none out && \"$0\" --format json cluster fetch \"$1\" --out-dir out; code=$?\n\
        ls -A out > listing; exit $code";
    rig.tool_in_mount_namespace(script, &[PROGRAM, cluster.id()])
        .refused(1, "disk-full");
    assert_eq!(rig.read("listing"), b"");
}

#[test]
fn clusters_are_listed_in_order_page_by_page() {
    const KEY: &str = "AKIACLUSTERLIST222233334444";
    let rig = Rig::new().with_aws().with("AWS_ACCESS_KEY_ID", KEY);
    let weather = Weather::of(KEY);
    let listed = rig.json(&["cluster", "list"]).ok().json();
    assert_eq!(
        (&listed["region"], &listed["clusters"]),
        (&json!("us-east-1"), &json!([]))
    );
    let text = rig.command(&["cluster", "list"]).ok().stdout;
    assert_eq!(text, "No cluster in us-east-1.\n");

    // A page of the service has 25.
    let mut ids: Vec<_> = (0..27)
        .map(|_| {
            let settings = json!({ "hsm_type": HSM2, "hsms": 0, "account": "222233334444" });
            LocalCluster::with(&settings).id().to_owned()
        })
        .collect();
    ids.sort();
    weather.forget_calls();
    let listed = rig.json(&["cluster", "list"]).ok().json();
    let clusters = listed["clusters"].as_array().expect("a list");
    let found: Vec<_> = clusters
        .iter()
        .map(|one| one["cluster"].as_str().expect("an ID"))
        .collect();
    assert_eq!(found, ids);
    assert_eq!(weather.calls(), ["DescribeClusters"; 2]);
    assert_eq!(clusters[0]["state"], "UNINITIALIZED");
    let text = rig.command(&["cluster", "list"]).ok().stdout;
    assert_eq!(text.lines().count(), 28, "a heading, and a line for each");
    for (line, id) in text.lines().skip(1).zip(&ids) {
        assert_eq!(line, format!("{id}  UNINITIALIZED  hsm2m.medium  FIPS  none"));
    }
}
