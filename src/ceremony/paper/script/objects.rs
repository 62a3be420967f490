//! The content of each object, for each session.

use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;
use crate::ceremony::paper::objects::{holes_text, kind_text, rules_text, spare_text};
use crate::ceremony::{CeremonyPlan, PlannedObject};

pub(super) fn write(html: &mut Html, plan: &CeremonyPlan) {
    for session in &plan.sessions {
        html.element("section", "whole", |html| {
            html.leaf("h2", "", &format!("What is signed in session {}", session.name));
            html.leaf("p", "", &format!("{} to {}", session.begins, session.ends));
            for object in plan.objects_of(&session.name) {
                table_of(html, object);
            }
        });
    }
}

fn table_of(html: &mut Html, object: &PlannedObject) {
    let sha256 = object.sha256.to_string();
    let spare = spare_text(object);
    let rules = rules_text(object);
    let holes = holes_text(object).join("; ");
    let mut facts: Vec<(&str, &str)> = blocks::shown(&object.shown).collect();
    facts.extend([
        ("signing key", object.key.as_str()),
        ("if a signature is lost", &spare),
    ]);
    facts.extend(rules.iter().map(|(name, value)| (*name, value.as_str())));
    if holes.is_empty() {
        facts.push(("SHA-256 of the signed bytes", &sha256));
    } else {
        facts.push(("holes", &holes));
        facts.push(("SHA-256, holes zero", &sha256));
    }
    let caption = format!("{}: {} {}", object.step, kind_text(object.is), object.out);
    blocks::facts(html, &caption, facts);
}
