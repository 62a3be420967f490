//! Identity, sessions, the login, functions and handles.

use std::fs;
use std::ptr;

use cryptoki_sys::*;

use crate::keys::{P256, ec_public};
use crate::module::{Module, RW, SLOT, ask, flag};
use crate::scenario::{PASSWORD, Scenario, inside, play};

#[test]
fn the_library_the_slot_and_the_token_are_cloudhsm_s() {
    play(&[], || {
        let module = Module::load();
        let mut info = CK_INFO::default();
        ask!(module, C_GetInfo(&mut info)).unwrap();
        assert_eq!((info.cryptokiVersion.major, info.cryptokiVersion.minor), (2, 40));
        assert_eq!((info.libraryVersion.major, info.libraryVersion.minor), (5, 2));
        assert!(info.manufacturerID.starts_with(b"CloudHSM "));
        assert!(info.libraryDescription.starts_with(b"CloudHSM PKCS#11 "));
        let (mut slots, mut count) = ([0; 4], 4);
        ask!(module, C_GetSlotList(CK_TRUE, slots.as_mut_ptr(), &mut count)).unwrap();
        assert_eq!(&slots[..count as usize], [SLOT]);
        let mut token = CK_TOKEN_INFO::default();
        ask!(module, C_GetTokenInfo(SLOT, &mut token)).unwrap();
        assert!(token.label.starts_with(b"hsm1 "));
        assert_eq!(token.flags, CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED);
        assert_eq!(
            ask!(module, C_GetTokenInfo(0, &mut token)),
            Err(CKR_SLOT_ID_INVALID)
        );
        let session = module.session();
        let mut info = CK_SESSION_INFO::default();
        ask!(module, C_GetSessionInfo(session.handle, &mut info)).unwrap();
        assert_eq!(info.slotID, SLOT);
    });
}

#[test]
fn a_pin_is_a_user_and_a_password() {
    play(&[], || {
        let module = Module::load();
        let session = module.open(RW).unwrap();
        for pin in [
            PASSWORD,
            "Other:12345678",
            ":12345678",
            "CryptoUser:87654321",
            "CryptoUser:",
        ] {
            let answer = session.login(CKU_USER, pin);
            assert!(
                matches!(answer, Err(CKR_PIN_INCORRECT | CKR_PIN_LEN_RANGE)),
                "{pin} {answer:?}"
            );
        }
        let pin = format!("CryptoUser:{PASSWORD}");
        assert_eq!(
            session.login(CKU_SO, "CryptoUser:87654321"),
            Err(CKR_USER_TYPE_INVALID)
        );
        assert_eq!(session.login(CKU_USER, &pin), Ok(()));
        let other = module.open(RW).unwrap();
        assert_eq!(other.login(CKU_USER, &pin), Err(CKR_USER_ALREADY_LOGGED_IN));
    });
}

#[test]
fn another_user_can_be_named() {
    play(&[("USER", "signer")], || {
        let module = Module::load();
        let session = module.open(RW).unwrap();
        let login = |user: &str| session.login(CKU_USER, &format!("{user}:{PASSWORD}"));
        assert_eq!(login("CryptoUser"), Err(CKR_PIN_INCORRECT));
        assert_eq!(login("signer"), Ok(()));
    });
}

#[test]
fn another_version_can_be_named() {
    play(&[("LIBRARY_VERSION", "5.17")], || {
        let module = Module::load();
        let mut info = CK_INFO::default();
        ask!(module, C_GetInfo(&mut info)).unwrap();
        assert_eq!((info.libraryVersion.major, info.libraryVersion.minor), (5, 17));
    });
}

#[test]
fn an_admin_is_not_a_user_of_the_token() {
    if inside().is_some() {
        let module = Module::load();
        let session = module.open(RW).unwrap();
        let login = |user: &str| session.login(CKU_USER, &format!("{user}:{PASSWORD}"));
        assert_eq!(login("chief"), Err(CKR_PIN_INCORRECT));
        assert_eq!(login("nobody"), Err(CKR_PIN_INCORRECT));
        return;
    }
    let scenario = Scenario::new("identity::an_admin_is_not_a_user_of_the_token");
    scenario.pass(&[("BEHAVIOUR", "cloudhsm"), ("ADMIN", "chief")]);
    let expected = ["C_Login rv=0xa0 # This user doesn't exist", "C_Login rv=0xa0"];
    assert_eq!(scenario.log_of("C_Login"), expected);
}

#[test]
fn sessions_are_read_write_and_not_more_than_1024() {
    play(&[], || {
        let module = Module::load();
        assert_eq!(module.open(CKF_SERIAL_SESSION).err(), Some(CKR_FUNCTION_FAILED));
        let sessions: Vec<_> = (0..1024).map(|_| module.open(RW).unwrap()).collect();
        assert_eq!(module.open(RW).err(), Some(CKR_SESSION_COUNT));
        ask!(module, C_CloseSession(sessions[0].handle)).unwrap();
        assert!(module.open(RW).is_ok());
        ask!(module, C_CloseAllSessions(SLOT)).unwrap();
        assert!(module.open(RW).is_ok());
    });
}

#[test]
fn functions_that_cloudhsm_lacks_are_not_supported() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let nothing = Err(CKR_FUNCTION_NOT_SUPPORTED);
        let (mut copy, mut len) = (0, 0);
        let handle = session.handle;
        assert_eq!(
            ask!(module, C_SetAttributeValue(handle, 1, ptr::null_mut(), 0)),
            nothing
        );
        assert_eq!(
            ask!(module, C_CopyObject(handle, 1, ptr::null_mut(), 0, &mut copy)),
            nothing
        );
        assert_eq!(ask!(module, C_GetObjectSize(handle, 1, &mut len)), nothing);
        assert_eq!(ask!(module, C_SeedRandom(handle, ptr::null_mut(), 0)), nothing);
        assert_eq!(
            ask!(module, C_InitToken(SLOT, ptr::null_mut(), 0, ptr::null_mut())),
            nothing
        );
        assert_eq!(
            ask!(module, C_SetPIN(handle, ptr::null_mut(), 0, ptr::null_mut(), 0)),
            nothing
        );
        let mut random = [0; 16];
        ask!(module, C_GenerateRandom(handle, random.as_mut_ptr(), 16)).unwrap();
        assert_ne!(random, [0; 16]);
    });
}

#[test]
fn a_token_is_chosen_by_its_label() {
    if let Some(directory) = inside() {
        let module = Module::load();
        let answer = module.open(RW).map(|_| ());
        fs::write(directory.join("answer"), format!("{answer:?}")).unwrap();
        return;
    }
    let scenario = Scenario::new("identity::a_token_is_chosen_by_its_label");
    let answer = || fs::read_to_string(scenario.path("answer")).unwrap();
    scenario.add_token("other");
    scenario.pass(&[("BEHAVIOUR", "cloudhsm")]);
    assert_eq!(answer(), format!("{:?}", Err::<(), _>(CKR_DEVICE_ERROR)));
    scenario.pass(&[("BEHAVIOUR", "cloudhsm"), ("TARGET_TOKEN", "other")]);
    assert_eq!(answer(), "Ok(())");
}

/// A handle from another run is invalid.
#[test]
fn handles_are_of_one_run() {
    if let Some(directory) = inside() {
        let module = Module::load();
        let session = module.session();
        let kept = directory.join("handle");
        match fs::read_to_string(&kept) {
            Err(_) => {
                let private = [flag(CKA_SIGN, true), flag(CKA_TOKEN, true)];
                let pair = session.generate_pair(CKM_EC_KEY_PAIR_GEN, &ec_public(P256), &private);
                let (_, key) = pair.unwrap();
                assert_eq!(session.find(&[flag(CKA_SIGN, true)]), Ok(vec![key]));
                assert_eq!(session.sign_init(CKM_ECDSA, key), Ok(()));
                fs::write(kept, key.to_string()).unwrap();
            }
            Ok(handle) => {
                let old = handle.parse().unwrap();
                let found = session.find(&[flag(CKA_SIGN, true)]).unwrap();
                assert!(found.len() == 1 && found[0] != old);
                let refused =
                    |answer| matches!(answer, Err(CKR_OBJECT_HANDLE_INVALID | CKR_KEY_HANDLE_INVALID));
                assert!(refused(session.sign_init(CKM_ECDSA, old)));
                assert!(refused(session.destroy(old)));
                assert_eq!(session.sign_init(CKM_ECDSA, found[0]), Ok(()));
            }
        }
        return;
    }
    let scenario = Scenario::new("identity::handles_are_of_one_run");
    scenario.pass(&[("BEHAVIOUR", "cloudhsm")]);
    scenario.pass(&[("BEHAVIOUR", "cloudhsm")]);
}
