use std::os::unix::ffi::OsStringExt;

use cryptoki_sys::{CKR_DEVICE_ERROR, CKR_PIN_LOCKED};

use super::*;
use crate::rv;

mod cluster;

/// Parses the given variables next to a target.
fn parse(vars: &[(&str, &str)]) -> Result<Rules, String> {
    let target = ("CLOUDHSM_SHIM_TARGET", "module.so");
    let vars = vars.iter().chain([&target]);
    Rules::parse(vars.map(|(name, value)| (name.into(), value.into())))
}

fn refuses(name: &str, value: &str) -> String {
    match parse(&[(name, value)]) {
        Ok(rules) => panic!("{name}={value} was accepted: {rules:?}"),
        Err(why) => {
            assert!(why.starts_with(name), "{why}");
            why
        }
    }
}

#[test]
fn without_rules_nothing_happens() {
    let rules = parse(&[("HOME", ""), ("TOKEN", "x")]).unwrap();
    assert_eq!(rules.target, PathBuf::from("module.so"));
    assert_eq!((rules.token_flags, rules.log.as_ref()), (0, None));
    assert_eq!(rules.fault(Call::C_Sign, 1, Moment::Before), None);
    assert!(!rules.kills(Call::C_Sign, 1, Moment::Before));
    assert!(!rules.corrupts(Corruption::Sign));
}

#[test]
fn the_target_is_required() {
    let why = Rules::parse(std::iter::empty()).unwrap_err();
    assert_eq!(why, "CLOUDHSM_SHIM_TARGET: not set");
}

#[test]
fn empty_unknown_and_undecodable_values_are_refused() {
    for name in [
        "TARGET",
        "BEHAVIOUR",
        "TARGET_TOKEN",
        "USER",
        "ADMIN",
        "LIBRARY_VERSION",
        "CLUSTER",
        "HSMS",
        "THROTTLE",
        "THROTTLE_CALLS",
        "LATENCY_MS",
        "LATENCY_CALLS",
        "SESSIONS",
        "LOG",
        "LOG_TEMPLATES",
        "TOKEN_FLAGS",
        "FAIL",
        "TELL",
        "KILL",
        "STOP",
        "CRASH",
        "HANG",
        "TOKEN_FLAGS_OFF",
        "PIN_LENGTHS",
        "FIND_AT_MOST",
        "SLOT_FAIL",
        "CORRUPT",
    ] {
        refuses(&format!("{PREFIX}{name}"), "");
    }
    assert!(refuses("CLOUDHSM_SHIM_FIAL", "C_Sign:0x5").contains("unknown variable"));
    let raw = OsString::from_vec(vec![b'C', 0xff]);
    let vars = [("CLOUDHSM_SHIM_KILL".into(), raw)];
    assert!(Rules::parse(vars.into_iter()).unwrap_err().contains("UTF-8"));
}

#[test]
fn a_slot_a_search_and_the_limits_of_a_pin_have_their_own_rules() {
    let rules = parse(&[
        ("CLOUDHSM_SHIM_SLOT_FAIL", "0x5:CKR_DEVICE_ERROR;0x1f:0xe1"),
        ("CLOUDHSM_SHIM_PIN_LENGTHS", "0x8,0xffffffffffffffff"),
        ("CLOUDHSM_SHIM_FIND_AT_MOST", "2"),
        ("CLOUDHSM_SHIM_TOKEN_FLAGS_OFF", "0x4"),
    ])
    .unwrap();
    assert_eq!(rules.slot_fault(5), Some(CKR_DEVICE_ERROR));
    assert_eq!((rules.slot_fault(0x1f), rules.slot_fault(0)), (Some(0xe1), None));
    assert_eq!(rules.pin_lengths, Some((8, u64::MAX)));
    assert_eq!((rules.find_at_most, rules.token_flags_off), (Some(2), 4));
    refuses("CLOUDHSM_SHIM_SLOT_FAIL", "5:CKR_DEVICE_ERROR");
    refuses("CLOUDHSM_SHIM_PIN_LENGTHS", "0x8");
    refuses("CLOUDHSM_SHIM_FIND_AT_MOST", "0");
}

#[test]
fn sessions_and_the_calls_that_take_long_have_limits() {
    let rules = parse(&[
        ("CLOUDHSM_SHIM_SESSIONS", "16"),
        ("CLOUDHSM_SHIM_LATENCY_MS", "5"),
        ("CLOUDHSM_SHIM_LATENCY_CALLS", "C_Sign,C_SignInit"),
    ])
    .unwrap();
    assert_eq!(rules.sessions, Some(16));
    assert_eq!(rules.latency_calls, [Call::C_Sign, Call::C_SignInit]);
    refuses("CLOUDHSM_SHIM_SESSIONS", "0");
    // No latency, and a call that never leaves the library.
    refuses("CLOUDHSM_SHIM_LATENCY_CALLS", "C_Sign");
    refuses("CLOUDHSM_SHIM_LATENCY_CALLS", "C_OpenSession");
}

#[test]
fn a_call_number_is_reported_by_the_calls_that_have_one() {
    let rules = parse(&[("CLOUDHSM_SHIM_TELL", "C_Sign!:0xffffffffffffffff")]).unwrap();
    assert_eq!(rules.told(Call::C_Sign, Moment::After), Some(u64::MAX));
    assert_eq!(rules.told(Call::C_Sign, Moment::Before), None);
    assert_eq!(rules.told(Call::C_FindObjects, Moment::After), None);
    for bad in [
        "C_Sign",
        "C_Sign:5",
        "C_Login:0x5",
        "C_FindObjects:0x5",
        "C_Sing:0x5",
    ] {
        refuses("CLOUDHSM_SHIM_TELL", bad);
    }
}

#[test]
fn token_flags_are_united() {
    let rules = parse(&[("CLOUDHSM_SHIM_TOKEN_FLAGS", "0x00040000,0x2")]).unwrap();
    assert_eq!(rules.token_flags, 0x0004_0002);
    for bad in [
        "262144",
        "0x",
        "0x+2",
        "0x2,",
        "0xg",
        "0x10000000000000000",
        "0x2 ",
    ] {
        refuses("CLOUDHSM_SHIM_TOKEN_FLAGS", bad);
    }
}

#[test]
fn a_fault_is_for_one_call_or_for_every_call() {
    let value = "C_Sign:0x30@2;C_Login:CKR_PIN_LOCKED@*;C_InitPIN:CKR_DEVICE_ERROR;C_Sign:0x0@4";
    let rules = parse(&[("CLOUDHSM_SHIM_FAIL", value)]).unwrap();
    let signs: Vec<_> = (1..6)
        .map(|n| rules.fault(Call::C_Sign, n, Moment::Before))
        .collect();
    assert_eq!(signs, [None, Some(CKR_DEVICE_ERROR), None, Some(0), None]);
    assert_eq!(
        rules.fault(Call::C_Login, 7, Moment::Before),
        Some(CKR_PIN_LOCKED)
    );
    assert_eq!(
        rules.fault(Call::C_InitPIN, 1, Moment::Before),
        Some(CKR_DEVICE_ERROR)
    );
    assert_eq!(rules.fault(Call::C_InitPIN, 2, Moment::Before), None);
}

#[test]
fn malformed_faults_are_refused() {
    for bad in [
        "C_Sign",
        "C_Sign:",
        "C_Sign@1",
        "C_Sing:0x5",
        "c_sign:0x5",
        "C_GetFunctionList:0x5",
        "C_Sign:CKR_NO_SUCH",
        "C_Sign:5",
        "C_Sign:0x5@",
        "C_Sign:0x5@0",
        "C_Sign:0x5@-1",
        "C_Sign:0x5@+1",
        "C_Sign:0x5@1@2",
        "C_Sign:0x5@**",
        "C_Sign:0x5;",
        " C_Sign:0x5",
    ] {
        refuses("CLOUDHSM_SHIM_FAIL", bad);
    }
}

#[test]
fn contradicting_faults_are_refused() {
    for bad in [
        "C_Sign:0x5;C_Sign:0x6@1",
        "C_Sign:0x5@*;C_Sign:0x6@2",
        "C_Sign:0x5@2;C_Sign:0x6@*",
    ] {
        assert!(refuses("CLOUDHSM_SHIM_FAIL", bad).contains("earlier rule"));
    }
}

#[test]
fn a_kill_is_before_or_after_one_call() {
    for (value, nth, moment) in [
        ("C_CreateObject", 1, Moment::Before),
        ("C_CreateObject@3", 3, Moment::Before),
        ("C_CreateObject!", 1, Moment::After),
        ("C_CreateObject!@2", 2, Moment::After),
    ] {
        let rules = parse(&[("CLOUDHSM_SHIM_KILL", value)]).unwrap();
        let call = Call::C_CreateObject;
        assert_eq!(rules.kill, Some(Instant { call, nth, moment }), "{value}");
    }
    for bad in [
        "C_Nothing",
        "C_Sign@0",
        "C_Sign@*",
        "C_Sign@2!",
        "C_Sign!!",
        "!",
        "C_Sign@",
    ] {
        refuses("CLOUDHSM_SHIM_KILL", bad);
    }
}

#[test]
fn corruptions_are_a_list() {
    let rules = parse(&[("CLOUDHSM_SHIM_CORRUPT", "random,modulus")]).unwrap();
    assert!(rules.corrupts(Corruption::Random) && rules.corrupts(Corruption::Modulus));
    assert!(!rules.corrupts(Corruption::Sign) && !rules.corrupts(Corruption::Extractable));
    for bad in ["Sign", "sign,", "sign;random", "all"] {
        refuses("CLOUDHSM_SHIM_CORRUPT", bad);
    }
}

#[test]
fn a_fault_may_be_answered_after_the_call() {
    let value = "C_UnwrapKey!:CKR_DEVICE_ERROR@2;C_UnwrapKey:CKR_HOST_MEMORY";
    let rules = parse(&[("CLOUDHSM_SHIM_FAIL", value)]).unwrap();
    let fault = |nth, moment| rules.fault(Call::C_UnwrapKey, nth, moment);
    assert_eq!(
        fault(1, Moment::Before),
        Some(rv::by_name("CKR_HOST_MEMORY").unwrap())
    );
    assert_eq!(fault(1, Moment::After), None);
    assert_eq!(fault(2, Moment::After), Some(CKR_DEVICE_ERROR));
    refuses("CLOUDHSM_SHIM_FAIL", "C_Sign!:0x5;C_Sign:0x6");
    refuses("CLOUDHSM_SHIM_FAIL", "C_Sign!!:0x5");
}

#[test]
fn every_value_can_be_answered_at_every_function() {
    for call in Call::ALL {
        for name in rv::NAMES {
            for mark in ["", "!"] {
                let value = format!("{}{mark}:{name}@3", call.name());
                let rules = parse(&[("CLOUDHSM_SHIM_FAIL", &value)]).unwrap();
                let moment = if mark.is_empty() {
                    Moment::Before
                } else {
                    Moment::After
                };
                assert_eq!(rules.fault(*call, 3, moment), rv::by_name(name), "{value}");
            }
        }
    }
    assert!(Call::COUNT == 67 && rv::NAMES.len() > 100);
}
