//! What a ceremony leaves behind: the statements that people sign, and the export for the next ceremony.

use std::path::Path;

use hsm_ca::ceremony::{CeremonyExport, CeremonyKind, Digest, StatementKind};
use hsm_ca::workflow::{CeremonyError, PreviousError};
use hsm_ca::x509::Name;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::common::{CeremonyKindName, Fingerprint};
use crate::cli::json::show::{ExportedCeremony, Statement, StatementName};
use crate::cli::report::{Fields, Report};

/// The fields that every statement has. Nothing is compared with a plan, which may not be here.
#[derive(Debug, Deserialize)]
struct Frame {
    ceremony: String,
    key: String,
    kind: CeremonyKind,
    person: String,
    plan: Digest,
    time: String,
}

/// The fields of one kind of statement, with their labels.
const OWN_FIELDS: [(&str, &str); 8] = [
    ("decision", "decision"),
    ("because", "because"),
    ("session", "session"),
    ("step", "step"),
    ("head", "head"),
    ("present", "present"),
    ("as-planned", "as planned"),
    ("remarks", "remarks"),
];

/// `None` if the object is neither a statement nor an export.
pub(super) fn show(
    path: &Path,
    object: &Map<String, Value>,
    bytes: &[u8],
) -> Option<Result<Report, CliError>> {
    let format = object.get("format")?.as_str()?;
    if format == CeremonyExport::format() {
        return Some(show_export(path, bytes));
    }
    let kinds = [
        StatementKind::Approval,
        StatementKind::Gate,
        StatementKind::Attestation,
    ];
    let kind = kinds.into_iter().find(|kind| kind.format() == format)?;
    Some(show_statement(path, kind, object))
}

fn show_statement(path: &Path, kind: StatementKind, object: &Map<String, Value>) -> Result<Report, CliError> {
    let statement = Value::Object(object.clone());
    let frame =
        Frame::deserialize(&statement).map_err(|error| CliError::config(path, None, &error.to_string()))?;
    let (title, name) = match kind {
        StatementKind::Gate => (
            "A statement that confirms the bytes at a gate",
            StatementName::Gate,
        ),
        StatementKind::Attestation => (
            "A statement by somebody who was there",
            StatementName::Attestation,
        ),
        _ => ("A decision about a plan", StatementName::Approval),
    };
    let mut fields = Fields::default();
    fields
        .add("ceremony", &frame.ceremony)
        .add("kind", frame.kind.word())
        .add("plan", format!("sha256:{}", frame.plan))
        .add("person", &frame.person)
        .add("key", &frame.key)
        .add("time", &frame.time);
    for (field, label) in OWN_FIELDS {
        if let Some(text) = object.get(field).and_then(Value::as_str) {
            fields.add(label, text);
        }
    }
    let objects = object.get("objects").and_then(Value::as_object);
    for (name, sha256) in objects.into_iter().flatten() {
        fields.add(name, sha256.as_str().unwrap_or_default());
    }
    let json = Statement {
        statement_kind: name,
        ceremony: frame.ceremony,
        ceremony_kind: CeremonyKindName::of(frame.kind),
        plan_sha256: Fingerprint::new(frame.plan),
        person: frame.person,
        time: frame.time,
        statement,
    };
    let text = format!("{title}; its signature is not verified\n{}", fields.render(2));
    Ok(Report::new(text, json.document()))
}

fn show_export(path: &Path, bytes: &[u8]) -> Result<Report, CliError> {
    let export = CeremonyExport::read(bytes)
        .map_err(|error| CliError::in_file(path, CeremonyError::from(PreviousError::Export(error))))?;
    let mut fields = Fields::default();
    fields
        .add("ceremony", &export.ceremony)
        .add("kind", export.kind.word())
        .add("plan", format!("sha256:{}", export.plan))
        .add("head", &export.head)
        .add("end", &export.end);
    for issuer in &export.issuers {
        let name = Name::from_der(&issuer.name.0).map(|name| name.to_string());
        fields
            .add("issuer", name.unwrap_or_default())
            .add("  serial numbers", issuer.serials.len());
        if let Some(number) = issuer.crl_number {
            fields.add("  last CRL number", number);
        }
        fields.add("  revoked", issuer.revoked.len());
    }
    let json = ExportedCeremony {
        ceremony: export.ceremony.clone(),
        ceremony_kind: CeremonyKindName::of(export.kind),
        plan_sha256: Fingerprint::new(export.plan),
        head: export.head.clone(),
        end: export.end.clone(),
        export: json!(export),
    };
    let text = format!("What the next ceremony inherits\n{}", fields.render(2));
    Ok(Report::new(text, json.document()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_a_statement_is_shown_and_no_control_character() {
        let text = |kind: StatementKind, own: Value| {
            let mut object = json!({
                "format": kind.format(), "ceremony": "root-r1", "key": "SHA256:x", "kind": "practice", "person": "Ada",
                "plan": "0".repeat(64), "time": "2026-12-01T08:40:00Z",
            });
            object
                .as_object_mut()
                .unwrap()
                .extend(own.as_object().unwrap().clone());
            let shown = show(Path::new("01.json"), object.as_object().unwrap(), &[]);
            shown.unwrap().unwrap().text
        };
        let attested = json!({"head": "3:ab", "present": "all", "as-planned": "no", "remarks": "late"});
        let attested = text(StatementKind::Attestation, attested);
        for line in [
            "head        3:ab",
            "present     all",
            "as planned  no",
            "remarks     late",
        ] {
            assert!(attested.contains(line), "{attested}");
        }
        let gate = json!({"session": "main", "step": "gate", "objects": {"root\u{1b}[2J": "ab\u{1b}[2J"}});
        let gate = text(StatementKind::Gate, gate);
        assert!(gate.contains("root") && !gate.contains('\u{1b}'), "{gate:?}");
    }
}
