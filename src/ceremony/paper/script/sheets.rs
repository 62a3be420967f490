//! The sheets to fill in by hand: attendance, closing, exceptions.

use super::preparation::checks;
use super::steps::{boxes, typed};
use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;
use crate::ceremony::paper::people::roles_text;
use crate::ceremony::{CeremonyPlan, Digest, Manual, StepAction};

/// Rows for people who are not in the plan, such as guards, guests and alarm technicians.
const OTHERS: usize = 4;
/// The number of exception sheets in a script.
const EXCEPTIONS: usize = 3;

pub(super) fn attendance(html: &mut Html, plan: &CeremonyPlan) {
    html.element("section", "sheet", |html| {
        html.leaf("h2", "", "Attendance");
        html.leaf(
            "p",
            "",
            "Everybody who enters the room is here, also those who are not in the plan. Do not copy the number of an \
             identity document; write down its kind.",
        );
        let mut rows: Vec<[String; 6]> = Vec::new();
        for person in &plan.people.persons {
            let mut row = [(); 6].map(|()| String::new());
            let [name, roles, ..] = &mut row;
            person.name.clone_into(name);
            *roles = roles_text(&person.roles);
            rows.push(row);
        }
        rows.extend([(); OTHERS].map(|()| [(); 6].map(|()| String::new())));
        let head = ["name", "roles", "document shown", "in (UTC)", "out (UTC)", "signature"];
        blocks::table(html, "lines", &head, &rows);
    });
}

pub(super) fn closing(html: &mut Html, plan: &CeremonyPlan, hash: &Digest) {
    html.element("section", "sheet", |html| {
        html.leaf("h2", "", "Closing");
        html.element("section", "step", |html| {
            html.leaf("h3", "", "Closing the transcript");
            html.leaf(
                "blockquote",
                "",
                "Every step is done. Does anybody object to closing the ceremony?",
            );
            typed(html, hash, "closing");
            html.leaf(
                "p",
                "",
                "The screen shows the head of the transcript: a number and a SHA-256. Copy the number and the words.",
            );
            boxes(html, plan, &["number of lines".to_owned()]);
            blocks::blanks(html);
        });
        checks(
            html,
            &[
                "Those who must sign the head have done so: hsm-ca ceremony attest.",
                "hsm-ca ceremony verify, with the head from this sheet, found everything in order on another machine.",
                "sha256sum -c SHA256SUMS passed on each medium that leaves the room.",
                "Each token is in a new bag, and its number is below.",
            ],
        );
        let mut bags: Vec<[String; 4]> = plan.tokens.keys().map(|name| bag(&format!("token {name}"))).collect();
        let recorded = plan.steps.iter().filter_map(|step| match &step.action {
            StepAction::Manual(Manual { record, .. }) => Some(record),
            _ => None,
        });
        let recorded = recorded.flatten().filter_map(|name| name.strip_prefix("bag:"));
        bags.extend(recorded.map(|name| bag(&format!("bag {name}"))));
        bags.push(bag("copies and media"));
        let head = ["content", "new bag's number", "safe", "initials of two people"];
        blocks::table(html, "lines", &head, &bags);
        html.leaf("h3", "", "Signatures");
        html.leaf(
            "p",
            "",
            "I was present. The ceremony went as this script says, except as the exception sheets say.",
        );
        let needed = plan.people.persons.iter();
        let needed = needed.filter(|person| person.roles.iter().any(|role| plan.attest().contains(role)));
        let mut rows: Vec<[String; 4]> = needed
            .map(|person| {
                let roles = roles_text(&person.roles);
                [person.name.clone(), roles, String::new(), String::new()]
            })
            .collect();
        let independent = "independent person (ETSI EN 319 411-1)".to_owned();
        rows.push([String::new(), independent, String::new(), String::new()]);
        blocks::table(html, "lines", &["name", "role", "date and time (UTC)", "signature"], &rows);
    });
}

fn bag(content: &str) -> [String; 4] {
    [content.to_owned(), String::new(), String::new(), String::new()]
}

pub(super) fn exceptions(html: &mut Html) {
    for number in 1..=EXCEPTIONS {
        html.element("section", "sheet", |html| {
            html.leaf("h2", "", &format!("Exception sheet {number} of {EXCEPTIONS}"));
            html.leaf(
                "p",
                "",
                "For everything that does not go as this script says. The operator also records it: \
                 at the next question on the screen, type \"deviation: \" and what happened",
            );
            let names = ["time (UTC)", "step", "seen by"].map(str::to_owned);
            blocks::boxes(html, &names);
            for (name, class) in [
                ("What happened", "writing tall"),
                ("What was decided, and why", "writing tall"),
                ("What was done", "writing"),
            ] {
                html.leaf("h3", "", name);
                html.leaf("div", class, "");
            }
            let rows = [(); 3].map(|()| [(); 4].map(|()| String::new()));
            blocks::table(html, "lines", &["name", "role", "time (UTC)", "signature"], &rows);
        });
    }
}
