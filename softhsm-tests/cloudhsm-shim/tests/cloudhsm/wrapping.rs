//! Importing keys.

use std::ptr;

use cryptoki_sys::*;

use crate::keys::{P256, P521, ZERO_PAD, ec_pair, rsa_public, unwrapped, wrapping_key};
use crate::module::{Answer, Attribute, Module, flag, number, plain, with};
use crate::scenario::play;
use crate::session::Session;

fn oaep(hash: CK_MECHANISM_TYPE, mgf: CK_RSA_PKCS_MGF_TYPE, source: CK_ULONG) -> CK_RSA_PKCS_OAEP_PARAMS {
    CK_RSA_PKCS_OAEP_PARAMS {
        hashAlg: hash,
        mgf,
        source,
        pSourceData: ptr::null_mut(),
        ulSourceDataLen: 0,
    }
}

/// An RSA pair that wraps and unwraps.
fn rsa_pair(session: &Session<'_>) -> (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    let public = rsa_public(&[flag(CKA_WRAP, true)]);
    let private = [flag(CKA_UNWRAP, true)];
    session
        .generate_pair(CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &private)
        .expect("an RSA key pair")
}

#[test]
fn an_ec_key_is_unwrapped_by_zero_pad() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let aes = wrapping_key(&session);
        for (curve, digest) in [(P256, 32), (P521, 64)] {
            let (public, private) = ec_pair(&session, curve);
            let wrapped = session.wrap(plain(ZERO_PAD), aes, private).unwrap();
            let template = unwrapped(CKK_EC, &[flag(CKA_SIGN, true), flag(CKA_TOKEN, true)]);
            let key = session.unwrap(plain(ZERO_PAD), aes, &wrapped, &template).unwrap();
            let digest = vec![7; digest];
            let signature = session.sign(CKM_ECDSA, key, &digest).unwrap();
            assert_eq!(session.verify(CKM_ECDSA, public, &digest, &signature), Ok(()));
        }
    });
}

#[test]
fn an_rsa_key_is_unwrapped_by_zero_pad() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let aes = wrapping_key(&session);
        let public = rsa_public(&[flag(CKA_VERIFY, true)]);
        let (public, private) = session
            .generate_pair(CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &[])
            .unwrap();
        let wrapped = session.wrap(plain(ZERO_PAD), aes, private).unwrap();
        let key = session.unwrap(
            plain(ZERO_PAD),
            aes,
            &wrapped,
            &unwrapped(CKK_RSA, &[flag(CKA_SIGN, true)]),
        );
        let signature = session.sign(CKM_RSA_PKCS, key.unwrap(), b"digest info").unwrap();
        assert_eq!(
            session.verify(CKM_RSA_PKCS, public, b"digest info", &signature),
            Ok(())
        );
    });
}

#[test]
fn only_the_default_explicit_iv_is_accepted_and_only_where_allowed() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let aes = wrapping_key(&session);
        let other = wrapping_key(&session);
        let (default, wrong) = ([0xa6_u8; 8], [0_u8; 8]);
        let wrap = |mechanism| session.wrap(mechanism, aes, other);
        assert_eq!(wrap(with(ZERO_PAD, &default)), Err(CKR_MECHANISM_PARAM_INVALID));
        assert_eq!(wrap(with(0x8000_2109, &wrong)), Err(CKR_MECHANISM_PARAM_INVALID));
        assert_eq!(wrap(with(0x8000_2109, &default)).unwrap().len(), 40);
        // Proprietary, and not available in this target.
        assert_eq!(wrap(plain(0x8000_210A)), Err(CKR_MECHANISM_INVALID));
    });
}

#[test]
fn rsa_aes_key_wrap_is_one_call() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let (public, private) = rsa_pair(&session);
        let (ec_public, ec) = ec_pair(&session, P256);
        let aes = wrapping_key(&session);
        let mut oaep = oaep(CKM_SHA_1, CKG_MGF1_SHA1, 0);
        let mut wrapped = session.wrap(with(CKM_RSA_PKCS_OAEP, &oaep), public, aes).unwrap();
        wrapped.extend(session.wrap(plain(ZERO_PAD), aes, ec).unwrap());
        let secrets = [number(CKA_CLASS, CKO_SECRET_KEY)];
        let before = session.find(&secrets).unwrap();
        let unwrap = |bits, oaep: *mut CK_RSA_PKCS_OAEP_PARAMS, wrapped: &[u8]| -> Answer<CK_OBJECT_HANDLE> {
            let params = CK_RSA_AES_KEY_WRAP_PARAMS {
                ulAESKeyBits: bits,
                pOAEPParams: oaep,
            };
            let template = unwrapped(CKK_EC, &[flag(CKA_SIGN, true)]);
            session.unwrap(with(CKM_RSA_AES_KEY_WRAP, &params), private, wrapped, &template)
        };
        let key = unwrap(256, &mut oaep, &wrapped).unwrap();
        let signature = session.sign(CKM_ECDSA, key, &[3; 32]).unwrap();
        assert_eq!(session.verify(CKM_ECDSA, ec_public, &[3; 32], &signature), Ok(()));
        // Not as its parts, and the parts leave nothing behind.
        assert_eq!(
            unwrap(256, &mut oaep, &wrapped[..256]),
            Err(CKR_WRAPPED_KEY_LEN_RANGE)
        );
        wrapped[300] ^= 1;
        assert!(unwrap(256, &mut oaep, &wrapped).is_err());
        assert_eq!(unwrap(100, &mut oaep, &wrapped), Err(CKR_MECHANISM_PARAM_INVALID));
        assert_eq!(
            unwrap(256, ptr::null_mut(), &wrapped),
            Err(CKR_MECHANISM_PARAM_INVALID)
        );
        assert_eq!(session.find(&secrets).unwrap(), before);
    });
}

#[test]
fn oaep_requires_the_same_hash_twice() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let (public, _) = rsa_pair(&session);
        let aes = wrapping_key(&session);
        let wrap =
            |hash, mgf, source| session.wrap(with(CKM_RSA_PKCS_OAEP, &oaep(hash, mgf, source)), public, aes);
        assert!(wrap(CKM_SHA_1, CKG_MGF1_SHA1, 0).is_ok());
        assert!(wrap(CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED).is_ok());
        for (hash, mgf, source) in [
            (CKM_SHA_1, CKG_MGF1_SHA256, 1),
            (CKM_SHA256, CKG_MGF1_SHA1, 1),
            (CKM_SHA_1, CKG_MGF1_SHA1, 2),
        ] {
            assert_eq!(wrap(hash, mgf, source), Err(CKR_MECHANISM_PARAM_INVALID));
        }
        // This target's answer to a mechanism of CloudHSM.
        assert_eq!(wrap(CKM_SHA256, CKG_MGF1_SHA256, 0), Err(CKR_ARGUMENTS_BAD));
    });
}

/// The moduli of two pairs as `kms import` requests them: RSA-3072 session keys for unwrapping.
fn two_moduli(session: &Session<'_>) -> [Option<Vec<u8>>; 2] {
    let public = [
        number(CKA_MODULUS_BITS, 3072),
        Attribute(CKA_PUBLIC_EXPONENT, vec![1, 0, 1]),
        flag(CKA_WRAP, true),
    ];
    let private = [flag(CKA_TOKEN, false), flag(CKA_UNWRAP, true)];
    [(); 2].map(|()| {
        let (public, private) = session
            .generate_pair(CKM_RSA_PKCS_KEY_PAIR_GEN, &public, &private)
            .expect("an RSA key pair");
        assert!(!session.is(private, CKA_TOKEN) && session.is(private, CKA_UNWRAP));
        assert!(session.is(private, CKA_SENSITIVE), "it stays inside");
        let (answer, mut values) = session.read(public, &[CKA_MODULUS]);
        assert_eq!(answer, Ok(()));
        values.remove(0)
    })
}

#[test]
fn a_stored_pair_answers_every_time() {
    play(&[("STORED_PAIR", "1")], || {
        let module = Module::load();
        let [first, second] = two_moduli(&module.session());
        assert_eq!(first, second);
        assert_eq!(first.map(|modulus| modulus.len()), Some(384));
    });
}

#[test]
fn without_the_rule_every_pair_is_generated() {
    play(&[], || {
        let module = Module::load();
        let [first, second] = two_moduli(&module.session());
        assert_ne!(first, second);
    });
}
