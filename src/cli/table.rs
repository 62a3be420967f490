//! Tables for the width of the terminal.

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table as Layout, Width};
use hsm_ca::values::columns;

use super::report::printable;
use super::wrap;

#[derive(Debug, Args)]
pub(super) struct TableOptions {
    /// One line for each row, whatever the terminal's width
    #[arg(long)]
    pub(super) wide: bool,
}

/// A column: its heading, and how it adapts to a narrow terminal.
pub(super) type Column = (&'static str, Fit);

/// How a column adapts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fit {
    /// It stays whole, because the next command needs its contents.
    Whole,
    /// It is broken into lines, between words.
    Folded,
}

/// The lines of one cell.
#[derive(Clone, Debug)]
pub(super) struct Cell(pub(super) Vec<String>);

/// The cells of a row.
pub(super) type Row = Vec<Cell>;

/// A row of cells of one line each.
pub(super) fn row<const COLUMNS: usize>(cells: [String; COLUMNS]) -> Row {
    cells.map(|cell| Cell(vec![cell])).into()
}

/// The gap between two columns.
const GAP: u16 = 2;

/// The rows with their headings. `wide` lets lines be longer than the terminal; a file or a pipe has no width.
pub(super) fn render(headings: &[Column], rows: &[Row], wide: bool) -> String {
    render_in(headings, rows, width(wide))
}

/// The first layout that fits the terminal; if none does, the last one, a line for each cell.
pub(super) fn render_first(layouts: &[(&[Column], Vec<Row>)], wide: bool) -> String {
    let width = width(wide);
    let fits = |(headings, rows): &&(&[Column], Vec<Row>)| {
        width.is_none_or(|width| total_width(&least_widths(headings, rows)) <= width)
    };
    let chosen = layouts.iter().find(fits).or(layouts.last());
    chosen.map_or_else(String::new, |(headings, rows)| render_in(headings, rows, width))
}

/// How wide a table may be.
pub(super) fn width(wide: bool) -> Option<u16> {
    let width = wrap::width_of(std::io::stdout()).filter(|_| !wide)?;
    u16::try_from(width).ok()
}

/// A line below a table. A terminal's width applies to it even if the table is wider (`--wide`).
pub(super) fn below(text: &str) -> String {
    wrap::below("", text, wrap::width_of(std::io::stdout()))
}

fn render_in(headings: &[Column], rows: &[Row], width: Option<u16>) -> String {
    let least = least_widths(headings, rows);
    match width {
        Some(width) if total_width(&least) > width => records(headings, rows, width),
        _ => table(headings, rows, &least, width),
    }
}

fn least_widths(headings: &[Column], rows: &[Row]) -> Vec<u16> {
    (0..headings.len())
        .map(|place| least_width(headings[place], rows.iter().filter_map(|row| row.get(place))))
        .collect()
}

/// The columns with the gaps between them.
fn total_width(least: &[u16]) -> u16 {
    let total = least.iter().map(|least| least.saturating_add(GAP));
    total.fold(0, u16::saturating_add).saturating_sub(GAP)
}

/// The table. Each column is at least as wide as its longest word.
fn table(headings: &[Column], rows: &[Row], least: &[u16], width: Option<u16>) -> String {
    let mut table = Layout::new();
    table
        .load_style(NOTHING)
        .set_header(headings.iter().map(|(heading, _)| *heading));
    match width {
        // The last column has no gap after it.
        Some(width) => table
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width.saturating_add(GAP)),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    for row in rows {
        // A line feed inside a label does not start a new line.
        let cell = |Cell(lines): &Cell| {
            let lines: Vec<_> = lines.iter().map(|line| printable(line)).collect();
            lines.join("\n")
        };
        table.add_row(row.iter().map(cell));
    }
    for ((column, (_, fit)), least) in table.column_iter_mut().zip(headings).zip(least) {
        column.set_padding((0, GAP));
        column.set_constraint(match fit {
            Fit::Whole => ColumnConstraint::ContentWidth,
            Fit::Folded => ColumnConstraint::LowerBoundary(Width::Fixed(least.saturating_add(GAP))),
        });
    }
    let text = table.to_string();
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// The layout if a table does not fit: a line for each cell, with its heading, and a blank line between rows.
fn records(headings: &[Column], rows: &[Row], width: u16) -> String {
    let longest = headings.iter().map(|(heading, _)| columns(heading)).max();
    let indent = longest.unwrap_or(0) + 2;
    let record = |row: &Row| {
        let mut text = String::new();
        for ((heading, _), Cell(lines)) in headings.iter().zip(row) {
            for (place, line) in lines.iter().filter(|line| !line.is_empty()).enumerate() {
                let heading = if place == 0 { heading } else { "" };
                let first = format!("{heading:indent$}");
                text.push_str(&wrap::hang(&first, indent, &printable(line), Some(width.into())));
                text.push('\n');
            }
        }
        text
    };
    rows.iter().map(record).collect::<Vec<_>>().join("\n")
}

/// The least width of a column: that of its longest line if it stays whole, otherwise of its longest word.
fn least_width<'a>((heading, fit): Column, cells: impl Iterator<Item = &'a Cell>) -> u16 {
    let parts = |line: &str| match fit {
        Fit::Whole => columns(line),
        Fit::Folded => line.split(' ').map(columns).max().unwrap_or(0),
    };
    let lines = cells.flat_map(|Cell(lines)| lines).map(|line| parts(line));
    let least = lines.chain([columns(heading)]).max().unwrap_or(0);
    u16::try_from(least).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let row = |label: &str| {
            row([
                label.to_owned(),
                "signs, decrypts and unwraps".to_owned(),
                "ab".repeat(20),
            ])
        };
        vec![row("ca"), row("a label with spaces"), row("a\u{1b}[2J\nb")]
    }

    const COLUMNS: [Column; 3] = [("LABEL", Fit::Whole), ("USE", Fit::Folded), ("ID", Fit::Whole)];

    #[test]
    fn what_the_next_command_needs_stays_whole_and_the_rest_is_folded() {
        for width in [None, Some(200), Some(80), Some(70), Some(50)] {
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
            for word in ["signs,", "decrypts", "unwraps"] {
                assert_eq!(text.matches(word).count(), 3, "{width:?}: {text}");
            }
        }
        assert_eq!(
            render_in(&COLUMNS, &rows(), None).lines().count(),
            4,
            "a line for each row"
        );
    }
}
