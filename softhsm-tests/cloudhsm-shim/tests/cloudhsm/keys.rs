//! Keys that the tests need.

use cryptoki_sys::*;

use crate::module::{Answer, Attribute, flag, number, plain};
use crate::session::Session;

pub const ZERO_PAD: CK_MECHANISM_TYPE = 0x8000_216F;
pub const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
pub const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
pub const P521: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23];

pub fn rsa_public(more: &[Attribute]) -> Vec<Attribute> {
    let mut template = vec![
        number(CKA_MODULUS_BITS, 2048),
        Attribute(CKA_PUBLIC_EXPONENT, vec![1, 0, 1]),
    ];
    template.extend_from_slice(more);
    template
}

pub fn ec_public(curve: &[u8]) -> Vec<Attribute> {
    vec![Attribute(CKA_EC_PARAMS, curve.to_vec()), flag(CKA_VERIFY, true)]
}

/// A public and a private session key that verify and sign.
pub fn ec_pair(session: &Session<'_>, curve: &[u8]) -> (CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    let private = [flag(CKA_SIGN, true)];
    session
        .generate_pair(CKM_EC_KEY_PAIR_GEN, &ec_public(curve), &private)
        .expect("an EC key pair")
}

/// An AES-256 session key that wraps and unwraps.
pub fn wrapping_key(session: &Session<'_>) -> CK_OBJECT_HANDLE {
    let template = [
        number(CKA_VALUE_LEN, 32),
        flag(CKA_WRAP, true),
        flag(CKA_UNWRAP, true),
    ];
    session
        .generate(plain(CKM_AES_KEY_GEN), &template)
        .expect("an AES key")
}

/// The smallest template for a private key, plus additional attributes.
pub fn unwrapped(key_type: CK_KEY_TYPE, more: &[Attribute]) -> Vec<Attribute> {
    let mut template = vec![number(CKA_CLASS, CKO_PRIVATE_KEY), number(CKA_KEY_TYPE, key_type)];
    template.extend_from_slice(more);
    template
}

/// An EC private key, wrapped and unwrapped again.
pub fn imported_ec(session: &Session<'_>, more: &[Attribute]) -> Answer<CK_OBJECT_HANDLE> {
    let (_, private) = ec_pair(session, P256);
    let aes = wrapping_key(session);
    let wrapped = session.wrap(plain(ZERO_PAD), aes, private).expect("wrapped");
    session.unwrap(plain(ZERO_PAD), aes, &wrapped, &unwrapped(CKK_EC, more))
}
