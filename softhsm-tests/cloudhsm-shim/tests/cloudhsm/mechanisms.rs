//! The supported mechanisms.

use std::ptr;

use cryptoki_sys::*;

use crate::keys::{P256, ZERO_PAD, ec_pair, rsa_public, unwrapped, wrapping_key};
use crate::module::{Attribute, Module, SLOT, ask, flag, number, plain};
use crate::scenario::play;

#[test]
fn the_list_is_cloudhsm_s_and_not_the_target_s() {
    play(&[], || {
        let module = Module::load();
        let mut count = 0;
        ask!(module, C_GetMechanismList(SLOT, ptr::null_mut(), &mut count)).unwrap();
        let mut list = vec![0; count as usize];
        ask!(module, C_GetMechanismList(SLOT, list.as_mut_ptr(), &mut count)).unwrap();
        for there in [
            0x8000_216F,
            0x8000_2109,
            0x8000_210A,
            0x8000_1087,
            0x1054,
            0x0A,
            CKM_ECDSA_SHA384,
        ] {
            assert!(list.contains(&there), "{there:#x}");
        }
        for absent in [
            CKM_AES_KEY_WRAP,
            CKM_AES_KEY_WRAP_PAD,
            CKM_EDDSA,
            CKM_DES3_KEY_GEN,
            CKM_MD5,
        ] {
            assert!(!list.contains(&absent), "{absent:#x}");
        }
        let mut info = CK_MECHANISM_INFO::default();
        ask!(module, C_GetMechanismInfo(SLOT, CKM_AES_CBC_PAD, &mut info)).unwrap();
        assert_eq!(info.flags & (CKF_UNWRAP | CKF_DECRYPT), CKF_DECRYPT);
        ask!(module, C_GetMechanismInfo(SLOT, CKM_RSA_PKCS, &mut info)).unwrap();
        assert_eq!(info.flags & (CKF_UNWRAP | CKF_SIGN), CKF_SIGN);
        assert_eq!((info.ulMinKeySize, info.ulMaxKeySize), (2048, 4096));
        let absent = ask!(module, C_GetMechanismInfo(SLOT, CKM_AES_KEY_WRAP_PAD, &mut info));
        assert_eq!(absent, Err(CKR_MECHANISM_INVALID));
    });
}

#[test]
fn an_unlisted_mechanism_is_refused_even_if_the_target_has_it() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let (_, private) = ec_pair(&session, P256);
        let aes = wrapping_key(&session);
        for kind in [CKM_AES_KEY_WRAP_PAD, CKM_AES_KEY_WRAP, CKM_AES_CBC_PAD] {
            let refused = Some(CKR_MECHANISM_INVALID);
            assert_eq!(session.wrap(plain(kind), aes, private).err(), refused);
            assert_eq!(
                session
                    .unwrap(plain(kind), aes, &[0; 40], &unwrapped(CKK_EC, &[]))
                    .err(),
                refused
            );
        }
        assert_eq!(session.sign_init(CKM_EDDSA, private), Err(CKR_MECHANISM_INVALID));
        assert_eq!(
            session.generate(plain(CKM_DES3_KEY_GEN), &[]).err(),
            Some(CKR_MECHANISM_INVALID)
        );
        let mut md5 = plain(CKM_MD5);
        assert_eq!(
            ask!(module, C_DigestInit(session.handle, &mut md5)),
            Err(CKR_MECHANISM_INVALID)
        );
        let mut key = 0;
        let mut ecdh = plain(CKM_ECDH1_DERIVE);
        let derived = ask!(
            module,
            C_DeriveKey(session.handle, &mut ecdh, private, ptr::null_mut(), 0, &mut key)
        );
        assert_eq!(derived, Err(CKR_MECHANISM_PARAM_INVALID));
    });
}

#[test]
fn rsa_keys_are_of_some_sizes_and_x9_31_is_one_way_to_make_them() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let sign = [flag(CKA_SIGN, true)];
        let (_, key) = session
            .generate_pair(0x0A, &rsa_public(&[flag(CKA_VERIFY, true)]), &sign)
            .unwrap();
        assert!(session.sign(CKM_SHA256_RSA_PKCS, key, b"message").is_ok());
        for (bits, exponent) in [
            (1024, vec![1, 0, 1]),
            (2050, vec![1, 0, 1]),
            (2048, vec![3]),
            (2048, vec![1, 0, 0]),
        ] {
            let public = [
                number(CKA_MODULUS_BITS, bits),
                Attribute(CKA_PUBLIC_EXPONENT, exponent),
            ];
            let answer = session.generate_pair(CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &sign);
            assert_eq!(answer.err(), Some(CKR_ATTRIBUTE_VALUE_INVALID));
        }
    });
}

#[test]
fn ed25519_is_an_ec_key_without_fips() {
    play(&[("CLUSTER", "non-fips")], || {
        let module = Module::load();
        let session = module.session();
        let public = [
            Attribute(CKA_EC_PARAMS, vec![0x06, 0x03, 0x2b, 0x65, 0x70]),
            number(CKA_KEY_TYPE, CKK_EC),
        ];
        let (_, key) = session
            .generate_pair(CKM_EC_KEY_PAIR_GEN, &public, &[flag(CKA_SIGN, true)])
            .unwrap();
        let (answer, values) = session.read(key, &[CKA_KEY_TYPE]);
        assert_eq!(
            (answer, values),
            (Ok(()), vec![Some(CKK_EC.to_ne_bytes().to_vec())])
        );
        let aes = wrapping_key(&session);
        let import = session.unwrap(plain(ZERO_PAD), aes, &[0; 72], &unwrapped(CKK_EC_EDWARDS, &[]));
        assert_eq!(import.err(), Some(CKR_TEMPLATE_INCONSISTENT));
        assert!(session.generate(plain(CKM_DES3_KEY_GEN), &[]).is_ok());
    });
}

#[test]
fn ed25519_is_refused_in_fips_mode() {
    play(&[], || {
        let module = Module::load();
        let public = [Attribute(CKA_EC_PARAMS, vec![0x06, 0x03, 0x2b, 0x65, 0x70])];
        let answer = module.session().generate_pair(CKM_EC_KEY_PAIR_GEN, &public, &[]);
        assert_eq!(answer.err(), Some(CKR_CURVE_NOT_SUPPORTED));
    });
}
