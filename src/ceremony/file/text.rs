//! The TOML of a ceremony file, field by field. The modules next to this one check how the fields fit together.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::{Spanned, Table};

use super::CeremonyFileError;

/// The file as written. Steps are read one by one, so that an error can name the step.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileText {
    pub(super) version: u32,
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) policy: Option<String>,
    pub(super) previous: PreviousText,
    #[serde(default)]
    pub(super) session: Vec<Spanned<Table>>,
    #[serde(default)]
    pub(super) token: BTreeMap<String, TokenText>,
    pub(super) people: PeopleText,
    #[serde(default)]
    pub(super) person: Vec<Spanned<Table>>,
    #[serde(default)]
    pub(super) input: BTreeMap<String, InputText>,
    #[serde(default)]
    pub(super) step: Vec<Spanned<Table>>,
    pub(super) close: CloseText,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviousText {
    pub(super) head: String,
    pub(super) file: Option<String>,
    pub(super) sha256: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SessionText {
    pub(super) name: String,
    pub(super) date: toml::value::Datetime,
    pub(super) hours: [String; 2],
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenText {
    pub(super) serial: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct PeopleText {
    pub(super) approve_threshold: u32,
    pub(super) quorum: Option<String>,
    #[serde(default)]
    pub(super) attend: BTreeMap<String, u32>,
    #[serde(default)]
    pub(super) separate: Vec<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonText {
    pub(super) name: String,
    pub(super) roles: Vec<String>,
    pub(super) key: String,
    #[serde(default)]
    pub(super) require: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InputText {
    pub(super) file: String,
    pub(super) sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CloseText {
    pub(super) attest: Vec<String>,
    #[serde(default)]
    pub(super) waive: Vec<WaiverText>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverText {
    pub(super) rule: String,
    pub(super) step: String,
    pub(super) because: String,
}

/// What `ceremony new` writes for a value that people must fill in.
const PLACEHOLDER: &str = "FILL-IN";

/// Reads the whole file. Refuses a file with placeholders, and lists every line that has one.
pub(super) fn read(text: &str) -> Result<FileText, CeremonyFileError> {
    let unfilled: Vec<_> = (1_usize..)
        .zip(text.lines())
        .filter(|(_, line)| before_comment(line).contains(PLACEHOLDER))
        .map(|(number, _)| number.to_string())
        .collect();
    if !unfilled.is_empty() {
        return Err(CeremonyFileError {
            place: None,
            line: None,
            reason: format!(
                "still to be filled in, where it says {PLACEHOLDER}: lines {}",
                unfilled.join(", ")
            ),
        });
    }
    toml::from_str(text).map_err(|error| CeremonyFileError {
        place: None,
        line: error.span().map(|span| line_of(text, span.start)),
        reason: error.message().to_owned(),
    })
}

/// The part of a line before its comment. A `#` inside a string does not begin a comment.
fn before_comment(line: &str) -> &str {
    let mut in_string = false;
    let begins = line.find(|character| {
        in_string ^= character == '"';
        character == '#' && !in_string
    });
    line.split_at(begins.unwrap_or(line.len())).0
}

/// Reads one table of the file. Errors call it `place`.
pub(super) fn read_table<T: DeserializeOwned>(
    table: Table,
    place: &str,
    line: usize,
) -> Result<T, CeremonyFileError> {
    table
        .try_into()
        .map_err(|error: toml::de::Error| CeremonyFileError::at(place, Some(line), error.message()))
}

/// The number of the line that assigns `name` in the table whose header is in line `table`. Without one, the line of the header.
pub(super) fn line_of_value(text: &str, table: usize, name: &str) -> usize {
    let values = (1_usize..).zip(text.lines()).skip(table);
    let mut values = values.take_while(|(_, line)| !line.trim_start().starts_with('['));
    let is_its = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.trim_start().starts_with('='))
    };
    let found = values.find(|(_, line)| is_its(line));
    found.map_or(table, |(number, _)| number)
}

/// The number of the line with the byte at `offset`.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}
