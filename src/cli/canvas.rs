//! How a result can be drawn: characters and colours.

use std::env;

pub(super) const RED: &str = "\u{1b}[31m";
const GREEN: &str = "\u{1b}[32m";
pub(super) const YELLOW: &str = "\u{1b}[33m";
pub(super) const DIM: &str = "\u{1b}[2m";
pub(super) const RESET: &str = "\u{1b}[0m";

/// The characters and colours of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Canvas {
    /// Box-drawing characters on a UTF-8 terminal, otherwise ASCII.
    pub(super) lines: bool,
    /// Colours.
    pub(super) colors: bool,
}

impl Canvas {
    pub(super) fn new(is_terminal: bool, colors: bool) -> Self {
        Self {
            lines: is_terminal && has_utf8(),
            colors,
        }
    }

    /// Colours a text by its meaning.
    pub(super) fn paint(self, tone: Option<Tone>, text: &str) -> String {
        let color = match tone {
            Some(Tone::Good) => GREEN,
            Some(Tone::Doubtful) => YELLOW,
            Some(Tone::Bad) => RED,
            None => return text.to_owned(),
        };
        if self.colors {
            format!("{color}{text}{RESET}")
        } else {
            text.to_owned()
        }
    }
}

/// The meaning of a colour.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tone {
    Good,
    Doubtful,
    Bad,
}

/// POSIX: the first of these variables that is set and not empty decides.
fn has_utf8() -> bool {
    let set = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty());
    set.is_some_and(|value| {
        let name = value.to_string_lossy().to_ascii_lowercase();
        name.contains("utf-8") || name.contains("utf8")
    })
}
