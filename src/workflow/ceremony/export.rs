//! Derives what the next ceremony inherits from the plan and the transcript.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::PathBuf;

use super::regular_file::read_file;
use super::{PreviousError, check_previous};
use crate::ceremony::{
    CeremonyDirectory, CeremonyExport, CeremonyPlan, Digest, ExportedIssuer, ExportedRevocation, ObjectKind,
    Octets, PlannedObject, StepAction, Trail, TrailEnd, TrailSignature, Transcript,
};
use crate::signer::SignatureAlgorithm;
use crate::x509::{Certificate, CertificateRevocationList, Name, X509Error, join_signature};

/// The export of a ceremony, with a count of its serial numbers.
#[derive(Clone, Debug)]
pub struct ExportedCeremony {
    /// The export.
    pub export: CeremonyExport,
    /// The serial numbers of each issuer, in the order of the export.
    pub serials: Vec<SerialCount>,
}

/// Counts the serial numbers of an issuer that no later certificate may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SerialCount {
    /// Used in certificates whose signature was begun in this ceremony.
    pub used: usize,
    /// Drawn for this ceremony but not used: spare numbers, and those of other sessions.
    pub spare: usize,
    /// Inherited from earlier ceremonies.
    pub earlier: usize,
}

/// Exports the ceremony in this directory.
///
/// # Errors
/// [`PreviousError`]: a file cannot be read, or an error of [`next_state`].
pub fn export_ceremony(directory: &CeremonyDirectory) -> Result<ExportedCeremony, PreviousError> {
    let read = |path: PathBuf| read_file(&path).map_err(|cause| PreviousError::Unreadable { path, cause });
    let bytes = read(directory.plan())?;
    let plan = CeremonyPlan::read(&bytes).map_err(PreviousError::Plan)?;
    let lines = match read(directory.transcript()) {
        // No transcript is the same as an empty one.
        Err(PreviousError::Unreadable { cause, .. }) if cause.kind() == ErrorKind::NotFound => Vec::new(),
        lines => lines?,
    };
    let transcript = Transcript::read(&lines, Digest::of(&bytes)).map_err(PreviousError::Transcript)?;
    let previous = match &plan.previous {
        Some(previous) => check_previous(&plan, &read(directory.named(&previous.file))?)?,
        None => None,
    };
    let export = next_state(&plan, &transcript, previous.as_ref())?;
    let used: BTreeSet<_> = Trail::follow(&plan, &transcript)
        .signatures
        .iter()
        .filter_map(|begun| serial_of(&plan, begun))
        .collect();
    let count = |issuer: &ExportedIssuer| {
        let before = previous.iter().flat_map(|export| &export.issuers);
        let before = before.filter(|before| before.name == issuer.name);
        let earlier: usize = before.map(|before| before.serials.len()).sum();
        let used = issuer
            .serials
            .iter()
            .filter(|serial| used.contains(*serial))
            .count();
        SerialCount {
            used,
            spare: issuer.serials.len().saturating_sub(used + earlier),
            earlier,
        }
    };
    let serials = export.issuers.iter().map(count).collect();
    Ok(ExportedCeremony { export, serials })
}

/// The serial number in the bytes of a signature that was begun.
fn serial_of(plan: &CeremonyPlan, begun: &TrailSignature) -> Option<String> {
    let object = plan.object(&begun.session, &begun.step)?;
    match begun.spare {
        true => Some(object.spare.as_ref()?.serial.clone()),
        false => object.serial.clone(),
    }
}

/// The export of the ceremony with this transcript: its own state, and everything it inherited. The ceremony must be closed or aborted.
///
/// # Errors
/// [`PreviousError::NotEnded`]; [`PreviousError::Object`] if an object of the plan cannot be read.
pub fn next_state(
    plan: &CeremonyPlan,
    transcript: &Transcript,
    previous: Option<&CeremonyExport>,
) -> Result<CeremonyExport, PreviousError> {
    let trail = Trail::follow(plan, transcript);
    let end = match trail.end {
        TrailEnd::Closed { .. } => "closed",
        TrailEnd::Aborted { .. } => "aborted",
        _ => return Err(PreviousError::NotEnded),
    };
    let mut numbers = Numbers::of(previous);
    for object in &plan.objects {
        numbers.take_planned(plan, &trail, object)?;
    }
    for begun in &trail.signatures {
        if let Some(object) = plan.object(&begun.session, &begun.step) {
            let is_lost = end == "aborted" || (begun.signature.is_none() && !begun.spare);
            numbers.take_begun(plan, &trail, object, is_lost.then_some(end))?;
        }
    }
    numbers.take_revoked(plan, &trail)?;
    Ok(CeremonyExport {
        format: CeremonyExport::format(),
        kind: plan.kind,
        ceremony: plan.ceremony.clone(),
        plan: plan.identity().map_err(PreviousError::Plan)?.hash,
        head: transcript.head().to_string(),
        end: end.to_owned(),
        people: plan.people.clone(),
        issuers: numbers.into_issuers(),
    })
}

/// The numbers of an issuer collected so far.
#[derive(Default)]
struct Collected {
    keys: BTreeSet<String>,
    serials: BTreeSet<String>,
    crl_number: Option<u64>,
    revoked: BTreeMap<String, String>,
}

/// Keyed by the DER of the issuer's name.
struct Numbers(BTreeMap<Vec<u8>, Collected>);

impl Numbers {
    fn of(previous: Option<&CeremonyExport>) -> Self {
        let issuers = previous.into_iter().flat_map(|export| &export.issuers);
        let collected = issuers.map(|issuer| {
            let collected = Collected {
                keys: issuer.keys.iter().map(Digest::to_string).collect(),
                serials: issuer.serials.iter().cloned().collect(),
                crl_number: issuer.crl_number,
                revoked: issuer
                    .revoked
                    .iter()
                    .map(|revoked| (revoked.serial.clone(), revoked.because.clone()))
                    .collect(),
            };
            (issuer.name.0.clone(), collected)
        });
        Self(collected.collect())
    }

    fn at(&mut self, name: &Name) -> &mut Collected {
        self.0.entry(name.der().to_vec()).or_default()
    }

    /// Every drawn serial number counts as used. A key that was never made has signed nothing.
    fn take_planned(
        &mut self,
        plan: &CeremonyPlan,
        trail: &Trail,
        object: &PlannedObject,
    ) -> Result<(), PreviousError> {
        let Some(key) = key_of(plan, trail, &object.key) else {
            return Ok(());
        };
        let collected = self.at(&issuer_of(trail, object)?);
        collected.keys.insert(key.to_string());
        collected.serials.extend(object.serial.clone());
        collected
            .serials
            .extend(object.spare.as_ref().map(|spare| spare.serial.clone()));
        Ok(())
    }

    /// Takes the CRL number and entries of a CRL, and the serial number of a `lost` certificate.
    fn take_begun(
        &mut self,
        plan: &CeremonyPlan,
        trail: &Trail,
        object: &PlannedObject,
        lost: Option<&str>,
    ) -> Result<(), PreviousError> {
        let action = plan.step(&object.step).map(|step| &step.action);
        match (object.is, action) {
            (ObjectKind::Crl, Some(StepAction::Crl(crl))) => {
                let list = read_crl(trail, object)?;
                let entries = list
                    .entries()
                    .map(|entry| entry.to_revocation().serial.to_string());
                let entries: Vec<_> = entries.collect();
                let collected = self.at(list.issuer());
                collected.crl_number = collected.crl_number.max(Some(crl.number));
                for serial in entries {
                    collected
                        .revoked
                        .entry(serial)
                        .or_insert_with(|| "revoked".to_owned());
                }
            }
            // Only its own key signed a self-signed certificate, so a CRL signed by that key says nothing about it.
            (ObjectKind::Certificate, Some(StepAction::CreateCa(_))) => {}
            (ObjectKind::Certificate, _) => {
                let is_replaced = trail.replaced.contains_key(&object.step);
                let because = match lost {
                    Some("aborted") => "aborted",
                    _ if is_replaced => "lost",
                    _ => return Ok(()),
                };
                let issuer = issuer_of(trail, object)?;
                let spare = object.spare.as_ref().map(|spare| spare.serial.clone());
                let signed = trail
                    .signatures
                    .iter()
                    .any(|begun| begun.step == object.step && begun.spare);
                let collected = self.at(&issuer);
                let serials = object
                    .serial
                    .iter()
                    .chain(spare.iter().filter(|_| signed && because == "aborted"));
                for serial in serials {
                    collected.revoked.insert(serial.clone(), because.to_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A later step puts each revocation on a CRL, unless the ceremony was aborted before that.
    fn take_revoked(&mut self, plan: &CeremonyPlan, trail: &Trail) -> Result<(), PreviousError> {
        for (step, (_, serial)) in &trail.revoked {
            let Some(StepAction::Revoke(revoke)) = plan.step(step).map(|step| &step.action) else {
                continue;
            };
            let list =
                plan.objects
                    .iter()
                    .find(|object| match plan.step(&object.step).map(|step| &step.action) {
                        Some(StepAction::Crl(crl)) => crl.issuer == revoke.issuer,
                        _ => false,
                    });
            if let Some(list) = list {
                let name = issuer_of(trail, list)?;
                let revoked = &mut self.at(&name).revoked;
                revoked
                    .entry(serial.clone())
                    .or_insert_with(|| "revoked".to_owned());
            }
        }
        Ok(())
    }

    fn into_issuers(self) -> Vec<ExportedIssuer> {
        let issuers = self.0.into_iter().map(|(name, collected)| ExportedIssuer {
            name: Octets(name),
            keys: collected.keys.iter().filter_map(|key| key.parse().ok()).collect(),
            serials: collected.serials.into_iter().collect(),
            crl_number: collected.crl_number,
            revoked: collected
                .revoked
                .into_iter()
                .map(|(serial, because)| ExportedRevocation { serial, because })
                .collect(),
        });
        issuers.collect()
    }
}

/// SHA-256 of the `subjectPublicKeyInfo` of a key in the plan, if the key exists.
pub(super) fn key_of(plan: &CeremonyPlan, trail: &Trail, key: &str) -> Option<Digest> {
    match trail.keys.get(key) {
        Some(made) => Some(Digest::of(&made.public_key)),
        None => plan.inputs.get(key)?.key,
    }
}

/// The issuer's name of an object. Its holes may be open, because a name never contains a hole.
pub(super) fn issuer_of(trail: &Trail, object: &PlannedObject) -> Result<Name, PreviousError> {
    Ok(match object.is {
        ObjectKind::Certificate => read_certificate(trail, object)?.issuer().clone(),
        ObjectKind::Crl => read_crl(trail, object)?.issuer().clone(),
    })
}

fn read_certificate(trail: &Trail, object: &PlannedObject) -> Result<Certificate, PreviousError> {
    let read = unsigned(trail, object).and_then(|der| Certificate::from_der(&der));
    read.map_err(|error| PreviousError::object(object, error))
}

pub(super) fn read_crl(
    trail: &Trail,
    object: &PlannedObject,
) -> Result<CertificateRevocationList, PreviousError> {
    let read = unsigned(trail, object).and_then(CertificateRevocationList::from_der);
    read.map_err(|error| PreviousError::object(object, error))
}

/// The object with one octet in place of the signature, because only the content is read.
fn unsigned(trail: &Trail, object: &PlannedObject) -> Result<Vec<u8>, X509Error> {
    let algorithm = SignatureAlgorithm::from_identifier(&object.algorithm.0)?;
    let content = trail.completed(object, false);
    join_signature(content.as_ref().unwrap_or(&object.tbs.0), algorithm, &[0])
}
