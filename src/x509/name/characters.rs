//! Characters that make a name look like another: invisible ones, and look-alikes.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use crate::values::is_unprintable;

/// Why a value misleads its reader; `is_common_name` if it may be read as a host.
pub(super) fn find_misleading(characters: &[char], is_common_name: bool) -> Option<String> {
    if let Some(found) = find_invisible(characters) {
        return Some(found);
    }
    // RFC 5280 section 7.1 ignores it in comparisons, and readers do not see it.
    if characters.first() == Some(&' ') || characters.last() == Some(&' ') {
        return Some("a space at its beginning or end".to_owned());
    }
    if let Some(character) = characters.iter().find(|character| is_other_space(**character)) {
        return Some(format!("{}, which looks like a space", code(*character)));
    }
    if characters.contains(&'\u{FFFD}') {
        return Some("U+FFFD, which stands for a character that was lost".to_owned());
    }
    let categories = CodePointMapData::<GeneralCategory>::new();
    let is_unassigned = |character: &&char| categories.get(**character) == GeneralCategory::Unassigned;
    if let Some(character) = characters.iter().find(is_unassigned) {
        return Some(format!("{}, which Unicode does not assign", code(*character)));
    }
    let like_separator = |character: &char| Some((*character, separator_like(*character)?));
    if let Some((character, like)) = characters.iter().find_map(like_separator) {
        return Some(format!("{}, which looks like \"{like}\"", code(character)));
    }
    if !is_common_name {
        return None;
    }
    if let Some(character) = characters.iter().find(|character| is_letter_form(**character)) {
        return Some(format!("{}, another form of a letter or digit", code(*character)));
    }
    find_mixed_scripts(characters)
}

/// Two alphabets in one word, of which one looks like the other.
pub(in crate::x509) fn find_mixed_scripts(characters: &[char]) -> Option<String> {
    let words = characters.split(|character| !character.is_alphanumeric());
    let mut scripts = words.filter_map(mixed_scripts);
    scripts
        .next()
        .map(|[one, other]| format!("{one} and {other} letters in one word"))
}

/// A character that is invisible.
pub(super) fn find_invisible(characters: &[char]) -> Option<String> {
    let found = characters.iter().find(|character| is_unprintable(**character))?;
    Some(format!("the invisible character {}", code(*found)))
}

/// Whether a host name in Unicode may not have this letter.
pub(in crate::x509) fn is_misleading_letter(character: char) -> bool {
    is_unprintable(character)
        || character.is_whitespace()
        || separator_like(character).is_some()
        || is_letter_form(character)
}

fn code(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

const fn is_other_space(character: char) -> bool {
    matches!(
        character,
        '\u{A0}' | '\u{1680}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\u{205F}' | '\u{3000}'
    )
}

/// Other forms of the separators of a host name, a mailbox or a URL: UTS #46 maps U+3002, U+FF0E and U+FF61 to a dot.
const fn separator_like(character: char) -> Option<char> {
    Some(match character {
        '\u{2024}' | '\u{3002}' | '\u{FE52}' | '\u{FF0E}' | '\u{FF61}' | '\u{A4F8}' | '\u{10A50}'
        | '\u{1D16D}' => '.',
        // The full stops of other scripts.
        '\u{589}' | '\u{6D4}' | '\u{701}' | '\u{702}' | '\u{1362}' | '\u{166E}' | '\u{1803}' | '\u{1809}'
        | '\u{2CF9}' | '\u{2CFE}' | '\u{2E3C}' | '\u{A4FF}' | '\u{A60E}' | '\u{A6F3}' | '\u{16AF5}'
        | '\u{16E98}' | '\u{1BC9F}' | '\u{1DA88}' => '.',
        '\u{2044}' | '\u{2215}' | '\u{29F8}' | '\u{FF0F}' => '/',
        '\u{FE6B}' | '\u{FF20}' => '@',
        '\u{2236}' | '\u{A789}' | '\u{FE55}' | '\u{FF1A}' => ':',
        '\u{2010}'..='\u{2012}' | '\u{2212}' | '\u{FE63}' | '\u{FF0D}' => '-',
        '\u{FE61}' | '\u{FF0A}' | '\u{2217}' => '*',
        _ => return None,
    })
}

/// Letters and digits that UTS #46 maps to those of ASCII: full-width, mathematical, in a circle.
const fn is_letter_form(character: char) -> bool {
    matches!(
        character,
        '\u{FF10}'..='\u{FF19}' | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}' | '\u{1D400}'..='\u{1D7FF}'
            | '\u{2460}'..='\u{24FF}' | '\u{1F100}'..='\u{1F1FF}' | '\u{210A}'..='\u{2115}' | '\u{2119}'..='\u{211D}' | '\u{2124}' | '\u{2128}' | '\u{212A}'..='\u{212D}' | '\u{212F}'..='\u{2134}'
    )
}

/// Scripts whose letters look like Latin ones (UTS #39 section 5).
fn mixed_scripts(word: &[char]) -> Option<[&'static str; 2]> {
    let script = |character: &char| match character {
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' => Some("Latin"),
        '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}' => Some("Greek"),
        '\u{400}'..='\u{52F}' => Some("Cyrillic"),
        '\u{530}'..='\u{58F}' => Some("Armenian"),
        '\u{13A0}'..='\u{13FF}' | '\u{AB70}'..='\u{ABBF}' => Some("Cherokee"),
        _ => None,
    };
    let mut scripts = word.iter().filter_map(script);
    let first = scripts.next()?;
    scripts.find(|other| *other != first).map(|other| [first, other])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, is_common_name: bool) -> Option<String> {
        find_misleading(&text.chars().collect::<Vec<_>>(), is_common_name)
    }

    #[test]
    fn invisible_characters_and_look_alikes_are_found() {
        for (text, word) in [
            (" a", "space at"),
            ("a ", "space at"),
            ("a\u{a0}b", "U+00A0"),
            ("a\u{3000}b", "U+3000"),
            ("a\u{3164}b", "invisible character U+3164"),
            ("a\u{2800}b", "invisible character U+2800"),
            ("a\u{ffa0}b", "invisible"),
            ("a\u{115f}b", "invisible"),
            ("a\u{1160}b", "invisible"),
            ("a\u{34f}b", "invisible"),
            ("a\u{17b4}b", "invisible"),
            ("a\u{180b}b", "invisible"),
            ("a\u{200b}b", "invisible"),
            ("a\u{202e}b", "invisible"),
            ("a\u{2066}b", "invisible"),
            ("a\u{fe0f}b", "invisible"),
            ("a\u{feff}b", "invisible"),
            ("a\u{fffa}b", "invisible"),
            ("a\u{1d173}b", "invisible"),
            ("a\u{e0061}b", "invisible"),
            ("a\u{e0100}b", "invisible"),
            ("a\u{e000}b", "invisible"),
            ("a\u{fdd0}b", "invisible"),
            ("a\u{10ffff}b", "invisible"),
            ("a\u{701}b", "U+0701, which looks like \".\""),
            ("a\u{6d4}b", "U+06D4"),
            ("a\u{a60e}b", "U+A60E"),
            ("a\u{fffd}b", "U+FFFD, which stands for"),
            ("a\u{378}b", "U+0378, which Unicode does not assign"),
            ("www\u{ff0e}example", "looks like \".\""),
            ("www\u{3002}example", "looks like \".\""),
            ("www\u{ff61}example", "looks like \".\""),
            ("www\u{2024}example", "looks like \".\""),
            ("a\u{2215}b", "looks like \"/\""),
            ("a\u{ff20}b", "looks like \"@\""),
        ] {
            for is_common_name in [false, true] {
                let found = find(text, is_common_name).unwrap_or_default();
                assert!(found.contains(word), "{text:?}: {found}");
            }
        }
        for text in [
            "ｗｗｗ.example",
            "𝐞xample",
            "ⓔxample",
            "ex\u{430}mple.com",
            "p\u{3b1}ypal",
        ] {
            assert!(find(text, true).is_some(), "{text}");
            assert_eq!(find(text, false), None, "{text}");
        }
    }

    #[test]
    fn names_of_people_and_firms_are_accepted() {
        for text in [
            "Example CA",
            "Ünïcode Ærø Łódź",
            "Пример УЦ",
            "Παράδειγμα ΑΕ",
            "株式会社サンプル",
            "예시 인증",
            "مثال",
            "עברית",
            "Σ-Tech",
            "O'Neil & Søn",
            "a  b",
            "50 µm",
            "Example™ № 5",
            "München*.example",
            "हिन्दी",
            "ไทย",
        ] {
            assert_eq!(find(text, true), None, "{text}");
        }
    }
}
