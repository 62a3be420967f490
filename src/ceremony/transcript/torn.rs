//! Copies of torn lines, beside the transcript. A copy is made before its line is removed, and a deviation names it afterwards.
//!
//! A program that stops in between leaves a copy that no deviation names. So the next one that adds to the transcript still records the cut.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use super::{TornLine, Transcript};
use crate::ceremony::Event;
use crate::output::make_temporary;

/// The start of a copy's name. The place of the line in the file follows, in bytes.
const PREFIX: &str = "torn-";

/// Keeps a torn line in `torn-N` of this directory: N is its place. Other lines that were torn at the same place are in `torn-N-2` and so on.
pub(super) fn keep(directory: &Path, torn: &TornLine) -> io::Result<()> {
    for number in 1_u32.. {
        let path = directory.join(match number {
            1 => format!("{PREFIX}{}", torn.at),
            _ => format!("{PREFIX}{}-{number}", torn.at),
        });
        match path.symlink_metadata() {
            Ok(found) if is_copy_of(&path, &found, &torn.bytes)? => return Ok(()),
            Ok(_) => {}
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                let mut file = make_temporary(directory, 0o600)?;
                file.write_all(&torn.bytes)?;
                file.as_file().sync_all()?;
                file.persist_noclobber(&path).map_err(|error| error.error)?;
                return File::open(directory)?.sync_all();
            }
            Err(cause) => return Err(cause),
        }
    }
    Ok(())
}

/// Whether the file has this content. A file of another length is not read: it can be large.
fn is_copy_of(path: &Path, found: &Metadata, bytes: &[u8]) -> io::Result<bool> {
    let is_as_long = usize::try_from(found.len()).is_ok_and(|length| length == bytes.len());
    Ok(found.is_file() && is_as_long && fs::read(path)? == bytes)
}

/// The names of the copies in this directory.
pub(super) fn copies_in(directory: &Path) -> io::Result<BTreeSet<String>> {
    let mut copies = BTreeSet::new();
    for entry in fs::read_dir(directory)? {
        if let Ok(name) = entry?.file_name().into_string()
            && is_copy(&name)
        {
            copies.insert(name);
        }
    }
    Ok(copies)
}

impl Transcript {
    /// Those of these files of `run/` that are copies of torn lines, and that no deviation names.
    #[must_use]
    pub fn unrecorded_copies(&self, files: &BTreeSet<String>) -> BTreeSet<String> {
        let mut copies: BTreeSet<_> = files.iter().filter(|name| is_copy(name)).cloned().collect();
        if copies.is_empty() {
            return copies;
        }
        for record in self.records() {
            if let Ok(Event::Deviation { text, .. }) = record.event() {
                let is_other = |character: char| !(character.is_ascii_alphanumeric() || character == '-');
                for word in text.split(is_other) {
                    copies.remove(word);
                }
            }
        }
        copies
    }
}

fn is_copy(name: &str) -> bool {
    let place = name.strip_prefix(PREFIX);
    place.is_some_and(|place| place.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-'))
}

/// The deviation for a copy.
pub(super) fn deviation(copy: &str) -> String {
    format!(
        "the last line of the transcript was incomplete and was removed: run/{copy} has what was written of it"
    )
}
