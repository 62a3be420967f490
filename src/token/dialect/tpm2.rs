//! A TPM 2.0 through tpm2-pkcs11.

use super::{Dialect, Keys, Refusal, STANDARD};
use crate::token::ImportRoute;

/// 1.9, in Debian 12; seen by trying.
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
    ..STANDARD
};
