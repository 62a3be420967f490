//! A page of help, as the parser of the command line made it.

use rustix::termios::tcgetwinsize;

/// The same page, with a usage line that is wider than the terminal in several: the parser wraps everything else.
pub(super) fn fold_usage(page: &str) -> String {
    let named = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let width = tcgetwinsize(std::io::stdout()).map_or(0, |size| usize::from(size.ws_col));
    let width = named.unwrap_or(if width == 0 { 80 } else { width.min(100) });
    let mut folded = String::new();
    for line in page.split_inclusive('\n') {
        if without_styles(line).starts_with("Usage: ") {
            folded.push_str(&fold(line, width));
        } else {
            folded.push_str(line);
        }
    }
    folded
}

/// Between words, and never inside of `<FILE>`, which has no space.
fn fold(line: &str, width: usize) -> String {
    const INDENT: &str = "           ";
    let mut text = String::new();
    let mut column = 0;
    for word in line.split(' ') {
        let length = without_styles(word).trim_end().chars().count();
        if column > 0 && column + 1 + length > width {
            text.push('\n');
            text.push_str(INDENT);
            column = INDENT.len();
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
        let folded = fold(line, 40);
        assert_eq!(
            without_styles(&folded),
            "Usage: hsm-ca kms import --label <LABEL>\n           --out <FILE>\n"
        );
        assert!(folded.starts_with("\u{1b}[1mUsage:"));
        assert_eq!(fold(line, 80), line);
    }
}
