//! What a ceremony that has begun has in the ledger already. The ledger would refuse all of it as a repetition.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::ceremony::{CeremonyPlan, Choice, Course, Digest, Keys, PlannedObject, Session};
use crate::ledger::{Authority, CrlNumber, EntryFilter, EntryId, EntryState, Object};
use crate::signer::PublicKey;
use crate::workflow::ceremony::CeremonyError;
use crate::workflow::ceremony::completed::keys_of;
use crate::workflow::{Recorder, WorkflowError};
use crate::x509::SerialNumber;

/// What a ceremony has recorded. Nothing, if it has not begun.
#[derive(Debug, Default)]
pub(in crate::workflow::ceremony) struct Recorded {
    /// The only session that can continue.
    session: Option<String>,
    /// The steps that have an entry with a signature, or may have one, or a revocation.
    steps: BTreeSet<String>,
    /// The keys that steps made.
    keys: BTreeMap<String, PublicKey>,
    /// The entries that a killed run, or a session that was given up, began and left without a signature.
    open: BTreeSet<EntryId>,
    /// The CRLs among them.
    open_lists: Vec<(Authority, CrlNumber)>,
    /// The serial numbers that were revoked because people chose the spare one.
    given_up: Vec<SerialNumber>,
}

impl Recorded {
    pub(super) fn of(
        plan: &CeremonyPlan,
        course: &Course,
        recorder: &Recorder,
    ) -> Result<Self, WorkflowError> {
        let mut recorded = Self {
            session: course.bound.clone(),
            ..Self::default()
        };
        for (id, step) in &course.steps {
            if step.signatures > 0 || step.revoked {
                recorded.steps.insert(id.clone());
            }
            if let Some(made) = &step.key {
                let key = PublicKey::from_der(&made.public_key.0);
                let key = key.map_err(|error| CeremonyError::OtherPlan {
                    what: format!("the key of step {id:?} in the transcript: {error}"),
                })?;
                recorded.keys.insert(id.clone(), key);
            }
            let is_replaced =
                step.decision == Some(Choice::SpareSerial) || step.begun.is_some_and(|begun| begun.spare);
            let objects = plan
                .objects
                .iter()
                .filter(|object| is_replaced && object.step == *id);
            let serials = objects.filter_map(|object| SerialNumber::from_hex(object.serial.as_deref()?));
            recorded.given_up.extend(serials);
        }
        let keys = keys_of(course).map_err(|error| CeremonyError::OtherPlan {
            what: format!("a key in the transcript: {error}"),
        })?;
        let planned = hashes_of(plan.objects.iter(), &keys);
        let filter = EntryFilter {
            open: true,
            ..EntryFilter::default()
        };
        recorder.ledger().entries(&filter, &mut |entry| {
            let is_planned = entry.tbs_sha256.is_some_and(|sha256| planned.contains(&sha256));
            if is_planned && entry.state == EntryState::Begun {
                recorded.open.insert(entry.id);
                if let Object::Crl { number, .. } = entry.object {
                    recorded.open_lists.push((entry.authority, number));
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(recorded)
    }

    /// Whether this session can still be held.
    pub(super) fn permits(&self, session: &Session) -> bool {
        self.session.as_ref().is_none_or(|bound| *bound == session.name)
    }

    pub(super) fn has(&self, step: &str) -> bool {
        self.steps.contains(step)
    }

    /// The key that the step made.
    pub(super) fn key(&self, step: &str) -> Option<&PublicKey> {
        self.keys.get(step)
    }

    pub(super) const fn open(&self) -> &BTreeSet<EntryId> {
        &self.open
    }

    pub(super) fn began_list(&self, issuer: &Authority, number: &CrlNumber) -> bool {
        let mut lists = self.open_lists.iter();
        lists.any(|(authority, begun)| authority.is(issuer) && begun == number)
    }

    pub(super) fn gave_up(&self, serial: &SerialNumber) -> bool {
        self.given_up.contains(serial)
    }
}

/// SHA-256 of the completed octets of these objects, also with their spare serial numbers.
pub(in crate::workflow::ceremony) fn hashes_of<'a>(
    objects: impl Iterator<Item = &'a PlannedObject>,
    keys: &Keys,
) -> BTreeSet<Digest> {
    let both = objects.flat_map(|object| [Some(object.clone()), object.with_spare().ok()]);
    let completed = both.flatten().filter_map(|object| object.completed(keys).ok());
    completed.map(|octets| Digest::of(&octets)).collect()
}
