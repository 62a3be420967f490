//! Blocks used by both the script and the report.

use super::html::Html;
use super::objects::split_line;
use crate::ceremony::{CeremonyKind, CeremonyPlan, Digest, hash_words};

/// A table of names and values.
pub(super) fn facts<'a>(html: &mut Html, caption: &str, facts: impl IntoIterator<Item = (&'a str, &'a str)>) {
    html.element("table", "facts", |html| {
        if !caption.is_empty() {
            html.leaf("caption", "", caption);
        }
        html.element("tbody", "", |html| {
            for (name, value) in facts {
                html.element("tr", "", |html| {
                    html.leaf("th", "", name);
                    cell(html, value);
                });
            }
        });
    });
}

fn cell(html: &mut Html, value: &str) {
    html.element("td", "", |html| {
        html.text_with_hashes(value);
    });
}

/// The lines that describe an object or an input, split into name and value.
pub(super) fn shown(lines: &[String]) -> impl Iterator<Item = (&str, &str)> {
    lines.iter().map(|line| split_line(line))
}

/// A table with a heading, and one row for each of `rows`.
pub(super) fn table<R: AsRef<[String]>>(html: &mut Html, class: &'static str, head: &[&str], rows: &[R]) {
    html.element("div", "wide", |html| {
        html.element("table", class, |html| {
            html.element("thead", "", |html| {
                html.element("tr", "", |html| {
                    for name in head {
                        html.leaf("th", "", name);
                    }
                });
            });
            html.element("tbody", "", |html| {
                for row in rows {
                    html.element("tr", "", |html| {
                        for value in row.as_ref() {
                            cell(html, value);
                        }
                    });
                }
            });
        });
    });
}

/// Each waiver of the plan: the rule, the step and the reason.
pub(super) fn waivers(html: &mut Html, plan: &CeremonyPlan) {
    if plan.waived.is_empty() {
        html.leaf("p", "", "None.");
        return;
    }
    let rows = plan.waived.iter();
    let rows = rows.map(|waiver| [waiver.rule.clone(), waiver.step.clone(), waiver.because.clone()]);
    let rows: Vec<[String; 3]> = rows.collect();
    table(html, "rows waivers", &["rule", "step", "because"], &rows);
}

/// A SHA-256 in hex and in words.
pub(super) fn hash(html: &mut Html, hash: &Digest) {
    html.element("p", "", |html| {
        html.text_with_hashes(&hash.to_string());
    });
    words(html, hash);
}

/// The words of a SHA-256 in pairs: a word of two syllables, then one of three.
pub(super) fn words(html: &mut Html, hash: &Digest) {
    let words = hash_words(&hash.0);
    let words: Vec<&str> = words.split(' ').collect();
    html.element("ol", "words", |html| {
        for (index, pair) in words.chunks(2).enumerate() {
            html.leaf("li", "", &format!("{:>2} {}", 2 * index + 1, pair.join(" ")));
        }
    });
}

/// Empty boxes to fill in by hand.
pub(super) fn boxes(html: &mut Html, names: &[String]) {
    html.element("div", "boxes", |html| {
        for name in names {
            html.leaf("div", "box", name);
        }
    });
}

/// Empty lines for the words of a hash, numbered in pairs.
pub(super) fn blanks(html: &mut Html) {
    html.element("div", "blanks", |html| {
        for pair in 0..crate::ceremony::SPOKEN_OCTETS / 2 {
            html.leaf("span", "", &(2 * pair + 1).to_string());
        }
    });
}

/// The banner of a practice: shown on the screen and at the top of the first sheet.
pub(super) fn practice_banner(html: &mut Html, plan: &CeremonyPlan) {
    if plan.kind == CeremonyKind::Practice {
        html.leaf(
            "p",
            "banner",
            "PRACTICE. This ceremony is an exercise. Nothing that it makes is real.",
        );
    }
}
