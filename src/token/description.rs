//! What a module and its tokens say of themselves.

use std::fmt;
use std::path::PathBuf;

use cryptoki::slot::TokenInfo;

/// What a module says of itself (PKCS#11 v2.40 section 3.1, `CK_INFO`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModuleDescription {
    /// The file.
    pub path: PathBuf,
    /// `libraryDescription` and its version.
    pub library: String,
    /// `libraryVersion`, major and minor.
    pub library_version: (u8, u8),
    /// `manufacturerID`
    pub manufacturer: String,
    /// `cryptokiVersion`
    pub cryptoki_version: String,
}

/// What a token says of the PIN tries left (PKCS#11 v2.40 section 3.2, `CKF_USER_PIN_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinTries {
    /// No wrong PIN since the last login, or the token does not count.
    Untouched,
    /// `CKF_USER_PIN_COUNT_LOW`: at least one wrong PIN since the last login.
    Low,
    /// `CKF_USER_PIN_FINAL_TRY`: one more wrong PIN locks it.
    Final,
    /// `CKF_USER_PIN_LOCKED`
    Locked,
}

impl fmt::Display for PinTries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Untouched => "no wrong try is reported",
            Self::Low => "wrong tries since the last login",
            Self::Final => "the next wrong PIN locks the token",
            Self::Locked => "locked",
        })
    }
}

/// What a token says of itself (PKCS#11 v2.40 section 3.2, `CK_TOKEN_INFO`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenDescription {
    /// `label`, without padding.
    pub label: String,
    /// `serialNumber`
    pub serial: String,
    /// `manufacturerID`
    pub manufacturer: String,
    /// `model`
    pub model: String,
    /// The slot it is in; CloudHSM's needs all 64 bits.
    pub slot_id: u64,
    /// `firmwareVersion`
    pub firmware: String,
    /// `hardwareVersion`
    pub hardware: String,
    /// The PIN tries left.
    pub pin_tries: PinTries,
    /// `CKF_TOKEN_INITIALIZED`
    pub initialised: bool,
    /// `CKF_USER_PIN_INITIALIZED`
    pub user_pin_initialised: bool,
    /// `CKF_WRITE_PROTECTED`
    pub write_protected: bool,
    /// `CKF_PROTECTED_AUTHENTICATION_PATH`: the PIN is typed at the token's own keypad.
    pub protected_authentication_path: bool,
}

impl fmt::Display for TokenDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "\"{}\" (serial {}, slot {})",
            self.label, self.serial, self.slot_id
        )
    }
}

impl PinTries {
    fn from_info(info: &TokenInfo) -> Self {
        if info.user_pin_locked() {
            Self::Locked
        } else if info.user_pin_final_try() {
            Self::Final
        } else if info.user_pin_count_low() {
            Self::Low
        } else {
            Self::Untouched
        }
    }
}

/// PKCS#11 pads with blanks; tpm2-pkcs11 1.9 pads its model with NUL bytes.
fn unpadded(text: &str) -> String {
    text.trim_end_matches(['\0', ' ']).to_owned()
}

impl TokenDescription {
    pub(super) fn from_info(slot_id: u64, info: &TokenInfo) -> Self {
        Self {
            label: unpadded(info.label()),
            serial: unpadded(info.serial_number()),
            manufacturer: unpadded(info.manufacturer_id()),
            model: unpadded(info.model()),
            slot_id,
            firmware: info.firmware_version().to_string(),
            hardware: info.hardware_version().to_string(),
            pin_tries: PinTries::from_info(info),
            initialised: info.token_initialized(),
            user_pin_initialised: info.user_pin_initialized(),
            write_protected: info.write_protected(),
            protected_authentication_path: info.protected_authentication_path(),
        }
    }
}
