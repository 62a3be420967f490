//! What is wrong with a ceremony, and where.

use std::fmt;

/// One thing that a verifier found. Verification goes on after it: people have to see all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, below the ceremony's directory.
    pub file: String,
    /// Its line, from 1, in a file of lines.
    pub line: Option<u64>,
    /// The rule of docs/ceremony-format.md that is broken.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
}

impl Finding {
    /// In a whole file.
    #[must_use]
    pub fn in_file(file: impl Into<String>, rule: &'static str, found: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: None,
            rule,
            found: found.into(),
        }
    }

    /// In a line of the transcript.
    #[must_use]
    pub fn in_line(line: u64, rule: &'static str, found: impl Into<String>) -> Self {
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
