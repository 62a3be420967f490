//! An HSM's identity as text: a line for each chain, and every step if one failed or with -v.

use hsm_ca::workflow::{IdentityPart, IdentityReport, IdentitySubject, UnknownRoot};
use hsm_ca::x509::{Finding, PathStep};

use super::name_failure;
use crate::cli::canvas::{Canvas, Tone};
use crate::cli::page::Page;
use crate::cli::report::printable;
use crate::cli::ui::Ui;

/// The column after the state.
const STATES: usize = 8;

pub(super) fn tell(report: &IdentityReport, cluster: &str, ui: &Ui) -> String {
    let canvas = ui.canvas();
    let is_verified = report.verified().is_some();
    let mut page = Page::new(canvas);
    for part in report.parts() {
        if ui.is_verbose() || !is_verified {
            page.line(part.kind.title());
            part.subjects.iter().for_each(|subject| show(subject, &mut page));
        } else {
            summarise(part, &mut page);
        }
    }
    let unknown_roots = report.unknown_roots();
    if !is_verified {
        // Repeat the failures at the end.
        for failure in report.failures() {
            state("", "FAILED", Some(Tone::Bad), &name_failure(failure), &mut page);
        }
        page.hang("", "NOT verified: sign nothing for this HSM.", Some(Tone::Bad));
    } else if unknown_roots.is_empty() {
        let verdict = format!("Verified: the CSR of {cluster} comes from a genuine HSM.");
        page.hang("", &verdict, Some(Tone::Good));
    } else {
        let verdict = format!(
            "Verified, but under roots that hsm-ca does not know: {}.",
            join(&unknown_roots)
        );
        page.hang("", &verdict, Some(Tone::Doubtful));
    }
    page.into_text()
}

/// The roots in one line.
pub(in crate::cli) fn join(roots: &[UnknownRoot]) -> String {
    let roots: Vec<_> = roots.iter().map(ToString::to_string).collect();
    roots.join("; ")
}

/// One line for the chain, and one for each note.
fn summarise(part: &IdentityPart, page: &mut Page) {
    let roles: Vec<_> = part.subjects.iter().map(|subject| subject.role).collect();
    let text = format!("{}: {}", part.kind.title(), roles.join(", "));
    state("", "ok", Some(Tone::Good), &text, page);
    for subject in &part.subjects {
        for step in &subject.steps {
            if let Finding::Noted(found) = &step.finding {
                let text = format!("{}, {}: {found}", subject.role, step.what);
                state("  ", "note", None, &text, page);
            }
        }
    }
}

fn show(subject: &IdentitySubject, page: &mut Page) {
    page.hang("  ", &format!("{}: {}", subject.role, subject.subject), None)
        .hang("    ", &format!("SHA-256 {}", subject.fingerprint), None);
    for PathStep { what, finding } in &subject.steps {
        let first = format!("    {:STATES$}{what:19}  ", word(finding));
        coloured(&first, word(finding), tone(finding), finding.text(), page);
    }
}

/// A coloured state, followed by a text.
fn state(indent: &str, word: &str, tone: Option<Tone>, text: &str, page: &mut Page) {
    coloured(&format!("{indent}{word:STATES$}"), word, tone, text, page);
}

fn coloured(first: &str, word: &str, tone: Option<Tone>, text: &str, page: &mut Page) {
    let canvas: Canvas = page.canvas();
    page.hang_painted(
        first,
        |line| line.replacen(word, &canvas.paint(tone, word), 1),
        &printable(text),
    );
}

pub(super) const fn word(finding: &Finding) -> &'static str {
    match finding {
        Finding::Passed(_) => "ok",
        Finding::Noted(_) => "note",
        Finding::Failed(_) => "FAILED",
    }
}

const fn tone(finding: &Finding) -> Option<Tone> {
    match finding {
        Finding::Passed(_) => Some(Tone::Good),
        Finding::Noted(_) => None,
        Finding::Failed(_) => Some(Tone::Bad),
    }
}
