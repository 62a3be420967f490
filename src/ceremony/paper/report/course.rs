//! Attendance, deviations and the time line.

use super::ReportContent;
use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;
use crate::ceremony::{Event, Occurrence, Record, Role};

pub(super) fn write_people(html: &mut Html, content: &ReportContent<'_>) {
    html.element("section", "", |html| {
        html.leaf("h2", "", "Attendance");
        let mark = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
        let rows: Vec<[String; 6]> = content
            .plan
            .people
            .persons
            .iter()
            .map(|person| {
                let roles: Vec<_> = person.roles.iter().map(|role| role.word()).collect();
                let attested = content.attested.iter();
                let attested = attested.filter(|attested| attested.person == person.name);
                let attested: Vec<String> = attested.map(|attested| attested.said.clone()).collect();
                [
                    person.name.clone(),
                    roles.join(", "),
                    match (
                        content.approved_by.contains(&person.name),
                        person.roles.contains(&Role::Approver),
                    ) {
                        (true, _) => "yes".to_owned(),
                        (false, true) => "has not signed".to_owned(),
                        (false, false) => "not an approver".to_owned(),
                    },
                    mark(content.trail.attended.contains(&person.name)),
                    match attested.is_empty() {
                        true => "no".to_owned(),
                        false => attested.join("; "),
                    },
                    String::new(),
                ]
            })
            .collect();
        let head = ["name", "roles", "approved", "attended", "attested", "signature"];
        blocks::table(html, "lines people", &head, &rows);
    });
}

pub(super) fn write_deviations(html: &mut Html, content: &ReportContent<'_>) {
    html.leaf("h2", "", "Deviations, decisions and notes");
    let row = |found: Occurrence| {
        let time = found.time.map(|time| time.to_string()).unwrap_or_default();
        [time, found.kind.word().to_owned(), found.text, found.by]
    };
    let rows: Vec<[String; 4]> = Occurrence::all_in(content.transcript)
        .into_iter()
        .map(row)
        .collect();
    match rows.is_empty() {
        true => {
            html.leaf("p", "", "The transcript has none.");
        }
        false => blocks::table(html, "events", &["time (UTC)", "what", "text", "by"], &rows),
    }
    let apart = content.attested.iter().filter(|attested| !attested.as_planned);
    let apart: Vec<_> = apart.map(|attested| attested.person.as_str()).collect();
    if !apart.is_empty() {
        let text = format!("Attested that it did not go as planned: {}.", apart.join(", "));
        html.leaf("p", "banner", &text);
    }
}

pub(super) fn write_time_line(html: &mut Html, content: &ReportContent<'_>) {
    html.leaf("h2", "", "Time line");
    let row = |record: &Record| {
        let what = record
            .event()
            .map_or_else(|_| "?".to_owned(), |event| sentence(&event));
        [record.number().to_string(), time_of(record), what]
    };
    let rows: Vec<[String; 3]> = content.transcript.records().iter().map(row).collect();
    blocks::table(html, "timeline", &["line", "time (UTC)", "what happened"], &rows);
}

fn time_of(record: &Record) -> String {
    record.time().map(|time| time.to_string()).unwrap_or_default()
}

fn sentence(event: &Event) -> String {
    match event {
        Event::Opened {
            run,
            session,
            host,
            network,
            by,
            ..
        } => {
            let network = match network.is_empty() {
                true => "no network interface is up".to_owned(),
                false => format!("network interfaces: {}", network.join(", ")),
            };
            format!("Run {run} of session {session} was opened by {by} on {host}; {network}")
        }
        Event::Clock { wall } => format!("The clock was compared with the wall clock: {wall}"),
        Event::Attending { people } => format!("In the room: {}", people.join(", ")),
        Event::Confirmed { step } => format!("The words of the script were typed for {step}"),
        Event::Said { step, record } => {
            let record: Vec<_> = record
                .iter()
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            match record.is_empty() {
                true => format!("Step {step} was done"),
                false => format!(
                    "Step {step} was done, and people wrote down {}",
                    record.join("; ")
                ),
            }
        }
        Event::KeyBegin { step, token, label } => {
            format!("Token {token} began to make key {step}, with the label {label}")
        }
        Event::KeyEnd { step, id, .. } => format!("Key {step} is on its token, with the CKA_ID {id}"),
        Event::GateOpen { step, .. } => format!("The completed bytes were shown at step {step}"),
        Event::GatePassed { step, people } => {
            let people: Vec<_> = people.keys().map(String::as_str).collect();
            format!("{} signed the completed bytes at step {step}", people.join(", "))
        }
        Event::SignBegin {
            step,
            key,
            sha256,
            entry,
            ..
        } => format!("Key {key} began to sign {step}: SHA-256 {sha256}, entry {entry} of the ledger"),
        Event::SignEnd { step, .. } => format!("{step} was signed, and the signature verifies"),
        Event::Written { step, sha256 } => {
            format!("{step} was written to the disk and to the ledger: SHA-256 {sha256}")
        }
        Event::Revoked { step, serial } => format!("Step {step} revoked certificate {serial} in the ledger"),
        Event::DestroyBegin { step, key } => format!("Step {step} began to destroy key {key}"),
        Event::DestroyEnd { step } => format!("The key of step {step} is destroyed"),
        Event::Note { text, by } => format!("Note by {by}: {text}"),
        Event::Deviation { text, by } => format!("Deviation, by {by}: {text}"),
        Event::Decision { step, choice, people } => {
            format!("{} chose {} for step {step}", people.join(", "), choice.word())
        }
        Event::Stopped { because } => format!("The run stopped: {because}"),
        Event::Closed { .. } => "The ceremony was closed".to_owned(),
        Event::Aborted { because, by } => format!("{by} aborted the ceremony: {because}"),
    }
}
