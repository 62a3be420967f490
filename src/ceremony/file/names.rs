//! Names, paths and hashes: the small values that every part of the file uses.

use std::path::{Component, Path};

use super::CeremonyFileError;
use crate::ceremony::Digest;
use crate::ceremony::author::is_reserved;
use crate::ceremony::remark::remark_in;

/// Enough for any name, and short enough for a line of the script.
const LONGEST_NAME: usize = 64;

/// Refuses a name that is not one word of letters, digits, `-`, `_` and `.`. Names are read aloud, printed and used as file names.
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

/// Refuses text that is empty or that could hide something when printed or displayed.
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

/// Characters that are invisible or change how others are displayed (Unicode category Cf, fillers, variation selectors), and characters without a
/// meaningful glyph (private use, replacements, noncharacters).
fn is_format(character: char) -> bool {
    // The last two code points of each plane are noncharacters.
    u32::from(character) & 0xfffe == 0xfffe
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffd}' | '\u{e0000}'..='\u{e0fff}'
                | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}' | '\u{fdd0}'..='\u{fdef}'
        )
}

/// A person's name must fit on a line of the script, and people type it in the room.
const LONGEST_PERSON: usize = 100;

/// Refuses a person's name that people cannot type exactly as the script shows it.
pub(super) fn check_person(place: &str, name: &str, line: Option<usize>) -> Result<(), CeremonyFileError> {
    check_text("name", place, name, line)?;
    let refuse = |reason: String| Err(CeremonyFileError::at(place, line, reason));
    let count = name.chars().count();
    if count > LONGEST_PERSON {
        return refuse(format!(
            "name has {count} characters; the script has room for {LONGEST_PERSON}"
        ));
    }
    if name.contains(',') {
        return refuse("name contains a comma: in the room, a comma ends a name".to_owned());
    }
    if remark_in(name).is_some() {
        return refuse(
            "name begins with \"note:\" or \"deviation:\": in the room, that begins a remark".to_owned(),
        );
    }
    if is_reserved(name) {
        return refuse(
            "name begins with \"login \" or is the program's, or looks like that: in the transcript, that is not a person"
                .to_owned(),
        );
    }
    if name.contains("  ") {
        return refuse("name contains two spaces in a row, which print as one".to_owned());
    }
    let is_other_space = |character: char| character.is_whitespace() && character != ' ';
    if let Some(space) = name.chars().find(|character| is_other_space(*character)) {
        let space = u32::from(space);
        return refuse(format!(
            "name contains U+{space:04X}, which looks like a space and is another character: use a space"
        ));
    }
    if let Some(part) = name.chars().find(|character| is_part_of_letter(*character)) {
        let part = u32::from(part);
        return refuse(format!(
            "name contains U+{part:04X}, a part of a letter: use the letter that has it, as a keyboard types it"
        ));
    }
    Ok(())
}

/// Combining accents and marks, and the parts of Korean syllables. A letter followed by its mark is encoded differently from the precomposed
/// character but looks the same.
const fn is_part_of_letter(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}' | '\u{1100}'..='\u{11ff}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
            | '\u{3099}' | '\u{309a}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}' | '\u{fe20}'..='\u{fe2f}'
    )
}

/// Refuses a path that leaves the ceremony's directory or that could be written in more than one way.
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

/// Reads a hash in its only accepted form.
pub(super) fn read_sha256(place: &str, text: &str) -> Result<Digest, CeremonyFileError> {
    text.parse().map_err(|error| {
        CeremonyFileError::at(
            place,
            None,
            format!("{error}, as `sha256sum` prints them; it is {text:?}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> Option<String> {
        let refused = check_person("person 1", name, Some(3)).err()?;
        Some(refused.to_string())
    }

    #[test]
    fn a_name_that_people_can_type_as_they_read_it_is_taken() {
        let longest = "x".repeat(LONGEST_PERSON);
        for name in [
            "W",
            "Zoë Müller-O'Neil jr.",
            "José María de la Cruz",
            "山田 太郎",
            "Σωκράτης",
            "אדה",
            "Nguyễn Thị Ngọc",
            "김철수",
            "note",
            "login",
            "A: B (witness)",
            &longest,
        ] {
            assert_eq!(refusal(name), None, "{name}");
        }
    }

    #[test]
    fn a_name_that_the_room_or_the_paper_changes_is_refused() {
        let long = "x".repeat(LONGEST_PERSON + 1);
        for (name, told) in [
            ("", "is empty"),
            ("\u{3000}", "is empty"),
            (" W", "white space"),
            ("W ", "white space"),
            ("W\u{a0}", "white space"),
            ("W, Jr.", "comma"),
            (",", "comma"),
            ("note: W", "remark"),
            ("deviation:W", "remark"),
            ("Note : W", "remark"),
            ("DEVIATION:W", "remark"),
            ("login W", "not a person"),
            ("Login W", "not a person"),
            ("HSM-CA", "not a person"),
            ("hsm-сa", "not a person"),
            ("1ogin W", "not a person"),
            ("W  Jr.", "two spaces"),
            ("W\u{a0}Jr.", "U+00A0"),
            ("W\u{3000}Jr.", "U+3000"),
            ("W\nJr.", "U+000A"),
            ("W\tJr.", "U+0009"),
            ("W\u{1b}[2J", "U+001B"),
            ("W\u{7f}", "U+007F"),
            ("W\u{85}Jr.", "U+0085"),
            ("\u{202e}W", "U+202E"),
            ("W\u{200b}", "U+200B"),
            ("W\u{fe0f}", "U+FE0F"),
            ("W\u{e0101}", "U+E0101"),
            ("W\u{fffd}", "U+FFFD"),
            ("W\u{e000}", "U+E000"),
            ("W\u{1fffe}", "U+1FFFE"),
            ("W\u{10ffff}", "U+10FFFF"),
            ("Jose\u{301}", "U+0301"),
            ("\u{1100}\u{1161}", "U+1100"),
            (&long, "101 characters"),
        ] {
            let found = refusal(name).unwrap_or_else(|| panic!("{name:?} is taken"));
            assert!(found.contains(told), "{name:?}: {found}");
            assert!(found.starts_with("line 3: person 1: name"), "{found}");
        }
    }
}
