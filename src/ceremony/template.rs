//! A template for a ceremony file.

use crate::output::{Encoding, Sealed, Verified};
use crate::values::UnixTime;

const TEXT: &str = include_str!("template.toml");

/// A commented ceremony file. [`CeremonyFile::read`](super::CeremonyFile::read) refuses it until it is filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CeremonyTemplate(String);

impl CeremonyTemplate {
    /// A template with the main session on the day of `main`, and the standby session a day later.
    #[must_use]
    pub fn dated(main: UnixTime) -> Self {
        let date = |time: UnixTime| time.to_string().chars().take(10).collect::<String>();
        let text = TEXT
            .replace("@MAIN@", &date(main))
            .replace("@STANDBY@", &date(main.plus_days(1)));
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Sealed for CeremonyTemplate {}

impl Verified for CeremonyTemplate {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        if written == self.0.as_bytes() {
            return Ok(());
        }
        Err("it reads back differently".to_owned())
    }
}
