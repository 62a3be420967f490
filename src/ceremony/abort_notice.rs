//! The file that marks a ceremony as aborted, so that a reader of the directory does not mistake it for a valid ceremony.

use super::PlanIdentity;
use crate::output::{Encoding, Sealed, Verified};
use crate::values::UnixTime;

/// The text of `ABORTED.txt`. It is for people: only the transcript's last line is authoritative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbortNotice(String);

impl AbortNotice {
    /// The notice for the ceremony of `plan`.
    #[must_use]
    pub fn new(plan: &PlanIdentity, because: &str, by: &str, time: UnixTime) -> Self {
        Self(format!(
            "THIS CEREMONY WAS ABORTED. Use nothing in this directory.\n\n\
             ceremony  {} ({})\nplan      {}\ntime      {time}\nby        {by}\nbecause   {because}\n\n\
             The last line of run/transcript.jsonl says the same. All files are as they were.\n",
            plan.ceremony,
            plan.kind.word(),
            plan.hash
        ))
    }
}

impl Sealed for AbortNotice {}

impl Verified for AbortNotice {
    fn content(&self, _: Encoding) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        match written == self.0.as_bytes() {
            true => Ok(()),
            false => Err("it reads back differently".to_owned()),
        }
    }
}
