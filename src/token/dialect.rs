//! How to talk to each kind of token, as data with its source: templates, mechanism numbers, its answers when it is busy, and what it is known not
//! to support. Nothing else in this room depends on the vendor.

mod cloudhsm;
mod kryoptic;
mod nss;
mod softhsm;
mod standard;
mod tpm2;

use cryptoki::error::RvError;
use cryptoki::object::{Attribute, KeyType};
use cryptoki_sys::CK_ATTRIBUTE_TYPE;

pub(super) use standard::STANDARD;

use super::mechanism::{MechanismNumber, OaepHash};
use super::{ImportRoute, ModuleDescription, PinForm, TokenDescription};
use crate::signer::{Curve, KeyAlgorithm};

/// A boolean attribute of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    Token(bool),
    Private(bool),
    Sensitive(bool),
    Extractable(bool),
    Sign(bool),
    SignRecover(bool),
    Decrypt(bool),
    Unwrap(bool),
    Derive(bool),
    Verify(bool),
    VerifyRecover(bool),
    Encrypt(bool),
    Wrap(bool),
}

impl From<Flag> for Attribute {
    fn from(flag: Flag) -> Self {
        match flag {
            Flag::Token(value) => Self::Token(value),
            Flag::Private(value) => Self::Private(value),
            Flag::Sensitive(value) => Self::Sensitive(value),
            Flag::Extractable(value) => Self::Extractable(value),
            Flag::Sign(value) => Self::Sign(value),
            Flag::SignRecover(value) => Self::SignRecover(value),
            Flag::Decrypt(value) => Self::Decrypt(value),
            Flag::Unwrap(value) => Self::Unwrap(value),
            Flag::Derive(value) => Self::Derive(value),
            Flag::Verify(value) => Self::Verify(value),
            Flag::VerifyRecover(value) => Self::VerifyRecover(value),
            Flag::Encrypt(value) => Self::Encrypt(value),
            Flag::Wrap(value) => Self::Wrap(value),
        }
    }
}

/// The attributes of a template beside class, type, label, id and the key's own values.
pub(super) type Flags = &'static [Flag];

/// The keys that an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    All,
    Rsa,
    Curve(Curve),
    Ed25519,
}

impl Keys {
    fn holds(self, algorithm: KeyAlgorithm) -> bool {
        match self {
            Self::All => true,
            Self::Rsa => algorithm.rsa_bits().is_some(),
            Self::Curve(curve) => algorithm == KeyAlgorithm::Ec(curve),
            Self::Ed25519 => algorithm == KeyAlgorithm::Ed25519,
        }
    }
}

/// An import that a kind of token is known not to support, even if it lists the mechanisms.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) routes: &'static [ImportRoute],
    pub(super) keys: Keys,
    pub(super) reason: &'static str,
}

/// One kind of token.
#[derive(Debug)]
pub(super) struct Dialect {
    pub(super) name: &'static str,
    /// The beginning of `manufacturerID` of the token (`CK_TOKEN_INFO`) or of the module (`CK_INFO`).
    manufacturers: &'static [&'static str],
    /// The first `firmwareVersion` that the entry does not cover.
    below_version: Option<(u8, u8)>,

    /// The hashes of `CKM_RSA_PKCS_OAEP`, which no call reports; the best first.
    pub(super) oaep: &'static [OaepHash],
    /// The hash inside `CKM_RSA_AES_KEY_WRAP`.
    pub(super) rsa_aes_key_wrap: OaepHash,
    /// The numbers that RFC 5649 may have here, the most likely first.
    pub(super) key_wrap_padded: &'static [MechanismNumber],

    /// The public half of a wrapping pair.
    pub(super) wrapping_public: Flags,
    /// Its private half, which only unwraps. `CKA_TOKEN` is added: false, except for the sealed route.
    pub(super) wrapping_private: Flags,
    /// An AES key between the two, for one use in this session.
    pub(super) wrapping_secret: Flags,
    /// A new RSA private key, which only signs.
    pub(super) private_rsa: Flags,
    /// Any other new private key.
    pub(super) private_ec: Flags,
    /// The public-key object beside it.
    pub(super) public: Flags,

    /// `CKA_KEY_TYPE` of Ed25519.
    pub(super) ed25519_type: KeyType,
    /// `CKA_EC_PARAMS` of Ed25519 in DER, as this program writes it; it reads [`ED25519_PARAMS`].
    pub(super) ed25519_params: &'static [u8],

    /// The form of its PINs.
    pub(super) pin_form: PinForm,
    /// Whether `CKF_USER_PIN_INITIALIZED` shows that a PIN is set.
    pub(super) tells_user_pin: bool,

    /// Whether it opens read-only sessions.
    pub(super) opens_read_only: bool,
    /// Its answers when it is busy: the call is repeated later, except for signatures and logins.
    pub(super) throttled: &'static [RvError],
    pub(super) refusals: &'static [Refusal],
    /// Keys that it does not generate, or not so that they only sign; and why.
    pub(super) not_generated: &'static [(Keys, &'static str)],
    /// What an operator must know before trusting it with a key.
    pub(super) caveat: Option<&'static str>,
    /// An attribute in which an EC private key must bring its public point.
    pub(super) public_point_attribute: Option<CK_ATTRIBUTE_TYPE>,
    /// Whether `C_SetAttributeValue` can change a key's label and id.
    pub(super) renames_keys: bool,
    /// Whether `CKA_LOCAL` of a key on the token shows that it was generated there.
    pub(super) tells_local: bool,
    /// Whether a private key is unwrapped into the session first, and corrected before it is put on the token. False for tokens that are known to
    /// follow the template.
    pub(super) settles_unwrapped: bool,
}

/// Every `CKA_EC_PARAMS` that was seen with Ed25519 keys.
pub(super) const ED25519_PARAMS: [&[u8]; 2] = [standard::CURVE_OID, standard::CURVE_NAME];

/// The first that fits is used; the standard's own fits every token.
const DIALECTS: [&Dialect; 7] = [
    &softhsm::SOFTHSM_2_6,
    &softhsm::SOFTHSM,
    &cloudhsm::CLOUDHSM,
    &kryoptic::KRYOPTIC,
    &nss::NSS,
    &tpm2::TPM2,
    &STANDARD,
];

impl Dialect {
    /// The dialect of a token: its own manufacturer decides first, because a proxy in front of it reports another for the module.
    pub(super) fn of(module: &ModuleDescription, token: &TokenDescription) -> &'static Self {
        DIALECTS
            .into_iter()
            .find(|dialect| {
                let old_enough = dialect.below_version.is_none_or(|below| {
                    let mut parts = token
                        .firmware
                        .splitn(2, '.')
                        .map(|part| part.parse().unwrap_or(u8::MAX));
                    (parts.next(), parts.next()) < (Some(below.0), Some(below.1))
                });
                old_enough && (dialect.makes(&token.manufacturer) || dialect.makes(&module.manufacturer))
            })
            .unwrap_or(&STANDARD)
    }

    /// Why a token of this kind does not generate such a key; `None` if no reason is known.
    pub(super) fn does_not_generate(&self, algorithm: KeyAlgorithm) -> Option<&'static str> {
        let known = self.not_generated.iter().find(|(keys, _)| keys.holds(algorithm));
        known.map(|(_, reason)| *reason)
    }

    fn makes(&self, manufacturer: &str) -> bool {
        self.manufacturers
            .iter()
            .any(|known| manufacturer.starts_with(known))
    }

    /// Why a token of this kind does not accept such a key on this route; `None` if no reason is known.
    pub(super) fn refusal(
        &self,
        route: ImportRoute,
        algorithm: Option<KeyAlgorithm>,
    ) -> Option<&'static str> {
        let refusal = self.refusals.iter().find(|refusal| {
            refusal.routes.contains(&route)
                && algorithm.map_or(refusal.keys == Keys::All, |algorithm| {
                    refusal.keys.holds(algorithm)
                })
        });
        refusal.map(|refusal| refusal.reason)
    }
}

#[cfg(test)]
mod tests;
