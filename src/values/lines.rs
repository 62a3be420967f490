//! Wraps text.

use std::borrow::Cow;

use super::printable;

/// The columns of a line if the width is unknown.
pub const WIDTH: usize = 80;

/// Lines are not narrower: a few letters in each could not be read.
const NARROWEST: usize = 16;

/// The text in lines of `room` columns. A longer word stays whole, so that it can be copied; hex digits are split into equal parts.
#[must_use]
pub fn fold(text: &str, room: usize) -> Vec<String> {
    let mut block = Block::of_width(room);
    block.add(&printable(text));
    block.into_lines()
}

/// `first`, followed by the text in lines of 80 columns, aligned with its start.
#[must_use]
pub fn hang(first: &str, text: &str) -> String {
    let indent = columns(first);
    let mut lines = String::new();
    for (index, line) in fold(text, WIDTH.saturating_sub(indent)).iter().enumerate() {
        match index {
            0 => lines.push_str(first),
            _ => lines.push_str(&" ".repeat(indent)),
        }
        lines.push_str(line);
        lines.push('\n');
    }
    lines
}

/// At most `width` characters; a longer text is cut and ends with `dots`.
#[must_use]
pub fn cut(text: &str, width: usize, dots: &str) -> String {
    let text = printable(text);
    if text.chars().count() <= width {
        return text;
    }
    let kept = width.saturating_sub(dots.chars().count());
    text.chars().take(kept).chain(dots.chars()).collect()
}

/// Lines that are being filled.
#[derive(Debug)]
pub struct Block {
    room: usize,
    lines: Vec<String>,
    /// Whether the last line is complete.
    is_closed: bool,
}

impl Block {
    /// Lines of `room` columns, at least 16.
    #[must_use]
    pub fn of_width(room: usize) -> Self {
        Self {
            room: room.max(NARROWEST),
            lines: Vec::new(),
            is_closed: false,
        }
    }

    fn add(&mut self, text: &str) {
        let room = self.room;
        // Two spaces are kept: they may be the only difference between two names.
        for word in text.split(' ').flat_map(|word| cut_hex(word, room)) {
            self.put(word);
        }
    }

    /// Adds a part that stays in one line if it fits in one.
    pub fn add_part(&mut self, part: &str) {
        if columns(part) <= self.room {
            return self.put(part);
        }
        // A part that needs several lines does not share them.
        self.is_closed = true;
        self.add(part);
        self.is_closed = true;
    }

    /// Adds a part that is never wrapped, so that it can be copied.
    pub fn add_whole(&mut self, part: &str) {
        self.put(part);
    }

    /// The lines.
    #[must_use]
    pub fn into_lines(self) -> Vec<String> {
        self.lines
    }

    fn put(&mut self, word: &str) {
        let is_full = |line: &String| columns(line) + 1 + columns(word) > self.room;
        match self.lines.last_mut() {
            Some(line) if !self.is_closed && !is_full(line) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => self.lines.push(word.to_owned()),
        }
        self.is_closed = false;
    }
}

/// The columns of a text: one for each character, none for colours.
#[must_use]
pub fn columns(text: &str) -> usize {
    without_styles(text).chars().count()
}

/// The text without SGR sequences (ECMA-48, 8.3.117).
#[must_use]
pub fn without_styles(text: &str) -> Cow<'_, str> {
    if !text.contains("\u{1b}[") {
        return text.into();
    }
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    (plain + rest).into()
}

/// Halves of hex digits, or quarters, until they fit into `room` columns, at least 16. Another word stays whole.
#[must_use]
pub fn cut_hex(word: &str, room: usize) -> Vec<&str> {
    let room = room.max(NARROWEST);
    let is_hex = word.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hex || word.len() <= room {
        return vec![word];
    }
    let longest = room - room % 8;
    let parts = word.len().div_ceil(longest);
    let length = word.len().div_ceil(parts).next_multiple_of(8).min(longest);
    let starts = (0..word.len()).step_by(length);
    starts
        .map(|start| &word[start..(start + length).min(word.len())])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_column_80_unless_a_word_is_longer() {
        let text = hang("  ok  ", "seven77 ".repeat(30).trim_end());
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= WIDTH && line.starts_with("  "))
        );
        assert_eq!(text.lines().nth(1).map(|line| line.find('s')), Some(Some(6)));
        assert_eq!(hang("- ", &"x".repeat(90)), format!("- {}\n", "x".repeat(90)));
        assert_eq!(cut("abcdef", 5, "…"), "abcd…");
        assert_eq!(cut("abcde", 5, "..."), "abcde");
    }

    #[test]
    fn hex_is_cut_into_equal_parts_and_words_are_not() {
        let fingerprint = "0123456789abcdef".repeat(4);
        assert_eq!(cut_hex(&fingerprint, 67), [&fingerprint]);
        assert_eq!(
            cut_hex(&fingerprint, 47),
            [&fingerprint[..32], &fingerprint[32..]]
        );
        assert_eq!(cut_hex("x0123456789", 8), ["x0123456789"]);
    }

    #[test]
    fn colours_have_no_columns() {
        assert_eq!(columns("\u{1b}[1m\u{1b}[31merror:\u{1b}[0m é"), 8);
        assert_eq!(columns("error: é"), 8);
    }
}
