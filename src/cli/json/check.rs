//! The result of a check, shared by several commands.

use serde::Serialize;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(in crate::cli) enum State {
    Ok,
    /// Information, not a fault.
    Note,
    /// Something that will become a fault.
    Warning,
    Failed,
    /// What it needs is missing.
    NotChecked,
}

/// The name of a check, in kebab-case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(extend("pattern" = "^[a-z0-9]+(-[a-z0-9]+)*$")))]
#[serde(transparent)]
pub(in crate::cli) struct CheckName(String);

impl CheckName {
    /// The name for programs of what the text calls `shown`.
    pub(in crate::cli) fn of(shown: &str) -> Self {
        let (mut name, mut is_after_small) = (String::new(), false);
        for character in shown.chars() {
            // "customerCA" has two words.
            if is_after_small && character.is_ascii_uppercase() {
                name.push('-');
            }
            is_after_small = character.is_ascii_lowercase();
            name.push(match character {
                ' ' => '-',
                other => other.to_ascii_lowercase(),
            });
        }
        Self(name)
    }
}

/// A check.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Check {
    /// What was checked, as a word for programs: `pin-tries` is the check that the text names "PIN tries".
    pub(in crate::cli) check: CheckName,
    pub(in crate::cli) state: State,
    /// The finding, for people.
    pub(in crate::cli) found: String,
}

impl Check {
    /// A check that passes or fails, with a text for each.
    pub(in crate::cli) fn of(check: &str, outcome: &Result<String, String>) -> Self {
        let (state, found) = match outcome {
            Ok(found) => (State::Ok, found),
            Err(problem) => (State::Failed, problem),
        };
        Self {
            check: CheckName::of(check),
            state,
            found: found.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_has_a_name_without_spaces_and_capitals() {
        for (shown, name) in [
            ("token", "token"),
            ("PIN tries", "pin-tries"),
            ("KMS", "kms"),
            ("CA certificate", "ca-certificate"),
            ("issued by customerCA", "issued-by-customer-ca"),
            ("self-signed", "self-signed"),
        ] {
            assert_eq!(CheckName::of(shown), CheckName(name.to_owned()), "{shown}");
        }
    }
}
