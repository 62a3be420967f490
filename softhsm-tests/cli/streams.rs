//! The contents of stdout and stderr, and readers that close them.

use crate::harness::{Rig, Run, ready_authority};
use crate::oracle::make_cluster_request;

#[test]
fn results_are_one_json_object_and_stderr_is_silent() {
    let authority = ready_authority();
    let rig = Rig::new().with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml"));
    make_cluster_request(&rig, "cluster.csr");
    rig.write("customerCA.crt", authority.read("customerCA.crt"));
    let commands: [&[&str]; 9] = [
        &["token", "list"],
        &["token", "show"],
        &["key", "list"],
        &["key", "show", "customer-ca"],
        &["key", "verify", "customer-ca", "--public-key", "customerCA.crt"],
        &["csr", "show", "cluster.csr"],
        &[
            "csr",
            "sign",
            "cluster.csr",
            "--ca",
            "customerCA.crt",
            "--out",
            "out.crt",
        ],
        &["cert", "show", "out.crt"],
        &["cert", "verify", "out.crt", "--ca", "customerCA.crt"],
    ];
    for command in commands {
        let run = rig.json(command).ok();
        assert!(run.json().is_object(), "{command:?}");
        assert_eq!(run.stderr, "", "{command:?}");
    }
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let rig = Rig::new();
    let shell = "set -o pipefail; \"$0\" key list --help | true; \"$0\" token list | true";
    let run = rig.tool("bash", &["-c", shell, crate::harness::PROGRAM]);
    assert!(!run.stderr.contains("panic"), "{run:?}");
}

#[test]
fn a_certificate_that_could_not_be_written_to_stdout_is_a_failure() {
    let authority = ready_authority();
    let rig = Rig::new().with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml"));
    make_cluster_request(&rig, "cluster.csr");
    rig.write("customerCA.crt", authority.read("customerCA.crt"));
    let shell = "\"$0\" csr sign cluster.csr --ca customerCA.crt --out - > >(exec true); wait; echo done; \
        { sleep 0.2; \"$0\" csr sign cluster.csr --ca customerCA.crt --out -; echo code=$? >&2; } | true";
    let mut bash = rig.prepare_tool("bash", &["-c", shell, crate::harness::PROGRAM]);
    // The environment takes precedence over the settings, and names another token.
    let run = Run::of(bash.env_remove("SOFTHSM2_CONF"));
    assert!(run.stderr.contains("code=1"), "{run:?}");
}

#[test]
fn a_broken_stderr_does_not_stop_a_job() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    let import = "\"$0\" kms import pair.json --label customer-ca 2>/dev/full";
    rig.tool("bash", &["-c", import, crate::harness::PROGRAM]);
    let mut command = rig.prepare_tool("bash", &["-c", import, crate::harness::PROGRAM]);
    Run::of(&mut command).ok();
    rig.command(&["key", "verify", "customer-ca", "--public-key", "pair.json"])
        .ok();
    let refused = rig.tool(
        "bash",
        &[
            "-c",
            "\"$0\" key show nosuch 2>/dev/full",
            crate::harness::PROGRAM,
        ],
    );
    assert_eq!(refused.code, Some(4));
}

#[test]
fn verbose_adds_details_to_every_failure() {
    let rig = Rig::new();
    let usual = rig.command(&["key", "show", "nobody"]);
    assert_eq!(
        usual
            .stderr
            .lines()
            .filter(|line| line.starts_with("kind:"))
            .count(),
        0
    );
    for (arguments, kind, code) in [
        (&["key", "show", "nobody"][..], "no-key", 4),
        (&["cert", "show", "nowhere.crt"], "unreadable-file", 2),
        (&["csr", "show", "rig/hsm-ca.toml"], "malformed", 3),
    ] {
        let run = rig.command(&[&["-v"], arguments].concat());
        assert_eq!(run.code, Some(code), "{run:#?}");
        let said = format!("kind: {kind}, exit code {code}");
        assert!(run.stderr.lines().any(|line| line == said), "{run:#?}");
        assert!(!run.stderr.contains("settings:"), "{run:#?}");
        let run = rig.command(&[&["-vv"], arguments].concat());
        assert_eq!(run.code, Some(code), "{run:#?}");
        assert!(
            run.stderr.contains("settings: ") && run.stderr.contains("hsm-ca.toml"),
            "{run:#?}"
        );
        let run = rig.json(&[&["-v"], arguments].concat());
        let error: serde_json::Value =
            serde_json::from_str(&run.stderr[run.stderr.find('{').expect("JSON")..]).expect("JSON");
        assert!(error["error"]["causes"].is_array(), "{error}");
    }
}
