use std::path::PathBuf;

use super::*;
use crate::token::{PinLengths, PinTries};

fn token(manufacturer: &str, firmware: &str) -> TokenDescription {
    TokenDescription {
        label: "ca".to_owned(),
        serial: "1".to_owned(),
        manufacturer: manufacturer.to_owned(),
        model: String::new(),
        slot_id: 1,
        firmware: firmware.to_owned(),
        hardware: "1.0".to_owned(),
        pin_tries: PinTries::Untouched,
        initialised: true,
        login_required: true,
        pin_lengths: PinLengths::default(),
        user_pin_initialised: true,
        write_protected: false,
        protected_authentication_path: false,
    }
}

fn module(manufacturer: &str) -> ModuleDescription {
    ModuleDescription {
        path: PathBuf::from("module.so"),
        library: "x 1.0".to_owned(),
        library_version: (1, 0),
        manufacturer: manufacturer.to_owned(),
        cryptoki_version: "2.40".to_owned(),
    }
}

#[test]
fn every_token_is_recognised_by_its_manufacturer_and_version() {
    let name = |module_by: &str, token_by: &str, version: &str| {
        Dialect::of(&module(module_by), &token(token_by, version)).name
    };
    assert_eq!(name("SoftHSM", "SoftHSM project", "2.6"), "SoftHSM 2.6");
    assert_eq!(name("SoftHSM", "SoftHSM project", "2.7"), "SoftHSM");
    // p11-kit's proxy and its remoting report their own name for the module.
    assert_eq!(name("PKCS#11 Kit", "SoftHSM project", "2.6"), "SoftHSM 2.6");
    assert_eq!(name("CloudHSM", "", "1.0"), "AWS CloudHSM");
    assert_eq!(name("Somebody", "Somebody", "1.0"), "PKCS#11");
}

#[test]
fn no_template_makes_an_extractable_key() {
    for dialect in DIALECTS {
        for flags in [
            dialect.private_rsa,
            dialect.private_ec,
            dialect.wrapping_private,
            dialect.wrapping_secret,
        ] {
            assert!(flags.contains(&Flag::Extractable(false)), "{}", dialect.name);
            assert!(flags.contains(&Flag::Sensitive(true)), "{}", dialect.name);
            assert!(flags.contains(&Flag::Private(true)), "{}", dialect.name);
        }
        assert!(
            !dialect.oaep.is_empty() && !dialect.key_wrap_padded.is_empty(),
            "{}",
            dialect.name
        );
    }
}

#[test]
fn a_refusal_applies_to_its_keys_only() {
    let softhsm = &softhsm::SOFTHSM_2_6;
    assert!(softhsm.refusal(ImportRoute::OaepAesKwp, None).is_none());
    assert!(
        softhsm
            .refusal(ImportRoute::OaepAesKwp, Some(KeyAlgorithm::Ed25519))
            .is_some()
    );
    assert!(
        softhsm
            .refusal(ImportRoute::OaepAesKwp, Some(KeyAlgorithm::Rsa { bits: 2048 }))
            .is_none()
    );
    assert!(softhsm.refusal(ImportRoute::Sealed, None).is_some());
}
