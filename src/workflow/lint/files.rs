//! The files that decide what a linter does: its program, the files among its arguments, and the interpreters of scripts.

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::LinterError;
use crate::file_trust::{self, Owners};
use crate::workflow::program::find_program;
use crate::x509::Linter;

/// The first bytes of a script, in which Linux looks for its interpreter (`BINPRM_BUF_SIZE`).
const LONGEST_FIRST_LINE: u64 = 256;

/// The files that decide what a linter does. Anyone who can change one of them decides what runs, or what passes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinterFiles {
    /// The program: its path, or the first file of that name in [`Linter::PATH`]. `None` if it does not exist.
    pub program: Option<PathBuf>,
    /// The program, every regular file that an argument names, and the interpreters that the first lines of these name.
    pub all: BTreeSet<PathBuf>,
}

impl LinterFiles {
    /// Finds the files of a linter's command. An argument names a file by its full path, also after `=` (`--rules=/path`) or after the letter
    /// of an option (`-c/path`). A word without a slash names none, because the linter runs in an empty directory.
    ///
    /// # Errors
    /// [`LinterError::Untrusted`] if anyone but a file's owner or root could change it, or anyone but this user or root could add a file to a
    /// directory that an argument names.
    pub fn find(linter: &Linter) -> Result<Self, LinterError> {
        let untrusted = |cause| LinterError::Untrusted { cause };
        let program = match linter.command.first() {
            Some(program) => find_program(program).map_err(untrusted)?,
            None => None,
        };
        let mut waiting: VecDeque<PathBuf> = program.iter().cloned().collect();
        for path in linter.command.iter().skip(1).flat_map(|word| paths_in(word)) {
            if path.is_dir() {
                file_trust::check_directory(&path).map_err(untrusted)?;
            } else if path.exists() && !is_device(&path) {
                waiting.push_back(path);
            }
        }
        let mut all = BTreeSet::new();
        while let Some(file) = waiting.pop_front() {
            if all.contains(&file) {
                continue;
            }
            file_trust::check_file(&file, Owners::Any).map_err(untrusted)?;
            for interpreter in interpreters_of(&file) {
                waiting.extend(find_program(&interpreter).map_err(untrusted)?);
            }
            all.insert(file);
        }
        Ok(Self { program, all })
    }
}

/// The paths that an argument may contain. A path that begins with `../` starts in the directory for temporary files: the linter runs in a new
/// directory in it.
fn paths_in(word: &str) -> impl Iterator<Item = PathBuf> {
    let after_equals = word.split_once('=').map(|(_, value)| value);
    let after_letter = word
        .strip_prefix('-')
        .and_then(|option| option.split_at_checked(1))
        .map(|(_, value)| value);
    let texts = [Some(word), after_equals, after_letter];
    let paths = texts.map(|text| {
        let text = text?;
        match text.strip_prefix("../") {
            Some(rest) => Some(tempfile::env::temp_dir().join(rest)),
            None => text.starts_with('/').then(|| PathBuf::from(text)),
        }
    });
    paths.into_iter().flatten()
}

/// Devices (`/dev/null`) have no content that others could change. Only root can create one.
fn is_device(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    path.metadata().is_ok_and(|found| {
        let kind = found.file_type();
        kind.is_char_device() || kind.is_block_device()
    })
}

/// The programs that the first line of a script names: the interpreter, and for `/usr/bin/env NAME` the program that it starts.
fn interpreters_of(file: &Path) -> Vec<String> {
    let mut beginning = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LONGEST_FIRST_LINE).read_to_end(&mut beginning));
    // What cannot be read cannot be interpreted either.
    if read.is_err() {
        return Vec::new();
    }
    let line = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let Some(line) = line.strip_prefix(b"#!") else {
        return Vec::new();
    };
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace().map(str::to_owned);
    let Some(interpreter) = words.next() else {
        return Vec::new();
    };
    let is_env = Path::new(&interpreter)
        .file_name()
        .is_some_and(|name| name == "env");
    let is_setting = |word: &String| word.starts_with('-') || word.contains('=');
    let started = is_env.then(|| words.find(|word| !is_setting(word))).flatten();
    [interpreter].into_iter().chain(started).collect()
}

#[cfg(test)]
mod tests;
