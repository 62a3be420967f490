//! Files are written atomically, and an output that cannot be written is refused before the token signs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{PROGRAM, Rig, Run, TokenKind, authority, in_mount_namespace, shim, softhsm};
use crate::oracle::make_cluster_request;

fn desk() -> Rig {
    let rig = authority(TokenKind::SoftHsm, "ECC_NIST_P256");
    make_cluster_request(&rig, "cluster.csr");
    rig
}

fn signatures(rig: &Rig) -> usize {
    if !rig.path("calls.log").exists() {
        return 0;
    }
    rig.calls().iter().filter(|call| *call == "C_SignInit").count()
}

#[test]
fn an_existing_output_is_not_changed() {
    let rig = desk();
    rig.write("out.crt", "mine");
    let sign = [
        "--format",
        "json",
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "out.crt",
    ];
    rig.command_with_rule(&sign, &[]).refused(2, "output-exists");
    assert_eq!((rig.read("out.crt"), signatures(&rig)), (b"mine".to_vec(), 0));
    rig.json(&[
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=a",
        "--out",
        "customerCA.crt",
    ])
    .refused(2, "output-exists");
    rig.json(&[
        "kms",
        "generate-key-pair",
        "--key-id",
        "x",
        "--spec",
        "RSA_2048",
        "--out",
        "pair.json",
    ])
    .refused(2, "output-exists");
    rig.command_with_rule(&[&sign[..], &["--force"]].concat(), &[])
        .ok();
    assert!(rig.read("out.crt").starts_with(b"-----BEGIN"));
}

#[test]
fn a_directory_that_does_not_exist() {
    let rig = desk();
    let sign = [
        "--format",
        "json",
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "no/out.crt",
    ];
    rig.command_with_rule(&sign, &[]).refused(2, "no-directory");
    assert_eq!(signatures(&rig), 0);
    rig.json(&[
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        "no/deeper",
    ])
    .refused(2, "no-directory");
    // The directory itself is made, and removed if nothing gets into it.
    let sign = [
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        "made",
    ];
    rig.json(&[&["--pin-source", "env:NOT_THERE"][..], &sign].concat())
        .refused(2, "pin-source");
    assert!(!rig.path("made").exists());
    rig.json(&sign).ok();
    assert!(rig.path("made/cluster.crt").exists());
    // Two inputs, one output.
    fs::create_dir(rig.path("in")).expect("a directory");
    rig.write("in/cluster.csr", rig.read("cluster.csr"));
    rig.json(&[
        "csr",
        "sign",
        "cluster.csr",
        "in/cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        ".",
    ])
    .refused(2, "same-output");
}

#[test]
fn a_full_disk_costs_no_signature_and_leaves_no_file() {
    let rig = desk();
    fs::create_dir(rig.path("small")).expect("a directory");
    // A full file system of 16 KiB, in a separate mount namespace.
    let script = "mount -t tmpfs -o size=16k none small && head -c 16384 /dev/zero > small/filler\n\
        \"$0\" --format json csr sign cluster.csr --ca customerCA.crt --out small/out.crt; code=$?\n\
        ls -A small > listing; exit $code";
    let mut command = in_mount_namespace(script);
    command.arg(PROGRAM).current_dir(rig.path("")).env_clear();
    command
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HSM_CA_CONFIG", rig.path("rig/hsm-ca.toml"));
    command
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm())
        .env("CLOUDHSM_SHIM_LOG", rig.path("calls.log"));
    Run::of(&mut command).refused(1, "disk-full");
    assert_eq!(String::from_utf8(rig.read("listing")).expect("names"), "filler\n");
    assert_eq!(signatures(&rig), 0);
}

#[test]
fn a_process_that_is_killed_leaves_no_output() {
    let rig = desk();
    let sign = [
        "csr",
        "sign",
        "cluster.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "out.crt",
    ];
    for point in ["C_SignInit", "C_Sign!"] {
        assert_eq!(rig.command_with_rule(&sign, &[("KILL", point)]).code, None);
        assert!(!rig.path("out.crt").exists(), "{point}");
    }
    rig.command(&sign).ok();
}

#[test]
fn a_directory_without_write_permission() {
    let rig = desk();
    // Not even root may write there.
    let message = rig
        .json(&[
            "csr",
            "sign",
            "cluster.csr",
            "--ca",
            "customerCA.crt",
            "--out",
            "/proc/out.crt",
        ])
        .refused(1, "output");
    assert!(message.contains("/proc/out.crt"), "{message}");
}

#[test]
fn der_and_stdout() {
    let rig = desk();
    let base = ["csr", "sign", "cluster.csr", "--ca", "customerCA.crt"];
    rig.command(&[&base[..], &["--out", "out.der", "--der"]].concat())
        .ok();
    rig.tool("openssl", &["x509", "-inform", "DER", "-in", "out.der", "-noout"])
        .ok();
    let printed = rig.command(&[&base[..], &["--out", "-"]].concat()).ok().stdout;
    assert!(
        printed.starts_with("-----BEGIN CERTIFICATE-----\n")
            && printed.ends_with("-----END CERTIFICATE-----\n")
    );
    // DER and standard input are accepted directly.
    rig.command(&["cert", "verify", "out.der", "--ca", "customerCA.crt"])
        .ok();
    let shell = "exec \"$0\" csr show - < cluster.csr";
    assert!(
        rig.tool("bash", &["-c", shell, PROGRAM])
            .ok()
            .stdout
            .contains("PARTN:13\\, for FIPS mode")
    );
}

#[test]
fn modes_are_those_of_public_and_of_private_files() {
    let rig = desk();
    let mode = |name: &str| fs::metadata(rig.path(name)).expect("a file").permissions().mode() & 0o777;
    assert_eq!(mode("customerCA.crt"), 0o644);
    assert_eq!(mode("pair.json"), 0o600);
    assert!(
        rig.files().iter().all(|name| !name.starts_with(".hsm-ca")),
        "{:?}",
        rig.files()
    );
}
