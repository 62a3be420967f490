//! Labels in Punycode: `xn--…` (RFC 5890 section 2.3.2.1, RFC 3492).

use crate::x509::name::is_misleading_letter;

const PREFIX: &str = "xn--";

/// RFC 3492 section 5.
const BASE: u32 = 36;
const T_MIN: u32 = 1;
const T_MAX: u32 = 26;
const SKEW: u32 = 38;
const DAMP: u32 = 700;
const FIRST_BIAS: u32 = 72;
const FIRST_CODE_POINT: u32 = 128;

/// An A-label is the Punycode of exactly one label in Unicode. Programs show any other label that begins with `xn--` differently, or not at all.
/// Labels without the prefix pass.
pub(super) fn check_a_label(label: &str) -> Result<(), String> {
    let label = label.to_ascii_lowercase();
    let Some(encoded) = label.strip_prefix(PREFIX) else {
        return Ok(());
    };
    let text = decode(encoded).ok_or("is not Punycode")?;
    if text.iter().all(char::is_ascii) {
        return Err("is Punycode of ASCII, which needs none".to_owned());
    }
    if encode(&text).as_deref() != Some(encoded) {
        return Err("is not the canonical Punycode of its text".to_owned());
    }
    // RFC 5891 section 4.2.3 and RFC 5892 section 2: small letters, digits and marks.
    let is_wrong = |character: &&char| {
        let ascii = character.is_ascii_lowercase() || character.is_ascii_digit() || **character == '-';
        let is_letter = character.is_alphanumeric() || is_combining(**character) || is_mark(**character);
        let other = !character.is_ascii()
            && is_letter
            && !is_misleading_letter(**character)
            && character.to_lowercase().eq([**character]);
        !ascii && !other
    };
    if let Some(character) = text.iter().find(is_wrong) {
        let code = u32::from(*character);
        return Err(format!("contains U+{code:04X}, which no label may have"));
    }
    let is_hyphen = |place: usize| text.get(place) == Some(&'-');
    if is_hyphen(0) || text.last() == Some(&'-') || (is_hyphen(2) && is_hyphen(3)) {
        return Err("has a hyphen where no label may have one (RFC 5891 section 4.2.3.1)".to_owned());
    }
    if text.first().is_some_and(|first| is_combining(*first)) {
        return Err("begins with a combining mark (RFC 5891 section 4.2.3.2)".to_owned());
    }
    Ok(())
}

/// The blocks that consist of combining marks.
const fn is_combining(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36F}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5BD}' | '\u{610}'..='\u{61A}' | '\u{64B}'..='\u{65F}'
            | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{3099}' | '\u{309A}'
            | '\u{FE20}'..='\u{FE2F}'
    )
}

/// Marks inside words of the scripts of India and South-East Asia that are not letters, and the signs that RFC 5892 appendix A allows.
fn is_mark(character: char) -> bool {
    match u32::from(character) {
        // The blocks that follow ISCII have nukta and virama in the same places.
        point @ 0x900..=0xDFF => matches!(point & 0x7F, 0x3C | 0x4D) || point == 0xDCA,
        0xB7 | 0x375 | 0x5F3 | 0x5F4 | 0x30FB => true,
        point => {
            matches!(point, 0xE31..=0xE4E | 0xEB1..=0xECD | 0xF18..=0xFBC | 0x1037..=0x103A | 0x17C9..=0x17D3)
        }
    }
}

/// RFC 3492 section 6.1
fn adapt(delta: u32, points: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / DAMP } else { delta / 2 };
    delta += delta / points;
    let mut bias = 0;
    while delta > (BASE - T_MIN) * T_MAX / 2 {
        delta /= BASE - T_MIN;
        bias += BASE;
    }
    bias + (BASE - T_MIN + 1) * delta / (delta + SKEW)
}

fn threshold(place: u32, bias: u32) -> u32 {
    place.saturating_sub(bias).clamp(T_MIN, T_MAX)
}

/// RFC 3492 section 6.2; for small letters only.
fn decode(encoded: &str) -> Option<Vec<char>> {
    let (basic, extended) = encoded.rsplit_once('-').unwrap_or(("", encoded));
    let mut text: Vec<char> = basic.chars().collect();
    let (mut code, mut bias, mut index) = (FIRST_CODE_POINT, FIRST_BIAS, 0_u32);
    let mut digits = extended.bytes().peekable();
    while digits.peek().is_some() {
        let before = index;
        let mut weight = 1_u32;
        for place in (BASE..).step_by(36) {
            let digit = match digits.next()? {
                letter @ b'a'..=b'z' => u32::from(letter - b'a'),
                number @ b'0'..=b'9' => u32::from(number - b'0') + 26,
                _ => return None,
            };
            index = index.checked_add(digit.checked_mul(weight)?)?;
            let threshold = threshold(place, bias);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(BASE - threshold)?;
        }
        let points = u32::try_from(text.len()).ok()? + 1;
        bias = adapt(index - before, points, before == 0);
        code = code.checked_add(index / points)?;
        index %= points;
        text.insert(usize::try_from(index).ok()?, char::from_u32(code)?);
        index += 1;
    }
    Some(text)
}

/// RFC 3492 section 6.3
fn encode(text: &[char]) -> Option<String> {
    let mut encoded: String = text.iter().filter(|character| character.is_ascii()).collect();
    let basic = u32::try_from(encoded.len()).ok()?;
    if basic > 0 {
        encoded.push('-');
    }
    let (mut code, mut bias, mut delta, mut handled) = (FIRST_CODE_POINT, FIRST_BIAS, 0_u32, basic);
    let length = u32::try_from(text.len()).ok()?;
    while handled < length {
        let next = text.iter().map(|character| u32::from(*character));
        let next = next.filter(|point| *point >= code).min()?;
        delta = delta.checked_add((next - code).checked_mul(handled + 1)?)?;
        code = next;
        for point in text.iter().map(|character| u32::from(*character)) {
            if point < code {
                delta = delta.checked_add(1)?;
            }
            if point != code {
                continue;
            }
            let mut rest = delta;
            for place in (BASE..).step_by(36) {
                let threshold = threshold(place, bias);
                if rest < threshold {
                    break;
                }
                encoded.push(digit(threshold + (rest - threshold) % (BASE - threshold))?);
                rest = (rest - threshold) / (BASE - threshold);
            }
            encoded.push(digit(rest)?);
            bias = adapt(delta, handled + 1, handled == basic);
            delta = 0;
            handled += 1;
        }
        delta = delta.checked_add(1)?;
        code += 1;
    }
    Some(encoded)
}

fn digit(value: u32) -> Option<char> {
    let digits = "abcdefghijklmnopqrstuvwxyz0123456789";
    digits.chars().nth(usize::try_from(value).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3492 section 7.1, and names in use.
    #[test]
    fn punycode_is_read_and_written_as_in_its_rfc() {
        for (text, encoded) in [
            ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
            ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
            ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
            ("bücher", "bcher-kva"),
            ("münchen-ost", "mnchen-ost-9db"),
            ("faß", "fa-hia"),
            ("ü", "tda"),
        ] {
            let characters: Vec<_> = text.chars().collect();
            assert_eq!(decode(encoded), Some(characters.clone()), "{encoded}");
            assert_eq!(encode(&characters).as_deref(), Some(encoded), "{text}");
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
            "a\u{a0}b",
            "a\u{2800}",
        ] {
            let label = format!("xn--{}", encode(&text.chars().collect::<Vec<_>>()).unwrap());
            assert!(check_a_label(&label).is_err(), "{text}: {label}");
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
                assert_eq!(encode(&decode(&encoded).unwrap()), Some(encoded));
            }
        }
    }
}
