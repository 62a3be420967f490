//! Who takes part, as the plan says it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Person, PlanError, Role};
use crate::ceremony::{CeremonyFile, Digest, Requirement, Signatory, SignatoryKey, SshKey, to_canonical};

/// The people, and how many of each role are needed. The SHA-256 of its canonical JSON is the *quorum*: a machine's settings, or the ceremony
/// before, say which one may approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedPeople {
    /// How many distinct approvers have to approve the plan.
    pub approve_threshold: u64,
    /// How many of each role have to attend.
    pub attend: BTreeMap<Role, u64>,
    /// Roles that nobody may have together.
    pub separate: Vec<Vec<Role>>,
    /// Roles that sign the transcript.
    pub attest: Vec<Role>,
    /// Everybody who may take part.
    pub persons: Vec<PlannedPerson>,
}

/// Somebody who takes part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPerson {
    /// The name.
    pub name: String,
    /// What they do.
    pub roles: Vec<Role>,
    /// Their SSH public key: type and base64, with one space.
    pub key: String,
    /// What their security key has to show.
    pub require: Vec<Requirement>,
}

impl PlannedPerson {
    /// Their key.
    ///
    /// # Errors
    /// [`PlanError::Person`], which a plan that was read does not give.
    pub fn ssh_key(&self) -> Result<SshKey, PlanError> {
        SshKey::from_line(&self.key).map_err(|error| PlanError::Person {
            name: self.name.clone(),
            reason: error.to_string(),
        })
    }

    /// As those are counted who sign.
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
    /// From a ceremony file.
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
    /// [`PlanError::Canonical`], which people of a plan do not give.
    pub fn quorum(&self) -> Result<Digest, PlanError> {
        Ok(Digest::of(&to_canonical(self).map_err(PlanError::Canonical)?))
    }

    /// Everybody with that role.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &PlannedPerson> {
        self.persons
            .iter()
            .filter(move |person| person.roles.contains(&role))
    }

    /// The person of that name.
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
                return Err(wrong("the key has another spelling".to_owned()));
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
