//! Checks the results as a relying party would: certification paths, and CRLs against their issuers.

use super::{CeremonyReport, Inputs, MadeObject};
use crate::ceremony::{CeremonyPlan, Crl, ObjectKind, StepAction, rules};
use crate::values::UnixTime;
use crate::x509::{Certificate, CertificateRevocationList, ChainCheck, CrlNumber, verify_chain};

pub(super) fn check(plan: &CeremonyPlan, inputs: &Inputs, made: &[MadeObject], report: &mut CeremonyReport) {
    let of_inputs: Vec<_> = inputs
        .values()
        .filter_map(|bytes| Certificate::read(bytes).ok())
        .collect();
    let mut authorities = of_inputs.clone();
    let of_steps = made.iter().filter(|object| object.is == ObjectKind::Certificate);
    authorities.extend(of_steps.filter_map(|object| Certificate::from_der(&object.der).ok()));
    for object in made {
        let found = match object.is {
            ObjectKind::Certificate => check_certificate(object, &of_inputs, &authorities, report),
            ObjectKind::Crl => check_crl(plan, inputs, object, made, report),
        };
        if let Err(reason) = found {
            report.find(format!("run/objects/{}.der", object.step), rules::PATH, reason);
        }
    }
}

/// The certificate must lead to a root or to an input, by the rules of RFC 5280 section 6 at the time of its signature.
fn check_certificate(
    object: &MadeObject,
    of_inputs: &[Certificate],
    authorities: &[Certificate],
    report: &CeremonyReport,
) -> Result<(), String> {
    let certificate = Certificate::from_der(&object.der).map_err(|error| error.to_string())?;
    let begins = certificate.validity().not_before;
    let signed = report
        .trail
        .signature_of(&object.step)
        .map_or(begins, |begun| begun.time);
    let chain = verify_chain(&certificate, authorities, UnixTime(signed.0.max(begins.0)));
    let last = chain.path.last();
    let ends_in_input = last.is_some_and(|last| of_inputs.iter().any(|input| input.der() == last.der()));
    for step in &chain.steps {
        // The issuer of an input is not part of the ceremony.
        if step.what == ChainCheck::Issuer && ends_in_input {
            continue;
        }
        if let Some(problem) = &step.problem {
            return Err(format!("{}: {}: {problem}", step.subject, step.what.name()));
        }
    }
    Ok(())
}

/// The CRL must belong to its issuer, have the planned number, and list everything revoked before.
fn check_crl(
    plan: &CeremonyPlan,
    inputs: &Inputs,
    object: &MadeObject,
    made: &[MadeObject],
    report: &CeremonyReport,
) -> Result<(), String> {
    let list = CertificateRevocationList::from_der(object.der.clone()).map_err(|error| error.to_string())?;
    let Some(StepAction::Crl(crl)) = plan.step(&object.step).map(|step| &step.action) else {
        return Err("its step makes no CRL".to_owned());
    };
    let authority = authority(&crl.issuer, inputs, made)?;
    list.verify_undated(&authority)
        .map_err(|error| error.to_string())?;
    let number = list.number().map_err(|error| error.to_string())?;
    if number.and_then(CrlNumber::to_u64) != Some(crl.number) {
        return Err(format!("its number is not {}", crl.number));
    }
    let has = |serial: &str| {
        list.entries()
            .any(|entry| entry.to_revocation().serial.to_string() == serial)
    };
    let before = plan.steps.iter().take_while(|step| step.id != object.step);
    for step in before {
        if let StepAction::Revoke(revoke) = &step.action
            && revoke.issuer == crl.issuer
            && let Some((_, serial)) = report.trail.revoked.get(&step.id)
            && !has(serial)
        {
            return Err(format!(
                "it lacks serial number {serial}, which step {:?} revoked",
                step.id
            ));
        }
    }
    check_list_before(crl, &list, inputs, made)
}

/// The previous CRL must have a lower number, and all its entries must come again.
fn check_list_before(
    crl: &Crl,
    list: &CertificateRevocationList,
    inputs: &Inputs,
    made: &[MadeObject],
) -> Result<(), String> {
    let Some(name) = crl.previous.as_ref().filter(|name| *name != "none") else {
        return Ok(());
    };
    let read = match made.iter().find(|object| object.step == *name) {
        Some(object) => CertificateRevocationList::from_der(object.der.clone()),
        None => CertificateRevocationList::read(inputs.get(name).cloned().unwrap_or_default()),
    };
    let before = read.map_err(|error| format!("the CRL before it, {name:?}: {error}"))?;
    let number = before.number().ok().flatten().and_then(CrlNumber::to_u64);
    if number.is_none_or(|number| number >= crl.number) {
        return Err(format!("its number is not above that of {name:?}"));
    }
    let missing = before.entries().find(|entry| list.find(entry.serial).is_none());
    match missing {
        Some(missing) => {
            let serial = missing.to_revocation().serial;
            Err(format!("it lacks serial number {serial}, which {name:?} has"))
        }
        None => Ok(()),
    }
}

fn authority(name: &str, inputs: &Inputs, made: &[MadeObject]) -> Result<Certificate, String> {
    let read = match made.iter().find(|object| object.step == name) {
        Some(object) => Certificate::from_der(&object.der),
        None => Certificate::read(
            inputs
                .get(name)
                .ok_or_else(|| format!("no certificate named {name:?}"))?,
        ),
    };
    read.map_err(|error| error.to_string())
}
