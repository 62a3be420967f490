//! The result of a command, for people and for programs.

use std::io;

use hsm_ca::values::is_unprintable;
pub(super) use hsm_ca::values::printable;
use hsm_ca::workflow::Recorder;
use serde_json::Value;

use super::exit::CliError;
use super::wrap;

/// The result of a command.
#[derive(Debug)]
pub(super) struct Report {
    /// For people.
    pub(super) text: String,
    /// For programs: one object.
    pub(super) json: Value,
    /// The content itself, if it goes to stdout (`--out -`). The text then goes to stderr.
    pub(super) content: Option<Vec<u8>>,
    /// Records that the content was delivered, once it was written to stdout.
    pub(super) receipt: Option<Recorder>,
    /// Warnings.
    pub(super) warnings: Vec<String>,
    /// The command that usually comes next, quoted for a shell. It goes to stderr.
    pub(super) next: Option<String>,
    /// The problem that the report describes. It decides the exit code, and in JSON format it is also printed on stderr.
    pub(super) failure: Option<CliError>,
    /// The text has its final layout and is not wrapped.
    pub(super) is_laid_out: bool,
    /// The report is the last of several JSON objects, one per line.
    pub(super) lines: bool,
}

impl Report {
    pub(super) fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            content: None,
            receipt: None,
            warnings: Vec::new(),
            next: None,
            failure: None,
            is_laid_out: false,
            lines: false,
        }
    }
}

impl Report {
    /// A report with a table or a drawing.
    pub(super) fn laid_out(text: impl Into<String>, json: Value) -> Self {
        Self {
            is_laid_out: true,
            ..Self::new(text, json)
        }
    }

    /// Adds the receipt that records the delivery.
    pub(super) fn with_receipt(self, recorder: Recorder) -> Self {
        let receipt = self.content.is_some().then_some(recorder);
        Self { receipt, ..self }
    }
}

/// Lines with a name and a value, with the values aligned.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn add(&mut self, name: impl Into<String>, value: impl ToString) -> &mut Self {
        self.0
            .push((printable(&name.into()), printable(&value.to_string())));
        self
    }

    /// Renders them for the width of the terminal.
    pub(super) fn render(&self, indent: usize) -> String {
        self.render_in(indent, wrap::width_of(io::stdout()))
    }

    fn render_in(&self, indent: usize, columns: Option<usize>) -> String {
        let width = self
            .0
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        let line = |(name, value): &(String, String)| {
            let name = format!("{:indent$}{name:width$}  ", "");
            wrap::hang(&name, indent + width + 2, value, columns) + "\n"
        };
        self.0.iter().map(line).collect()
    }
}

/// The JSON text of a value, safe to show on a terminal: control characters are escaped (RFC 8259 section 7), and a parser reads the same
/// value. Control characters occur only inside strings; the line feeds are those between fields.
pub(super) fn json_text(value: &Value) -> String {
    escape(&format!("{value:#}"))
}

/// The same on one line.
pub(super) fn json_line(value: &Value) -> String {
    escape(&value.to_string())
}

fn escape(json: &str) -> String {
    let mut text = String::new();
    for character in json.chars() {
        if is_unprintable(character) && character != '\n' {
            let units = character.encode_utf16(&mut [0; 2]).to_vec();
            text.extend(units.iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(character);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_shows_no_control_and_reads_the_same() {
        let strange = "a\u{7f}\u{9b}2J\u{202e}b\u{feff}\u{e0041}\n\u{1b}\\u009b\"é\u{1f600}";
        let value = json!({ "label": strange, strange: [strange, 1] });
        let text = json_text(&value);
        assert!(
            !text.contains(|character| is_unprintable(character) && character != '\n'),
            "{text:?}"
        );
        assert!(
            text.contains(r"a\u007f\u009b2J\u202eb\ufeff\udb40\udc41\n\u001b"),
            "{text}"
        );
        assert!(text.contains("é\u{1f600}"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn values_stand_under_each_other_and_cannot_move_the_cursor() {
        let mut fields = Fields::default();
        fields.add("a", "1").add("long", "\u{1b}[2J");
        assert_eq!(fields.render_in(2, None), "  a     1\n  long  \u{fffd}[2J\n");
    }
}
