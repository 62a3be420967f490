//! Names, paths and hashes: the small values that every part of the file uses.

use std::path::{Component, Path};

use super::CeremonyFileError;
use crate::ceremony::Digest;

/// Long enough for any name, and short enough for a line of the script.
const LONGEST_NAME: usize = 64;

/// Refuses a name that is not one word of letters, digits, `-`, `_` and `.`: names are read aloud, printed and used as file names.
pub(super) fn check(
    what: &str,
    place: &str,
    name: &str,
    line: Option<usize>,
) -> Result<(), CeremonyFileError> {
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let begins = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins && name.len() <= LONGEST_NAME && name.chars().all(is_plain) {
        return Ok(());
    }
    let reason = format!(
        "{what} must be up to {LONGEST_NAME} letters, digits, - _ and ., and begin with a letter or a digit; it is {name:?}"
    );
    Err(CeremonyFileError::at(place, line, reason))
}

/// Refuses text that is empty, or that could hide something where it is printed or shown.
pub(super) fn check_text(
    what: &str,
    place: &str,
    text: &str,
    line: Option<usize>,
) -> Result<(), CeremonyFileError> {
    let refuse = |reason: String| Err(CeremonyFileError::at(place, line, reason));
    if text.trim().is_empty() {
        return refuse(format!("{what} is empty"));
    }
    if text.trim() != text {
        return refuse(format!("{what} begins or ends with white space"));
    }
    let is_hidden = |character: char| character.is_control() || is_format(character);
    match text.chars().find(|character| is_hidden(*character)) {
        Some(hidden) => refuse(format!(
            "{what} contains U+{:04X}, which is not visible in print",
            u32::from(hidden)
        )),
        None => Ok(()),
    }
}

/// Characters that change how others are shown, or are not shown themselves (Unicode category Cf, and fillers).
const fn is_format(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Refuses a path that leaves the directory of the ceremony, or that has two spellings.
pub(super) fn check_path(place: &str, file: &str) -> Result<(), CeremonyFileError> {
    let is_plain = |component: Component<'_>| match component {
        Component::Normal(name) => name
            .to_str()
            .is_some_and(|name| check("", place, name, None).is_ok()),
        _ => false,
    };
    let path = Path::new(file);
    let again: Vec<_> = path
        .components()
        .filter_map(|part| part.as_os_str().to_str())
        .collect();
    if !file.is_empty() && path.components().all(is_plain) && again.join("/") == file {
        return Ok(());
    }
    let reason = format!(
        "file is {file:?}; it must be a path below the ceremony file's directory, of letters, digits, - _ . and /"
    );
    Err(CeremonyFileError::at(place, None, reason))
}

/// A hash, in its one spelling.
pub(super) fn read_sha256(place: &str, text: &str) -> Result<Digest, CeremonyFileError> {
    text.parse().map_err(|error| {
        CeremonyFileError::at(
            place,
            None,
            format!("{error}, as `sha256sum` prints them; it is {text:?}"),
        )
    })
}
