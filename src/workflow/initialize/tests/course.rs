//! What became of the call, and of the waiting.

use std::time::Instant;

use super::script::{Script, Told, cluster, denied, id, refused, service, unreachable, with};
use super::*;
use crate::cloudhsm::CertificateKind::{ClusterCertificate, ClusterCsr};

type Seen = Result<Cluster, CloudHsmError>;

/// The cluster as it is before.
fn open() -> Seen {
    Ok(with("UNINITIALIZED", ClusterCsr, CSR))
}

fn in_state(state: &str) -> Seen {
    Ok(cluster(state))
}

fn showing(state: &str, certificate: &str) -> Seen {
    Ok(with(state, ClusterCertificate, certificate))
}

#[track_caller]
fn run(script: &Script, wait: bool) -> Result<InitializeSummary, InitializeClusterError> {
    let wait = wait.then_some(SHORT_WAIT);
    match initialize_cluster(script, &id(), &certificates(), wait, &()) {
        Ok(summary) => Ok(summary),
        Err(WorkflowError::Initialize(error)) => Err(*error),
        Err(other) => panic!("{other}"),
    }
}

/// How it ends: the error's name, or for a success what is known of it. It is asked `calls` times.
#[track_caller]
fn ending<const N: usize>(
    seen: [Seen; N],
    asked: Option<Result<&str, CloudHsmError>>,
    wait: bool,
    calls: usize,
) -> String {
    let script = Script::new(seen, asked);
    let ending = run(&script, wait);
    assert_eq!(script.calls.get(), calls, "{ending:?}");
    match ending {
        Ok(summary) => {
            let who = if summary.already { "another" } else { "this call" };
            let shown = if summary.confirmed {
                "confirmed"
            } else {
                "not confirmed"
            };
            format!("{who}, {shown}")
        }
        Err(error) => {
            let text = format!("{error:?}");
            let name = text.split(' ').next();
            name.unwrap_or_default().to_owned()
        }
    }
}

const WAIT: bool = true;
const NO_WAIT: bool = false;

const BEGUN: &str = "INITIALIZE_IN_PROGRESS";

#[test]
fn an_answer_says_that_it_has_begun() {
    let asked = || Some(Ok(BEGUN));
    assert_eq!(ending([open()], asked(), NO_WAIT, 1), "this call, not confirmed");
    let seen = [open(), in_state(BEGUN), showing("INITIALIZED", SIGNED)];
    assert_eq!(ending(seen, asked(), WAIT, 1), "this call, confirmed");
    // The state may lag behind the answer.
    let seen = [open(), open(), in_state(BEGUN), showing("INITIALIZED", SIGNED)];
    assert_eq!(ending(seen, asked(), WAIT, 1), "this call, confirmed");
}

#[test]
fn a_lost_answer_is_looked_into_and_never_asked_for_again() {
    for lost in [
        unreachable(),
        service("CloudHsmInternalFailureException"),
        service("CloudHsmServiceException"),
        service("HTTP status 503 without an error name"),
        CloudHsmError::Incomplete {
            operation: "InitializeCluster",
            field: "State",
        },
    ] {
        let asked = || Some(Err(lost.clone()));
        let begun = [open(), in_state(BEGUN)];
        assert_eq!(ending(begun, asked(), NO_WAIT, 1), "this call, not confirmed");
        let done = [open(), showing("INITIALIZED", SIGNED)];
        assert_eq!(ending(done, asked(), NO_WAIT, 1), "this call, confirmed");
        let other = [open(), showing("INITIALIZED", SIGNED_AGAIN)];
        assert_eq!(ending(other, asked(), NO_WAIT, 1), "OtherCertificate");
        assert_eq!(ending([open()], asked(), WAIT, 1), "NotDone");
        let blind = [open(), Err(unreachable())];
        assert_eq!(ending(blind, asked(), WAIT, 1), "Unknown");
        let gone = [open(), in_state("DELETE_IN_PROGRESS")];
        assert_eq!(ending(gone, asked(), WAIT, 1), "Failed");
    }
}

#[test]
fn a_throttled_call_was_not_carried_out() {
    for code in [
        "ThrottlingException",
        "Throttling",
        "TooManyRequestsException",
        "RequestLimitExceeded",
    ] {
        let asked = || Some(Err(service(code)));
        assert_eq!(ending([open()], asked(), WAIT, 1), "NotDone");
    }
}

#[test]
fn what_aws_denies_is_its_own_error() {
    let script = Script::new([open()], Some(Err(denied())));
    let error = initialize_cluster(&script, &id(), &certificates(), None, &()).unwrap_err();
    assert!(
        matches!(error, WorkflowError::CloudHsm(CloudHsmError::AccessDenied { .. })),
        "{error}"
    );
    assert_eq!((script.calls.get(), script.looks.get()), (1, 1));
}

#[test]
fn a_refusal_is_explained_by_an_hsm_that_was_replaced_in_between() {
    let asked = || Some(Err(refused()));
    let replaced = [open(), Ok(with("UNINITIALIZED", ClusterCsr, REPLACED_CSR))];
    assert_eq!(ending(replaced, asked(), WAIT, 1), "OtherKey");
    assert_eq!(ending([open()], asked(), WAIT, 1), "Refused");
}

#[test]
fn the_second_caller_succeeds_only_with_the_same_certificate() {
    let asked = || Some(Err(refused()));
    // Without the wait it cannot be told.
    assert_eq!(
        ending([open(), in_state(BEGUN)], asked(), NO_WAIT, 1),
        "Unconfirmed"
    );
    let same = [open(), in_state(BEGUN), showing("INITIALIZED", SIGNED)];
    assert_eq!(ending(same, asked(), WAIT, 1), "another, confirmed");
    let other = [open(), in_state(BEGUN), showing("INITIALIZED", SIGNED_AGAIN)];
    assert_eq!(ending(other, asked(), WAIT, 1), "OtherCertificate");
}

#[test]
fn a_second_run_goes_on_and_asks_for_nothing() {
    assert_eq!(ending([in_state(BEGUN)], None, NO_WAIT, 0), "Unconfirmed");
    for state in [
        "INITIALIZED",
        "ACTIVE",
        "UPDATE_IN_PROGRESS",
        "MODIFY_IN_PROGRESS",
    ] {
        for wait in [NO_WAIT, WAIT] {
            let same = [showing(state, SIGNED)];
            assert_eq!(ending(same, None, wait, 0), "another, confirmed");
            let other = [showing(state, SIGNED_AGAIN)];
            assert_eq!(ending(other, None, wait, 0), "OtherCertificate");
        }
    }
    let seen = [in_state(BEGUN), in_state(BEGUN), showing("ACTIVE", SIGNED)];
    assert_eq!(ending(seen, None, WAIT, 0), "another, confirmed");
    // AWS does not show which certificate it is: nobody can tell.
    assert_eq!(ending([in_state("INITIALIZED")], None, WAIT, 0), "Unconfirmed");
}

#[test]
fn a_state_that_leads_nowhere_ends_the_wait() {
    let asked = || Some(Ok(BEGUN));
    for state in ["DEGRADED", "DELETE_IN_PROGRESS", "DELETED", "CREATE_IN_PROGRESS"] {
        let seen = [open(), in_state(BEGUN), in_state(state)];
        assert_eq!(ending(seen, asked(), WAIT, 1), "Failed");
        assert_eq!(ending([open()], Some(Ok(state)), NO_WAIT, 1), "Failed");
    }
    // It was begun, and was taken back.
    let seen = [open(), in_state(BEGUN), open()];
    assert_eq!(ending(seen, asked(), WAIT, 1), "Failed");
}

#[test]
fn an_hsm_that_is_added_at_once_does_not_end_the_wait() {
    let changing = "UPDATE_IN_PROGRESS";
    let seen = [
        open(),
        in_state(BEGUN),
        in_state(changing),
        showing(changing, SIGNED),
    ];
    assert_eq!(ending(seen, Some(Ok(BEGUN)), WAIT, 1), "this call, confirmed");
}

#[test]
fn trouble_passes_during_the_wait_and_what_does_not_pass_ends_it() {
    let seen = [
        open(),
        Err(unreachable()),
        Err(unreachable()),
        Err(service("ThrottlingException")),
        in_state(BEGUN),
        Err(service("CloudHsmInternalFailureException")),
        showing("INITIALIZED", SIGNED),
    ];
    let script = Script::new(seen, Some(Ok(BEGUN)));
    let told = Told::default();
    initialize_cluster(&script, &id(), &certificates(), Some(SHORT_WAIT), &told).unwrap();
    let told = told.0.into_inner();
    let again = told.iter().filter(|step| step.starts_with("asking again"));
    assert_eq!(again.count(), 3, "each trouble once: {told:#?}");
    let last = told.last().unwrap();
    assert_eq!(last, "cluster-igklspoyj5v is INITIALIZED");

    for lasting in [
        denied(),
        CloudHsmError::NotFound {
            cluster: id(),
            region: "us-east-1".to_owned(),
        },
    ] {
        let script = Script::new([open(), Err(lasting)], Some(Ok(BEGUN)));
        let ending = run(&script, true);
        assert!(
            matches!(ending, Err(InitializeClusterError::OutOfSight { .. })),
            "{ending:?}"
        );
        assert_eq!((script.calls.get(), script.looks.get()), (1, 2));
    }
}

#[test]
fn the_wait_ends_in_time_with_a_last_look() {
    for (seen, is_blind) in [(in_state(BEGUN), false), (Err(unreachable()), true)] {
        let script = Script::new([open(), seen], Some(Ok(BEGUN)));
        let began = Instant::now();
        let ending = run(&script, true);
        let took = began.elapsed();
        match ending {
            Err(InitializeClusterError::StillInProgress { waited, .. }) if !is_blind => {
                assert!(waited >= SHORT_WAIT.longest, "{waited:?}");
            }
            Err(InitializeClusterError::OutOfSight { .. }) if is_blind => {}
            other => panic!("{other:?}"),
        }
        assert!(took >= SHORT_WAIT.longest, "{took:?}");
        assert!(took < SHORT_WAIT.longest * 5, "{took:?}");
    }
}
