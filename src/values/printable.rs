//! Text for people, without deceptive characters.

/// Control characters, and marks that change the direction or the visibility of text.
#[must_use]
pub fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}'
                | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
                | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFC}' | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D159}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
        )
        // Private use and noncharacters: their appearance is unknown.
        || matches!(character, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(character) & 0xfffe == 0xfffe
}

/// Makes text from tokens, files and servers safe to show: characters that could move the cursor or hide a word become U+FFFD.
#[must_use]
pub fn printable(text: &str) -> String {
    let shown = |character| match is_unprintable(character) {
        true => '\u{FFFD}',
        false => character,
    };
    text.chars().map(shown).collect()
}
