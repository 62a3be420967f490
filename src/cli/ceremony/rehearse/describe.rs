//! The result of a rehearsal as text.

use std::path::Path;

use hsm_ca::ceremony::{ComparedObject, Difference, PlannedObject};
use hsm_ca::workflow::{OpenedCeremony, SessionComparison};

use super::Rehearsed;
use crate::cli::json::Output as _;
use crate::cli::json::ceremony_rehearsal::{CeremonyRehearse, RehearsedSession};
use crate::cli::json::common::{FileName, Fingerprint};
use crate::cli::report::{Fields, Report, printable};
use crate::cli::shell::quote;

pub(super) fn describe(rehearsed: &Rehearsed, place: &Path) -> Report {
    let Rehearsed {
        ceremony,
        sessions,
        plan,
    } = rehearsed;
    let id = printable(&ceremony.plan.ceremony);
    let mut text = match rehearsed.is_sound() {
        true => format!("Rehearsed {id}: outside the holes, every signed octet is as planned.\n"),
        false => format!("Rehearsed {id}: the rehearsal DIFFERS from the plan.\nDo not approve this plan.\n"),
    };
    if let Some(plan) = plan {
        text.push_str(&format!("  plan.json: {}\n", printable(plan)));
    }
    for session in sessions {
        text.push_str(&describe_session(ceremony, session));
    }
    let shown = quote(&place.display().to_string());
    text.push_str(&format!(
        "\nEach session was held as a practice. Its directory below {shown}\nhas the script and the report. Its keys are deleted.\n"
    ));
    let json = CeremonyRehearse {
        ceremony: ceremony.plan.ceremony.clone(),
        plan_sha256: Fingerprint::new(ceremony.identity.hash),
        directory: FileName::of(place),
        verified: rehearsed.is_sound(),
        plan_made_again: plan.is_none(),
        plan_difference: plan.clone(),
        sessions: sessions.iter().map(RehearsedSession::of).collect(),
    };
    Report::new(text, json.document())
}

fn describe_session(ceremony: &OpenedCeremony, session: &SessionComparison) -> String {
    let verdict = match session.is_sound() {
        true => "verified, and equal",
        false => "NOT equal",
    };
    let mut text = format!("\nSession {}: {verdict}\n", session.session);
    let mut fields = Fields::default();
    for object in &session.objects {
        let out = ceremony.plan.object(&session.session, &object.step);
        let out = out.map_or("", |planned: &PlannedObject| planned.out.as_str());
        fields.add(format!("{} ({out})", object.step), sentence(object));
    }
    for step in &session.missing {
        fields.add(step, "NOT MADE");
    }
    for counted in &session.signatures {
        let more = match counted.planned == counted.made {
            true => "",
            false => ", NOT AS PLANNED",
        };
        let said = format!("{} of {} planned{more}", counted.made, counted.planned);
        fields.add(format!("signatures of {}", counted.key), said);
    }
    if let Some(head) = &session.head {
        fields.add("head", head);
    }
    text.push_str(&fields.render(2));
    for finding in &session.findings {
        text.push_str(&format!("  {}\n", printable(&finding.to_string())));
    }
    text
}

fn sentence(object: &ComparedObject) -> String {
    match object.difference {
        None => format!("{} octets equal, {} in holes", object.compared, object.in_holes),
        Some(Difference::Length { planned, found }) => {
            format!("DIFFERS: {planned} octets in the plan, and the rehearsal signed {found}")
        }
        Some(Difference::Octet { at, planned, found }) => {
            format!(
                "DIFFERS: octet {at} is 0x{planned:02x} in the plan, and the rehearsal signed 0x{found:02x}"
            )
        }
        Some(_) => "DIFFERS".to_owned(),
    }
}
