//! The numbered steps: what is read aloud, who acts, what is typed, and what is written down.

use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;
use crate::ceremony::paper::people::role_text;
use crate::ceremony::paper::step::{StepText, record_text};
use crate::ceremony::{
    CeremonyPlan, Digest, Manual, PlannedObject, PlannedStep, Role, SPARE_SERIAL, StepAction, script_words,
};

pub(super) fn write(html: &mut Html, plan: &CeremonyPlan, hash: &Digest) {
    html.element("section", "whole", |html| {
        html.leaf("h2", "", "Steps");
        opening(html, plan, hash);
        for (index, step) in plan.steps.iter().enumerate() {
            write_step(html, plan, hash, step, index + 1);
        }
    });
}

fn opening(html: &mut Html, plan: &CeremonyPlan, hash: &Digest) {
    html.element("section", "step", |html| {
        html.leaf("h3", "", "Opening");
        who(html, plan, "types");
        said(
            html,
            &format!(
                "We hold the ceremony {}, a {} ceremony. We now start hsm-ca ceremony run. I read date and time from the \
                 wall clock, and the words of the plan aloud. Everybody compares them with the screen and with the foot of \
                 this sheet.",
                plan.ceremony,
                plan.kind.word()
            ),
        );
        typed(html, hash, "opening");
        html.leaf("p", "", &pins(plan));
        html.leaf(
            "p",
            "quiet",
            "If run stops, for whatever reason: write the time on an exception sheet, read the last lines of the screen \
             aloud, and start hsm-ca ceremony run again. It goes on from its transcript, and asks for the PINs and for the \
             words of the interrupted step again.",
        );
        let mut records = ["wall clock", "clock of the machine"].map(str::to_owned).to_vec();
        records.extend(plan.tokens.keys().map(|token| format!("who typed the PIN of {token}")));
        boxes(html, plan, &records);
    });
}

/// When a PIN is typed, by whom, and in which order: `run` logs in to the tokens in the order of their names.
fn pins(plan: &CeremonyPlan) -> String {
    let tokens: Vec<&str> = plan.tokens.keys().map(String::as_str).collect();
    let of = match tokens.as_slice() {
        [token] => format!("the PIN of token {token}"),
        tokens => format!(
            "the PIN of each token, once, in this order: {}",
            tokens.join(", ")
        ),
    };
    format!(
        "Then run asks for {of}. The {} who brought the PIN types it, on the token's keypad if it has one. Nobody else sees \
         it, and nobody says it or writes it down.",
        role_text(&plan.people, Role::Custodian)
    )
}

fn write_step(html: &mut Html, plan: &CeremonyPlan, hash: &Digest, step: &PlannedStep, number: usize) {
    let StepText { title, facts } = StepText::of(&step.action);
    html.element("section", "step", |html| {
        html.leaf(
            "h3",
            "",
            &format!("Step {number} of {}: {title}", plan.steps.len()),
        );
        html.leaf("p", "quiet", &format!("{} ({})", step.id, step.action.word()));
        let mut records = Vec::new();
        if let StepAction::Manual(Manual { say, record }) = &step.action {
            let does = match record.is_empty() {
                true => "presses Enter when it is done",
                false => "presses Enter when it is done, and types what is written down",
            };
            who(html, plan, does);
            said(html, say);
            records = record.iter().map(|name| record_text(name)).collect();
        } else {
            let does = match is_typed(&step.action) {
                true => "types",
                false => "presses Enter when enough people have signed",
            };
            who(html, plan, does);
            said(html, &sentence(step));
            let is_compared = |name: &str| step.action.out().is_some() && DATED.contains(&name);
            let facts = facts.iter().map(|(name, value)| (*name, value.as_str()));
            blocks::facts(html, "", facts.filter(|(name, _)| !is_compared(name)));
        }
        if is_typed(&step.action) {
            typed(html, hash, &step.id);
        }
        screen(html, plan, step);
        boxes(html, plan, &records);
    });
}

/// What the administrator says before the step.
fn sentence(step: &PlannedStep) -> String {
    let now = match &step.action {
        StepAction::GenerateKey(key) => format!("Token {} now generates the key {}.", key.token, step.id),
        StepAction::ImportKey(key) => {
            format!("The key {} is now imported into token {}.", step.id, key.token)
        }
        StepAction::Confirm(confirm) => format!(
            "We now compare the completed bytes. At least {} people with the role {} sign them with their own keys.",
            confirm.sign_by.threshold,
            confirm.sign_by.role.word()
        ),
        StepAction::Revoke(revoke) => format!("We now revoke the certificate {}.", revoke.certificate),
        StepAction::DestroyKey(key) => format!(
            "Token {} now destroys the key {}. It cannot be undone.",
            key.token, key.key
        ),
        other => format!("We now sign {}.", other.out().unwrap_or("it")),
    };
    format!("{now} I read what it says; compare it with the screen. Does anybody object?")
}

/// What the screen must show. A value that does not exist until the ceremony is copied from the screen.
fn screen(html: &mut Html, plan: &CeremonyPlan, step: &PlannedStep) {
    match &step.action {
        StepAction::GenerateKey(_) => {
            html.leaf(
                "p",
                "",
                "The screen shows the new key's SHA-256. Copy its words, two on each line:",
            );
            blocks::blanks(html);
        }
        StepAction::ImportKey(import) => {
            if let Some(key) = plan.inputs.get(&import.pair).and_then(|input| input.key) {
                html.leaf("p", "", "The screen must show this key:");
                blocks::words(html, &key);
            }
        }
        StepAction::Confirm(_) => {
            html.leaf(
                "p",
                "",
                "The screen shows each object: what it says, its key, and the SHA-256 of its bytes, with the octets of the new \
                 keys in it. The administrator reads it aloud; compare it with the tables of the steps below. Each signer \
                 compares it with what hsm-ca ceremony approve shows in the second terminal.",
            );
        }
        _ => compared(html, plan, step),
    }
}

/// The values that the screen must show: a row for each value, and a column for each session.
fn compared(html: &mut Html, plan: &CeremonyPlan, step: &PlannedStep) {
    let objects = plan.sessions.iter();
    let objects: Vec<&PlannedObject> = objects
        .filter_map(|session| plan.object(&session.name, &step.id))
        .collect();
    let Some(first) = objects.first() else {
        return;
    };
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in shown_of(first) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let mut rows: Vec<Vec<String>> = Vec::new();
    for name in names {
        let mut row = vec![name.to_owned()];
        for object in &objects {
            let values: Vec<&str> = shown_of(object)
                .filter(|(other, _)| *other == name)
                .map(|(_, value)| value)
                .collect();
            row.push(values.join("; "));
        }
        rows.push(row);
        if name == "serial number" && objects.iter().any(|object| object.spare.is_some()) {
            let spare = |object: &&PlannedObject| match &object.spare {
                Some(spare) => spare.serial.clone(),
                None => String::new(),
            };
            let row = std::iter::once(format!("only if people choose it: {SPARE_SERIAL}"));
            rows.push(row.chain(objects.iter().map(spare)).collect());
        }
    }
    // If an object has holes, its hash is not known before the keys exist.
    if objects.iter().all(|object| object.holes.is_empty()) {
        let hashes = objects.iter().map(|object| object.sha256.to_string());
        rows.push(
            std::iter::once("SHA-256 of the signed bytes".to_owned())
                .chain(hashes)
                .collect(),
        );
    }
    let mut head = vec!["The screen must show".to_owned()];
    head.extend(
        objects
            .iter()
            .map(|object| format!("in session {}", object.session)),
    );
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    blocks::table(html, "", &head, &rows);
}

fn shown_of(object: &PlannedObject) -> impl Iterator<Item = (&str, &str)> {
    blocks::shown(&object.shown).filter(|(name, _)| COMPARED.contains(name))
}

/// The values that are read aloud at the step. The object's own table has all of them.
const COMPARED: [&str; 9] = [
    "subject",
    "issuer",
    "serial number",
    "valid from",
    "valid until",
    "CRL number",
    "this update",
    "next update",
    "revoked certificates",
];

/// Facts of a step that the session table shows as exact values.
const DATED: [&str; 5] = ["subject", "valid from", "valid for", "valid until", "number"];

fn is_typed(action: &StepAction) -> bool {
    !matches!(action, StepAction::Manual(_) | StepAction::Confirm(_))
}

pub(super) fn typed(html: &mut Html, hash: &Digest, step: &str) {
    html.leaf("p", "", "Type the words:");
    html.leaf("p", "typed", &script_words(hash, step));
}

fn said(html: &mut Html, text: &str) {
    html.leaf("blockquote", "", text);
}

/// `A reads aloud; B types.`
fn who(html: &mut Html, plan: &CeremonyPlan, does: &str) {
    let text = format!(
        "The {} reads aloud; the {} {does}.",
        role_text(&plan.people, Role::Administrator),
        role_text(&plan.people, Role::Operator)
    );
    html.leaf("p", "who", &text);
}

/// Boxes for the records, and for each step the time and the initials of the people required.
pub(super) fn boxes(html: &mut Html, plan: &CeremonyPlan, records: &[String]) {
    let mut names = records.to_vec();
    names.push("time (UTC)".to_owned());
    let roles = plan.people.attend.keys();
    names.extend(roles.map(|role| format!("initials: {}", role.word())));
    blocks::boxes(html, &names);
}
