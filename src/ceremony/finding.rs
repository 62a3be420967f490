//! A problem found in a ceremony, and its place.

use std::fmt;

use super::CeremonyRule;

/// One problem that a verifier found. Verification continues after it, so that people see every problem.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the ceremony's directory.
    pub file: String,
    /// The line, from 1, if the file consists of lines.
    pub line: Option<u64>,
    /// The rule of docs/ceremony-format.md that was broken.
    pub rule: CeremonyRule,
    /// What was found.
    pub found: String,
}

impl Finding {
    /// A finding about a whole file.
    #[must_use]
    pub fn in_file(file: impl Into<String>, rule: CeremonyRule, found: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            rule,
            found: found.into(),
        }
    }

    /// A finding about a line of the transcript.
    #[must_use]
    pub fn in_line(line: u64, rule: CeremonyRule, found: impl Into<String>) -> Self {
        Self {
            line: Some(line),
            ..Self::in_file("run/transcript.jsonl", rule, found)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}: {}", self.rule, self.found)
    }
}
