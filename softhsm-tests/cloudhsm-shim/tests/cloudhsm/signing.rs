//! Signing.

use std::fs;

use cryptoki_sys::*;

use crate::keys::{P256, P384, P521, ec_pair};
use crate::module::{Module, ask};
use crate::scenario::{inside, play};

#[test]
fn a_weak_digest_is_refused_and_a_strong_one_signed() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        for (curve, least) in [(P256, 32), (P384, 48), (P521, 64)] {
            let (_, key) = ec_pair(&session, curve);
            for len in [20, 28, 32, 48, 64] {
                let answer = session.sign(CKM_ECDSA, key, &vec![1; len]).map(|_| ());
                let expected = if len >= least {
                    Ok(())
                } else {
                    Err(CKR_MECHANISM_INVALID)
                };
                assert_eq!(answer, expected, "{len}");
            }
            assert_eq!(session.sign_init(CKM_ECDSA_SHA1, key), Err(CKR_MECHANISM_INVALID));
            // The target lacks the mechanism and gives the same answer. The logged reason shows which of them refused.
            let log = fs::read_to_string(inside().unwrap().join("calls.log")).unwrap();
            let line = log.lines().last().unwrap();
            assert!(
                line.contains("C_SignInit rv=0x70 mechanism=0x1042 # Digest security strength (80)"),
                "{line}"
            );
        }
    });
}

#[test]
fn a_weak_digest_is_signed_without_fips() {
    play(&[("CLUSTER", "non-fips")], || {
        let module = Module::load();
        let session = module.session();
        let (_, key) = ec_pair(&session, P256);
        assert!(session.sign(CKM_ECDSA, key, &[1; 20]).is_ok());
    });
}

#[test]
fn a_raw_mechanism_has_one_part() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let (_, key) = ec_pair(&session, P256);
        session.sign_init(CKM_ECDSA, key).unwrap();
        let mut part = [1; 32];
        let update = ask!(module, C_SignUpdate(session.handle, part.as_mut_ptr(), 32));
        assert_eq!(update, Err(CKR_MECHANISM_INVALID));
        assert!(session.sign(CKM_ECDSA, key, &part).is_ok());
    });
}
