//! The people of a plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Person, PlanError, Role};
use crate::ceremony::{CeremonyFile, Digest, Requirement, Signatory, SignatoryKey, SshKey, to_canonical};

/// The people, and how many of each role are needed. The SHA-256 of its canonical JSON is the *quorum*. The machine's settings or the previous
/// ceremony say which quorum may approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedPeople {
    /// How many distinct approvers must approve the plan.
    pub approve_threshold: u64,
    /// How many people of each role must attend.
    pub attend: BTreeMap<Role, u64>,
    /// Sets of roles that one person must not combine.
    pub separate: Vec<Vec<Role>>,
    /// The roles that sign the transcript.
    pub attest: Vec<Role>,
    /// Everyone who may take part.
    pub persons: Vec<PlannedPerson>,
}

/// A person who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPerson {
    /// The name.
    pub name: String,
    /// The person's roles.
    pub roles: Vec<Role>,
    /// Their SSH public key: type and base64, with one space.
    pub key: String,
    /// What the security key must show.
    pub require: Vec<Requirement>,
}

impl PlannedPerson {
    /// The person's key.
    ///
    /// # Errors
    /// [`PlanError::Person`]. A plan that was read never causes it.
    pub fn ssh_key(&self) -> Result<SshKey, PlanError> {
        SshKey::from_line(&self.key).map_err(|error| PlanError::Person {
            name: self.name.clone(),
            reason: error.to_string(),
        })
    }

    /// The person as a signatory.
    ///
    /// # Errors
    /// As [`ssh_key`](Self::ssh_key).
    pub fn signatory(&self) -> Result<Signatory, PlanError> {
        Ok(Signatory {
            name: self.name.clone(),
            keys: vec![SignatoryKey {
                key: self.ssh_key()?,
                require: self.require.clone(),
            }],
        })
    }
}

impl PlannedPeople {
    /// The people of a ceremony file.
    #[must_use]
    pub fn of(file: &CeremonyFile) -> Self {
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let person = |person: &Person| PlannedPerson {
            name: person.name.clone(),
            roles: person.roles.clone(),
            key: person.key.line(),
            require: person.require.clone(),
        };
        Self {
            approve_threshold: count(file.quorum.threshold),
            attend: file
                .quorum
                .attend
                .iter()
                .map(|(role, there)| (*role, count(*there)))
                .collect(),
            separate: file.quorum.separate.clone(),
            attest: file.close.attest.clone(),
            persons: file.people.iter().map(person).collect(),
        }
    }

    /// The quorum: SHA-256 of the canonical JSON.
    ///
    /// # Errors
    /// [`PlanError::Canonical`]. The people of a plan never cause it.
    pub fn quorum(&self) -> Result<Digest, PlanError> {
        Ok(Digest::of(&to_canonical(self).map_err(PlanError::Canonical)?))
    }

    /// Everyone with this role.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &PlannedPerson> {
        self.persons
            .iter()
            .filter(move |person| person.roles.contains(&role))
    }

    /// The person with this name.
    #[must_use]
    pub fn person(&self, name: &str) -> Option<&PlannedPerson> {
        self.persons.iter().find(|person| person.name == name)
    }

    pub(super) fn check(&self) -> Result<(), PlanError> {
        for (index, person) in self.persons.iter().enumerate() {
            let wrong = |reason: String| PlanError::Person {
                name: person.name.clone(),
                reason,
            };
            let key = person.ssh_key()?;
            if key.line() != person.key {
                return Err(wrong("the key is written differently".to_owned()));
            }
            for other in self.persons.iter().take(index) {
                if other.name.eq_ignore_ascii_case(&person.name) || other.ssh_key()?.has_numbers_of(&key) {
                    return Err(wrong(format!(
                        "{:?} has the same name or the same key",
                        other.name
                    )));
                }
            }
        }
        let approvers = u64::try_from(self.with(Role::Approver).count()).unwrap_or(u64::MAX);
        if self.approve_threshold == 0 || self.approve_threshold > approvers {
            return Err(PlanError::Threshold {
                threshold: self.approve_threshold,
                approvers,
            });
        }
        Ok(())
    }
}
