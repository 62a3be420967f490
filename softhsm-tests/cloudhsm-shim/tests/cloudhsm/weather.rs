//! Throttling, latency and availability.

use std::time::{Duration, Instant};

use cryptoki_sys::*;

use crate::keys::{P256, ec_pair, ec_public, imported_ec};
use crate::module::{Answer, Module, flag};
use crate::scenario::{Scenario, inside, play};

#[test]
fn one_call_in_three_is_throttled() {
    play(&[("THROTTLE", "1/3"), ("THROTTLE_CALLS", "C_Sign")], || {
        let module = Module::load();
        let session = module.session();
        let (_, key) = ec_pair(&session, P256);
        let answers: Vec<_> = (0..6)
            .map(|_| session.sign(CKM_ECDSA, key, &[1; 32]).map(|_| ()))
            .collect();
        let busy = Err(CKR_FUNCTION_FAILED);
        assert_eq!(answers, [busy, Ok(()), Ok(()), busy, Ok(()), Ok(())]);
    });
}

#[test]
fn a_throttled_read_of_attributes_has_its_own_answer() {
    play(
        &[("THROTTLE", "1/2"), ("THROTTLE_CALLS", "C_GetAttributeValue")],
        || {
            let module = Module::load();
            let session = module.session();
            let (_, key) = ec_pair(&session, P256);
            let answers: Vec<Answer> = (0..4).map(|_| session.read(key, &[CKA_SIGN]).0).collect();
            assert_eq!(
                answers,
                [Err(CKR_DEVICE_ERROR), Ok(()), Err(CKR_DEVICE_ERROR), Ok(())]
            );
        },
    );
}

#[test]
fn only_calls_that_reach_the_hsm_take_longer() {
    play(&[("LATENCY_MS", "80")], || {
        let module = Module::load();
        let session = module.session();
        // A busy machine may be slow, but not always.
        let is_quick = (0..5).any(|_| {
            let start = Instant::now();
            let mut info = CK_INFO::default();
            crate::module::ask!(module, C_GetInfo(&mut info)).unwrap();
            start.elapsed() < Duration::from_millis(80)
        });
        assert!(is_quick);
        let start = Instant::now();
        session.find(&[]).unwrap();
        assert!(start.elapsed() >= Duration::from_millis(80));
    });
}

#[test]
fn only_the_named_calls_take_longer() {
    play(&[("LATENCY_MS", "80"), ("LATENCY_CALLS", "C_Sign")], || {
        let module = Module::load();
        let session = module.session();
        let (_, key) = ec_pair(&session, P256);
        let start = Instant::now();
        session.find(&[]).unwrap();
        let searched = start.elapsed();
        assert!(session.sign(CKM_ECDSA, key, &[1; 32]).is_ok());
        assert!(start.elapsed() - searched >= Duration::from_millis(80));
        // Not twice: C_SignInit is not named. A busy machine may be slow, but not always.
        let quick = (0..5).any(|_| {
            let start = Instant::now();
            session.find(&[]).unwrap();
            start.elapsed() < Duration::from_millis(80)
        });
        assert!(quick);
    });
}

#[test]
fn session_keys_need_no_second_hsm() {
    play(&[("HSMS", "1")], || {
        let module = Module::load();
        let session = module.session();
        let (_, key) = ec_pair(&session, P256);
        assert!(session.sign(CKM_ECDSA, key, &[1; 32]).is_ok());
        assert_eq!(
            imported_ec(&session, &[flag(CKA_TOKEN, true)]),
            Err(CKR_FUNCTION_FAILED)
        );
        let private = [flag(CKA_SIGN, true), flag(CKA_TOKEN, true)];
        let pair = session.generate_pair(CKM_EC_KEY_PAIR_GEN, &ec_public(P256), &private);
        assert_eq!(pair.err(), Some(CKR_FUNCTION_FAILED));
        assert!(session.find(&[flag(CKA_TOKEN, true)]).unwrap().is_empty());
    });
}

/// A token key that was made when there were two HSMs cannot be used with one.
#[test]
fn a_token_key_needs_two_hsms() {
    if inside().is_some() {
        let module = Module::load();
        let session = module.session();
        match session.find(&[flag(CKA_TOKEN, true)]).unwrap()[..] {
            [] => assert!(imported_ec(&session, &[flag(CKA_TOKEN, true), flag(CKA_SIGN, true)]).is_ok()),
            [key] => assert_eq!(session.sign(CKM_ECDSA, key, &[1; 32]), Err(CKR_FUNCTION_FAILED)),
            _ => panic!("one key"),
        }
        return;
    }
    let scenario = Scenario::new("weather::a_token_key_needs_two_hsms");
    scenario.pass(&[("BEHAVIOUR", "cloudhsm")]);
    scenario.pass(&[("BEHAVIOUR", "cloudhsm"), ("HSMS", "1")]);
    let lines = scenario.log_of("C_SignInit");
    let line = lines.last().unwrap();
    assert!(
        line.starts_with("C_SignInit rv=0x6 mechanism=0x1041 # Key "),
        "{line}"
    );
    let why = "does not meet the availability requirements - \
        The key must be available on at least 2 HSMs before being used.";
    assert!(line.ends_with(why), "{line}");
}
