//! Finds the serial numbers that a ceremony revoked and that are on no CRL of it.

use super::export::{issuer_of, read_crl};
use crate::ceremony::{
    CeremonyPlan, ObjectKind, PlannedObject, StepAction, Trail, Transcript, UnlistedRevocation,
};
use crate::x509::Name;

/// Each first serial number that people replaced with the spare one, and that no CRL of the ceremony lists.
pub(super) fn unlisted_revocations(plan: &CeremonyPlan, transcript: &Transcript) -> Vec<UnlistedRevocation> {
    let trail = Trail::follow(plan, transcript);
    let Some(session) = &trail.session else {
        return Vec::new();
    };
    let replaced = plan.objects_of(session).filter_map(|object| {
        let decided_at = trail.replaced.get(&object.step)?;
        let mut found = first_serial_unlisted(plan, &trail, object)?;
        found.decided_at = Some(*decided_at);
        Some(found)
    });
    replaced.collect()
}

/// The same for one certificate, as if people had chosen its spare serial number. `None` for a self-signed certificate, which no CRL can revoke, and if a
/// CRL of the ceremony lists the number.
pub(super) fn first_serial_unlisted(
    plan: &CeremonyPlan,
    trail: &Trail,
    object: &PlannedObject,
) -> Option<UnlistedRevocation> {
    let issuer = match &plan.step(&object.step)?.action {
        StepAction::SignCsr(sign) => &sign.issuer,
        StepAction::CrossSign(cross) => &cross.issuer,
        _ => return None,
    };
    let serial = object.serial.clone()?;
    let name = issuer_of(trail, object).ok()?;
    let mut lists = Vec::new();
    for list in plan.objects_of(&object.session) {
        if list.is != ObjectKind::Crl {
            continue;
        }
        match lists_serial(trail, list, &name, &serial) {
            Some(true) => return None,
            Some(false) => lists.push(list.out.clone()),
            None => {}
        }
    }
    Some(UnlistedRevocation {
        step: object.step.clone(),
        serial,
        issuer: name.to_string(),
        authority: authority_file(plan, &object.session, issuer),
        lists,
        decided_at: None,
    })
}

/// Whether this CRL lists the serial number; `None` if it has another issuer.
fn lists_serial(trail: &Trail, list: &PlannedObject, issuer: &Name, serial: &str) -> Option<bool> {
    let list = read_crl(trail, list).ok()?;
    let mut entries = list.entries();
    (list.issuer().der() == issuer.der())
        .then(|| entries.any(|entry| entry.to_revocation().serial.to_string() == serial))
}

/// Where the certificate of an issuer is: among the results, or an input.
fn authority_file(plan: &CeremonyPlan, session: &str, issuer: &str) -> String {
    match (plan.object(session, issuer), plan.inputs.get(issuer)) {
        (Some(made), _) => format!("out/{}", made.out),
        (None, Some(input)) => input.file.clone(),
        (None, None) => issuer.to_owned(),
    }
}
