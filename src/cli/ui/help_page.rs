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

/// The lines of an error, wrapped.
pub(super) fn fold_long(text: &str, width: usize) -> String {
    let fold = |line: &str| {
        let indent = match without_styles(line).starts_with("Usage: ") {
            true => BELOW_COMMAND,
            false => "       ",
        };
        fold(line, width, indent)
    };
    text.split_inclusive('\n').map(fold).collect()
}

/// The indent of a continued usage line.
const BELOW_COMMAND: &str = "           ";

/// Wraps between words, never inside `<FILE>`, which has no space.
fn fold(line: &str, width: usize, indent: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in line.split(' ') {
        let length = without_styles(word).trim_end().chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(indent);
            column = indent.len();
        } else if column > 0 {
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
}
