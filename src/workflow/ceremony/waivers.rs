//! The rules that a ceremony file waives for a step. Some belong to the step's profile, and two belong to the ledger.

use super::CeremonyError;
use super::objects::value;
use crate::ceremony::CeremonyFile;
use crate::workflow::Waivers;
use crate::x509::{RULES, rules};

/// Refuses a waiver of a rule that does not exist or cannot be waived.
///
/// # Errors
/// [`CeremonyError::Value`]
pub(super) fn check_waivers(file: &CeremonyFile) -> Result<(), CeremonyError> {
    for waiver in &file.close.waivers {
        let reason = match RULES.iter().find(|rule| rule.name == waiver.rule) {
            None => "no rule has this name",
            Some(rule) if !rule.can_be_waived && !rule.can_be_waived_once => "this rule cannot be waived",
            Some(_) => continue,
        };
        return Err(value(&waiver.step, "waive", format!("{}: {reason}", waiver.rule)));
    }
    Ok(())
}

/// The names of the profile rules that are waived for the step's certificate.
pub(super) fn waived_in_profile(file: &CeremonyFile, step: &str) -> Vec<&'static str> {
    let of_profile = RULES.iter().filter(|rule| rule.can_be_waived);
    let waived = of_profile.filter(|rule| is_waived(file, step, rule.name));
    waived.map(|rule| rule.name).collect()
}

/// The ledger rules that are waived for the step's certificate. `ca create` has a flag for each.
pub(super) fn waived_in_ledger(file: &CeremonyFile, step: &str) -> Waivers {
    Waivers {
        second_certificate: is_waived(file, step, rules::SECOND_CERTIFICATE.name),
        same_name_other_key: is_waived(file, step, rules::SAME_NAME_OTHER_KEY.name),
    }
}

/// Whether the file waives this rule for the step.
pub(super) fn is_waived(file: &CeremonyFile, step: &str, rule: &str) -> bool {
    let mut waivers = file.close.waivers.iter();
    waivers.any(|waiver| waiver.step == step && waiver.rule == rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ceremony` names them as text, because it does not use `x509`.
    #[test]
    fn the_rules_of_the_ledger_are_those_that_only_a_caller_waives() {
        let once = RULES.iter().filter(|rule| rule.can_be_waived_once);
        let names: Vec<_> = once.map(|rule| rule.name).collect();
        assert_eq!(names, crate::ceremony::RULES_OF_THE_LEDGER);
    }
}
