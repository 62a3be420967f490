//! Wraps text to the terminal between words, but never inside anything that users copy.

use std::os::fd::AsFd;

use hsm_ca::values::{Block, columns, cut_hex, printable};
use rustix::termios::tcgetwinsize;

/// The first words of commands that appear in hints after a colon, without quotes.
const COMMANDS: [&str; 5] = ["hsm-ca", "chmod", ".", "sudo", "openssl"];

/// The width of a stream's terminal. A file or pipe has none, and its lines are not wrapped.
pub(super) fn width_of(stream: impl AsFd) -> Option<usize> {
    let columns = tcgetwinsize(stream).ok()?.ws_col;
    (columns > 0).then(|| usize::from(columns))
}

/// The text in lines of `width` columns. Parts to copy stay on one line, even if it is longer.
pub(super) fn lines(text: &str, width: usize) -> Vec<String> {
    let mut block = Block::of_width(width);
    for part in parts(text) {
        match is_long_name(part, width) {
            true => part.split(' ').for_each(|word| block.add_whole(word)),
            false => block.add_whole(part),
        }
    }
    block.into_lines()
}

/// `first`, followed by the text, with further lines aligned below the text. Without a width it is one line.
pub(super) fn hang(first: &str, indent: usize, text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return format!("{first}{text}");
    };
    let room = width.saturating_sub(indent);
    let own = first.len() - first.trim_start_matches(' ').len();
    let mut hung = first.to_owned();
    for (index, line) in lines(text, room).iter().enumerate() {
        let shift = shift_of(columns(line), room, indent, own);
        if shift < indent && index == 0 {
            // The value begins below its label.
            hung.truncate(first.trim_end().len());
        }
        if shift < indent || index > 0 {
            hung.push_str(&format!("\n{:shift$}", ""));
        }
        match shift == indent && !line.contains(' ') {
            // A hash that fits nowhere is cut into halves.
            true => hung.push_str(&cut_hex(line, room).join(&format!("\n{:indent$}", ""))),
            false => hung.push_str(line),
        }
    }
    hung
}

/// Where a line of `length` columns begins: below the text, or further left if it fits only there, such as a hash that people compare.
fn shift_of(length: usize, room: usize, indent: usize, own: usize) -> usize {
    if length <= room {
        return indent;
    }
    let further_left = [own + 4, own + 2, own];
    let fits = |shift: &usize| *shift < indent && length + shift <= room + indent;
    further_left.into_iter().find(fits).unwrap_or(indent)
}

/// `first`, followed by the text, as a line of a text. Further lines are aligned below the text.
pub(super) fn below(first: &str, text: &str, width: Option<usize>) -> String {
    hang(first, columns(first), &printable(text), width) + "\n"
}

/// A name in quotes that is wider than a line: nobody types it, and a terminal would break it anywhere.
fn is_long_name(part: &str, width: usize) -> bool {
    part.starts_with('"') && columns(part) > width
}

/// Wraps the long lines of a result, with continuations below their last column or their own indent. Lines with colours stay as they are:
/// they already fit the terminal.
pub(super) fn reflow(text: &str, width: usize) -> String {
    let reflow = |line: &str| {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (line, ""),
        };
        // A command stays whole for copying.
        let is_command = line.trim_start().starts_with("hsm-ca ");
        if is_command || columns(line) <= width || line.contains('\u{1b}') {
            return format!("{line}{end}");
        }
        let (first, rest) = line.split_at(last_column(line, width * 2 / 3));
        format!("{}{end}", hang(first, columns(first), rest, Some(width)))
    };
    text.split_inclusive('\n').map(reflow).collect()
}

/// The start of the text after the last gap of two spaces, if before `limit`.
fn last_column(line: &str, limit: usize) -> usize {
    let text = line.trim_start();
    let mut column = line.len() - text.len();
    for (at, _) in line.match_indices("  ") {
        let begins = line.len() - line[at..].trim_start().len();
        if begins <= limit {
            column = column.max(begins);
        }
    }
    column
}

/// The parts of a text that stay whole: words, quoted texts, and commands after a colon.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut is_after_colon = false;
    while !rest.is_empty() {
        let word = rest.split(' ').next().unwrap_or(rest);
        let length = match is_after_colon && COMMANDS.contains(&word) {
            true => end_of_command(rest),
            false => end_of_quote(rest, word),
        };
        let part = &rest[..length];
        is_after_colon = part.ends_with(':');
        parts.push(part);
        rest = match rest[length..].strip_prefix(' ') {
            // Keep a trailing space.
            Some("") => {
                parts.push("");
                ""
            }
            Some(after) => after,
            None => "",
        };
    }
    parts
}

/// The end of the word with the closing quote.
fn end_of_quote(rest: &str, word: &str) -> usize {
    let mut before = ' ';
    let opening = word.char_indices().find(|(_, character)| {
        let is_opening =
            matches!(character, '`' | '"' | '\'') && matches!(before, ' ' | '(' | '[' | '=' | ':');
        before = *character;
        is_opening
    });
    let Some((at, quote)) = opening else {
        return word.len();
    };
    let inside = at + quote.len_utf8();
    match rest[inside..].find(quote) {
        Some(closing) => {
            let closed = inside + closing + quote.len_utf8();
            closed + rest[closed..].find(' ').unwrap_or(rest.len() - closed)
        }
        None => word.len(),
    }
}

/// The end of a command: a semicolon between two words, or the end of the text.
fn end_of_command(rest: &str) -> usize {
    rest.find("; ").map_or(rest.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_into_lines_and_what_is_copied_stays_whole() {
        let url = format!("sqlite:/{}", "x".repeat(50));
        let text = format!(
            "if there was a ledger, restore it (`hsm-ca ledger copy FROM TO` copies one) or name \"CN=Example CA,  O=Example\"; \
             see 'a file' or --out='two words'; if there never was one: hsm-ca ledger new --ledger {url}; then go on"
        );
        for width in [30, 60, 80] {
            let lines = lines(&text, width);
            assert_eq!(lines.join(" "), text, "nothing is lost at {width}");
            for whole in [
                "`hsm-ca ledger copy FROM TO`",
                "\"CN=Example CA,  O=Example\";",
                "--out='two words';",
                &format!("hsm-ca ledger new --ledger {url};"),
            ] {
                assert!(
                    lines.iter().any(|line| line.contains(whole)),
                    "{whole}: {lines:#?}"
                );
            }
            let is_long = |line: &&String| line.chars().count() > width;
            assert!(
                lines
                    .iter()
                    .filter(is_long)
                    .all(|line| line.contains(&url) || width == 30),
                "{lines:#?}"
            );
        }
    }

    #[test]
    fn a_line_of_a_result_goes_on_below_its_last_column() {
        let text = "short\n  login         ok      one two three four five\nhttp://example.com/a-long-path x\n\u{1b}[31mone\u{1b}[0m two three four five six\n";
        assert_eq!(
            reflow(text, 40),
            "short\n  login         ok      one two three\n                        four five\n\
             http://example.com/a-long-path x\n\u{1b}[31mone\u{1b}[0m two three four five six\n"
        );
        assert_eq!(
            reflow("  one two three four five", 20),
            "  one two three four\n  five"
        );
        // What is too wide to wrap does not keep the rest from being wrapped.
        assert_eq!(
            reflow(
                "  issuer  FAILED: http://example.com/a-very-long-path/ca.crt has no name",
                40
            ),
            "  issuer  FAILED:\n          http://example.com/a-very-long-path/ca.crt\n          has no name"
        );
        assert_eq!(
            reflow(
                "  issuer  not \"CN=Example Issuing CA 2026,O=Example Company\"",
                40
            ),
            "  issuer  not \"CN=Example Issuing CA\n          2026,O=Example Company\""
        );
    }

    #[test]
    fn an_apostrophe_opens_nothing() {
        assert_eq!(
            parts("the CA's key and its' file"),
            ["the", "CA's", "key", "and", "its'", "file"]
        );
        assert_eq!(parts("a \"b c"), ["a", "\"b", "c"]);
    }

    #[test]
    fn further_lines_begin_below_the_text() {
        assert_eq!(
            hang("error: ", 7, "one two three four", Some(23)),
            "error: one two three\n       four"
        );
        assert_eq!(
            hang("error: ", 7, "one two three four", None),
            "error: one two three four"
        );
    }

    #[test]
    fn a_hash_that_does_not_fit_beside_its_label_stands_below_it() {
        let hash = "0123456789abcdef".repeat(4);
        let first = "  SHA-256 of the key       ";
        assert_eq!(
            hang(first, columns(first), &hash, Some(80)),
            format!("  SHA-256 of the key\n      {hash}")
        );
        assert_eq!(
            hang(first, columns(first), &format!("1:{hash}"), Some(69)),
            format!("  SHA-256 of the key\n  1:{hash}")
        );
        let inside = format!("  out/ca.crt     SHA-256 of its DER: {hash} as planned\n");
        assert_eq!(
            reflow(&inside, 80),
            format!("  out/ca.crt     SHA-256 of its DER:\n      {hash}\n                 as planned\n")
        );
        // In a pipe and on a wide terminal, the line is whole.
        for width in [None, Some(100)] {
            assert_eq!(
                hang(first, columns(first), &hash, width),
                format!("{first}{hash}")
            );
        }
        // Where it fits nowhere, the terminal would break it anywhere.
        let (left, right) = hash.split_at(32);
        assert_eq!(
            hang(first, columns(first), &hash, Some(60)),
            format!("{first}{left}\n{:27}{right}", "")
        );
    }
}
