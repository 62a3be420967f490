//! The CA hierarchy and the QR code of the head, as inline SVG.

use std::collections::BTreeMap;

use qrcodegen::{QrCode, QrCodeEcc};

use super::ReportContent;
use crate::ceremony::paper::html::Html;

const WIDTH: usize = 260;
const HEIGHT: usize = 46;
const GAP: usize = 34;
/// The distance between two levels.
const DROP: usize = 30;
const LONGEST: usize = 36;

/// Who certified whom: each issuer above the subjects that it certified.
pub(super) fn write_hierarchy(html: &mut Html, content: &ReportContent<'_>) {
    let edges: Vec<(&str, &str)> = content
        .made
        .iter()
        .filter_map(|made| Some((made.issuer.as_str(), made.subject.as_deref()?)))
        .collect();
    if edges.is_empty() {
        return;
    }
    let depths = depths(&edges);
    let mut places: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    for (name, depth) in &depths {
        let column = rows.entry(*depth).or_default();
        places.insert(name, (*column * (WIDTH + GAP), *depth * (HEIGHT + DROP)));
        *column += 1;
    }
    let columns = rows.values().copied().max().unwrap_or(1);
    let levels = rows.len();
    // A box's outline is centred on its edges.
    let (width, height) = (columns * (WIDTH + GAP), levels * (HEIGHT + DROP) - DROP);
    let has_lines = edges.iter().any(|(issuer, subject)| issuer != subject);
    html.markup("<section class=\"together\">\n");
    html.leaf("h2", "", "Hierarchy");
    html.element("div", "drawing", |html| {
        html.drawn(format_args!(
            "<svg viewBox=\"-1 -1 {} {}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n",
            width + 2,
            height + 2
        ));
        html.leaf("title", "", "Who certifies whom");
        for (issuer, subject) in &edges {
            if let (Some((x1, y1)), Some((x2, y2))) = (places.get(issuer), places.get(subject))
                && issuer != subject
            {
                let (x1, y1, x2) = (x1 + WIDTH / 2, y1 + HEIGHT, x2 + WIDTH / 2);
                html.drawn(format_args!(
                    "<path d=\"M {x1} {y1} L {x2} {y2}\" stroke=\"#111\" stroke-width=\"1.5\" fill=\"none\"/>\n<circle cx=\"{x2}\" cy=\"{y2}\" r=\"4\"/>\n"
                ));
            }
        }
        for (name, (x, y)) in &places {
            let (left, top) = (x + 10, y + 28);
            html.drawn(format_args!(
                "<rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"5\" fill=\"#f4f4f4\" stroke=\"#111\"/>\n<text x=\"{left}\" y=\"{top}\" font-size=\"13\">"
            ));
            html.text(&shorten(name));
            html.markup("</text>\n");
        }
        html.markup("</svg>\n");
    });
    let caption = match (has_lines, places.len()) {
        (true, _) => "A line leads from an issuer down to each CA or holder that it certifies.",
        (false, 1) => "It signed its own certificate, and no other was made.",
        (false, _) => "Each signed its own certificate, and no other was made.",
    };
    html.leaf("p", "quiet", caption);
    html.markup("</section>\n");
}

/// The depth of each name below the first issuer. Each certificate moves its subject down at most once, so a loop terminates.
fn depths<'a>(edges: &[(&'a str, &'a str)]) -> BTreeMap<&'a str, usize> {
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    for (issuer, subject) in edges {
        depths.entry(issuer).or_default();
        depths.entry(subject).or_default();
    }
    for _ in 0..edges.len() {
        for (issuer, subject) in edges.iter().filter(|(issuer, subject)| issuer != subject) {
            let below = depths.get(issuer).copied().unwrap_or_default() + 1;
            let depth = depths.entry(subject).or_default();
            *depth = (*depth).max(below.min(edges.len()));
        }
    }
    depths
}

fn shorten(name: &str) -> String {
    let mut characters = name.chars();
    let shown: String = characters.by_ref().take(LONGEST).collect();
    match characters.next() {
        Some(_) => format!("{shown}…"),
        None => shown,
    }
}

/// A QR code (ISO/IEC 18004) with a border of four modules.
pub(super) fn write_code(html: &mut Html, text: &str) {
    const BORDER: i32 = 4;
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else {
        html.leaf("p", "hex", text);
        return;
    };
    let size = code.size() + 2 * BORDER;
    html.element("div", "code", |html| {
        html.drawn(format_args!(
            "<svg viewBox=\"0 0 {size} {size}\" role=\"img\" shape-rendering=\"crispEdges\">\n<rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/>\n<path d=\""
        ));
        for y in 0..code.size() {
            for x in 0..code.size() {
                if code.get_module(x, y) {
                    let (left, top) = (x + BORDER, y + BORDER);
                    html.drawn(format_args!("M{left} {top}h1v1h-1z"));
                }
            }
        }
        html.markup("\" fill=\"#000\"/>\n</svg>\n");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_above_what_it_certifies_and_a_loop_ends() {
        let found = depths(&[
            ("root", "root"),
            ("root", "i1"),
            ("legacy", "root"),
            ("i1", "leaf"),
        ]);
        let of = |name: &str| found[name];
        assert_eq!((of("legacy"), of("root"), of("i1"), of("leaf")), (0, 1, 2, 3));
        assert_eq!(depths(&[("a", "b"), ("b", "a")]).len(), 2);
        assert_eq!(shorten(&"x".repeat(36)).chars().count(), 36);
        assert!(shorten(&"x".repeat(37)).ends_with('…'));
    }
}
