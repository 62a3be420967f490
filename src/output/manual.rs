//! A manual page in roff.

use super::{Encoding, Sealed, Verified};

/// A manual page: only text to display or print. It cannot run a program or read another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManualPage(String);

/// The requests that a page may have (man(7), and what strings and fonts need).
const REQUESTS: [&str; 15] = [
    "TH", "SH", "SS", "TP", "PP", "RS", "RE", "IP", "br", "nf", "fi", "ie", "el", "ds", "B",
];

impl ManualPage {
    /// Checks the text: UTF-8 without control characters, and only requests that set text. Requests such as `.so` and `.sy` read files and run
    /// programs as soon as a user opens the page.
    ///
    /// # Errors
    /// What is wrong, and on which line.
    pub fn check(text: String) -> Result<Self, String> {
        for (number, line) in (1..).zip(text.lines()) {
            if line.contains(char::is_control) {
                return Err(format!("line {number} has a control character"));
            }
            let Some(request) = line.strip_prefix(['.', '\'']) else {
                continue;
            };
            let name = request.split(' ').next().unwrap_or_default();
            if !name.is_empty() && !name.starts_with("\\\"") && !REQUESTS.contains(&name) {
                return Err(format!("line {number} has the request .{name}"));
            }
        }
        Ok(Self(text))
    }
}

impl Sealed for ManualPage {}

impl Verified for ManualPage {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        let text = String::from_utf8(written.to_vec()).map_err(|_| "it is not UTF-8".to_owned())?;
        Self::check(text).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_neither_reads_files_nor_runs_programs() {
        let page = ".TH HSM-CA 1\n.SH NAME\nhsm\\-ca\n'br\n.\\\" a comment\n.\n";
        assert!(ManualPage::check(page.to_owned()).is_ok());
        for wrong in [".so /etc/passwd", ".sy id", "'pso id", ".open x y", "a\u{1b}[2J"] {
            assert!(ManualPage::check(format!("{page}{wrong}\n")).is_err(), "{wrong}");
        }
    }
}
