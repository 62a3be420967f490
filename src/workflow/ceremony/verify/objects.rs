//! Checks each signature under the right key, and the files of each object.

use std::collections::BTreeSet;

use super::archive::TEMPORARY;
use super::{Archive, CeremonyReport, Inputs, MadeObject};
use crate::ceremony::{
    CeremonyPlan, Digest, ObjectKind, PlannedObject, Trail, TrailEnd, TrailSignature, rules,
};
use crate::output::encode_pem;
use crate::signer::{PublicKey, SignatureAlgorithm};
use crate::x509::{CERTIFICATE, Certificate, PUBLIC_KEY, X509_CRL, decode_one, join_signature};

const OBJECTS: &str = "run/objects";

/// Verifies each finished signature, and compares its files. Returns the objects made, in the order of the steps.
pub(super) fn check(
    plan: &CeremonyPlan,
    inputs: &Inputs,
    archive: &Archive,
    report: &mut CeremonyReport,
) -> Vec<MadeObject> {
    let signatures: Vec<_> = report
        .trail
        .signatures
        .iter()
        .filter(|begun| begun.signature.is_some())
        .cloned()
        .collect();
    let mut made = Vec::new();
    check_begun(plan, archive, report);
    for begun in &signatures {
        let Some(object) = plan.object(&begun.session, &begun.step) else {
            continue;
        };
        let line = begun.signature.as_ref().map_or(begun.line, |(line, _)| *line);
        match join(plan, inputs, begun, object, report) {
            Ok(der) => {
                check_files(archive, begun, &der, report);
                if let Some((line, sha256)) = report.trail.written.get(&begun.step).copied()
                    && sha256 != Digest::of(&der)
                {
                    report.find_line(line, rules::OBJECT, "what was written is not what was signed");
                }
                made.push(MadeObject {
                    step: object.step.clone(),
                    out: object.out.clone(),
                    is: object.is,
                    der,
                });
            }
            Err(reason) => {
                report.find_line(line, rules::SIGNATURE, format!("step {:?}: {reason}", begun.step))
            }
        }
    }
    check_names(plan, archive, &signatures, report);
    check_out(&made, archive, report);
    made
}

/// The object with its signature, if the signature verifies.
fn join(
    plan: &CeremonyPlan,
    inputs: &Inputs,
    begun: &TrailSignature,
    object: &PlannedObject,
    report: &CeremonyReport,
) -> Result<Vec<u8>, String> {
    let content = report.trail.completed(object, begun.spare);
    let content = content.ok_or("its bytes cannot be completed")?;
    let (_, signature) = begun.signature.as_ref().ok_or("it is missing")?;
    let algorithm = SignatureAlgorithm::from_identifier(&object.algorithm.0);
    let algorithm = algorithm.map_err(|error| error.to_string())?;
    let key = key_named(plan, inputs, &object.key, report)?;
    let verified = key.verify(algorithm, &content, signature);
    verified.map_err(|_| format!("the signature does not verify under key {:?}", object.key))?;
    join_signature(&content, algorithm, signature).map_err(|error| error.to_string())
}

/// A key that the ceremony made, or the key of an input.
fn key_named(
    plan: &CeremonyPlan,
    inputs: &Inputs,
    name: &str,
    report: &CeremonyReport,
) -> Result<PublicKey, String> {
    if let Some(made) = report.trail.keys.get(name) {
        return PublicKey::from_der(&made.public_key).map_err(|error| error.to_string());
    }
    let bytes = inputs.get(name).ok_or_else(|| format!("no key named {name:?}"))?;
    let key = match Certificate::read(bytes) {
        Ok(certificate) => certificate.public_key().map_err(|error| error.to_string())?,
        Err(_) => {
            let der = decode_one(bytes, PUBLIC_KEY).map_err(|error| error.to_string())?;
            PublicKey::from_der(&der).map_err(|error| error.to_string())?
        }
    };
    let planned = plan.inputs.get(name).and_then(|input| input.key);
    match planned == Some(Digest::of(key.der())) {
        true => Ok(key),
        false => Err(format!("the plan has another key for input {name:?}")),
    }
}

/// The file with the signed bytes. They are on disk before the signature is begun, so a lost signature has them too.
fn tbs_name(begun: &TrailSignature) -> String {
    let spare = if begun.spare { ".spare" } else { "" };
    format!("{}{spare}.tbs", begun.step)
}

fn check_begun(plan: &CeremonyPlan, archive: &Archive, report: &mut CeremonyReport) {
    for begun in report.trail.signatures.clone() {
        let object = plan.object(&begun.session, &begun.step);
        let content = object.and_then(|object| report.trail.completed(object, begun.spare));
        if let Some(content) = content {
            compare(archive, &tbs_name(&begun), &content, report);
        }
    }
}

/// A run that was stopped after `sign-end` may not have written the files yet. The next one writes them before `written`.
fn check_files(archive: &Archive, begun: &TrailSignature, der: &[u8], report: &mut CeremonyReport) {
    let may_be_missing = !is_closed(report) && !report.trail.written.contains_key(&begun.step);
    let signature = begun
        .signature
        .as_ref()
        .map(|(_, octets)| octets.as_slice())
        .unwrap_or_default();
    for (suffix, expected) in [("sig", signature), ("der", der)] {
        let name = format!("{}.{suffix}", begun.step);
        if !may_be_missing || archive.files_in(OBJECTS).contains(&name) {
            compare(archive, &name, expected, report);
        }
    }
}

const fn is_closed(report: &CeremonyReport) -> bool {
    matches!(report.trail.end, TrailEnd::Closed { .. })
}

fn compare(archive: &Archive, name: &str, expected: &[u8], report: &mut CeremonyReport) {
    let file = format!("{OBJECTS}/{name}");
    match archive.read(&file) {
        Ok(found) if found == expected => {}
        Ok(_) => report.find(
            file,
            rules::OBJECT,
            "it is not what the plan, the keys and the transcript make",
        ),
        Err(reason) => report.find(file, rules::OBJECT, reason),
    }
}

/// There must be no file that no signature made. A run that was stopped before the next signature can leave some behind.
fn check_names(
    plan: &CeremonyPlan,
    archive: &Archive,
    signatures: &[TrailSignature],
    report: &mut CeremonyReport,
) {
    let mut known: BTreeSet<String> = report.trail.signatures.iter().map(tbs_name).collect();
    for signed in signatures {
        known.extend([".sig", ".der"].map(|suffix| format!("{}{suffix}", signed.step)));
    }
    for name in archive.files_in(OBJECTS).difference(&known) {
        if is_closed(report) || !may_be_left(plan, archive, name, &report.trail) {
            report.find(format!("{OBJECTS}/{name}"), rules::OBJECT, "no step made it");
        }
    }
}

/// Whether a run that was stopped before it began the next signature can have left this file: a temporary file, or the octets that the next step
/// signs. `run` writes them before `sign-begin`.
fn may_be_left(plan: &CeremonyPlan, archive: &Archive, name: &str, trail: &Trail) -> bool {
    let read = || archive.read(&format!("{OBJECTS}/{name}"));
    name.starts_with(TEMPORARY) || read().is_ok_and(|octets| trail.is_next_to_sign(plan, name, &octets))
}

/// Once the ceremony is closed, `out` must have exactly the results, with the hashes in the transcript.
fn check_out(made: &[MadeObject], archive: &Archive, report: &mut CeremonyReport) {
    let TrailEnd::Closed { line, out } = report.trail.end.clone() else {
        for name in archive.files_in("out") {
            report.find(
                format!("out/{name}"),
                rules::OUT,
                "no results before the ceremony is closed",
            );
        }
        return;
    };
    for object in made {
        let file = format!("out/{}", object.out);
        let label = match object.is {
            ObjectKind::Certificate => CERTIFICATE,
            ObjectKind::Crl => X509_CRL,
        };
        match archive.read(&file) {
            Ok(found) if found == encode_pem(label, &object.der).as_bytes() => {
                if out.get(&object.out) != Some(&Digest::of(&found)) {
                    report.find_line(
                        line,
                        rules::OUT,
                        format!("{file} has another SHA-256 than the one here"),
                    );
                }
            }
            Ok(_) => report.find(
                file,
                rules::OUT,
                format!("it is not what step {:?} made", object.step),
            ),
            Err(reason) => report.find(file, rules::OUT, reason),
        }
    }
    let is_made = |name: &String| made.iter().any(|object| object.out == *name);
    for name in archive.files_in("out").into_iter().filter(|name| !is_made(name)) {
        report.find(format!("out/{name}"), rules::OUT, "no step made it");
    }
    for name in out.keys().filter(|name| !is_made(name)) {
        report.find_line(
            line,
            rules::OUT,
            format!("{name:?} is among the results, and no step made it"),
        );
    }
}
