//! People and their roles in words.

use crate::ceremony::{PlanError, PlannedPeople, PlannedPerson, Requirement, Role};

/// A role and the people who have it: `administrator (A or B)`. Without such people, the role alone.
pub(super) fn role_text(people: &PlannedPeople, role: Role) -> String {
    let names: Vec<&str> = people.with(role).map(|person| person.name.as_str()).collect();
    match names.as_slice() {
        [] => role.word().to_owned(),
        names => format!("{} ({})", role.word(), names.join(" or ")),
    }
}

/// `administrator, approver`
pub(super) fn roles_text(roles: &[Role]) -> String {
    let words: Vec<&str> = roles.iter().map(|role| role.word()).collect();
    words.join(", ")
}

/// The rules about the people, one sentence each.
pub(super) fn rules_about(people: &PlannedPeople) -> Vec<String> {
    let approvers = people.with(Role::Approver).count();
    let mut rules = vec![format!(
        "{} of the {approvers} approvers must approve this plan. One rejection stops the ceremony.",
        people.approve_threshold
    )];
    let attend: Vec<String> = people
        .attend
        .iter()
        .map(|(role, count)| format!("{} {count}", role.word()))
        .collect();
    if !attend.is_empty() {
        rules.push(format!("In the room, at least: {}.", attend.join(", ")));
    }
    for apart in &people.separate {
        rules.push(format!(
            "Nobody may have two of these roles: {}.",
            roles_text(apart)
        ));
    }
    rules.push(format!(
        "At the end, everybody in the room with one of these roles signs the transcript's head: {}.",
        roles_text(&people.attest)
    ));
    rules
}

/// The type and fingerprint of a person's key, as `ssh-keygen -l` prints them, and what the key must show.
pub(super) fn key_text(person: &PlannedPerson) -> Result<String, PlanError> {
    let key = person.ssh_key()?;
    let mut text = format!("{} {}", key.kind().name(), key.fingerprint());
    let shown: Vec<&str> = person
        .require
        .iter()
        .map(|requirement| match requirement {
            Requirement::Touch => "touch",
            Requirement::Pin => "PIN",
        })
        .collect();
    if !shown.is_empty() {
        text.push_str(&format!(" (must show: {})", shown.join(", ")));
    }
    Ok(text)
}
