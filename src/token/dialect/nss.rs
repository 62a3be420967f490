//! NSS softokn, by Mozilla.

use super::{Dialect, Keys, Refusal, STANDARD};
use crate::signer::Curve;
use crate::token::ImportRoute;
use crate::token::mechanism::MechanismNumber;

/// 3.87, in Debian 12; found by experiment, and in its source (`lib/softoken/pkcs11.c`, `pkcs11c.c`).
pub(super) const NSS: Dialect = Dialect {
    name: "NSS",
    manufacturers: &["Mozilla"],
    caveat: Some(
        "NSS lets C_WrapKey extract a key that is not extractable, and a new key replaces one with the same CKA_ID: for tests only",
    ),
    // 0x210A is RFC 3394 over PKCS#7 padding here.
    key_wrap_padded: &[MechanismNumber::AES_KEY_WRAP_KWP],
    // CKA_NSS_DB: an EC key's template without the public point in it gives CKR_TEMPLATE_INCOMPLETE.
    public_point_attribute: Some(0xD5A0_DB00),
    // Usages that are false in the template of C_UnwrapKey come back true, and can be set to false afterwards.
    settles_unwrapped: true,
    // The key database does not keep CKA_LOCAL.
    tells_local: false,
    refusals: &[
        Refusal {
            routes: &[ImportRoute::Sealed],
            keys: Keys::All,
            reason: "NSS lets C_WrapKey extract the recipient key, so nothing would be sealed",
        },
        Refusal {
            routes: &ImportRoute::ALL,
            keys: Keys::Curve(Curve::Secp256k1),
            reason: "NSS does not support public-key objects for secp256k1 (CKR_DOMAIN_PARAMS_INVALID), and does not sign with it (C_SignInit: CKR_HOST_MEMORY)",
        },
        Refusal {
            routes: &ImportRoute::ALL,
            keys: Keys::Ed25519,
            reason: "NSS 3.87 does not support Ed25519 (CKR_TEMPLATE_INCOMPLETE)",
        },
    ],
    ..STANDARD
};
