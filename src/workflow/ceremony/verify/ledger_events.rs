//! Compares the ledger's events with the transcript: each signature must be in both, and no other may be in either.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::strict_json::Strict;
use super::{Archive, CeremonyReport, MadeObject};
use crate::ceremony::{CeremonyPlan, Digest, TrailEnd, rules};
use crate::signer::sha256;
use crate::workflow::record::CLOCK;

const FILE: &str = "state/ledger-events.jsonl";

/// The content of a `begun` event.
struct BegunEvent {
    tbs: Digest,
    authority: u64,
    /// The rules that were broken and waived.
    waived: Vec<String>,
}

pub(super) fn check(
    plan: &CeremonyPlan,
    made: &[MadeObject],
    archive: &Archive,
    report: &mut CeremonyReport,
) {
    let bytes = match archive.read(FILE) {
        Ok(bytes) => bytes,
        Err(reason) => {
            if matches!(report.trail.end, TrailEnd::Closed { .. }) && !plan.objects.is_empty() {
                report.find(FILE, rules::LEDGER, reason);
            }
            return;
        }
    };
    let read = read_chain(&bytes).and_then(|events| Recorded::of(&events));
    let Recorded { begun, signed, keys } = match read {
        Ok(recorded) => recorded,
        Err((line, reason)) => {
            report.findings.push(crate::ceremony::Finding {
                file: FILE.to_owned(),
                line: Some(line),
                rule: rules::LEDGER,
                found: reason,
            });
            return;
        }
    };
    for signature in report.trail.signatures.clone() {
        let entry = begun.get(&signature.entry);
        if entry.is_none_or(|begun| begun.tbs != signature.sha256) {
            let found = format!("the ledger's entry {} does not have these bytes", signature.entry);
            report.find_line(signature.line, rules::LEDGER, found);
        }
        let waived = entry.into_iter().flat_map(|begun| &begun.waived);
        for rule in waived.filter(|rule| *rule != CLOCK && !plan.waives(&signature.step, rule)) {
            let found = format!(
                "the ledger's entry {} has rule {rule} as waived, and the plan does not waive it for step {:?}",
                signature.entry, signature.step
            );
            report.find_line(signature.line, rules::LEDGER, found);
        }
        let der = made
            .iter()
            .find(|object| object.step == signature.step && signature.signature.is_some());
        let der = der.map(|object| Digest::of(&object.der));
        if let Some(der) = der
            && signed.get(&signature.entry) != Some(&der)
        {
            let found = format!(
                "the ledger's entry {} does not have this object as signed",
                signature.entry
            );
            report.find_line(signature.line, rules::LEDGER, found);
        }
    }
    // The transcript covers the whole life of a key that the ceremony made.
    let made_keys: BTreeSet<_> = report
        .trail
        .keys
        .values()
        .map(|key| Digest::of(&key.public_key))
        .collect();
    let known: BTreeSet<_> = report
        .trail
        .signatures
        .iter()
        .map(|signature| signature.entry)
        .collect();
    for (sequence, begun) in &begun {
        let is_ours = keys
            .get(&begun.authority)
            .is_some_and(|key| made_keys.contains(key));
        if is_ours && !known.contains(sequence) && signed.contains_key(sequence) {
            let found = format!(
                "entry {sequence} is signed by a key of the ceremony, and the transcript does not have it"
            );
            report.find(FILE, rules::LEDGER, found);
        }
    }
}

/// What the events say about signatures, by the number of the event.
#[derive(Default)]
struct Recorded {
    begun: BTreeMap<u64, BegunEvent>,
    /// SHA-256 of what was signed, by its `begun` event.
    signed: BTreeMap<u64, Digest>,
    /// SHA-256 of the keys of authorities.
    keys: BTreeMap<u64, Digest>,
}

impl Recorded {
    fn of(events: &[Value]) -> Result<Self, (u64, String)> {
        let mut recorded = Self::default();
        for (number, event) in (1_u64..).zip(events) {
            let added = recorded.add(number, event);
            added.ok_or_else(|| (number, "its event has a value of another kind".to_owned()))?;
        }
        Ok(recorded)
    }

    fn add(&mut self, number: u64, event: &Value) -> Option<()> {
        let event = event.as_object()?;
        let digest = |of: &Value, name: &str| of.get(name)?.as_str()?.parse::<Digest>().ok();
        if let Some(authority) = event.get("authority") {
            self.keys.insert(number, digest(authority, "key_sha256")?);
        }
        if let Some(found) = event.get("begun") {
            let waived = match found.get("waived") {
                None => Vec::new(),
                Some(list) => {
                    let names = list
                        .as_array()?
                        .iter()
                        .map(|name| Some(name.as_str()?.to_owned()));
                    names.collect::<Option<_>>()?
                }
            };
            let begun = BegunEvent {
                tbs: digest(found, "tbs_sha256")?,
                authority: found.get("authority")?.as_u64()?,
                waived,
            };
            self.begun.insert(number, begun);
        }
        if let Some(found) = event.get("signed") {
            let entry = found.get("entry")?.as_u64()?;
            self.signed.insert(entry, digest(found, "sha256")?);
        }
        Some(())
    }
}

/// The events of an export (docs/ledger.md, "The chain"). Each line has the hash over the previous hash and its own bytes.
fn read_chain(bytes: &[u8]) -> Result<Vec<Value>, (u64, String)> {
    let mut events = Vec::new();
    let mut head = [0; 32];
    let mut rest = bytes;
    while !rest.is_empty() {
        let number = u64::try_from(events.len()).map_or(u64::MAX, |count| count.saturating_add(1));
        let wrong = |reason: &str| (number, reason.to_owned());
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .ok_or_else(|| wrong("no newline at its end"))?;
        let line = &rest[..end];
        rest = &rest[end + 1..];
        // {"hash":"<64 digits>","event":<event>}
        let event = line
            .get(83..line.len().saturating_sub(1))
            .ok_or_else(|| wrong("too short"))?;
        head = sha256(&[&head[..], event].concat());
        let again = [
            format!("{{\"hash\":\"{}\",\"event\":", Digest(head)).as_bytes(),
            event,
            b"}",
        ]
        .concat();
        if again != line {
            return Err(wrong(
                "its hash does not follow from the line before it and its event",
            ));
        }
        let Strict(value) = serde_json::from_slice(event).map_err(|error| (number, error.to_string()))?;
        if value.get("sequence").and_then(Value::as_u64) != Some(number) {
            return Err(wrong("its event has another number"));
        }
        events.push(value.get("event").cloned().unwrap_or_default());
    }
    Ok(events)
}
