//! The result of a command, for people and for programs.

use hsm_ca::x509::is_unprintable;
use serde_json::Value;

/// What a command has to say.
#[derive(Debug)]
pub(super) struct Report {
    /// For people.
    pub(super) text: String,
    /// For programs: one object.
    pub(super) json: Value,
    /// The content itself, where it goes to stdout (`--out -`); the text then goes to stderr.
    pub(super) content: Option<Vec<u8>>,
    /// What people should know before they go on.
    pub(super) warnings: Vec<String>,
    /// 0, unless the report is of something that did not pass.
    pub(super) exit_code: u8,
}

impl Report {
    pub(super) fn new(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            content: None,
            warnings: Vec::new(),
            exit_code: 0,
        }
    }
}

/// Lines of a name and a value, the values under each other.
#[derive(Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn add(&mut self, name: impl Into<String>, value: impl ToString) -> &mut Self {
        self.0.push((name.into(), printable(&value.to_string())));
        self
    }

    pub(super) fn render(&self, indent: usize) -> String {
        let width = self
            .0
            .iter()
            .map(|(name, _)| name.chars().count())
            .max()
            .unwrap_or(0);
        let line = |(name, value): &(String, String)| format!("{:indent$}{name:width$}  {value}\n", "");
        self.0.iter().map(line).collect()
    }
}

/// Text from tokens, files and servers, without what could move a cursor or hide a word.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            if is_unprintable(character) {
                '\u{FFFD}'
            } else {
                character
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_under_each_other_and_cannot_move_the_cursor() {
        let mut fields = Fields::default();
        fields.add("a", "1").add("long", "\u{1b}[2J");
        assert_eq!(fields.render(2), "  a     1\n  long  \u{fffd}[2J\n");
    }
}
