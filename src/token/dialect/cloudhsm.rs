//! AWS CloudHSM, Client SDK 5. The pages cited are in the AWS CloudHSM User Guide.

use cryptoki::error::RvError;
use cryptoki::object::KeyType;

use super::standard::CURVE_OID;
use super::{Dialect, Flag, Keys, Refusal, STANDARD};
use crate::token::mechanism::{MechanismNumber, OaepHash};
use crate::token::{ImportRoute, ModuleDescription, PinForm, Token, TokenError};

/// "PKCS #11 library attributes for Client SDK 5" (pkcs11-attributes-interpreting): `CKA_PRIVATE` is true only, on public keys too,
/// and an attribute that is not in the table of its call gives `CKR_TEMPLATE_INCONSISTENT`. Usages default to false, and
/// `CKA_EXTRACTABLE` to true.
pub(super) const CLOUDHSM: Dialect = Dialect {
    name: "AWS CloudHSM",
    manufacturers: &["CloudHSM", "Marvell", "Cavium"],
    // pkcs11-mechanisms, note 4: hash and MGF must be the same, SHA-1 to SHA-512; AWS's own sample unwraps with SHA-256.
    oaep: &[OaepHash::Sha256],
    rsa_aes_key_wrap: OaepHash::Sha256,
    // manage-aes-key-wrapping: "zero padding" is RFC 5649; an explicit initialization vector is refused.
    key_wrap_padded: &[MechanismNumber::CLOUDHSM_AES_KEY_WRAP_ZERO_PAD],
    wrapping_public: &[Flag::Token(false), Flag::Private(true)],
    wrapping_private: &[
        Flag::Private(true),
        Flag::Sensitive(true),
        Flag::Extractable(false),
        Flag::Unwrap(true),
        Flag::Decrypt(false),
        Flag::Sign(false),
    ],
    // The table of C_UnwrapKey for RSA private keys has no CKA_SIGN_RECOVER.
    private_rsa: &[
        Flag::Token(true),
        Flag::Private(true),
        Flag::Sensitive(true),
        Flag::Extractable(false),
        Flag::Sign(true),
        Flag::Decrypt(false),
        Flag::Unwrap(false),
        Flag::Derive(false),
    ],
    // That for EC private keys has neither CKA_DECRYPT nor CKA_UNWRAP. The table of C_GenerateKeyPair has all of both.
    private_ec: &[
        Flag::Token(true),
        Flag::Private(true),
        Flag::Sensitive(true),
        Flag::Extractable(false),
        Flag::Sign(true),
        Flag::Derive(false),
    ],
    public: &[Flag::Token(true), Flag::Private(true), Flag::Verify(true)],
    // AWS's samples: CKK_EC with the object identifier of Ed25519.
    ed25519_type: KeyType::EC,
    ed25519_params: CURVE_OID,
    pin_form: PinForm::CryptoUser,
    // cloudhsm-cli creates the users, not C_InitPIN: one token was seen with the flags 0x404, that is without this one (OpenSC/libp11 issue 242).
    tells_user_pin: false,
    // ki-pkcs11-sdk: without CKF_RW_SESSION, C_OpenSession answers CKR_FUNCTION_FAILED.
    opens_read_only: false,
    // troubleshoot-hsm-throttling; before Client SDK 5.18.0 C_GetAttributeValue gave CKR_DEVICE_ERROR (ki-pkcs11-sdk).
    throttled: &[RvError::FunctionFailed, RvError::DeviceError],
    // pkcs11-library-api-operations: no C_SetAttributeValue for keys.
    renames_keys: false,
    not_generated: &[(
        Keys::Ed25519,
        "CloudHSM signs with Ed25519 keys only by CKM_CLOUDHSM_EDDSA, which hsm-ca does not use (pkcs11-mechanisms)",
    )],
    refusals: &[
        Refusal {
            routes: &[ImportRoute::Sealed],
            keys: Keys::All,
            reason: "CloudHSM does not list unwrapping with CKM_AES_CBC_PAD, which KMS uses to encrypt to a recipient (pkcs11-mechanisms)",
        },
        Refusal {
            routes: &ImportRoute::ALL,
            keys: Keys::Ed25519,
            reason: "CloudHSM documents no import of Ed25519 private keys (pkcs11-key-types)",
        },
    ],
    settles_unwrapped: false,
    ..STANDARD
};

impl ModuleDescription {
    /// Whether it is the library of AWS CloudHSM.
    #[must_use]
    pub fn is_cloudhsm(&self) -> bool {
        CLOUDHSM.makes(&self.manufacturer)
    }
}

impl Token {
    /// Whether it is a cluster of AWS CloudHSM.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn is_cloudhsm(&self) -> Result<bool, TokenError> {
        Ok(self.dialect()?.name == CLOUDHSM.name)
    }
}
