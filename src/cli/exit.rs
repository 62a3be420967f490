//! One table from error to kind, exit code and hint.

mod aws_table;
mod bench_table;
mod ceremony_table;
mod cloudhsm_table;
mod entry_hint;
mod error;
mod kms_table;
mod ledger_table;
mod message;
mod not_passed;
mod own_hint;
mod own_table;
mod people_table;
mod row;
mod run_table;
mod signer_table;
mod table;
mod token_table;
mod trust_hint;
mod x509_table;

pub(super) use error::CliError;

pub(super) use not_passed::NotPassed;
use own_table::explain_own;

/// Failed, for a reason outside the input.
pub(super) const FAILED: u8 = 1;
/// Wrong usage or configuration.
pub(super) const USAGE: u8 = 2;
/// Refused by a check.
pub(super) const REFUSED: u8 = 3;
/// Token, KMS or ledger unavailable, or login refused.
pub(super) const UNAVAILABLE: u8 = 4;

/// An error as it is reported.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) kind: &'static str,
    pub(super) exit_code: u8,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl CliError {
    pub(super) fn explain(&self) -> Refusal {
        let (kind, exit_code, hint) = explain_own(self);
        Refusal {
            kind,
            exit_code,
            message: without_number(&self.to_string()),
            hint: self.own_hint().or(hint.map(str::to_owned)),
        }
    }
}

/// The text without ` (os error 2)` after the system's words, which say the same.
pub(super) fn without_number(text: &str) -> String {
    let mut parts = text.split(" (os error ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|digit: char| digit.is_ascii_digit());
        match rest.strip_prefix(')') {
            Some(rest) => plain.push_str(rest),
            None => plain.extend([" (os error ", part]),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
