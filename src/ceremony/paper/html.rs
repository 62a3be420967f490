//! Builds HTML so that escaping cannot be forgotten. One function adds outside text and escapes it; all markup comes from this program.

use std::fmt::Write;

use crate::values::printable;

/// A part of a page. It contains only this program's markup and escaped text.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Adds text of any origin. Escapes markup characters, and replaces characters that could deceive a reader with U+FFFD.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        for character in printable(text).chars() {
            match character {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Adds an element with the content that `fill` writes. An empty `class` means no class.
    pub(super) fn element(
        &mut self,
        name: &'static str,
        class: &'static str,
        fill: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.tag(name, class);
        fill(self);
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push_str(">\n");
        self
    }

    /// Adds an element that contains only text.
    pub(super) fn leaf(&mut self, name: &'static str, class: &'static str, text: &str) -> &mut Self {
        self.element(name, class, |html| {
            html.text(text);
        })
    }

    /// Adds text of any origin. A hash in it stays on one line, in a narrower font.
    pub(super) fn text_with_hashes(&mut self, text: &str) -> &mut Self {
        for word in text.split_inclusive(' ') {
            let end = word.trim_end_matches(|character: char| !character.is_ascii_alphanumeric());
            match is_hash(end) {
                true => {
                    self.markup("<span class=\"hash\">").text(end).markup("</span>");
                    self.text(word.strip_prefix(end).unwrap_or_default());
                }
                false => {
                    self.text(word);
                }
            }
        }
        self
    }

    /// Adds markup of this program.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Adds markup that contains only numbers computed by this program, such as SVG.
    pub(super) fn drawn(&mut self, markup: std::fmt::Arguments<'_>) -> &mut Self {
        // Writing to a String does not fail.
        let _ = self.0.write_fmt(markup);
        self
    }

    /// Adds a part that was built elsewhere.
    pub(super) fn part(&mut self, part: &Self) -> &mut Self {
        self.0.push_str(&part.0);
        self
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn tag(&mut self, name: &'static str, class: &'static str) {
        self.0.push('<');
        self.0.push_str(name);
        if !class.is_empty() {
            self.0.push_str(" class=\"");
            self.0.push_str(class);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

/// Whether the word is a SHA-256 or a key identifier in hex, or the head of a transcript, `N:HASH`.
fn is_hash(word: &str) -> bool {
    let hex = match word.split_once(':') {
        Some((count, hash)) if count.bytes().all(|digit| digit.is_ascii_digit()) => hash,
        _ => word,
    };
    hex.len() >= 40 && hex.bytes().all(|digit| digit.is_ascii_hexdigit())
}

/// A CSS string (CSS Syntax Level 3 section 4.3.5). It cannot close the style element either.
pub(super) fn css_string(text: &str) -> String {
    let mut string = String::from("\"");
    for character in printable(text).chars() {
        match character {
            ' ' | '.' | '-' | ':' | '_' => string.push(character),
            plain if plain.is_ascii_alphanumeric() => string.push(plain),
            other => string.push_str(&format!("\\{:x} ", u32::from(other))),
        }
    }
    string.push('"');
    string
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_cannot_deceive() {
        let mut html = Html::default();
        html.leaf("p", "said", "<script>alert('1')</script> & \" \u{202e}txt\u{0} é");
        assert_eq!(
            html.into_text(),
            "<p class=\"said\">&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot; \u{fffd}txt\u{fffd} é</p>\n"
        );
    }

    #[test]
    fn a_hash_stays_in_one_line_and_what_is_around_it_is_text() {
        let hash = "0a".repeat(32);
        let mut html = Html::default();
        html.text_with_hashes(&format!("<b> {hash}, head 12:{hash}. entry 11 of 0a0a"));
        assert_eq!(
            html.into_text(),
            format!(
                "&lt;b&gt; <span class=\"hash\">{hash}</span>, head <span class=\"hash\">12:{hash}</span>. entry 11 of 0a0a"
            )
        );
    }

    #[test]
    fn a_string_of_css_ends_neither_itself_nor_its_element() {
        assert_eq!(
            css_string("a\"</style>\\é\n"),
            r#""a\22 \3c \2f style\3e \5c \e9 \fffd ""#
        );
    }
}
