//! `cluster initialize` from a signed CSR to an initialised cluster: AWS's view, the progress messages, and a second run or a second
//! person.

use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{HSM1, HSM2, LocalCluster, PROGRAM, Rig, Run, Weather, ready_authority, signal};
use crate::local_cluster::states::{cloudhsm, make_authority, rig, sign};
use crate::oracle::openssl;

const BEGUN: &str = "INITIALIZE_IN_PROGRESS";

/// `cluster initialize` with `signed.crt` and `customerCA.crt`, confirmed.
pub(crate) fn arguments<'a>(cluster: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    unconfirmed(cluster, &[&["--yes"], options].concat())
}

/// The same without `--yes`.
fn unconfirmed<'a>(cluster: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    let files = ["--signed-cert", "signed.crt", "--trust-anchor", "customerCA.crt"];
    [&["cluster", "initialize", cluster][..], &files, options].concat()
}

/// The same, with a result in JSON.
pub(crate) fn initialize(rig: &Rig, cluster: &LocalCluster, options: &[&str]) -> Run {
    rig.json(&arguments(cluster.id(), options))
}

/// How often `InitializeCluster` was called with an access key id.
pub(crate) fn asked(access_key: &str) -> usize {
    let calls = Weather::of(access_key).calls();
    calls.iter().filter(|call| *call == "InitializeCluster").count()
}

/// The guide's CA by openssl, and calls that are counted under `access_key`.
pub(crate) fn counted(access_key: &str) -> Rig {
    let rig = rig().with("AWS_ACCESS_KEY_ID", access_key);
    make_authority(&rig);
    rig
}

/// The cluster as the AWS CLI shows it.
fn shown(rig: &Rig, cluster: &LocalCluster) -> Value {
    let filter = format!("clusterIds={}", cluster.id());
    let described = cloudhsm(rig, &["describe-clusters", "--filters", &filter]);
    described.ok().json()["Clusters"][0].clone()
}

#[track_caller]
fn assert_has_signed_certificate(rig: &Rig, cluster: &LocalCluster) {
    let shown = shown(rig, cluster);
    assert_eq!(shown["State"], "INITIALIZED");
    let signed = String::from_utf8(rig.read("signed.crt")).expect("PEM");
    assert_eq!(shown["Certificates"], json!({ "ClusterCertificate": signed }));
}

#[test]
fn a_cluster_gets_the_certificate_that_the_token_signed() {
    for (hsm_type, key) in [(HSM1, "INITOWNHSM1"), (HSM2, "INITOWNHSM2")] {
        let rig = ready_authority().with("AWS_ACCESS_KEY_ID", key);
        let cluster = LocalCluster::create(hsm_type, "");
        rig.json(&["cluster", "fetch", cluster.id(), "--out-dir", "."])
            .ok();
        let csr = format!("{}_ClusterCsr.csr", cluster.id());
        let sign = [
            "csr",
            "sign",
            &csr,
            "--ca",
            "customerCA.crt",
            "--out",
            "signed.crt",
        ];
        rig.command(&[&sign[..], &["--profile", "cloudhsm-cluster"]].concat())
            .ok();
        Weather::of(key).forget_calls();

        let result = initialize(&rig, &cluster, &["--wait"]).ok().json();
        assert_eq!(result["cluster"], cluster.id());
        assert_eq!(result["state"], "INITIALIZED");
        assert_eq!(
            (&result["already"], &result["confirmed"]),
            (&json!(false), &json!(true))
        );
        let fingerprint = openssl(
            &rig,
            &["x509", "-in", "signed.crt", "-noout", "-fingerprint", "-sha256"],
        );
        let fingerprint = fingerprint.trim().replace(':', "").to_lowercase();
        let told = result["certificate_sha256"].as_str().expect("a fingerprint");
        assert!(fingerprint.ends_with(told), "{fingerprint}");
        assert_has_signed_certificate(&rig, &cluster);

        // Once more: AWS is not asked to initialise.
        let again = initialize(&rig, &cluster, &[]).ok().json();
        assert_eq!(
            (&again["already"], &again["confirmed"]),
            (&json!(true), &json!(true))
        );
        assert_eq!(asked(key), 1);
    }
}

#[test]
fn certificates_made_as_in_the_guide_are_sent_unchanged() {
    let key = "INITGUIDE";
    let rig = counted(key);
    let cluster = LocalCluster::create(HSM1, "").with_pace(None);
    sign(&rig, &cluster);
    let run = rig.command(&arguments(cluster.id(), &[])).ok();
    assert!(run.stdout.contains("is being initialised"), "{run:?}");
    assert!(run.stderr.contains("--wait"), "{run:?}");
    assert_eq!(
        Weather::of(key).calls(),
        ["DescribeClusters", "InitializeCluster"]
    );
    cluster.step();
    assert_has_signed_certificate(&rig, &cluster);
}

#[test]
fn windows_line_ends_are_sent_unchanged_and_der_is_converted_to_pem() {
    let rig = counted("INITFORMS");
    let cluster = LocalCluster::create(HSM2, "").with_pace(Some(0.0));
    sign(&rig, &cluster);
    let signed = String::from_utf8(rig.read("signed.crt")).expect("PEM");
    rig.write("signed.crt", signed.replace('\n', "\r\n"));
    let der = ["-outform", "DER", "-out", "customerCA.crt"];
    openssl(&rig, &[&["x509", "-in", "customerCA.crt"], &der[..]].concat());
    initialize(&rig, &cluster, &["--wait"]).ok();
    assert_has_signed_certificate(&rig, &cluster);
}

#[test]
fn one_of_the_files_may_come_from_standard_input() {
    for option in ["--signed-cert", "--trust-anchor"] {
        let rig = counted("INITSTDIN");
        let cluster = LocalCluster::create(HSM1, "").with_pace(Some(0.0));
        sign(&rig, &cluster);
        let mut arguments = arguments(cluster.id(), &["--wait"]);
        let place = arguments
            .iter()
            .position(|argument| *argument == option)
            .expect("it");
        let file = std::mem::replace(&mut arguments[place + 1], "-");
        let input = fs::File::open(rig.path(file)).expect("the file");
        let output = rig.prepare(&arguments).stdin(input).output().expect("it runs");
        assert!(output.status.success(), "{option}: {output:?}");
        assert_has_signed_certificate(&rig, &cluster);
    }
}

#[test]
fn waiting_reports_each_state() {
    let rig = counted("INITSTATES");
    let cluster = LocalCluster::create(HSM1, "").with_pace(Some(1.0));
    sign(&rig, &cluster);
    let run = rig
        .command(&arguments(cluster.id(), &["--wait", "--wait-seconds", "60"]))
        .ok();
    let id = cluster.id();
    let begun = run
        .stderr
        .find(&format!("{id} is {BEGUN} …\nwaiting up to 60 seconds;"));
    let done = run.stderr.find(&format!("{id} is INITIALIZED"));
    assert!(begun.is_some() && begun < done, "{run:?}");
    assert!(
        run.stdout.starts_with(&format!("{id} is initialised\n")),
        "{run:?}"
    );
    assert!(run.stderr.contains("cluster activate"), "{run:?}");
    // With --quiet, nothing is reported.
    let run = rig
        .command(&[&["-q"], &arguments(id, &["--wait"])[..]].concat())
        .ok();
    assert_eq!(run.stderr, "");
    assert!(run.stdout.contains("already has this certificate"), "{run:?}");
}

#[test]
fn waiting_ends_in_time_and_can_be_resumed() {
    let key = "INITSLOW";
    let rig = counted(key);
    let cluster = LocalCluster::create(HSM1, "").with_pace(None);
    sign(&rig, &cluster);
    let began = Instant::now();
    let run = initialize(&rig, &cluster, &["--wait", "--wait-seconds", "2"]);
    let took = began.elapsed();
    assert!(run.stderr.contains("ask AWS Support"), "{run:?}");
    let message = run.refused(4, "still-in-progress");
    assert!(
        message.contains(&format!("is still {BEGUN} after 2 seconds")),
        "{message}"
    );
    assert!((2..10).contains(&took.as_secs()), "{took:?}");

    // Without waiting, it is unknown with which certificate it is being initialised.
    initialize(&rig, &cluster, &[]).refused(4, "unconfirmed");
    cluster.step();
    let again = initialize(&rig, &cluster, &["--wait"]).ok().json();
    assert_eq!(
        (&again["already"], &again["confirmed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(asked(key), 1);
}

#[test]
fn a_cluster_that_fails_while_waiting_is_reported_in_aws_s_words() {
    let key = "INITBREAKS";
    let rig = counted(key);
    let cluster = LocalCluster::create(HSM2, "").becoming("DEGRADED", Some("It says why."));
    sign(&rig, &cluster);
    let message = initialize(&rig, &cluster, &["--wait"]).refused(1, "cluster-failed");
    assert_eq!(message, format!("{} is DEGRADED: It says why.", cluster.id()));
    assert_eq!(asked(key), 1);
    initialize(&rig, &cluster, &["--wait"]).refused(3, "cluster-state");
    assert_eq!(asked(key), 1);
}

/// A running `cluster initialize --wait`.
fn spawn(rig: &Rig, cluster: &LocalCluster, log: &str) -> Child {
    // In background jobs Ctrl-C may be ignored, and children inherit that.
    let program = ["--default-signal=INT", PROGRAM];
    let arguments = arguments(cluster.id(), &["--wait"]);
    let mut command = rig.prepare_tool("env", &[&program[..], &arguments].concat());
    let log = fs::File::create(rig.path(log)).expect("a log");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    command.spawn().expect("it starts")
}

#[test]
fn ctrl_c_ends_the_waiting_not_the_work() {
    let key = "INITCTRLC";
    let rig = counted(key);
    let cluster = LocalCluster::create(HSM1, "").with_pace(None);
    sign(&rig, &cluster);
    let mut waiting = spawn(&rig, &cluster, "log");
    let log = || String::from_utf8(rig.read("log")).expect("UTF-8");
    for _ in 0..600 {
        if log().contains("Ctrl-C stops the wait") {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    signal(waiting.id(), Signal::INT);
    let status = waiting.wait().expect("it ends");
    assert_eq!(status.code(), None, "{status:?}: {}", log());
    assert_eq!(cluster.state(), BEGUN);

    cluster.step();
    let again = initialize(&rig, &cluster, &["--wait"]).ok().json();
    assert_eq!(
        (&again["already"], &again["confirmed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(asked(key), 1);
    assert_has_signed_certificate(&rig, &cluster);
}

#[test]
fn of_several_at_once_all_with_its_certificate_succeed_and_no_other() {
    let keys: Vec<_> = (0..4).map(|number| format!("INITRACE{number}")).collect();
    let rigs: Vec<_> = keys
        .iter()
        .map(|key| rig().with("AWS_ACCESS_KEY_ID", key))
        .collect();
    make_authority(&rigs[0]);
    let cluster = LocalCluster::create(HSM1, "").with_pace(Some(1.0));
    // Two for the same key by the same CA: the first for rigs 0 and 1, the second for rigs 2 and 3.
    for pair in rigs.chunks(2) {
        sign(&rigs[0], &cluster);
        for rig in pair {
            rig.write("signed.crt", rigs[0].read("signed.crt"));
            rig.write("customerCA.crt", rigs[0].read("customerCA.crt"));
        }
    }
    rigs[0].write("signed.crt", rigs[1].read("signed.crt"));

    let running: Vec<_> = rigs.iter().map(|rig| spawn(rig, &cluster, "log")).collect();
    let ends = running
        .into_iter()
        .map(|mut child| child.wait().expect("it ends").code());
    let ends: Vec<_> = ends.collect();
    let logs: Vec<_> = rigs
        .iter()
        .map(|rig| rig.read("log"))
        .map(|log| String::from_utf8(log).expect("UTF-8"))
        .collect();
    let shown = cluster.certificate("ClusterCertificate");
    for ((rig, end), log) in rigs.iter().zip(&ends).zip(&logs) {
        let is_its_own = rig.read("signed.crt") == shown.as_bytes();
        assert_eq!(*end, Some(if is_its_own { 0 } else { 3 }), "{logs:#?}");
        assert!(
            is_its_own || log.contains("with another certificate"),
            "{logs:#?}"
        );
    }
    assert_eq!(ends.iter().filter(|end| **end == Some(0)).count(), 2, "{logs:#?}");
    for key in &keys {
        assert!(asked(key) <= 1, "{logs:#?}");
    }
}

/// Runs on a separate terminal, on which `answer` is typed.
fn on_a_terminal(rig: &Rig, arguments: &[&str], answer: &str) -> Run {
    rig.type_on_a_terminal(&format!("{PROGRAM} {}", arguments.join(" ")), answer)
}

#[test]
fn at_a_terminal_the_clusters_id_must_be_typed() {
    const KEY: &str = "INITASKED";
    let rig = counted(KEY);
    let cluster = LocalCluster::create(HSM2, "");
    sign(&rig, &cluster);
    for (options, answer, words) in [
        (&[][..], "yes", "the typed text does not match"),
        (&["--no-input"], "", "--yes was not given"),
    ] {
        let run = on_a_terminal(&rig, &unconfirmed(cluster.id(), options), answer);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stdout.contains(words), "{run:#?}");
        assert_eq!(asked(KEY), 0);
    }
    let run = on_a_terminal(&rig, &unconfirmed(cluster.id(), &[]), cluster.id());
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("That cannot be undone"), "{run:#?}");
    assert_eq!(asked(KEY), 1);
    // No confirmation if it has already begun.
    let again = on_a_terminal(&rig, &unconfirmed(cluster.id(), &[]), "");
    assert!(!again.stdout.contains("Type the cluster's id"), "{again:#?}");
    assert_eq!(asked(KEY), 1);
}

#[test]
fn where_nobody_can_be_asked_it_needs_yes() {
    const KEY: &str = "INITUNASKED";
    let rig = counted(KEY);
    let cluster = LocalCluster::create(HSM2, "");
    sign(&rig, &cluster);
    // `setsid` leaves the terminal on which the tests run.
    let without_terminal = |options: &[&str]| {
        let program = ["--wait", PROGRAM, "--format", "json"];
        rig.tool(
            "setsid",
            &[&program[..], &unconfirmed(cluster.id(), options)].concat(),
        )
    };
    for (options, reason) in [
        (&[][..], "no terminal to ask on"),
        (&["--no-input"], "--no-input forbids the confirmation prompt"),
    ] {
        let message = without_terminal(options).refused(2, "not-confirmed");
        assert!(
            message.contains(reason) && message.contains("--yes was not given"),
            "{message}"
        );
        assert_eq!(asked(KEY), 0);
    }
    without_terminal(&["--no-input", "--yes", "--wait"]).ok();
    // Nothing is left to ask.
    without_terminal(&["--no-input"]).ok();
    assert_eq!(asked(KEY), 1);
}
