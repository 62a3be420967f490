//! `doctor` and `rig`.

use hsm_ca::workflow::{CheckState, Rig};
use serde::Serialize;

use super::Output;
use super::check::{Check, CheckName, State};
use super::common::FileName;

/// `doctor`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Doctor {
    /// Whether no check failed.
    pub(in crate::cli) verified: bool,
    pub(in crate::cli) checks: Vec<AdvisedCheck>,
    /// The hints of all checks.
    pub(in crate::cli) hints: Vec<String>,
}

/// A check with its hint.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct AdvisedCheck {
    #[serde(flatten)]
    check: Check,
    hint: Option<String>,
}

impl AdvisedCheck {
    pub(in crate::cli) fn of(check: &hsm_ca::workflow::Check) -> Self {
        Self {
            check: Check {
                check: CheckName::of(check.name),
                state: match check.state {
                    CheckState::Passed => State::Ok,
                    CheckState::Noted => State::Note,
                    CheckState::Warning => State::Warning,
                    CheckState::Failed => State::Failed,
                },
                found: check.found.clone(),
            },
            hint: check.hint.clone(),
        }
    }
}

impl Output for Doctor {
    const NAME: &'static str = "doctor";
}

/// `rig new`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct RigNew {
    #[cfg_attr(test, schemars(extend("enum" = hsm_ca::token::RigToken::ALL.map(|kind| kind.name()))))]
    pub(in crate::cli) token_kind: String,
    pub(in crate::cli) directory: FileName,
    /// The token's label.
    pub(in crate::cli) token: String,
    pub(in crate::cli) module: FileName,
    /// The settings file of this program.
    pub(in crate::cli) config: FileName,
    pub(in crate::cli) ledger: FileName,
    /// The file to source in a shell.
    pub(in crate::cli) environment: FileName,
    /// The settings file of the module.
    pub(in crate::cli) module_config: FileName,
    pub(in crate::cli) user_pin_file: FileName,
    pub(in crate::cli) so_pin_file: FileName,
}

impl RigNew {
    pub(in crate::cli) fn of(rig: &Rig) -> Self {
        Self {
            token_kind: rig.kind.name().to_owned(),
            directory: FileName::of(&rig.directory),
            token: rig.label.clone(),
            module: FileName::of(&rig.module),
            config: FileName::of(&rig.settings()),
            ledger: FileName::of(&rig.ledger()),
            environment: FileName::of(&rig.environment()),
            module_config: FileName::of(&rig.configuration()),
            user_pin_file: FileName::of(&rig.user_pin()),
            so_pin_file: FileName::of(&rig.so_pin()),
        }
    }
}

impl Output for RigNew {
    const NAME: &'static str = "rig-new";
}

/// The token of a new rig. Only `rig new` itself reads it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct RigToken {
    pub(in crate::cli) token: String,
    pub(in crate::cli) serial_number: String,
}

impl Output for RigToken {
    const NAME: &'static str = "rig-initialize-token";
}
