//! Checks that the waivers of a plan match the verdicts of its objects.

use super::{CeremonyPlan, PlanError, RuleVerdict};

/// The rules that ask the ledger for other certificates of a CA. No profile waives them, so their verdict comes from a waiver of the plan.
pub(crate) const RULES_OF_THE_LEDGER: [&str; 2] = ["second-certificate", "same-name-other-key"];

pub(super) fn check(plan: &CeremonyPlan) -> Result<(), PlanError> {
    for waiver in &plan.waived {
        let objects = plan.objects.iter().filter(|object| object.step == waiver.step);
        let verdicts: Vec<_> = objects.map(|object| object.verdicts.get(&waiver.rule)).collect();
        if verdicts.is_empty() || verdicts.iter().any(|found| *found != Some(&RuleVerdict::Waived)) {
            return Err(PlanError::Waiver {
                rule: waiver.rule.clone(),
                step: waiver.step.clone(),
            });
        }
    }
    for object in &plan.objects {
        for rule in RULES_OF_THE_LEDGER {
            let is_waived = object.verdicts.get(rule) == Some(&RuleVerdict::Waived);
            if is_waived && !plan.waives(&object.step, rule) {
                let reason = format!("{rule} is waived, and the plan has no waiver of it");
                return Err(PlanError::object(object, reason));
            }
        }
    }
    Ok(())
}
