//! `token`.

use hsm_ca::token::{PinTries, SkippedSlot, TokenDescription};
use serde::Serialize;

use super::Output;
use super::common::FileName;

/// A token's description of itself.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Token {
    label: String,
    serial_number: String,
    slot_id: u64,
    manufacturer: String,
    model: String,
    firmware_version: String,
    hardware_version: String,
    pin_tries: Tries,
    /// Whether the user's PIN has been set.
    user_pin_set: bool,
    /// Whether the keys need a login.
    login_required: bool,
    write_protected: bool,
}

/// The remaining PIN attempts, as far as the token reports them.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Tries {
    /// All attempts are left.
    Untouched,
    /// A wrong PIN was entered since the last login.
    Low,
    /// One attempt is left.
    Final,
    /// No attempts are left.
    Locked,
}

impl Token {
    pub(in crate::cli) fn of(token: &TokenDescription) -> Self {
        Self {
            label: token.label.clone(),
            serial_number: token.serial.clone(),
            slot_id: token.slot_id,
            manufacturer: token.manufacturer.clone(),
            model: token.model.clone(),
            firmware_version: token.firmware.clone(),
            hardware_version: token.hardware.clone(),
            pin_tries: match token.pin_tries {
                PinTries::Untouched => Tries::Untouched,
                PinTries::Low => Tries::Low,
                PinTries::Final => Tries::Final,
                PinTries::Locked => Tries::Locked,
            },
            user_pin_set: token.user_pin_initialised,
            login_required: token.login_required,
            write_protected: token.write_protected,
        }
    }
}

/// `token list`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct TokenList {
    tokens: Vec<Token>,
    /// Tokens that are not initialised.
    uninitialized: Vec<Uninitialized>,
    /// Slots whose token cannot be read.
    skipped_slots: Vec<Skipped>,
}

/// A token that is not initialised, so it has no label and no PIN.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Uninitialized {
    slot_id: u64,
    /// Null if the token shows none.
    serial_number: Option<String>,
    manufacturer: String,
    model: String,
}

/// A slot whose token cannot be read.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Skipped {
    slot_id: u64,
    /// The PKCS#11 function that failed.
    function: String,
    /// Its return value, as a CKR_ name.
    answer: String,
}

impl TokenList {
    pub(in crate::cli) fn new<'a>(
        tokens: impl Iterator<Item = &'a TokenDescription>,
        uninitialized: impl Iterator<Item = &'a TokenDescription>,
        skipped: &[SkippedSlot],
    ) -> Self {
        Self {
            tokens: tokens.map(Token::of).collect(),
            uninitialized: uninitialized
                .map(|token| Uninitialized {
                    slot_id: token.slot_id,
                    serial_number: (!token.serial.is_empty()).then(|| token.serial.clone()),
                    manufacturer: token.manufacturer.clone(),
                    model: token.model.clone(),
                })
                .collect(),
            skipped_slots: skipped
                .iter()
                .map(|slot| Skipped {
                    slot_id: slot.slot_id,
                    function: slot.function.clone(),
                    answer: slot.value.clone(),
                })
                .collect(),
        }
    }
}

impl Output for TokenList {
    const NAME: &'static str = "token-list";
}

/// `token show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct TokenShow {
    #[serde(flatten)]
    pub(in crate::cli) token: Token,
    pub(in crate::cli) module: Module,
}

/// A PKCS#11 module.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Module {
    pub(in crate::cli) path: FileName,
    /// The module's name for itself.
    pub(in crate::cli) library: String,
    pub(in crate::cli) manufacturer: String,
    pub(in crate::cli) cryptoki_version: String,
}

impl Output for TokenShow {
    const NAME: &'static str = "token-show";
}

/// `token bench`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct TokenBench {
    pub(in crate::cli) token: Token,
    /// The module's name for itself.
    pub(in crate::cli) library: String,
    /// Whether the keys were made for the measurement.
    pub(in crate::cli) session_keys: bool,
    /// The time for each point.
    pub(in crate::cli) seconds: u64,
    pub(in crate::cli) sessions_requested: usize,
    /// Why fewer sessions than requested were measured.
    pub(in crate::cli) fewer_sessions: Option<String>,
    pub(in crate::cli) points: Vec<BenchPoint>,
    /// With --issue.
    pub(in crate::cli) issuing: Vec<BenchIssuing>,
    pub(in crate::cli) not_measured: Vec<NotMeasured>,
    /// The file with the drawing.
    pub(in crate::cli) plot: Option<FileName>,
}

/// One kind of signature, with one number of sessions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct BenchPoint {
    pub(in crate::cli) key_type: String,
    pub(in crate::cli) signature_algorithm: String,
    /// The mechanism, as a CKM_ name.
    pub(in crate::cli) mechanism: String,
    pub(in crate::cli) sessions: usize,
    /// The number of signatures, all verified in software.
    pub(in crate::cli) signatures: usize,
    /// How often the token answered that it was busy.
    pub(in crate::cli) busy: usize,
    pub(in crate::cli) elapsed_ms: f64,
    pub(in crate::cli) per_second: f64,
    pub(in crate::cli) latency_ms: Latency,
}

/// Certificates that were issued with one kind of key: request, rules, signature, ledger and file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct BenchIssuing {
    pub(in crate::cli) key_type: String,
    pub(in crate::cli) signature_algorithm: String,
    pub(in crate::cli) sessions: usize,
    pub(in crate::cli) certificates: usize,
    pub(in crate::cli) elapsed_ms: f64,
    pub(in crate::cli) per_second: f64,
    /// This rate divided by the signatures per second with the same number of sessions.
    pub(in crate::cli) of_signatures: Option<f64>,
    /// From reading a request until its file was reported. Certificates are recorded and written in groups, so this includes the wait for the others
    /// of a group.
    pub(in crate::cli) latency_ms: Latency,
}

/// Times in milliseconds.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Latency {
    pub(in crate::cli) min: f64,
    pub(in crate::cli) p50: f64,
    pub(in crate::cli) p90: f64,
    pub(in crate::cli) p99: f64,
    #[serde(rename = "p99.9")]
    pub(in crate::cli) p999: f64,
    pub(in crate::cli) max: f64,
}

/// A kind of signature without a measurement.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct NotMeasured {
    pub(in crate::cli) key_type: String,
    pub(in crate::cli) signature_algorithm: Option<String>,
    pub(in crate::cli) reason: String,
}

impl Output for TokenBench {
    const NAME: &'static str = "token-bench";
    const HAS_CONTENT: bool = true;
}
