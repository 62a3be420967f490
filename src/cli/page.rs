//! A page of labelled values, wrapped to the terminal. In a file or pipe, nothing is wrapped.

use super::canvas::{Canvas, Tone};
use super::report::printable;
use super::wrap;
use hsm_ca::values::{Block, columns, fold};

/// The longest lines. Longer ones are hard to read.
const WIDEST: usize = 120;
/// The narrowest lines. Narrower ones would have single words.
const NARROWEST: usize = 40;
/// The column of the values: "key identifier" is the longest label.
const VALUES: usize = 16;

/// Text for people that grows line by line.
#[derive(Debug)]
pub(super) struct Page {
    canvas: Canvas,
    /// The columns of a line; `None` in a file or pipe.
    width: Option<usize>,
    text: String,
}

impl Page {
    /// A page as wide as the result's terminal.
    pub(super) fn new(canvas: Canvas) -> Self {
        Self::of_width(canvas, wrap::width_of(std::io::stdout()))
    }

    fn of_width(canvas: Canvas, width: Option<usize>) -> Self {
        Self {
            canvas,
            width: width.map(|width| width.clamp(NARROWEST, WIDEST)),
            text: String::new(),
        }
    }

    /// The columns beside `first`.
    fn room(&self, first: &str) -> usize {
        self.width
            .map_or(usize::MAX, |width| width.saturating_sub(columns(first)))
    }

    pub(super) const fn canvas(&self) -> Canvas {
        self.canvas
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn blank(&mut self) -> &mut Self {
        self.text.push('\n');
        self
    }

    /// Adds a line.
    pub(super) fn line(&mut self, text: &str) -> &mut Self {
        self.hang("", text, None)
    }

    /// Adds a label with its value.
    pub(super) fn row(&mut self, label: &str, value: &str) -> &mut Self {
        self.toned_row(label, value, None)
    }

    /// The same with a coloured value, if the page has colours.
    pub(super) fn toned_row(&mut self, label: &str, value: &str, tone: Option<Tone>) -> &mut Self {
        let label = format!("{label:width$}", width = VALUES);
        self.hang(&label, value, tone)
    }

    /// Adds a label with several lines.
    pub(super) fn rows(&mut self, label: &str, values: &[String]) -> &mut Self {
        for (index, value) in values.iter().enumerate() {
            self.row(if index == 0 { label } else { "" }, value);
        }
        self
    }

    /// Adds pairs of a name and a value. The values are in one column if they fit, otherwise below their names.
    pub(super) fn table(&mut self, pairs: &[(String, String, Option<Tone>)]) -> &mut Self {
        let longest = pairs.iter().map(|(name, ..)| columns(name)).max().unwrap_or(0);
        let is_roomy = self
            .width
            .is_none_or(|width| width >= 72 && longest + 4 + 40 <= width);
        for (name, value, tone) in pairs {
            let name = printable(name);
            if is_roomy {
                let gap = longest - columns(&name) + 2;
                self.hang_list(&format!("  {name}{:gap$}", ""), value, *tone);
            } else {
                self.hang("  ", &name, None);
                self.hang_list("      ", value, *tone);
            }
        }
        self
    }

    /// Adds words in columns, an even number in each line, so that words of the even and odd lists stay in their columns.
    pub(super) fn words(&mut self, label: &str, words: &[&str]) -> &mut Self {
        const PAIR: usize = 10 + 12;
        let Some(width) = self.width else {
            return self.row(label, &words.join(" "));
        };
        let pairs = (width.saturating_sub(VALUES) / PAIR).max(1);
        let pairs = [8, 4, 2, 1].into_iter().find(|fit| *fit <= pairs).unwrap_or(1);
        for (index, line) in words.chunks(2 * pairs).enumerate() {
            let cells = line
                .iter()
                .enumerate()
                .map(|(place, word)| format!("{word:width$}", width = if place % 2 == 0 { 10 } else { 12 }));
            let line: String = cells.collect();
            let label = if index == 0 { label } else { "" };
            self.text
                .push_str(&format!("{label:VALUES$}{}\n", line.trim_end()));
        }
        self
    }

    /// Adds `first` and a text, wrapped below the start of the text. Words stay whole, so that they can be copied; hex digits are split
    /// into equal parts for reading.
    pub(super) fn hang(&mut self, first: &str, text: &str, tone: Option<Tone>) -> &mut Self {
        let lines = fold(text, self.room(first));
        self.set(first, &lines, tone)
    }

    /// Like [`hang`](Self::hang), with `first` coloured by `paint`.
    pub(super) fn hang_painted(
        &mut self,
        first: &str,
        paint: impl FnOnce(&str) -> String,
        text: &str,
    ) -> &mut Self {
        let start = self.text.len();
        self.hang(first, text, None);
        let added = self.text.split_off(start);
        self.text.push_str(&paint(&added));
        self
    }

    /// Like [`hang`](Self::hang), but wraps only after commas if the parts fit.
    fn hang_list(&mut self, first: &str, text: &str, tone: Option<Tone>) -> &mut Self {
        let mut block = Block::of_width(self.room(first));
        for part in printable(text).split_inclusive(", ") {
            block.add_part(part.strip_suffix(' ').unwrap_or(part));
        }
        self.set(first, &block.into_lines(), tone)
    }

    fn set(&mut self, first: &str, lines: &[String], tone: Option<Tone>) -> &mut Self {
        let indent = columns(first);
        for (index, line) in lines.iter().enumerate() {
            let before = match index {
                0 => first.to_owned(),
                _ => " ".repeat(indent),
            };
            if line.is_empty() {
                self.text.push_str(before.trim_end());
            } else {
                self.text.push_str(&before);
                self.text.push_str(&self.canvas.paint(tone, line));
            }
            self.text.push('\n');
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(width: usize) -> Page {
        let plain = Canvas {
            lines: false,
            colors: false,
        };
        Page::of_width(plain, Some(width))
    }

    #[test]
    fn lines_end_before_the_edge_unless_a_word_is_longer() {
        for width in [40, 60, 80, 120] {
            let mut page = page(width);
            page.row("subject", "word ".repeat(60).trim_end())
                .row("SHA-256", &"0123456789abcdef".repeat(8))
                .words("in words", &["nine-long", "eleven-long"].repeat(16))
                .table(&[("name".to_owned(), "a, b, ".repeat(30), None)]);
            let text = page.into_text();
            assert!(text.lines().all(|line| line.chars().count() <= width), "{text}");
            assert!(text.lines().all(|line| !line.ends_with(' ')), "{text}");
        }
        let mut page = page(60);
        let address = format!("http://{}", "x".repeat(80));
        page.row("url", &address);
        assert!(page.into_text().contains(&address));
    }

    #[test]
    fn a_page_without_a_width_has_a_line_for_each_value() {
        let mut page = page(40);
        page.width = None;
        let long = "word ".repeat(60);
        page.row("subject", long.trim_end())
            .row("SHA-256", &"0123456789abcdef".repeat(8))
            .words("in words", &["word"; 32])
            .table(&[("name".to_owned(), "a, ".repeat(60), None)]);
        let text = page.into_text();
        assert_eq!(text.lines().count(), 4, "{text}");
        let starts = [
            "subject         word",
            "SHA-256         0123",
            "in words        word word",
            "  name  a, a",
        ];
        for (line, start) in text.lines().zip(starts) {
            assert!(line.starts_with(start), "{line}");
        }
    }

    #[test]
    fn a_space_more_is_seen() {
        let mut page = page(40);
        page.row("subject", "CN=a  b")
            .row("", "CN=a b")
            .table(&[("x".to_owned(), "a,  b".to_owned(), None)]);
        let text = page.into_text();
        assert!(
            text.contains("CN=a  b\n") && text.contains("CN=a b\n") && text.contains("a,  b\n"),
            "{text}"
        );
    }

    #[test]
    fn no_value_moves_the_cursor() {
        let mut page = page(80);
        page.row("subject", "a\u{1b}[2J\u{202e}b").line("\u{7}");
        assert_eq!(
            page.into_text(),
            "subject         a\u{fffd}[2J\u{fffd}b\n\u{fffd}\n"
        );
    }
}
