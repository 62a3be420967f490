//! Lines that fit an 80-column terminal.

use crate::cli::report::printable;

/// Columns of a line.
const WIDTH: usize = 80;

/// `first`, and after it the text, broken at spaces; what follows is aligned with the start of the text. A word that is longer than a line
/// stays whole: it is a name that someone may want to copy.
pub(super) fn wrap(first: &str, text: &str) -> String {
    let indent = first.chars().count();
    let mut lines = first.to_owned();
    let mut column = indent;
    for word in printable(text).split_whitespace() {
        let length = word.chars().count();
        if column > indent && column + 1 + length > WIDTH {
            lines.push('\n');
            lines.push_str(&" ".repeat(indent));
            column = indent;
        } else if column > indent {
            lines.push(' ');
            column += 1;
        }
        lines.push_str(word);
        column += length;
    }
    lines.push('\n');
    lines
}

/// At most `width` characters, the end cut with `dots` where it is longer.
pub(super) fn cut(text: &str, width: usize, dots: &str) -> String {
    let text = printable(text);
    if text.chars().count() <= width {
        return text;
    }
    let kept = width.saturating_sub(dots.chars().count());
    text.chars().take(kept).chain(dots.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_before_column_80_unless_a_word_is_longer() {
        let text = wrap("  ok  ", &"seven77 ".repeat(30));
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= WIDTH && line.starts_with("  "))
        );
        assert_eq!(text.lines().nth(1).map(|line| line.find('s')), Some(Some(6)));
        assert_eq!(wrap("- ", &"x".repeat(90)), format!("- {}\n", "x".repeat(90)));
        assert_eq!(cut("abcdef", 5, "…"), "abcd…");
        assert_eq!(cut("abcde", 5, "..."), "abcde");
    }
}
