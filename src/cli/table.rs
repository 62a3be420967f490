//! Rows under each other, as wide as the terminal.

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table as Layout};
use rustix::termios::tcgetwinsize;

use super::report::printable;

#[derive(Debug, Args)]
pub(super) struct TableOptions {
    /// Lines as long as they need to be, whatever the terminal's width
    #[arg(long)]
    pub(super) wide: bool,
}

/// A column: its heading, and whether the next command needs what is in it. That is never cut, and never broken into lines.
pub(super) type Column = (&'static str, bool);

/// The rows with their headings. `wide` lets lines be longer than the terminal; a file or a pipe has no width.
pub(super) fn render(columns: &[Column], rows: &[Vec<String>], wide: bool) -> String {
    let terminal = tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col);
    render_in(columns, rows, terminal.filter(|width| *width > 0 && !wide))
}

fn render_in(columns: &[Column], rows: &[Vec<String>], width: Option<u16>) -> String {
    let mut table = Layout::new();
    table
        .load_style(NOTHING)
        .set_header(columns.iter().map(|(heading, _)| *heading));
    match width {
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for row in rows {
        table.add_row(row.iter().map(|cell| printable(cell)));
    }
    for (column, (_, is_needed)) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, 2));
        if *is_needed {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
    let text = table.to_string();
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = |label: &str| {
            vec![
                label.to_owned(),
                "signs, decrypts and unwraps".to_owned(),
                "ab".repeat(20),
            ]
        };
        vec![row("ca"), row("a label with spaces"), row("a\u{1b}[2Jb")]
    }

    const COLUMNS: [Column; 3] = [("LABEL", true), ("USE", false), ("ID", true)];

    #[test]
    fn what_the_next_command_needs_stays_whole_and_the_rest_is_folded() {
        for width in [None, Some(200), Some(80), Some(70)] {
            let text = render_in(&COLUMNS, &rows(), width);
            assert!(
                text.contains("a label with spaces") && text.contains(&"ab".repeat(20)),
                "{text}"
            );
            let longest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            assert!(
                longest <= usize::from(width.unwrap_or(200)),
                "{width:?}: {longest}\n{text}"
            );
            assert!(!text.contains('\u{1b}'), "{text:?}");
        }
        assert_eq!(
            render_in(&COLUMNS, &rows(), None).lines().count(),
            4,
            "a line for each row"
        );
    }
}
