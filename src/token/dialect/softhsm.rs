//! SoftHSM 2.

use super::{Dialect, Keys, Refusal, STANDARD};
use crate::token::ImportRoute;
use crate::token::mechanism::{MechanismNumber, OaepHash};

const OAEP_SHA1_ONLY: &str = "SoftHSM unwraps RSA-OAEP only with SHA-1, and KMS encrypts to a recipient with SHA-256 (SoftHSM.cpp, C_UnwrapKey)";

/// 2.7.0 and later: the first version with Ed25519 and `CKM_RSA_AES_KEY_WRAP`; the OAEP inside the latter uses SHA-1 whatever the parameters say
/// (OSSLRSA.cpp).
pub(super) const SOFTHSM: Dialect = Dialect {
    name: "SoftHSM",
    caveat: Some("SoftHSM keeps keys in files, encrypted under the PIN: for tests and rehearsals"),
    manufacturers: &["SoftHSM"],
    oaep: &[OaepHash::Sha1],
    rsa_aes_key_wrap: OaepHash::Sha1,
    // RFC 5649 has the number of PKCS#11 v2.40 (SoftHSMv2 issue 726).
    key_wrap_padded: &[MechanismNumber::AES_KEY_WRAP_PAD],
    refusals: &[Refusal {
        routes: &[ImportRoute::Sealed],
        keys: Keys::All,
        reason: OAEP_SHA1_ONLY,
    }],
    settles_unwrapped: false,
    ..STANDARD
};

/// 2.6.1, in Debian 12 and Ubuntu: its `C_UnwrapKey` has no branch for `CKK_EC_EDWARDS` (`CKR_FUNCTION_FAILED`).
pub(super) const SOFTHSM_2_6: Dialect = Dialect {
    name: "SoftHSM 2.6",
    below_version: Some((2, 7)),
    refusals: &[
        Refusal {
            routes: &[ImportRoute::Sealed],
            keys: Keys::All,
            reason: OAEP_SHA1_ONLY,
        },
        Refusal {
            routes: &[ImportRoute::RsaAesKeyWrap, ImportRoute::OaepAesKwp],
            keys: Keys::Ed25519,
            reason: "SoftHSM unwraps Ed25519 keys only from version 2.7.0 on",
        },
    ],
    ..SOFTHSM
};
