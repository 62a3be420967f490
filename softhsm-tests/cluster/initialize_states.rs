//! `cluster initialize` for a missing cluster, or one in another state; and accepted certificates, with or without a warning.

use serde_json::{Value, json};

use crate::cluster::initialize::{arguments, asked, initialize};
use crate::cluster::initialize_bench::{Bench, CONSTRAINTS, RSA};
use crate::harness::{HSM1, HSM2, LocalCluster, Weather};
use crate::local_cluster::states;
use crate::oracle::openssl;

#[test]
fn a_cluster_that_is_not_there_is_not_asked_for() {
    let bench = Bench::new(HSM1, "INITNOCLUSTER");
    let refused = |cluster: &str, code: i32, kind: &str| {
        let run = bench.rig.json(&arguments(cluster, &[]));
        run.refused(code, kind)
    };
    for malformed in ["cluster-1", "igklspoyj5v", "cluster-igklspoyj51", ""] {
        refused(malformed, 2, "usage");
    }
    assert_eq!(Weather::of("INITNOCLUSTER").calls(), [""; 0]);
    let message = refused("cluster-aaaaaaaaaaa", 4, "cluster-not-found");
    assert!(message.contains("in us-east-1"), "{message}");
    let another = LocalCluster::in_account(HSM1, "777788889999");
    refused(another.id(), 4, "cluster-not-found");
    assert_eq!(asked("INITNOCLUSTER"), 0);
    let rig = bench.rig.with("AWS_ACCESS_KEY_ID", "AKIADENIEDINITIALIZE");
    rig.json(&arguments(bench.cluster.id(), &[]))
        .refused(4, "access-denied");
    assert_eq!(asked("AKIADENIEDINITIALIZE"), 0);
}

#[test]
fn a_cluster_in_another_state_is_recognised_and_its_csr_not_fetched() {
    let key = "INITSTATE";
    let bench = Bench::new(HSM1, key);
    let cluster = &bench.cluster;
    for (state, code, kind, words) in [
        ("CREATE_IN_PROGRESS", 3, "no-csr-yet", "is being created"),
        (
            "INITIALIZE_IN_PROGRESS",
            4,
            "unconfirmed",
            "and AWS does not show",
        ),
        ("INITIALIZED", 4, "unconfirmed", "and AWS does not show"),
        (
            "UPDATE_IN_PROGRESS",
            3,
            "cluster-state",
            "a change is in progress",
        ),
        (
            "MODIFY_IN_PROGRESS",
            3,
            "cluster-state",
            "a change is in progress",
        ),
        (
            "ROLLBACK_IN_PROGRESS",
            3,
            "cluster-state",
            "a change is in progress",
        ),
        ("DEGRADED", 3, "cluster-state", "it has no CSR"),
        ("DELETE_IN_PROGRESS", 3, "cluster-state", "it has no CSR"),
        ("DELETED", 3, "cluster-state", "it has no CSR"),
    ] {
        cluster.set_state(state);
        let message = initialize(&bench.rig, cluster, &[]).refused(code, kind);
        assert!(message.contains(state) && message.contains(words), "{message}");
        states::refused(&bench.ask_aws(), "CloudHsmInvalidRequestException", state);
    }
    let empty = LocalCluster::without_hsm(HSM1);
    let message = initialize(&bench.rig, &empty, &[]).refused(3, "no-csr-yet");
    assert!(message.contains("no HSM yet"), "{message}");
    cluster.set_state("UNINITIALIZED");
    cluster.set_hsm_state("CREATE_IN_PROGRESS");
    let message = initialize(&bench.rig, cluster, &[]).refused(3, "no-csr-yet");
    assert!(
        message.contains("is CREATE_IN_PROGRESS: the cluster has no CSR yet"),
        "{message}"
    );
    let broken = LocalCluster::create(HSM1, "csr-broken");
    let message = initialize(&bench.rig, &broken, &[]).refused(4, "cloudhsm-answer");
    assert!(message.contains("ClusterCsr"), "{message}");
    assert_eq!(asked(key), 0);
}

#[test]
fn a_cluster_with_another_s_certificate_is_refused_with_its_issuer() {
    let bench = Bench::new(HSM2, "INITANOTHER");
    bench.ask_aws().ok();
    // By the same CA, for the same key.
    openssl(
        &bench.rig,
        &[
            "x509",
            "-req",
            "-in",
            "cluster.csr",
            "-out",
            "signed.crt",
            "-CA",
            "customerCA.crt",
            "-CAkey",
            "customerCA.key",
            "-days",
            "3652",
        ],
    );
    for options in [&[][..], &["--wait"]] {
        let message = initialize(&bench.rig, &bench.cluster, options).refused(3, "already-initialized");
        assert!(
            message.contains("with another certificate, issued by \"CN=Example\""),
            "{message}"
        );
    }
    assert_eq!(asked("INITANOTHER"), 0);
}

#[test]
fn options_that_do_not_fit_together_are_wrong_usage() {
    let bench = Bench::new(HSM1, "INITOPTIONS");
    let id = bench.cluster.id();
    let stdin = [
        "cluster",
        "initialize",
        id,
        "--signed-cert",
        "-",
        "--trust-anchor",
        "-",
    ];
    let message = bench.rig.json(&stdin).refused(2, "usage");
    assert!(message.contains("only one of"), "{message}");
    for options in [&["--wait-seconds", "9"][..], &["--wait", "--wait-seconds", "0"]] {
        bench.rig.json(&arguments(id, options)).refused(2, "usage");
    }
    let missing = [
        "cluster",
        "initialize",
        id,
        "--signed-cert",
        "none",
        "--trust-anchor",
        "none",
    ];
    bench.rig.json(&missing).refused(2, "unreadable-file");
    assert_eq!(Weather::of("INITOPTIONS").calls(), [""; 0]);
}

#[test]
fn certificates_that_aws_documents_are_accepted() {
    let take = |bench: &Bench| {
        let result = initialize(&bench.rig, &bench.cluster, &["--wait"]).ok().json();
        assert_eq!(
            (&result["already"], &result["confirmed"]),
            (&json!(false), &json!(true))
        );
        result
    };
    let pss = ["-newkey", "rsa:3072", "-sigopt", "rsa_padding_mode:pss"];
    for (key, extensions) in [
        // Of version 1.
        (RSA, &[][..]),
        (&["-newkey", "rsa:4096"], &[CONSTRAINTS]),
        (&pss, &[CONSTRAINTS]),
        (&["-newkey", "rsa:2048", "-sha224"], &[CONSTRAINTS]),
        (
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"],
            &[CONSTRAINTS, "keyUsage=critical,keyCertSign,cRLSign"],
        ),
    ] {
        let bench = Bench::new(HSM1, "INITTAKEN");
        bench.authority(key, extensions);
        let result = take(&bench);
        assert_eq!(result["warnings"], Value::Null, "{key:?}: {result}");
    }
    // Signed so, too.
    let bench = Bench::new(HSM2, "INITTAKEN");
    bench.leaf(
        &["-days", "3652", "-sha224", "-sigopt", "rsa_padding_mode:pss"],
        "",
    );
    take(&bench);
    // AWS's private CA makes such certificates (EndEntityCertificate/V1).
    let bench = Bench::new(HSM2, "INITTAKEN");
    let usual = "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth,clientAuth\n";
    bench.leaf(&["-days", "3652"], usual);
    take(&bench);
}

#[test]
fn accepted_but_suspicious_certificates_get_a_warning() {
    for (options, extensions, words) in [
        (&["-days", "31"][..], "", "the signed certificate ends in "),
        (&["-days", "3652"], CONSTRAINTS, "a CA certificate itself"),
        (
            &["-days", "3652", "-subj", "/CN=My HSM"],
            "",
            "a different name: \"CN=My HSM\" instead of \"CN=HSM:",
        ),
    ] {
        let bench = Bench::new(HSM1, "INITDOUBT");
        bench.leaf(options, extensions);
        let run = initialize(&bench.rig, &bench.cluster, &["--wait"]).ok();
        let warnings = run.json()["warnings"].clone();
        let warnings: Vec<String> = serde_json::from_value(warnings).expect("warnings");
        assert!(warnings.len() == 1 && warnings[0].contains(words), "{warnings:?}");
        // In text too.
        let run = bench.rig.command(&arguments(bench.cluster.id(), &[])).ok();
        let is_of_the_csr = words.starts_with("a different name");
        assert_eq!(run.stderr.contains(words), !is_of_the_csr, "{run:?}");
    }
}
