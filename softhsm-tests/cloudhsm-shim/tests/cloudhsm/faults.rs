//! Faults, in front of a plain target too.

use std::process::Command;

use cryptoki_sys::*;

use crate::keys::{P256, ec_pair, imported_ec};
use crate::module::{Module, RW, ask, flag};
use crate::scenario::{Scenario, inside, play};

#[test]
fn a_fault_before_the_call_leaves_no_key() {
    play(
        &[(
            "FAIL",
            "C_UnwrapKey:CKR_DEVICE_MEMORY;C_GetMechanismInfo:CKR_HOST_MEMORY",
        )],
        || {
            let module = Module::load();
            let session = module.session();
            assert_eq!(
                imported_ec(&session, &[flag(CKA_TOKEN, true)]),
                Err(CKR_DEVICE_MEMORY)
            );
            assert!(session.find(&[flag(CKA_TOKEN, true)]).unwrap().is_empty());
            let mut info = CK_MECHANISM_INFO::default();
            let slot = crate::module::SLOT;
            assert_eq!(
                ask!(module, C_GetMechanismInfo(slot, CKM_ECDSA, &mut info)),
                Err(CKR_HOST_MEMORY)
            );
            assert_eq!(
                ask!(module, C_GetMechanismInfo(slot, CKM_ECDSA, &mut info)),
                Ok(())
            );
        },
    );
}

#[test]
fn a_fault_after_the_call_leaves_one() {
    play(&[("FAIL", "C_UnwrapKey!:CKR_DEVICE_ERROR@1")], || {
        let module = Module::load();
        let session = module.session();
        assert_eq!(
            imported_ec(&session, &[flag(CKA_TOKEN, true)]),
            Err(CKR_DEVICE_ERROR)
        );
        let found = session.find(&[flag(CKA_TOKEN, true)]).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(session.destroy(found[0]), Ok(()));
        assert!(imported_ec(&session, &[flag(CKA_TOKEN, true)]).is_ok());
    });
}

#[test]
fn a_failed_signature_ends_the_operation() {
    play(&[("FAIL", "C_Sign:CKR_DEVICE_ERROR@2")], || {
        let module = Module::load();
        let session = module.session();
        let (_, key) = ec_pair(&session, P256);
        let answers: Vec<_> = (0..3)
            .map(|_| session.sign(CKM_ECDSA, key, &[1; 32]).map(|_| ()))
            .collect();
        assert_eq!(answers, [Ok(()), Err(CKR_DEVICE_ERROR), Ok(())]);
    });
}

#[test]
fn a_lie_changes_what_was_answered() {
    play(&[("CORRUPT", "sensitive,token,sign")], || {
        let module = Module::load();
        let session = module.session();
        let key = imported_ec(&session, &[flag(CKA_TOKEN, true), flag(CKA_SIGN, true)]).unwrap();
        assert!(!session.is(key, CKA_SENSITIVE) && !session.is(key, CKA_TOKEN) && session.is(key, CKA_SIGN));
        let (public, private) = ec_pair(&session, P256);
        let signature = session.sign(CKM_ECDSA, private, &[1; 32]).unwrap();
        assert_eq!(
            session.verify(CKM_ECDSA, public, &[1; 32], &signature),
            Err(CKR_SIGNATURE_INVALID)
        );
    });
}

/// A process that is killed after `C_UnwrapKey` leaves the key behind.
#[test]
fn a_process_is_killed_at_any_call() {
    if inside().is_some() {
        let module = Module::load();
        let session = module.session();
        if session.find(&[flag(CKA_TOKEN, true)]).unwrap().is_empty() {
            imported_ec(&session, &[flag(CKA_TOKEN, true)]).unwrap();
            panic!("this process was to be killed");
        }
        return;
    }
    let scenario = Scenario::new("faults::a_process_is_killed_at_any_call");
    scenario.is_killed(&[("BEHAVIOUR", "cloudhsm"), ("KILL", "C_UnwrapKey")]);
    scenario.is_killed(&[("BEHAVIOUR", "cloudhsm"), ("KILL", "C_UnwrapKey!")]);
    scenario.pass(&[("BEHAVIOUR", "cloudhsm"), ("KILL", "C_UnwrapKey")]);
}

/// Without a behaviour, the target is unchanged: its slots, its mechanisms, its PIN.
#[test]
fn a_plain_module_is_its_target() {
    if inside().is_some() {
        let module = Module::load();
        assert_eq!(module.open(RW).err(), Some(CKR_SLOT_ID_INVALID));
        let (mut slots, mut count) = ([0; 4], 4);
        ask!(module, C_GetSlotList(CK_TRUE, slots.as_mut_ptr(), &mut count)).unwrap();
        let mut info = CK_MECHANISM_INFO::default();
        assert_eq!(
            ask!(
                module,
                C_GetMechanismInfo(slots[0], CKM_AES_KEY_WRAP_PAD, &mut info)
            ),
            Ok(())
        );
        let mut token = CK_TOKEN_INFO::default();
        ask!(module, C_GetTokenInfo(slots[0], &mut token)).unwrap();
        assert!(token.label.starts_with(b"rig ") && token.flags & CKF_USER_PIN_LOCKED != 0);
        return;
    }
    Scenario::new("faults::a_plain_module_is_its_target").pass(&[("TOKEN_FLAGS", "0x40000")]);
}

/// Rules that cannot be read stop the module, with a message.
#[test]
fn unknown_rules_are_refused() {
    if inside().is_some() {
        Module::load();
        return;
    }
    let scenario = Scenario::new("faults::unknown_rules_are_refused");
    for (rule, why) in [
        (("THROTLE", "1/2"), "CLOUDHSM_SHIM_THROTLE: unknown variable"),
        (("THROTTLE", "3/2"), "CLOUDHSM_SHIM_THROTTLE: 3 is more than 2"),
        (("HSMS", "1"), "need CLOUDHSM_SHIM_BEHAVIOUR=cloudhsm"),
    ] {
        let output = scenario.play(&[rule]);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(why), "{told}");
    }
}

/// The module exports only `C_GetFunctionList`.
#[test]
fn only_one_function_is_exported() {
    let module = std::env::current_exe()
        .unwrap()
        .with_file_name("libcloudhsm_shim.so");
    let output = Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(module)
        .output()
        .expect("nm");
    let names = String::from_utf8(output.stdout).unwrap();
    let exported: Vec<_> = names.lines().filter_map(|line| line.split(' ').nth(2)).collect();
    assert_eq!(exported, ["C_GetFunctionList"]);
}
