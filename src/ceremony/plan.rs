//! The plan: everything that a ceremony will do, frozen. People approve the SHA-256 of its file, and a token signs nothing else.
//!
//! The plan contains the bytes of each object for each session. Only octets that depend on a key not made yet are left open, as holes.

mod error;
mod hole;
mod machine;
mod object;
mod people;
mod script_words;
#[cfg(test)]
mod tests;
mod waivers;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use self::error::PlanError;
pub use self::hole::{Hole, HoleContent, KeyOctets, Keys};
pub use self::machine::{PlannedModule, PlannedToken, PlannedTool, SeenToken};
pub use self::object::{ObjectKind, PlannedObject, SPARE_SERIAL, Spare, Verdict as RuleVerdict};
pub use self::people::{PlannedPeople, PlannedPerson};
pub use self::script_words::{SCRIPT_WORDS, script_words};
#[cfg(test)]
pub(crate) use self::waivers::RULES_OF_THE_LEDGER;
use super::{
    CeremonyKind, Digest, Person, PlanIdentity, PreviousCeremony, Role, StepAction, from_canonical,
    to_canonical, words,
};
use crate::values::UnixTime;

/// The plan's `format`.
const FORMAT: &str = "hsm-ca ceremony plan 1";

/// A plan. Its file is canonical JSON, and its hash is the SHA-256 of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CeremonyPlan {
    /// The format's name.
    pub format: String,
    /// Production or practice.
    pub kind: CeremonyKind,
    /// The ceremony's id.
    pub ceremony: String,
    /// SHA-256 of `ceremony.toml`.
    pub file: Digest,
    /// The policy clause that the ceremony follows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The previous ceremony.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PlannedPrevious>,
    /// When the plan was made: UTC, whole seconds.
    pub time: String,
    /// The program that made the plan.
    pub tool: PlannedTool,
    /// The PKCS#11 module, if it was present when the plan was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<PlannedModule>,
    /// The tokens, by the name used in the steps.
    pub tokens: BTreeMap<String, PlannedToken>,
    /// Who takes part, and how many of each role are needed.
    pub people: PlannedPeople,
    /// The input files, by the name used in the steps.
    pub inputs: BTreeMap<String, PlannedInput>,
    /// The profiles, by the name used in the steps: SHA-256 of the profile file, or of a built-in profile written as a file.
    pub profiles: BTreeMap<String, Digest>,
    /// The linters, by profile.
    pub linters: BTreeMap<String, PlannedLinter>,
    /// SHA-256 of the list of refused keys, if the planning machine has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_keys: Option<Digest>,
    /// The days on which the ceremony may run, in order.
    pub sessions: Vec<PlannedSession>,
    /// The steps, in order.
    pub steps: Vec<PlannedStep>,
    /// The objects to sign: for each session, in the order of the steps.
    pub objects: Vec<PlannedObject>,
    /// How many times each key signs in one session.
    pub budget: Vec<KeyBudget>,
    /// The rules that are waived for a step.
    pub waived: Vec<PlannedWaiver>,
}

/// The previous ceremony and its export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPrevious {
    /// The head of its transcript: `N:HASH`.
    pub head: String,
    /// The path of its export, relative to this ceremony's directory.
    pub file: String,
    /// SHA-256 of that file.
    pub sha256: Digest,
}

/// An input file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedInput {
    /// Its path, relative to the ceremony's directory.
    pub file: String,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// `certificate`, `request`, `crl`, `public-key`, `key-pair` or `ledger`.
    pub is: String,
    /// Its content, line by line, for people.
    pub shown: Vec<String>,
    /// SHA-256 of its `subjectPublicKeyInfo`, if it contains a public key. People compare it in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Digest>,
}

/// The linter of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedLinter {
    /// Its command.
    pub command: Vec<String>,
    /// SHA-256 of the program's file.
    pub sha256: Digest,
}

/// A day, with the hours in which a token may sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedSession {
    /// Its name.
    pub name: String,
    /// Its first second.
    pub begins: String,
    /// Its last second.
    pub ends: String,
}

/// A step, as the ceremony file gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedStep {
    /// Its name.
    pub id: String,
    /// What is done.
    #[serde(flatten)]
    pub action: StepAction,
}

/// How many times a key signs in one session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBudget {
    /// The step that makes the key, or the input with its public key or certificate.
    pub key: String,
    /// Its token.
    pub token: String,
    /// Signatures over certificates and CRLs.
    pub signatures: u64,
    /// Signatures that prove a new key.
    pub proofs: u64,
}

/// A rule that is waived for one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedWaiver {
    /// The rule.
    pub rule: String,
    /// The step.
    pub step: String,
    /// The reason.
    pub because: String,
}

impl CeremonyPlan {
    /// The name of the format, for a new plan.
    #[must_use]
    pub fn format() -> String {
        FORMAT.to_owned()
    }

    /// The bytes of its file.
    ///
    /// # Errors
    /// [`PlanError::Canonical`]
    pub fn to_bytes(&self) -> Result<Vec<u8>, PlanError> {
        to_canonical(self).map_err(PlanError::Canonical)
    }

    /// Reads the bytes of a plan, and checks that its parts are consistent: hashes, holes, sessions, people, budget.
    ///
    /// # Errors
    /// [`PlanError`]
    pub fn read(bytes: &[u8]) -> Result<Self, PlanError> {
        let plan: Self = from_canonical(bytes).map_err(PlanError::Canonical)?;
        plan.check()?;
        Ok(plan)
    }

    /// The plan's identity: what people approve.
    ///
    /// # Errors
    /// [`PlanError::Canonical`]
    pub fn identity(&self) -> Result<PlanIdentity, PlanError> {
        Ok(PlanIdentity {
            kind: self.kind,
            ceremony: self.ceremony.clone(),
            hash: Digest::of(&self.to_bytes()?),
        })
    }

    /// The step of that name.
    #[must_use]
    pub fn step(&self, id: &str) -> Option<&PlannedStep> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The session of that name.
    #[must_use]
    pub fn session(&self, name: &str) -> Option<&PlannedSession> {
        self.sessions.iter().find(|session| session.name == name)
    }

    /// The objects that the session signs, in the order of the steps.
    pub fn objects_of<'a>(&'a self, session: &str) -> impl Iterator<Item = &'a PlannedObject> {
        let session = session.to_owned();
        self.objects
            .iter()
            .filter(move |object| object.session == session)
    }

    /// The object that a step signs in a session.
    #[must_use]
    pub fn object(&self, session: &str, step: &str) -> Option<&PlannedObject> {
        self.objects_of(session).find(|object| object.step == step)
    }

    /// Whether the plan waives this rule for the step.
    #[must_use]
    pub fn waives(&self, step: &str, rule: &str) -> bool {
        let mut waivers = self.waived.iter();
        waivers.any(|waiver| waiver.step == step && waiver.rule == rule)
    }

    /// The roles that must sign the transcript.
    #[must_use]
    pub fn attest(&self) -> &[Role] {
        &self.people.attest
    }

    fn check(&self) -> Result<(), PlanError> {
        if self.format != FORMAT {
            return Err(PlanError::Format {
                found: self.format.clone(),
            });
        }
        check_time("time", &self.time)?;
        for session in &self.sessions {
            check_time("begins", &session.begins)?;
            check_time("ends", &session.ends)?;
        }
        self.check_names()?;
        self.people.check()?;
        for object in &self.objects {
            if self.session(&object.session).is_none() || self.step(&object.step).is_none() {
                return Err(PlanError::object(
                    object,
                    "its session or its step does not exist",
                ));
            }
            object.check()?;
        }
        waivers::check(self)?;
        self.check_budget()
    }

    /// Each step, session, budget and object is there once, and a session ends after it begins.
    fn check_names(&self) -> Result<(), PlanError> {
        let lists: [(&'static str, Vec<&String>); 3] = [
            ("step", self.steps.iter().map(|step| &step.id).collect()),
            (
                "session",
                self.sessions.iter().map(|session| &session.name).collect(),
            ),
            ("budget", self.budget.iter().map(|budget| &budget.key).collect()),
        ];
        for (what, names) in lists {
            let mut seen = BTreeSet::new();
            if let Some(twice) = names.into_iter().find(|name| !seen.insert(*name)) {
                let (name, reason) = (twice.clone(), "is there twice");
                return Err(PlanError::Part { what, name, reason });
            }
        }
        for session in &self.sessions {
            let (begins, ends) = session.hours()?;
            if ends < begins {
                let (name, reason) = (session.name.clone(), "ends before it begins");
                return Err(PlanError::Part {
                    what: "session",
                    name,
                    reason,
                });
            }
        }
        let mut seen = BTreeSet::new();
        let mut objects = self.objects.iter();
        match objects.find(|object| !seen.insert((&object.session, &object.step))) {
            Some(twice) => Err(PlanError::object(twice, "its session signs it twice")),
            None => Ok(()),
        }
    }

    /// Checks that in each session each key signs exactly as often as its budget says.
    fn check_budget(&self) -> Result<(), PlanError> {
        for session in &self.sessions {
            for budget in &self.budget {
                let signed = self
                    .objects_of(&session.name)
                    .filter(|object| object.key == budget.key);
                if u64::try_from(signed.count()).ok() != Some(budget.signatures) {
                    return Err(PlanError::Budget {
                        key: budget.key.clone(),
                        session: session.name.clone(),
                    });
                }
            }
            let has_budget =
                |object: &PlannedObject| self.budget.iter().any(|budget| budget.key == object.key);
            if let Some(object) = self.objects_of(&session.name).find(|object| !has_budget(object)) {
                return Err(PlanError::object(object, "its key has no budget"));
            }
        }
        Ok(())
    }
}

impl PlannedPrevious {
    /// The previous ceremony, as the ceremony file gives it.
    #[must_use]
    pub fn of(previous: &PreviousCeremony) -> Option<Self> {
        match previous {
            PreviousCeremony::None => None,
            PreviousCeremony::Exported { head, export } => Some(Self {
                head: head.clone(),
                file: export.file.clone(),
                sha256: export.sha256,
            }),
        }
    }
}

impl PlannedSession {
    /// The first and the last second of the session.
    ///
    /// # Errors
    /// [`PlanError::Time`]. A plan that was read never causes it.
    pub fn hours(&self) -> Result<(UnixTime, UnixTime), PlanError> {
        Ok((
            check_time("begins", &self.begins)?,
            check_time("ends", &self.ends)?,
        ))
    }
}

/// Checks a time: UTC in whole seconds, in its only accepted form.
fn check_time(what: &'static str, text: &str) -> Result<UnixTime, PlanError> {
    let time = text
        .parse::<UnixTime>()
        .ok()
        .filter(|time| time.to_string() == text);
    time.ok_or_else(|| PlanError::Time {
        what,
        found: text.to_owned(),
    })
}
