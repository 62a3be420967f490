//! A help page from the command-line parser, adapted to the terminal.

use crate::cli::wrap::width_of;

/// The same page with a wrapped usage line. The parser wraps everything else.
pub(super) fn fold_usage(page: &str) -> String {
    let named = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let width = named.unwrap_or_else(|| width_of(std::io::stdout()).map_or(80, |width| width.min(100)));
    let fold = |line: &str| match without_styles(line).starts_with("Usage: ") {
        true => fold(line, width, BELOW_COMMAND),
        false => line.to_owned(),
    };
    page.split_inclusive('\n').map(fold).collect()
}

/// The lines of an error, wrapped. Those of a list of commands below it are already as wide as the terminal.
pub(super) fn fold_long(text: &str, width: usize) -> String {
    let fold = |line: &str| {
        let plain = without_styles(line);
        let indent = match plain.starts_with("Usage: ") {
            true => BELOW_COMMAND,
            false => "       ",
        };
        match plain.trim_end().chars().count() <= width {
            true => line.to_owned(),
            false => fold(line, width, indent),
        }
    };
    text.split_inclusive('\n').map(fold).collect()
}

/// The indent of a continued usage line.
const BELOW_COMMAND: &str = "           ";

/// Wraps between words, never inside `<FILE>`, which has no space.
fn fold(line: &str, width: usize, indent: &str) -> String {
    let words = line.trim_start_matches(' ');
    let mut column = line.len() - words.len();
    let mut text = " ".repeat(column);
    for (place, word) in words.split(' ').enumerate() {
        let length = without_styles(word).trim_end().chars().count();
        if place > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(indent);
            column = indent.len();
        } else if place > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += length;
    }
    text
}

/// The text without SGR sequences (ECMA-48, 8.3.117).
pub(super) fn without_styles(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_line_is_folded_between_words_and_keeps_its_styles() {
        let line = "\u{1b}[1mUsage:\u{1b}[0m hsm-ca kms import --label <LABEL> --out <FILE>\n";
        let folded = fold(line, 40, BELOW_COMMAND);
        assert_eq!(
            without_styles(&folded),
            "Usage: hsm-ca kms import --label <LABEL>\n           --out <FILE>\n"
        );
        assert!(folded.starts_with("\u{1b}[1mUsage:"));
        assert_eq!(fold(line, 80, BELOW_COMMAND), line);
    }

    #[test]
    fn a_list_below_an_error_keeps_its_indents() {
        let text = "Show keys\n\nCommands:\n  list    List the keys\n          of the token\n";
        assert_eq!(fold_long(text, 80), text);
        assert_eq!(
            fold_long("  tip: a similar argument exists: '--key'\n", 30),
            "  tip: a similar argument\n       exists: '--key'\n"
        );
    }
}
