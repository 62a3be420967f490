//! What a module and its tokens report about themselves.

use std::fmt;
use std::path::PathBuf;

use cryptoki_sys::{
    CK_FLAGS, CK_TOKEN_INFO, CK_VERSION, CKF_LOGIN_REQUIRED, CKF_PROTECTED_AUTHENTICATION_PATH,
    CKF_TOKEN_INITIALIZED, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_INITIALIZED,
    CKF_USER_PIN_LOCKED, CKF_WRITE_PROTECTED, CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR,
};

use super::PinLengths;

/// The version of PKCS#11, major and minor, of the C headers that this library is built with. A module may have an older one.
pub const PKCS11_HEADERS: (u8, u8) = (CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR);

/// What a module reports about itself (PKCS#11 v2.40 section 3.1, `CK_INFO`).
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

/// What a token reports about the PIN tries left (PKCS#11 v2.40 section 3.2, `CKF_USER_PIN_*`).
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
            Self::Untouched => "no wrong PIN reported",
            Self::Low => "wrong PIN since the last login",
            Self::Final => "the next wrong PIN locks the token",
            Self::Locked => "locked",
        })
    }
}

/// What a token reports about itself (PKCS#11 v2.40 section 3.2, `CK_TOKEN_INFO`).
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
    /// The slot it is in; a slot of CloudHSM needs all 64 bits.
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
    /// `CKF_LOGIN_REQUIRED`: some functions need a login.
    pub login_required: bool,
    /// The lengths of a PIN that it accepts.
    pub pin_lengths: PinLengths,
    /// `CKF_WRITE_PROTECTED`
    pub write_protected: bool,
    /// `CKF_PROTECTED_AUTHENTICATION_PATH`: the PIN is typed at the token's own keypad.
    pub protected_authentication_path: bool,
}

impl fmt::Display for TokenDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" (", self.label)?;
        // opencryptoki's soft token has no serial number.
        if !self.serial.is_empty() {
            write!(f, "serial {}, ", self.serial)?;
        }
        write!(f, "slot {})", self.slot_id)
    }
}

impl PinTries {
    const fn from_flags(flags: CK_FLAGS) -> Self {
        if flags & CKF_USER_PIN_LOCKED != 0 {
            Self::Locked
        } else if flags & CKF_USER_PIN_FINAL_TRY != 0 {
            Self::Final
        } else if flags & CKF_USER_PIN_COUNT_LOW != 0 {
            Self::Low
        } else {
            Self::Untouched
        }
    }
}

/// PKCS#11 pads with blanks; tpm2-pkcs11 1.9 pads its model with NUL bytes.
fn unpadded(text: &[u8]) -> String {
    String::from_utf8_lossy(text)
        .trim_end_matches(['\0', ' '])
        .to_owned()
}

fn number(version: CK_VERSION) -> String {
    format!("{}.{}", version.major, version.minor)
}

impl TokenDescription {
    /// `utcTime` is not read: nothing needs it, and opencryptoki 3.8 sets it to text that is not a time.
    pub(super) fn from_info(slot_id: u64, info: &CK_TOKEN_INFO) -> Self {
        let has = |flag: CK_FLAGS| info.flags & flag != 0;
        Self {
            label: unpadded(&info.label),
            serial: unpadded(&info.serialNumber),
            manufacturer: unpadded(&info.manufacturerID),
            model: unpadded(&info.model),
            slot_id,
            firmware: number(info.firmwareVersion),
            hardware: number(info.hardwareVersion),
            pin_tries: PinTries::from_flags(info.flags),
            initialised: has(CKF_TOKEN_INITIALIZED),
            user_pin_initialised: has(CKF_USER_PIN_INITIALIZED),
            login_required: has(CKF_LOGIN_REQUIRED),
            pin_lengths: PinLengths::of(info.ulMinPinLen, info.ulMaxPinLen),
            write_protected: has(CKF_WRITE_PROTECTED),
            protected_authentication_path: has(CKF_PROTECTED_AUTHENTICATION_PATH),
        }
    }
}
