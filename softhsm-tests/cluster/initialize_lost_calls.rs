//! `cluster initialize` with failing calls: `InitializeCluster` cannot be undone, so it is called only once.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cluster::initialize::{asked, counted, initialize};
use crate::harness::{HSM1, HSM2, LocalCluster, Rig, Weather};
use crate::local_cluster::states::sign;

fn fault(operation: &str, kind: &str, settings: Value) -> Value {
    let mut fault = json!({ "operation": operation, "kind": kind });
    let settings = settings.as_object().cloned().unwrap_or_default();
    fault.as_object_mut().expect("an object").extend(settings);
    fault
}

fn on_initialize(kind: &str) -> Value {
    fault("InitializeCluster", kind, json!({}))
}

/// A rig with a signed certificate for a cluster.
fn ready(access_key: &str) -> (Rig, Weather, LocalCluster) {
    let rig = counted(access_key);
    let cluster = LocalCluster::create(HSM1, "").with_pace(Some(0.0));
    sign(&rig, &cluster);
    (rig, Weather::of(access_key), cluster)
}

#[test]
fn a_call_that_was_not_carried_out_is_reported_and_the_next_run_repeats_it() {
    for (number, kind) in [
        "ThrottlingException",
        "CloudHsmInternalFailureException",
        "CloudHsmServiceException",
        "close",
        "empty",
        "garbage",
        "html",
    ]
    .into_iter()
    .enumerate()
    {
        let key = format!("INITNOTDONE{number}");
        let (rig, weather, cluster) = ready(&key);
        weather.set(&[on_initialize(kind)]);
        let message = initialize(&rig, &cluster, &["--wait"]).refused(4, "cloudhsm-failed");
        assert!(
            message.contains("the cluster is still UNINITIALIZED"),
            "{kind}: {message}"
        );
        assert_eq!(asked(&key), 1, "{kind}");
        let result = initialize(&rig, &cluster, &["--wait"]).ok().json();
        assert_eq!(result["already"], false, "{kind}");
        assert_eq!(asked(&key), 2, "{kind}");
    }
}

#[test]
fn a_call_whose_answer_is_lost_is_found_done() {
    for (number, kind) in ["lost", "truncate"].into_iter().enumerate() {
        let key = format!("INITLOST{number}");
        let (rig, weather, cluster) = ready(&key);
        weather.set(&[on_initialize(kind)]);
        let result = initialize(&rig, &cluster, &["--wait"]).ok().json();
        assert_eq!(result["already"], false, "{kind}");
        assert_eq!(result["confirmed"], true, "{kind}");
        let warning = result["warnings"][0].as_str().expect("a warning");
        assert!(warning.contains("AWS did it anyway"), "{kind}: {warning}");
        assert_eq!(asked(&key), 1, "{kind}");
    }
}

#[test]
fn after_an_answer_that_takes_too_long_the_next_run_finds_the_result() {
    let (rig, weather, cluster) = ready("INITHANG");
    weather.set(&[fault("InitializeCluster", "hang", json!({ "seconds": 24 }))]);
    let began = Instant::now();
    initialize(&rig, &cluster, &["--wait"]).refused(4, "cloudhsm-failed");
    assert!(began.elapsed() < Duration::from_secs(24), "{:?}", began.elapsed());
    thread::sleep(Duration::from_secs(6));
    let result = initialize(&rig, &cluster, &["--wait"]).ok().json();
    assert_eq!(
        (&result["already"], &result["confirmed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(asked("INITHANG"), 1);
}

#[test]
fn the_outcome_of_a_lost_call_may_stay_unknown() {
    let (rig, weather, cluster) = ready("INITUNKNOWN");
    let blind = fault(
        "DescribeClusters",
        "CloudHsmInternalFailureException",
        json!({ "skip": 1, "times": 0 }),
    );
    weather.set(&[on_initialize("lost"), blind]);
    let run = initialize(&rig, &cluster, &["--wait"]);
    assert!(run.stderr.contains("run the same command again"), "{run:?}");
    run.refused(4, "outcome-unknown");
    weather.set(&[]);
    let result = initialize(&rig, &cluster, &[]).ok().json();
    assert_eq!(
        (&result["already"], &result["confirmed"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(asked("INITUNKNOWN"), 1);
}

#[test]
fn waiting_continues_when_cloudhsm_does_not_answer_for_a_while() {
    let (rig, weather, cluster) = ready("INITAWHILE");
    // More failures than the SDK's own attempts.
    weather.set(&[fault(
        "DescribeClusters",
        "close",
        json!({ "skip": 1, "times": 6 }),
    )]);
    let result = initialize(&rig, &cluster, &["--wait"]).ok().json();
    assert_eq!(
        (&result["already"], &result["confirmed"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(asked("INITAWHILE"), 1);
}

#[test]
fn a_wait_that_loses_access_reports_the_last_known_state() {
    let (rig, weather, cluster) = ready("INITBLIND");
    let denied = "CloudHsmAccessDeniedException";
    weather.set(&[fault(
        "DescribeClusters",
        denied,
        json!({ "skip": 1, "times": 0 }),
    )]);
    let run = initialize(&rig, &cluster, &["--wait"]);
    assert!(run.stderr.contains("AWS continues by itself"), "{run:?}");
    let message = run.refused(4, "access-denied");
    assert!(
        message.contains("was INITIALIZE_IN_PROGRESS when it was last seen"),
        "{message}"
    );
    assert_eq!(asked("INITBLIND"), 1);
}

#[test]
fn an_hsm_that_is_replaced_while_aws_is_asked_is_named_as_the_cause() {
    let (rig, weather, cluster) = ready("INITREPLACED");
    weather.set(&[fault("InitializeCluster", "hang", json!({ "seconds": 3 }))]);
    let run = thread::scope(|scope| {
        let run = scope.spawn(|| initialize(&rig, &cluster, &["--wait"]));
        for _ in 0..1000 {
            if asked("INITREPLACED") > 0 {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        cluster.replace_hsm();
        run.join().expect("it ends")
    });
    run.refused(3, "other-key");
    assert_eq!(asked("INITREPLACED"), 1);
    assert_eq!(cluster.state(), "UNINITIALIZED");
    // A later run does not ask AWS to initialise.
    initialize(&rig, &cluster, &["--wait"]).refused(3, "other-key");
    assert_eq!(asked("INITREPLACED"), 1);
}

#[test]
fn a_certificate_that_aws_refuses_for_its_own_reasons_changes_nothing() {
    let (rig, weather, cluster) = ready("INITREFUSED");
    let refusal = json!({ "message": "For reasons of its own." });
    weather.set(&[fault(
        "InitializeCluster",
        "CloudHsmInvalidRequestException",
        refusal,
    )]);
    let message = initialize(&rig, &cluster, &["--wait"]).refused(3, "cloudhsm-refused");
    assert!(message.contains("For reasons of its own."), "{message}");
    assert!(message.contains("still UNINITIALIZED"), "{message}");
    assert_eq!(asked("INITREFUSED"), 1);
}

#[test]
fn a_missing_permission_to_initialize_is_named() {
    let (rig, weather, cluster) = ready("INITNOTALLOWED");
    let denied = json!({ "message": "not authorized to perform: cloudhsm:InitializeCluster" });
    weather.set(&[fault(
        "InitializeCluster",
        "CloudHsmAccessDeniedException",
        denied,
    )]);
    let message = initialize(&rig, &cluster, &["--wait"]).refused(4, "access-denied");
    assert!(message.contains("cloudhsm:InitializeCluster"), "{message}");
    assert_eq!(asked("INITNOTALLOWED"), 1);
}

#[test]
fn after_an_answer_without_a_state_the_state_is_queried() {
    let key = "INITSTATELESS";
    let rig = counted(key);
    let cluster = LocalCluster::create(HSM2, "").with_pace(Some(0.0));
    sign(&rig, &cluster);
    Weather::of(key).set(&[fault("InitializeCluster", "without", json!({ "field": "State" }))]);
    let result = initialize(&rig, &cluster, &[]).ok().json();
    assert_eq!(
        (&result["already"], &result["confirmed"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(asked(key), 1);
}
