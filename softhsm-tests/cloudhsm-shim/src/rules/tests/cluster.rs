//! The cluster and its weather.

use super::*;

#[test]
fn cluster_rules_need_the_cloudhsm_behaviour() {
    let cloudhsm = ("CLOUDHSM_SHIM_BEHAVIOUR", "cloudhsm");
    assert_eq!(parse(&[cloudhsm]).unwrap().cloudhsm, Settings::default());
    for (name, value) in [
        ("TARGET_TOKEN", "ca"),
        ("USER", "u"),
        ("ADMIN", "a"),
        ("LIBRARY_VERSION", "5.17"),
        ("CLUSTER", "non-fips"),
        ("HSMS", "1"),
    ] {
        let name = format!("{PREFIX}{name}");
        assert!(parse(&[cloudhsm, (&name, value)]).is_ok());
        assert!(parse(&[(&name, value)]).unwrap_err().contains("BEHAVIOUR"));
    }
    for (name, bad) in [
        ("BEHAVIOUR", "CloudHSM"),
        ("CLUSTER", "FIPS"),
        ("LIBRARY_VERSION", "5"),
        ("LIBRARY_VERSION", "5.17.2"),
        ("LIBRARY_VERSION", "5.256"),
        ("LIBRARY_VERSION", "5."),
        ("HSMS", "0"),
        ("HSMS", "29"),
    ] {
        refuses(&format!("{PREFIX}{name}"), bad);
    }
}

#[test]
fn throttling_is_a_share_and_a_seed() {
    let parsed = |value| {
        parse(&[("CLOUDHSM_SHIM_THROTTLE", value)])
            .unwrap()
            .throttle
            .unwrap()
    };
    let (of, every) = (2, 5);
    assert_eq!(
        parsed("2/5"),
        Throttle {
            of,
            every,
            seed: None
        }
    );
    assert_eq!(
        parsed("2/5@0"),
        Throttle {
            of,
            every,
            seed: Some(0)
        }
    );
    for bad in [
        "2", "0/5", "6/5", "2/0", "2/5@", "2/5@x", "2/5@1@2", "+2/5", "1/10001",
    ] {
        refuses("CLOUDHSM_SHIM_THROTTLE", bad);
    }
    let throttle = ("CLOUDHSM_SHIM_THROTTLE", "1/2");
    let calls = |value| parse(&[throttle, ("CLOUDHSM_SHIM_THROTTLE_CALLS", value)]);
    assert_eq!(
        calls("C_Sign,C_Login").unwrap().throttle_calls,
        [Call::C_Sign, Call::C_Login]
    );
    assert!(calls("C_GetInfo").unwrap_err().contains("does not reach"));
    assert!(calls("C_Sing").is_err());
    assert!(parse(&[("CLOUDHSM_SHIM_THROTTLE_CALLS", "C_Sign")]).is_err());
    for bad in ["0", "60001", "1s"] {
        refuses("CLOUDHSM_SHIM_LATENCY_MS", bad);
    }
}

#[test]
fn templates_are_logged_only_on_request() {
    let templates = ("CLOUDHSM_SHIM_LOG_TEMPLATES", "1");
    assert!(parse(&[templates]).is_err());
    assert!(
        parse(&[templates, ("CLOUDHSM_SHIM_LOG", "calls")])
            .unwrap()
            .log_templates
    );
    refuses("CLOUDHSM_SHIM_LOG_TEMPLATES", "0");
}
