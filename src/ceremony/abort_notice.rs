//! The file that says that a ceremony was given up: nobody who opens its directory takes it for a real one.

use super::PlanIdentity;
use crate::output::{Encoding, Sealed, Verified};
use crate::values::UnixTime;

/// The text of `ABORTED.txt`. The transcript's last line is what counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbortNotice(String);

impl AbortNotice {
    /// That this ceremony was aborted.
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
