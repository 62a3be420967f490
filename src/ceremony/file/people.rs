//! The people of a ceremony: their roles and keys, and how many of each role are needed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::{Spanned, Table};

use super::text::{self, PeopleText, PersonText};
use super::{CeremonyFileError, names};
use crate::ceremony::look_alike::{differences, look_alike};
use crate::ceremony::{Requirement, SshKey};

/// What a person does in a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Role {
    /// Leads the ceremony and reads the script aloud.
    Administrator,
    /// Types at the machine.
    Operator,
    /// Approves the plan before the ceremony.
    Approver,
    /// Observes, and signs that the ceremony went as planned.
    Witness,
    /// Holds a safe, a bag, a smart card or a part of a PIN.
    Custodian,
    /// Observes on behalf of those who rely on the report.
    Auditor,
}

impl Role {
    /// Every role, with its name in the file.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Administrator, "administrator"),
        (Self::Operator, "operator"),
        (Self::Approver, "approver"),
        (Self::Witness, "witness"),
        (Self::Custodian, "custodian"),
        (Self::Auditor, "auditor"),
    ];

    /// The role with this name.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        let found = Self::ALL.into_iter().find(|(_, known)| *known == word);
        found.map(|(role, _)| role)
    }

    /// Its name in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        let found = Self::ALL.into_iter().find(|(role, _)| *role == self);
        found.map_or("", |(_, word)| word)
    }
}

/// A person who takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name, as in the identity document that the person shows.
    pub name: String,
    /// The person's roles.
    pub roles: Vec<Role>,
    /// Their SSH public key.
    pub key: SshKey,
    /// What the security key must show in each signature.
    pub require: Vec<Requirement>,
}

/// How many people are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// How many distinct approvers must approve the plan.
    pub threshold: usize,
    /// The hash of the people that the file claims, as text.
    pub claimed: Option<String>,
    /// How many people of each role must attend.
    pub attend: BTreeMap<Role, usize>,
    /// Sets of roles that one person must not combine.
    pub separate: Vec<Vec<Role>>,
}

pub(super) fn read(
    text: &str,
    people: PeopleText,
    tables: Vec<Spanned<Table>>,
) -> Result<(Vec<Person>, Quorum), CeremonyFileError> {
    let mut persons: Vec<Person> = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let line = text::line_of(text, table.span().start);
        let place = format!("person {}", index + 1);
        let read: PersonText = text::read_table(table.into_inner(), &place, line)?;
        let key_line = text::line_of_value(text, line, "key");
        let person = read_person(read, &place, line, key_line)?;
        let place = format!("person {:?}", person.name);
        let wrong = |reason: String| Err(CeremonyFileError::at(&place, Some(line), reason));
        for other in &persons {
            if other.name.eq_ignore_ascii_case(&person.name) {
                return wrong("another person has the same name".to_owned());
            }
            if look_alike(&person.name, &other.name) {
                return wrong(format!(
                    "the name looks like {:?} in print, and has {}: write the two names so that people can tell them apart",
                    other.name,
                    differences(&person.name, &other.name)
                ));
            }
            // This also finds the same key under another type, or under another application of a security key.
            if other.key.has_numbers_of(&person.key) {
                return wrong(format!(
                    "{:?} has the same key: one person cannot count twice",
                    other.name
                ));
            }
        }
        persons.push(person);
    }
    let quorum = read_quorum(people, &persons)?;
    Ok((persons, quorum))
}

fn read_person(
    read: PersonText,
    place: &str,
    line: usize,
    key_line: usize,
) -> Result<Person, CeremonyFileError> {
    let line = Some(line);
    names::check_person(place, &read.name, line)?;
    let place = format!("person {:?}", read.name);
    let roles = read_roles(&place, line, &read.roles)?;
    if roles.is_empty() {
        return Err(CeremonyFileError::at(&place, line, "roles is empty"));
    }
    let key = SshKey::from_line(&read.key);
    let key = key.map_err(|error| CeremonyFileError::at(&place, Some(key_line), format!("key: {error}")))?;
    let mut require = Vec::new();
    for word in &read.require {
        let requirement = match word.as_str() {
            "touch" => Requirement::Touch,
            "pin" => Requirement::Pin,
            other => {
                let reason = format!("require has {other:?}; it can have touch and pin");
                return Err(CeremonyFileError::at(&place, line, reason));
            }
        };
        if require.contains(&requirement) {
            let reason = format!("require has {word:?} twice");
            return Err(CeremonyFileError::at(&place, line, reason));
        }
        require.push(requirement);
    }
    if !require.is_empty() && !key.kind().is_security_key() {
        let reason = "only a security key (sk-…) can show that it was touched or that its PIN was entered; \
                      leave require out, or give a key of such a type";
        return Err(CeremonyFileError::at(&place, line, reason));
    }
    Ok(Person {
        name: read.name,
        roles,
        key,
        require,
    })
}

pub(super) fn read_roles(
    place: &str,
    line: Option<usize>,
    words: &[String],
) -> Result<Vec<Role>, CeremonyFileError> {
    let mut roles = Vec::new();
    for word in words {
        let role = read_role(place, line, word)?;
        if roles.contains(&role) {
            let reason = format!("role {word:?} is listed twice");
            return Err(CeremonyFileError::at(place, line, reason));
        }
        roles.push(role);
    }
    Ok(roles)
}

pub(super) fn read_role(place: &str, line: Option<usize>, word: &str) -> Result<Role, CeremonyFileError> {
    Role::named(word).ok_or_else(|| {
        let known = Role::ALL.map(|(_, word)| word).join(", ");
        let reason = format!("{word:?} is not a role; the roles are {known}");
        CeremonyFileError::at(place, line, reason)
    })
}

fn read_quorum(people: PeopleText, persons: &[Person]) -> Result<Quorum, CeremonyFileError> {
    const PLACE: &str = "people";
    let wrong = |reason: String| CeremonyFileError::at(PLACE, None, reason);
    let with = |role: Role| {
        persons
            .iter()
            .filter(|person| person.roles.contains(&role))
            .count()
    };
    let threshold = usize::try_from(people.approve_threshold).unwrap_or(usize::MAX);
    if threshold == 0 {
        return Err(wrong(
            "approve-threshold is 0: nobody would approve the plan".to_owned(),
        ));
    }
    let approvers = with(Role::Approver);
    if threshold > approvers {
        return Err(wrong(format!(
            "approve-threshold is {threshold}, and the number of approvers is {approvers}"
        )));
    }
    let mut attend = BTreeMap::new();
    for (word, count) in people.attend {
        let role = read_role(PLACE, None, &word)?;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let there = with(role);
        if count > there {
            return Err(wrong(format!(
                "attend asks for {count} of role {word}, and {there} of the people have it"
            )));
        }
        attend.insert(role, count);
    }
    let mut separate = Vec::new();
    for words in &people.separate {
        let roles = read_roles(PLACE, None, words)?;
        if roles.len() < 2 {
            return Err(wrong("each list in separate needs two roles or more".to_owned()));
        }
        for person in persons {
            let both: Vec<_> = roles.iter().filter(|role| person.roles.contains(role)).collect();
            if let [one, other, ..] = both.as_slice() {
                return Err(wrong(format!(
                    "{:?} is {} and {}, which separate forbids",
                    person.name,
                    one.word(),
                    other.word()
                )));
            }
        }
        separate.push(roles);
    }
    if let Some(claimed) = &people.quorum {
        let hash = claimed.strip_prefix("sha256:").unwrap_or_default();
        if names::read_sha256(PLACE, hash).is_err() {
            return Err(wrong(format!(
                "quorum must be sha256: and 64 hex digits; it is {claimed:?}"
            )));
        }
    }
    Ok(Quorum {
        threshold,
        claimed: people.quorum,
        attend,
        separate,
    })
}
