//! Kryoptic, a software token in Rust over OpenSSL.

use cryptoki::error::RvError;

use super::{Dialect, Keys, Refusal, STANDARD};
use crate::signer::Curve;
use crate::token::ImportRoute;
use crate::token::mechanism::MechanismNumber;

/// 1.5 follows PKCS#11 3.2.
pub(super) const KRYOPTIC: Dialect = Dialect {
    name: "Kryoptic",
    caveat: Some("Kryoptic keeps keys in a file, encrypted under the PIN: for tests and rehearsals"),
    manufacturers: &["Kryoptic"],
    // The answer when two processes write at once: SQLITE_BUSY becomes this.
    throttled: &[RvError::DeviceMemory],
    key_wrap_padded: &[MechanismNumber::AES_KEY_WRAP_KWP],
    refusals: &[Refusal {
        routes: &ImportRoute::ALL,
        keys: Keys::Curve(Curve::Secp256k1),
        reason: "Kryoptic supports only P-256, P-384 and P-521",
    }],
    settles_unwrapped: false,
    ..STANDARD
};
