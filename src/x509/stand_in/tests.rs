use super::*;
use crate::signer::{Curve, KeyAlgorithm};
use crate::x509::fixture::{SoftwareKey, authority};
use crate::x509::signed_content;

/// Only the key's octets and the signature differ.
#[test]
fn a_stand_in_differs_from_the_original_in_its_key_and_its_signature() {
    let (real, stand_in) = (SoftwareKey::generate(), SoftwareKey::generate());
    let original = authority(&real);
    let made = stand_in_certificate(&original, Some(stand_in.public_key()), Some(&stand_in)).unwrap();
    assert_eq!(made.public_key().unwrap(), *stand_in.public_key());
    made.check_self_signature().unwrap();
    let identifier = |certificate: &Certificate| certificate.subject_key_identifier().unwrap().unwrap();
    assert_eq!(identifier(&made), identifier(&original));

    let (old, new) = (real.public_key().own_octets(), stand_in.public_key().own_octets());
    let content = signed_content(original.der()).unwrap();
    let place = content
        .windows(old.len())
        .position(|window| window == old)
        .unwrap();
    let mut expected = content;
    expected[place..place + old.len()].copy_from_slice(new);
    assert_eq!(signed_content(made.der()).unwrap(), expected);
}

/// An RSA key of another size changes the length of the whole.
#[test]
fn a_stand_in_key_may_have_another_length() {
    let real = SoftwareKey::of(KeyAlgorithm::Ec(Curve::P384));
    let other = SoftwareKey::of(KeyAlgorithm::Ec(Curve::P521));
    let original = authority(&real);
    let made = stand_in_certificate(&original, Some(other.public_key()), None).unwrap();
    assert_eq!(made.public_key().unwrap(), *other.public_key());
    assert_eq!(made.subject(), original.subject());
    // The signature does not verify.
    assert!(made.check_self_signature().is_err());
}

#[test]
fn the_key_that_signed_the_original_is_refused() {
    let real = SoftwareKey::generate();
    let original = authority(&real);
    let refused = stand_in_certificate(&original, None, Some(&real));
    assert!(matches!(refused, Err(X509Error::Rule { .. })), "{refused:?}");
}

#[test]
fn a_signature_that_does_not_verify_is_refused() {
    let original = authority(&SoftwareKey::generate());
    let wrong = SoftwareKey::generate().that_signs_wrongly();
    let refused = stand_in_certificate(&original, Some(wrong.public_key()), Some(&wrong));
    assert!(matches!(refused, Err(X509Error::TokenSignature)), "{refused:?}");
}
