//! Reads the steps of a ceremony file.

use toml::{Spanned, Table, Value};

use super::{Manual, Step, StepAction};
use crate::ceremony::file::{CeremonyFileError, names, text};

/// Reads the `[[step]]` tables of the ceremony file.
pub(in crate::ceremony::file) fn read(
    text: &str,
    tables: Vec<Spanned<Table>>,
) -> Result<Vec<Step>, CeremonyFileError> {
    let mut steps: Vec<Step> = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let line = text::line_of(text, table.span().start);
        let mut table = table.into_inner();
        let place = format!("step {}", index + 1);
        let mut take = |field: &str| match table.remove(field) {
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(CeremonyFileError::at(
                &place,
                Some(line),
                format!("{field} is not a text"),
            )),
            None => Err(CeremonyFileError::at(
                &place,
                Some(line),
                format!("{field} is missing"),
            )),
        };
        let (id, action) = (take("id")?, take("do")?);
        names::check("id", &place, &id, Some(line))?;
        let place = format!("step {id:?}");
        if steps.iter().any(|other| other.id == id) {
            return Err(CeremonyFileError::at(
                &place,
                Some(line),
                "another step has the same id",
            ));
        }
        let action = read_action(&action, table, &place, line)?;
        steps.push(Step { id, line, action });
    }
    if steps.is_empty() {
        let reason = "no [[step]]: nothing would be done";
        return Err(CeremonyFileError::at("the file", None, reason));
    }
    Ok(steps)
}

/// Refuses the options of an import outside a ceremony. An attestation document and a grant token are valid for minutes, but a plan is approved days
/// before.
fn refuse_sealed_route(table: &Table, place: &str, line: usize) -> Result<(), CeremonyFileError> {
    const NOT_HERE: [&str; 4] = ["route", "attestation-document", "grant-token", "grant-tokens"];
    match NOT_HERE.iter().find(|name| table.contains_key(**name)) {
        None => Ok(()),
        Some(name) => {
            let reason = format!(
                "{name} cannot be used in a ceremony: import the key before it, and name its public key as an input"
            );
            Err(CeremonyFileError::at(place, Some(line), reason))
        }
    }
}

fn read_action(word: &str, table: Table, place: &str, line: usize) -> Result<StepAction, CeremonyFileError> {
    Ok(match word {
        "manual" => StepAction::Manual(check_manual(text::read_table(table, place, line)?, place, line)?),
        "generate-key" => StepAction::GenerateKey(text::read_table(table, place, line)?),
        "import-key" => {
            refuse_sealed_route(&table, place, line)?;
            StepAction::ImportKey(text::read_table(table, place, line)?)
        }
        "confirm" => StepAction::Confirm(text::read_table(table, place, line)?),
        "create-ca" => StepAction::CreateCa(text::read_table(table, place, line)?),
        "sign-csr" => StepAction::SignCsr(text::read_table(table, place, line)?),
        "cross-sign" => StepAction::CrossSign(text::read_table(table, place, line)?),
        "revoke" => StepAction::Revoke(text::read_table(table, place, line)?),
        "crl" => StepAction::Crl(text::read_table(table, place, line)?),
        "destroy-key" => StepAction::DestroyKey(text::read_table(table, place, line)?),
        other => {
            let known = "manual, generate-key, import-key, confirm, create-ca, sign-csr, cross-sign, revoke, crl, \
                         destroy-key";
            let reason = format!("do is {other:?}; it can be one of {known}");
            return Err(CeremonyFileError::at(place, Some(line), reason));
        }
    })
}

fn check_manual(manual: Manual, place: &str, line: usize) -> Result<Manual, CeremonyFileError> {
    names::check_text("say", place, &manual.say, Some(line))?;
    for (index, name) in manual.record.iter().enumerate() {
        let plain = name.strip_prefix("bag:").unwrap_or(name);
        names::check("record", place, plain, Some(line))?;
        if manual.record.iter().take(index).any(|other| other == name) {
            let reason = format!("record has {name:?} twice");
            return Err(CeremonyFileError::at(place, Some(line), reason));
        }
    }
    Ok(manual)
}
