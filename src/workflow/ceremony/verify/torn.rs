//! The copies of torn lines that were removed.

use super::{Archive, CeremonyReport};
use crate::ceremony::rules;

/// A copy that no deviation names is a line that was removed without a record.
pub(super) fn check(archive: &Archive, report: &mut CeremonyReport) {
    let Some(transcript) = &report.transcript else {
        return;
    };
    for copy in transcript.unrecorded_copies(&archive.files_in("run")) {
        let found = "it has a line that was removed from the transcript, and no deviation names it";
        report.find(format!("run/{copy}"), rules::TORN, found);
    }
}
