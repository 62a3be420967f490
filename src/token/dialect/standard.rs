//! An unknown token, of which only the standard is assumed.

use cryptoki::object::KeyType;

use super::{Dialect, Flag};
use crate::token::PinForm;
use crate::token::mechanism::{MechanismNumber, OaepHash};

/// `PrintableString "edwards25519"`, PKCS#11 v3.0 mechanisms section 2.3.5 (`CKA_EC_PARAMS` of `CKK_EC_EDWARDS`).
pub(super) const CURVE_NAME: &[u8] = b"\x13\x0cedwards25519";

/// The object identifier of RFC 8410 section 3, which the same section of PKCS#11 v3.1 allows and most tokens write.
pub(super) const CURVE_OID: &[u8] = b"\x06\x03\x2b\x65\x70";

/// PKCS#11 v2.40 and v3.0. The usages that are false are written out, because their defaults are the token's own ("default value is
/// token-specific", v2.40 section 4.9). Usages of public keys would be refused in the template of a private key.
pub(in crate::token) const STANDARD: Dialect = Dialect {
    name: "PKCS#11",
    manufacturers: &[""],
    below_version: None,
    oaep: &[OaepHash::Sha256, OaepHash::Sha1],
    rsa_aes_key_wrap: OaepHash::Sha256,
    key_wrap_padded: &[
        MechanismNumber::AES_KEY_WRAP_KWP,
        MechanismNumber::AES_KEY_WRAP_PAD,
    ],
    // Software encrypts to it, so the token never uses the public half.
    wrapping_public: &[
        Flag::Token(false),
        Flag::Encrypt(false),
        Flag::Verify(false),
        Flag::Wrap(false),
    ],
    wrapping_private: &[
        Flag::Private(true),
        Flag::Sensitive(true),
        Flag::Extractable(false),
        Flag::Unwrap(true),
        Flag::Decrypt(false),
        Flag::Sign(false),
        Flag::SignRecover(false),
    ],
    // No CKA_VALUE_LEN: "the length of the key is that of the data" (v2.40 section 5.13), and SoftHSM refuses it.
    wrapping_secret: &[
        Flag::Token(false),
        Flag::Private(true),
        Flag::Sensitive(true),
        Flag::Extractable(false),
        Flag::Unwrap(true),
        Flag::Wrap(false),
        Flag::Encrypt(false),
        Flag::Decrypt(false),
    ],
    private_rsa: SIGN_ONLY,
    private_ec: SIGN_ONLY,
    public: &[
        Flag::Token(true),
        Flag::Private(false),
        Flag::Verify(true),
        Flag::Encrypt(false),
        Flag::Wrap(false),
        Flag::VerifyRecover(false),
    ],
    ed25519_type: KeyType::EC_EDWARDS,
    ed25519_params: CURVE_OID,
    pin_form: PinForm::Any,
    tells_user_pin: true,
    opens_read_only: true,
    throttled: &[],
    refusals: &[],
    not_generated: &[],
    caveat: None,
    public_point_attribute: None,
    renames_keys: true,
    tells_local: true,
    settles_unwrapped: true,
};

const SIGN_ONLY: super::Flags = &[
    Flag::Token(true),
    Flag::Private(true),
    Flag::Sensitive(true),
    Flag::Extractable(false),
    Flag::Sign(true),
    Flag::Decrypt(false),
    Flag::Unwrap(false),
    Flag::SignRecover(false),
    Flag::Derive(false),
];
