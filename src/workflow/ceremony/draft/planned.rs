//! Turns a drafted object into a planned one: its exact bytes, with holes for keys that are not made yet.

use std::collections::BTreeMap;

use super::shown::{show_certificate, show_crl};
use super::{Draft, StandIn};
use crate::ceremony::{
    Digest, Hole, HoleContent, ObjectKind, Octets, PlannedObject, RuleVerdict, Session, Spare, Step,
};
use crate::signer::SignatureAlgorithm;
use crate::workflow::WorkflowError;
use crate::workflow::ceremony::CeremonyError;
use crate::workflow::ceremony::objects::{signing_key, value};
use crate::workflow::ceremony::waivers::is_waived;
use crate::x509::{
    CRL_RULES, Certificate, Checked, CheckedCrl, RULES, Revocation, Rule, SerialNumber, rules,
};

/// The rules that the ledger decides before the signature.
const AT_SIGNING: [&Rule; 6] = [
    rules::SERIAL_UNUSED,
    rules::COMPROMISED_KEY,
    rules::ISSUER_STATUS,
    rules::SECOND_CERTIFICATE,
    rules::SAME_NAME_OTHER_KEY,
    rules::SIGNING_KEY,
];

/// Rules that apply only when a CA is adopted.
const NOT_HERE: [&Rule; 3] = [rules::ADOPTED_PATH, rules::ADOPTED_CRL, rules::REVOKED_BY_ISSUER];

/// The rule for a profile's linter, if it has one.
const LINTER: &str = "linter";

impl Draft<'_> {
    pub(super) fn plan_certificate(
        &self,
        step: &Step,
        session: &Session,
        checked: &Checked,
        certificate: &Certificate,
    ) -> Result<PlannedObject, WorkflowError> {
        let (tbs, holes) = self.cut_holes(step, checked.der())?;
        let serial = certificate.serial_number();
        let spare = match checked.signature().is_deterministic() {
            true => None,
            false => Some(self.spare(step, session, &serial, &tbs)?),
        };
        let profile = checked.profile();
        let verdicts = RULES.iter().filter(|rule| {
            !is_one_of(&NOT_HERE, rule.name) && (rule.name != LINTER || profile.linter.is_some())
        });
        let verdicts = verdicts.map(|rule| {
            let verdict = if profile.waives(rule.name) || is_waived(self.builder.file, &step.id, rule.name) {
                RuleVerdict::Waived
            } else {
                verdict_of(rule.name)
            };
            (rule.name.to_owned(), verdict)
        });
        let parts = Parts {
            is: ObjectKind::Certificate,
            signature: checked.signature(),
            tbs,
            holes,
            serial: Some(serial.to_string()),
            spare,
            shown: show_certificate(certificate, &self.names_of_identifiers()),
            verdicts: verdicts.collect(),
        };
        self.plan_object(step, session, parts)
    }

    pub(super) fn plan_crl(
        &self,
        step: &Step,
        session: &Session,
        checked: &CheckedCrl,
        revocations: &[Revocation],
    ) -> Result<PlannedObject, WorkflowError> {
        let (tbs, holes) = self.cut_holes(step, checked.der())?;
        let verdicts = CRL_RULES
            .iter()
            .map(|rule| (rule.name.to_owned(), verdict_of(rule.name)));
        let parts = Parts {
            is: ObjectKind::Crl,
            signature: checked.signature(),
            tbs,
            holes,
            serial: None,
            spare: None,
            shown: show_crl(checked, revocations),
            verdicts: verdicts.collect(),
        };
        self.plan_object(step, session, parts)
    }

    fn plan_object(
        &self,
        step: &Step,
        session: &Session,
        parts: Parts,
    ) -> Result<PlannedObject, WorkflowError> {
        Ok(PlannedObject {
            session: session.name.clone(),
            step: step.id.clone(),
            is: parts.is,
            out: step.action.out().unwrap_or_default().to_owned(),
            key: signing_key(self.builder.file, step)
                .unwrap_or_default()
                .to_owned(),
            algorithm: Octets(parts.signature.to_identifier()?),
            deterministic: parts.signature.is_deterministic(),
            sha256: Digest::of(&parts.tbs),
            tbs: Octets(parts.tbs),
            holes: parts.holes,
            serial: parts.serial,
            spare: parts.spare,
            shown: parts.shown,
            verdicts: parts.verdicts,
        })
    }

    fn spare(
        &self,
        step: &Step,
        session: &Session,
        serial: &SerialNumber,
        tbs: &[u8],
    ) -> Result<Spare, WorkflowError> {
        let spare = self.serials.spare(&session.name, &step.id)?;
        let octets = serial.octets();
        // The serial number is the second field, and no field of that length comes before it.
        let at = tbs.windows(octets.len()).position(|found| found == octets);
        let at = at.filter(|_| spare.octets().len() == octets.len());
        let at = at.ok_or(CeremonyError::SameSerial)?;
        Ok(Spare {
            serial: spare.to_string(),
            at,
        })
    }

    /// Writes zeros where a key of the ceremony will go, and the real octets where the key already exists.
    fn cut_holes(&self, step: &Step, der: &[u8]) -> Result<(Vec<u8>, Vec<Hole>), CeremonyError> {
        let mut tbs = der.to_vec();
        let mut holes = Vec::new();
        for (name, stand_in) in &self.stand_ins {
            for (is, own, known) in octets_of(stand_in) {
                for at in places(der, &own) {
                    let place = tbs.get_mut(at..at + own.len());
                    match (place, &known) {
                        (Some(place), Some(known)) if known.len() == place.len() => {
                            place.copy_from_slice(known);
                        }
                        (Some(place), None) => {
                            place.fill(0);
                            holes.push(Hole {
                                at,
                                len: own.len(),
                                is,
                                key: name.clone(),
                            });
                        }
                        _ => {
                            let reason = format!("the octets of key {name:?} have a different length");
                            return Err(value(&step.id, "key", reason));
                        }
                    }
                }
            }
        }
        holes.sort_by_key(|hole| hole.at);
        Ok((tbs, holes))
    }

    /// The key identifiers of stand-ins, written as in a description, with the names of the keys.
    fn names_of_identifiers(&self) -> BTreeMap<String, String> {
        let stand_ins = self.stand_ins.iter();
        let named = stand_ins.map(|(name, stand_in)| {
            let identifier = hex::encode(stand_in.public_key.key_identifier());
            let shown = match &stand_in.known {
                Some(known) => hex::encode(known.key_identifier()),
                None => format!("of key {name}"),
            };
            (identifier, shown)
        });
        named.collect()
    }
}

struct Parts {
    is: ObjectKind,
    signature: SignatureAlgorithm,
    tbs: Vec<u8>,
    holes: Vec<Hole>,
    serial: Option<String>,
    spare: Option<Spare>,
    shown: Vec<String>,
    verdicts: BTreeMap<String, RuleVerdict>,
}

fn is_one_of(rules: &[&Rule], name: &str) -> bool {
    rules.iter().any(|rule| rule.name == name)
}

fn verdict_of(rule: &str) -> RuleVerdict {
    match is_one_of(&AT_SIGNING, rule) {
        true => RuleVerdict::AtSigning,
        false => RuleVerdict::Passed,
    }
}

type KeyPart = (HoleContent, Vec<u8>, Option<Vec<u8>>);

/// The octets of the stand-in, and of the real key if it exists.
fn octets_of(stand_in: &StandIn) -> [KeyPart; 2] {
    let known = stand_in.known.as_ref();
    [
        (
            HoleContent::Key,
            stand_in.public_key.own_octets().to_vec(),
            known.map(|key| key.own_octets().to_vec()),
        ),
        (
            HoleContent::KeyIdentifier,
            stand_in.public_key.key_identifier(),
            known.map(|key| key.key_identifier()),
        ),
    ]
}

fn places(der: &[u8], part: &[u8]) -> Vec<usize> {
    let found = der.windows(part.len()).enumerate();
    let found = found.filter(|(_, window)| *window == part);
    found.map(|(at, _)| at).collect()
}
