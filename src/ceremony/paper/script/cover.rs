//! The first sheet: the ceremony, the plan, the dates and the people.

use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;
use crate::ceremony::paper::people::{key_text, roles_text, rules_about};
use crate::ceremony::paper::script::ScriptState;
use crate::ceremony::{CeremonyPlan, Digest, PlanError};

pub(super) fn write(
    html: &mut Html,
    plan: &CeremonyPlan,
    state: ScriptState,
    hash: &Digest,
) -> Result<(), PlanError> {
    html.leaf("p", "kind", &format!("{} ceremony", plan.kind.word()));
    html.leaf(
        "h1",
        "",
        &format!("Script of the signing ceremony {}", plan.ceremony),
    );
    html.leaf("p", "", plan_text(state));
    html.leaf(
        "p",
        "",
        "The script has the words that must be typed during the ceremony. Keep it closed until then.",
    );
    html.leaf("h2", "", "The plan");
    html.leaf(
        "p",
        "",
        "SHA-256 of plan.json, in hex and in words (the first 24 octets):",
    );
    blocks::hash(html, hash);
    let policy = plan.policy.as_deref().unwrap_or("none named");
    let previous = plan.previous.as_ref().map(|previous| previous.head.as_str());
    let program = format!("{} {}", plan.tool.name, plan.tool.version);
    let facts = [
        ("planned", plan.time.as_str()),
        ("with", &program),
        ("policy", policy),
        (
            "previous ceremony",
            previous.unwrap_or("none: this is the first one"),
        ),
    ];
    blocks::facts(html, "", facts);
    html.leaf("h2", "", "Sessions");
    let sessions: Vec<[String; 4]> = plan
        .sessions
        .iter()
        .map(|session| {
            let begins = session.begins.clone();
            [session.name.clone(), begins, session.ends.clone(), String::new()]
        })
        .collect();
    let head = [
        "session",
        "first second (UTC)",
        "last second (UTC)",
        "held on this day (initials)",
    ];
    blocks::table(html, "", &head, &sessions);
    let mut people = Vec::new();
    for person in &plan.people.persons {
        let roles = roles_text(&person.roles);
        people.push([person.name.clone(), roles, key_text(person)?, String::new()]);
    }
    html.element("section", "together", |html| {
        html.leaf("h2", "", "People");
        html.element("ul", "", |html| {
            for rule in rules_about(&plan.people) {
                html.leaf("li", "", &rule);
            }
        });
        let head = ["name", "roles", "SSH key", "I have read this script (signature)"];
        blocks::table(html, "lines", &head, &people);
    });
    Ok(())
}

const fn plan_text(state: ScriptState) -> &'static str {
    match state {
        ScriptState::Approved => "This script was made from the approved plan.",
        ScriptState::NotApproved => {
            "When this script was made, it was not known whether its plan is approved. On the day, \
             hsm-ca ceremony approvals must say so of the plan with the words below."
        }
        ScriptState::Rejected => {
            "The plan of this script was REJECTED. It never runs: do not use this script."
        }
        ScriptState::Aborted => "The ceremony of this script was ABORTED. Do not use this script.",
    }
}
