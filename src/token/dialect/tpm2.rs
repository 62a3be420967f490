//! A TPM 2.0 through tpm2-pkcs11.

use super::{Dialect, Flag, Keys, Refusal, STANDARD};
use crate::signer::Curve;
use crate::token::ImportRoute;

/// A TPM's key has two usages, to sign and to decrypt; the others read as false.
const SIGN_ONLY: super::Flags = &[
    Flag::Token(true),
    Flag::Private(true),
    Flag::Sensitive(true),
    Flag::Extractable(false),
    Flag::Sign(true),
    Flag::Decrypt(false),
];

/// 1.9, in Debian 12; found by experiment.
pub(super) const TPM2: Dialect = Dialect {
    name: "tpm2-pkcs11",
    manufacturers: &["tpm2-software.github.io"],
    caveat: Some("tpm2-pkcs11 stores CKA_SIGN and CKA_DECRYPT and does not act on them"),
    refusals: &[
        Refusal {
            routes: &[
                ImportRoute::Sealed,
                ImportRoute::RsaAesKeyWrap,
                ImportRoute::OaepAesKwp,
            ],
            keys: Keys::All,
            reason: "tpm2-pkcs11 has no C_UnwrapKey (CKR_FUNCTION_NOT_SUPPORTED)",
        },
        Refusal {
            routes: &[ImportRoute::CreateObject],
            keys: Keys::All,
            reason: "tpm2-pkcs11 creates no private keys from their values (C_CreateObject: CKR_ATTRIBUTE_VALUE_INVALID)",
        },
    ],
    not_generated: &[
        (
            Keys::Rsa,
            "tpm2-pkcs11 signs with CKM_RSA_PKCS only with keys that may also decrypt (C_Sign: CKR_GENERAL_ERROR)",
        ),
        (
            Keys::Curve(Curve::P521),
            "tpm2-pkcs11 reports the points of P-521 keys without their leading zeros",
        ),
    ],
    private_rsa: SIGN_ONLY,
    private_ec: SIGN_ONLY,
    // It reads CKA_DECRYPT of the private half as CKA_VERIFY of the public one, and refuses a different value (CKR_GENERAL_ERROR).
    public: &[Flag::Token(true), Flag::Private(false)],
    settles_unwrapped: false,
    ..STANDARD
};
