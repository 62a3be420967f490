//! Names that look alike in print but have different characters (Unicode Technical Standard 39 section 4).
//!
//! Only the planner compares names like this, in the ceremony file. The answer depends on the version of Unicode's list of confusable characters, and
//! a plan that was approved must stay valid for every later version.

use unicode_security::confusable_detection::skeleton;

/// Whether two names look alike in print, as written or in lower case.
///
/// Each comparison finds what the other cannot: `I` looks like `l`, but `i` does not; Greek `Α` looks like `A`, and is written `α` in small letters.
pub(super) fn look_alike(one: &str, other: &str) -> bool {
    skeleton(one).eq(skeleton(other)) || skeleton(&one.to_lowercase()).eq(skeleton(&other.to_lowercase()))
}

/// The characters in which a name differs from one that looks like it, as `U+0410 in place of U+0041`.
pub(super) fn differences(name: &str, other: &str) -> String {
    let (name, other): (Vec<_>, Vec<_>) = (name.chars().collect(), other.chars().collect());
    let mut pairs: Vec<(&[char], &[char])> = Vec::new();
    if name.len() == other.len() {
        pairs.extend(name.chunks(1).zip(other.chunks(1)));
        pairs.retain(|(one, other)| one != other);
    } else {
        // One character looks like several: everything between the equal beginnings and ends.
        let is_equal = |(one, other): &(&char, &char)| one == other;
        let before = name.iter().zip(&other).take_while(is_equal).count();
        let (name, other) = (&name[before..], &other[before..]);
        let ends = name.iter().rev().zip(other.iter().rev());
        let after = ends.take_while(is_equal).count();
        pairs.push((&name[..name.len() - after], &other[..other.len() - after]));
    }
    let is_other_case = |(one, other): &(&[char], &[char])| lower_case(one) == lower_case(other);
    if !pairs.iter().all(is_other_case) {
        pairs.retain(|pair| !is_other_case(pair));
    }
    let mut shown: Vec<String> = Vec::new();
    for (one, other) in pairs {
        let text = format!("{} in place of {}", code_points(one), code_points(other));
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    shown.join(", ")
}

fn lower_case(characters: &[char]) -> String {
    characters.iter().collect::<String>().to_lowercase()
}

fn code_points(characters: &[char]) -> String {
    if characters.is_empty() {
        return "nothing".to_owned();
    }
    let shown = characters
        .iter()
        .map(|character| format!("U+{:04X}", u32::from(*character)));
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_print_alike_are_found_and_their_characters_named() {
        for (name, other, told) in [
            // Cyrillic.
            ("Аnna Berg", "Anna Berg", "U+0410 in place of U+0041"),
            (
                "Annа Bеrg",
                "Anna Berg",
                "U+0430 in place of U+0061, U+0435 in place of U+0065",
            ),
            ("аnna berg", "ANNA BERG", "U+0430 in place of U+0041"),
            (
                "раураl",
                "paypal",
                "U+0440 in place of U+0070, U+0430 in place of U+0061, U+0443 in place of U+0079",
            ),
            // Greek: the capitals look alike, the small letters do not.
            (
                "ΑΝΝΑ",
                "ANNA",
                "U+0391 in place of U+0041, U+039D in place of U+004E",
            ),
            // A whole word, and an ideograph of another block.
            (
                "Сорос",
                "Copoc",
                "U+0421 in place of U+0043, U+043E in place of U+006F, U+0440 in place of U+0070, U+0441 in place of U+0063",
            ),
            ("山⽥ 太郎", "山田 太郎", "U+2F65 in place of U+7530"),
            // Full width, ligature, mathematical letters, digits.
            (
                "Ａｎｎａ",
                "Anna",
                "U+FF21 in place of U+0041, U+FF4E in place of U+006E, U+FF41 in place of U+0061",
            ),
            ("Griﬃth", "Griffith", "U+FB03 in place of U+0066 U+0066 U+0069"),
            ("𝐀nna", "Anna", "U+1D400 in place of U+0041"),
            ("1an Hall", "Ian Hall", "U+0031 in place of U+0049"),
            ("lan Hall", "Ian Hall", "U+006C in place of U+0049"),
            ("0lga", "Olga", "U+0030 in place of U+004F"),
            ("O’Neil", "O'Neil", "U+2019 in place of U+0027"),
            ("Bem", "Bern", "U+006D in place of U+0072 U+006E"),
            // The cedilla in place of the comma of Romanian.
            ("Ştefan", "Ștefan", "U+015E in place of U+0218"),
            // The same letters in the other case.
            (
                "ZOË",
                "Zoë",
                "U+004F in place of U+006F, U+00CB in place of U+00EB",
            ),
        ] {
            assert!(
                look_alike(name, other) && look_alike(other, name),
                "{name}, {other}"
            );
            assert_eq!(differences(name, other), told, "{name}, {other}");
        }
        assert_eq!(differences("ab", "a"), "U+0062 in place of nothing");
    }

    #[test]
    fn ordinary_names_differ() {
        let names = "José, Jose, Zoë, Zoe, Müller, Mueller, Muller, Műller, Søren, Sören, Soren, Łukasz, Lukasz, Çelik, Celik, \
             Nguyễn, Nguyên, Nguyen, Trần, Tran, Štefan, Stefan, Ștefan, Weiß, Weiss, Åsa, Asa, Ian, Lan, Jan, Ivan, Iván, \
             Anna, Anne, Hanna, Hannah, Olga, Helga, Σωκράτης, Анна, Ганна, Ольга, Михаил, Михайло, 山田 太郎, 山田 次郎, 김철수, \
             김철호, אדה, محمد, أحمد, Kim, Kin, O'Neil, O'Neal, Smith, Smyth, Ada, Bo, Cy, A, B, C, D, E, W";
        let names: Vec<_> = names.split(", ").collect();
        for (place, name) in names.iter().enumerate() {
            for other in &names[..place] {
                assert!(!look_alike(name, other), "{name}, {other}");
            }
        }
    }
}
