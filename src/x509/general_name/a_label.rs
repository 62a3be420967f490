//! Labels in Punycode: `xn--…` (RFC 5890 section 2.3.2.1, RFC 3492).

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;
use idna::punycode;
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::x509::name::{find_mixed_scripts, is_misleading_letter};

const PREFIX: &str = "xn--";

/// An A-label is the Punycode of exactly one label in Unicode. Programs show any other label that begins with `xn--` differently, or not at all.
/// Labels without the prefix pass.
pub(super) fn check_a_label(label: &str) -> Result<(), String> {
    let label = label.to_ascii_lowercase();
    let Some(encoded) = label.strip_prefix(PREFIX) else {
        return Ok(());
    };
    let text = punycode::decode_to_string(encoded).ok_or("is not Punycode")?;
    if text.is_ascii() {
        return Err("is Punycode of ASCII, which needs none".to_owned());
    }
    if punycode::encode_str(&text).as_deref() != Some(encoded) {
        return Err("is not the canonical Punycode of its text".to_owned());
    }
    let characters: Vec<_> = text.chars().collect();
    if let Some(character) = characters.iter().find(|character| !may_stand(**character)) {
        return Err(format!("contains {}, which no label may have", code(*character)));
    }
    // Browsers do not show such a label in its own letters (UTS 39 section 5), because "xn--pple-43d" would look like "apple".
    if let Some(mixed) = find_mixed_scripts(&characters) {
        return Err(format!("has {mixed} ({text:?})"));
    }
    if let Some(character) = find_out_of_context(&characters) {
        let code = code(character);
        return Err(format!(
            "contains {code} where no label may have it (RFC 5892 appendix A)"
        ));
    }
    // What it decodes to must be composed (NFC, RFC 5891 section 4.2.1), without a mark at its beginning (4.2.3.2) or a hyphen out of place
    // (4.2.3.1), and in one direction (RFC 5893).
    let read = Uts46::new().to_ascii(
        text.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::Check,
        DnsLength::Ignore,
    );
    match read {
        Ok(read) if read == label => Ok(()),
        Ok(other) => Err(format!("is another spelling of {other:?}")),
        Err(_) => Err(
            "has a hyphen or a mark out of place, or letters of both directions (RFC 5891 section 4.2.3, RFC 5893)"
                .to_owned(),
        ),
    }
}

fn code(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// RFC 5892 section 3, without the joiners, which are invisible: small letters, digits and marks. UTS 46 maps what its category `Unstable` has.
fn may_stand(character: char) -> bool {
    use GeneralCategory as Category;
    if character.is_ascii() {
        return character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    }
    // Section 2.6, exceptions; section 2.9, OldHangulJamo.
    match character {
        '\u{B7}' | '\u{375}' | '\u{5F3}' | '\u{5F4}' | '\u{6FD}' | '\u{6FE}' | '\u{F0B}' | '\u{3007}'
        | '\u{30FB}' => return true,
        '\u{640}' | '\u{7FA}' | '\u{302E}' | '\u{302F}' | '\u{3031}'..='\u{3035}' | '\u{303B}' => {
            return false;
        }
        '\u{1100}'..='\u{11FF}' | '\u{A960}'..='\u{A97C}' | '\u{D7B0}'..='\u{D7FB}' => return false,
        _ => {}
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let is_letter_or_digit = matches!(
        category,
        Category::LowercaseLetter
            | Category::OtherLetter
            | Category::ModifierLetter
            | Category::NonspacingMark
            | Category::SpacingMark
            | Category::DecimalNumber
    );
    is_letter_or_digit && !is_misleading_letter(character)
}

/// A character that RFC 5892 appendix A (A.3 to A.9) allows only beside others.
fn find_out_of_context(text: &[char]) -> Option<char> {
    let is_greek = |character: &char| matches!(character, '\u{370}'..='\u{3FF}' | '\u{1F00}'..='\u{1FFF}');
    let is_hebrew = |character: &char| matches!(character, '\u{591}'..='\u{5F4}');
    let is_japanese = |character: &char| {
        let is_kana = matches!(character, '\u{3041}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}');
        is_kana
            || matches!(character, '\u{3005}' | '\u{3007}' | '\u{3400}'..='\u{9FFF}' | '\u{20000}'..='\u{3FFFF}')
    };
    let has =
        |digits: std::ops::RangeInclusive<char>| text.iter().any(|character| digits.contains(character));
    let has_both_digits = has('\u{660}'..='\u{669}') && has('\u{6F0}'..='\u{6F9}');
    let found = text.iter().enumerate().find(|(place, character)| {
        let before = place.checked_sub(1).and_then(|place| text.get(place));
        let after = text.get(place + 1);
        match character {
            '\u{B7}' => before != Some(&'l') || after != Some(&'l'),
            '\u{375}' => !after.is_some_and(is_greek),
            '\u{5F3}' | '\u{5F4}' => !before.is_some_and(is_hebrew),
            '\u{30FB}' => !text.iter().any(is_japanese),
            '\u{660}'..='\u{669}' => has_both_digits,
            _ => false,
        }
    });
    found.map(|(_, character)| *character)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_label(text: &str) -> String {
        format!("xn--{}", punycode::encode_str(text).unwrap())
    }

    /// Names in use, and the examples of RFC 3492 section 7.1 that IDNA allows.
    #[test]
    fn what_registries_give_out_passes() {
        for text in [
            "他们为什么不说中文",
            "3年b組金八先生",
            "bücher",
            "münchen-ost",
            "faß",
            "ü",
            "παράδειγμα",
            "испытание",
            "परीक्षा",
            "இலங்கை",
            "한국",
            "إختبار",
            "טעסט",
            "תל5",
            "l·l",
            "ת״א",
            "テスト・x",
            "〇〇",
            "مثال۵",
        ] {
            assert_eq!(check_a_label(&a_label(text)), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_label_with_the_prefix_of_an_a_label_must_be_one() {
        for label in [
            "xn--bcher-kva",
            "XN--BCHER-KVA",
            "xn--fa-hia",
            "xn--ihqwcrb4cv8a8dqg056pqjye",
            "www",
            "a--b",
            "r3---sn",
        ] {
            assert_eq!(check_a_label(label), Ok(()), "{label}");
        }
        for (label, problem) in [
            ("xn--", "needs none"),
            ("xn--abc-", "needs none"),
            ("xn--a-b-", "needs none"),
            ("xn--bcher-kv", "not Punycode"),
            ("xn--99999999", "not Punycode"),
            ("xn--ls8h", "U+1F4A9"),
            // Not in NFC: it looks like "über".
            ("xn--uber-vwc", "another spelling of \"xn--ber-goa\""),
            ("xn--ab-vld", "both directions"),
            ("xn--pple-43d", "Cyrillic and Latin letters in one word"),
            ("XN--PPLE-43D", "Cyrillic and Latin letters in one word"),
            ("xn--a-foc", "U+0640"),
        ] {
            let found = check_a_label(label);
            assert!(
                found.as_ref().is_err_and(|found| found.contains(problem)),
                "{label}: {found:?}"
            );
        }
        for text in [
            "a\u{200b}b",
            "ａbc",
            "a。b",
            "Ü",
            "a\u{202e}b",
            "a\u{3164}",
            "-ü",
            "ü-",
            "ab--ü",
            "\u{301}ab",
            "\u{93c}क",
            "a\u{a0}b",
            "a\u{2800}",
            "a·l",
            "l·",
            "a\u{30fb}b",
            "a\u{5f3}",
            "\u{375}a",
            "ب\u{660}\u{6f0}",
            "ب\u{640}ب",
            "x²",
            "ⅷ",
            "½",
            "\u{1100}\u{1161}",
            "a\u{378}",
            "1ب",
            "بa",
            "ﬁn",
            "ſ",
        ] {
            assert!(check_a_label(&a_label(text)).is_err(), "{text}");
        }
    }

    /// A label that decodes and then encodes differently is another spelling of the same label.
    #[test]
    fn every_label_that_passes_is_the_encoding_of_what_it_decodes_to() {
        let mut numbers = crate::x509::fixture::Numbers(7);
        let letters: Vec<_> = "abcdefghijklmnopqrstuvwxyz0123456789-".chars().collect();
        for _ in 0..20_000 {
            let length = numbers.below(12) + 1;
            let encoded: String = (0..length)
                .map(|_| letters[usize::try_from(numbers.below(37)).unwrap()])
                .collect();
            if check_a_label(&format!("xn--{encoded}")).is_ok() {
                let text = punycode::decode_to_string(&encoded).unwrap();
                assert_eq!(punycode::encode_str(&text), Some(encoded));
            }
        }
    }
}
