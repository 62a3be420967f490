//! A help page or an error of the command-line parser, adapted to the terminal.

use hsm_ca::values::{columns, without_styles};

use crate::cli::wrap::{hang, width_of};

/// The same page with a wrapped usage line. The parser wraps everything else.
pub(super) fn fold_usage(page: &str) -> String {
    let named = std::env::var("COLUMNS")
        .ok()
        .and_then(|columns| columns.parse().ok());
    let width = named.unwrap_or_else(|| width_of(std::io::stdout()).map_or(80, |width| width.min(100)));
    let fold = |line: &str| match without_styles(line).starts_with("Usage: ") {
        true => fold(line, width),
        false => line.to_owned(),
    };
    page.split_inclusive('\n').map(fold).collect()
}

/// The lines of an error, wrapped. Those of a list of commands below it are already as wide as the terminal.
pub(super) fn fold_long(text: &str, width: usize) -> String {
    text.split_inclusive('\n').map(|line| fold(line, width)).collect()
}

/// Wraps a line between words, never inside `<FILE>`, which has no space. It continues below the text after its label, such as `Usage: `.
fn fold(line: &str, width: usize) -> String {
    let (line, end) = match line.strip_suffix('\n') {
        Some(line) => (line, "\n"),
        None => (line, ""),
    };
    if columns(line) <= width {
        return format!("{line}{end}");
    }
    let text = line.trim_start_matches(' ');
    let indent = line.len() - text.len();
    let (label, rest) = line.split_at(match text.split_once(' ') {
        Some((word, _)) if without_styles(word).ends_with(':') => indent + word.len() + 1,
        _ => indent,
    });
    hang(label, columns(label), rest, Some(width)) + end
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
            "Usage: hsm-ca kms import --label <LABEL>\n       --out <FILE>\n"
        );
        assert!(folded.starts_with("\u{1b}[1mUsage:"));
        assert_eq!(fold(line, 80), line);
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
