//! Templates, defaults, and readable attributes.

use cryptoki_sys::*;

use crate::keys::{P256, ec_pair, ec_public, imported_ec, rsa_public, unwrapped};
use crate::module::{Attribute, Module, flag, number, plain};
use crate::scenario::{Scenario, inside, play};

#[test]
fn an_attribute_that_is_not_in_the_table_is_refused() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let import = |one| imported_ec(&session, &[one]).err();
        for kind in [
            CKA_DECRYPT,
            CKA_UNWRAP,
            CKA_VERIFY,
            CKA_SIGN_RECOVER,
            CKA_COPYABLE,
            CKA_WRAP_WITH_TRUSTED,
        ] {
            assert_eq!(
                import(flag(kind, false)),
                Some(CKR_TEMPLATE_INCONSISTENT),
                "{kind:#x}"
            );
        }
        assert_eq!(import(flag(CKA_LOCAL, false)), Some(CKR_ATTRIBUTE_READ_ONLY));
        assert_eq!(
            import(flag(CKA_PRIVATE, false)),
            Some(CKR_ATTRIBUTE_VALUE_INVALID)
        );
        let all = [
            CKA_TOKEN,
            CKA_PRIVATE,
            CKA_SIGN,
            CKA_DERIVE,
            CKA_SENSITIVE,
            CKA_MODIFIABLE,
            CKA_DESTROYABLE,
        ];
        let all = all.map(|kind| flag(kind, true));
        assert!(imported_ec(&session, &all).is_ok());
        let rsa = unwrapped(CKK_RSA, &[flag(CKA_ENCRYPT, false)]);
        let answer = session.unwrap(plain(0x8000_216F), 0, &[0; 8], &rsa);
        assert_eq!(answer.err(), Some(CKR_TEMPLATE_INCONSISTENT));
        let no_type = [number(CKA_CLASS, CKO_PRIVATE_KEY)];
        let answer = session.unwrap(plain(0x8000_216F), 0, &[0; 8], &no_type);
        assert_eq!(answer.err(), Some(CKR_TEMPLATE_INCOMPLETE));
    });
}

#[test]
fn the_defaults_are_cloudhsm_s_and_not_the_target_s() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let key = imported_ec(&session, &[]).unwrap();
        for (kind, value) in [
            (CKA_TOKEN, false),
            (CKA_PRIVATE, true),
            (CKA_SIGN, false),
            (CKA_DERIVE, false),
            (CKA_SENSITIVE, true),
            (CKA_EXTRACTABLE, true),
            (CKA_MODIFIABLE, true),
            (CKA_DESTROYABLE, true),
        ] {
            assert_eq!(session.is(key, kind), value, "{kind:#x}");
        }
        let refused = session.sign(CKM_ECDSA, key, &[1; 32]).err();
        assert!(
            matches!(refused, Some(CKR_KEY_FUNCTION_NOT_PERMITTED)),
            "{refused:x?}"
        );
        let signs = imported_ec(&session, &[flag(CKA_SIGN, true), flag(CKA_EXTRACTABLE, false)]).unwrap();
        assert!(session.sign(CKM_ECDSA, signs, &[1; 32]).is_ok());
        assert!(!session.is(signs, CKA_EXTRACTABLE));
    });
}

#[test]
fn public_keys_are_private_objects() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let (public, _) = ec_pair(&session, P256);
        assert!(session.is(public, CKA_PRIVATE) && !session.is(public, CKA_TOKEN));
        let (_, values) = session.read(public, &[CKA_EC_PARAMS, CKA_EC_POINT]);
        let value = |at: usize| values[at].clone().unwrap();
        let mut template = vec![
            number(CKA_CLASS, CKO_PUBLIC_KEY),
            number(CKA_KEY_TYPE, CKK_EC),
            Attribute(CKA_EC_PARAMS, value(0)),
            Attribute(CKA_EC_POINT, value(1)),
            flag(CKA_VERIFY, true),
        ];
        let created = session.create(&template).unwrap();
        assert!(session.is(created, CKA_PRIVATE));
        template.push(flag(CKA_PRIVATE, false));
        assert_eq!(session.create(&template), Err(CKR_ATTRIBUTE_VALUE_INVALID));
        let answer =
            session.generate_pair(CKM_EC_KEY_PAIR_GEN, &ec_public(P256), &[flag(CKA_PRIVATE, false)]);
        assert_eq!(answer.err(), Some(CKR_ATTRIBUTE_VALUE_INVALID));
    });
}

#[test]
fn an_unreadable_attribute_does_not_stop_the_others() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let (public, private) = ec_pair(&session, P256);
        let kinds = [
            CKA_EC_POINT,
            CKA_EC_PARAMS,
            CKA_PUBLIC_KEY_INFO,
            CKA_SIGN,
            CKA_ALWAYS_AUTHENTICATE,
        ];
        let (answer, values) = session.read(private, &kinds);
        assert_eq!(answer, Err(CKR_ATTRIBUTE_TYPE_INVALID));
        assert_eq!(values, [None, Some(P256.to_vec()), None, Some(vec![1]), None]);
        let (answer, values) = session.read(private, &[CKA_VALUE, CKA_SIGN]);
        assert_eq!(
            (answer, values),
            (Err(CKR_ATTRIBUTE_SENSITIVE), vec![None, Some(vec![1])])
        );
        let (answer, values) = session.read(public, &[CKA_EC_POINT]);
        assert!(answer.is_ok() && values[0].is_some());
    });
}

#[test]
fn rows_about_an_imported_key_are_reported() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let key = imported_ec(&session, &[flag(CKA_SIGN, true)]).unwrap();
        let kinds = [
            CKA_NEVER_EXTRACTABLE,
            CKA_ALWAYS_SENSITIVE,
            CKA_LOCAL,
            CKA_WRAP_WITH_TRUSTED,
            CKA_DERIVE,
            CKA_MODIFIABLE,
            CKA_DESTROYABLE,
            CKA_EXTRACTABLE,
            CKA_SENSITIVE,
            CKA_SIGN,
        ];
        let (answer, values) = session.read(key, &kinds);
        let values: Vec<_> = values.into_iter().map(|value| value == Some(vec![1])).collect();
        assert_eq!(answer, Ok(()));
        assert_eq!(
            values,
            [false, false, false, false, false, true, true, true, true, true]
        );
    });
}

#[test]
fn a_public_attribute_in_the_private_template_makes_a_useless_key() {
    play(&[], || {
        let module = Module::load();
        let session = module.session();
        let private = [
            flag(CKA_SIGN, true),
            flag(CKA_DECRYPT, true),
            number(CKA_MODULUS_BITS, 2048),
        ];
        let (_, key) = session
            .generate_pair(CKM_RSA_PKCS_KEY_PAIR_GEN, &rsa_public(&[]), &private)
            .unwrap();
        for usage in [CKA_SIGN, CKA_DECRYPT, CKA_UNWRAP, CKA_DERIVE] {
            assert!(!session.is(key, usage));
        }
    });
}

/// The log has the template that the caller gave, with the values of flags only.
#[test]
fn the_log_has_the_template() {
    if inside().is_some() {
        let module = Module::load();
        let session = module.session();
        let label = Attribute(CKA_LABEL, b"secret-label".to_vec());
        imported_ec(&session, &[flag(CKA_SIGN, true), label]).unwrap();
        return;
    }
    let scenario = Scenario::new("templates::the_log_has_the_template");
    scenario.pass(&[("BEHAVIOUR", "cloudhsm")]);
    let expected = "C_UnwrapKey rv=0x0 mechanism=0x8000216f \
        template=[CKA_CLASS,CKA_KEY_TYPE,CKA_SIGN=true,CKA_LABEL]";
    assert_eq!(scenario.log_of("C_UnwrapKey"), [expected]);
    let pair = "C_GenerateKeyPair rv=0x0 mechanism=0x1040 \
        public=[CKA_EC_PARAMS,CKA_VERIFY=true] private=[CKA_SIGN=true]";
    assert_eq!(scenario.log_of("C_GenerateKeyPair"), [pair]);
}
