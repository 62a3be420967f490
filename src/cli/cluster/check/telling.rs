//! Every step as text.

use std::io;

use hsm_ca::workflow::{Expiry, StepState, TlsCertificate, TlsReport, TlsRole, TlsStep};

use crate::cli::canvas::{Canvas, Tone};
use crate::cli::wrap::{below, width_of};

/// The word for a state.
pub(super) const fn word(state: StepState) -> &'static str {
    match state {
        StepState::Passed => "ok",
        StepState::Noted => "note",
        StepState::Warning => "warning",
        StepState::NotChecked => "not checked",
        StepState::Failed => "FAILED",
    }
}

/// The word, with a sign before it if the terminal has signs.
pub(super) fn mark(state: StepState, canvas: Canvas) -> String {
    if !canvas.lines {
        return word(state).to_owned();
    }
    let sign = match state {
        StepState::Passed => '✔',
        StepState::Noted => '•',
        StepState::Warning => '!',
        StepState::NotChecked => '?',
        StepState::Failed => '✘',
    };
    format!("{sign} {}", word(state))
}

/// The colour of a state.
pub(super) const fn tone(state: StepState) -> Option<Tone> {
    match state {
        StepState::Passed => Some(Tone::Good),
        StepState::Noted => None,
        StepState::Warning | StepState::NotChecked => Some(Tone::Doubtful),
        StepState::Failed => Some(Tone::Bad),
    }
}

/// All steps, the dates, and the verdict.
pub(super) fn tell(report: &TlsReport, canvas: Canvas) -> String {
    let mut text = String::new();
    for role in TlsRole::ALL {
        text.push_str(&format!("{role}\n"));
        let mut shown = None;
        for step in report.steps.iter().filter(|step| step.role == role) {
            if let Some(at) = step.certificate
                && shown != Some(at)
            {
                text.push_str(&tell_certificate(&report.certificates[at]));
                shown = Some(at);
            }
            text.push_str(&tell_step(step, canvas));
        }
    }
    let expiries = report.expiries();
    if !expiries.is_empty() {
        text.push_str("\ndates\n");
        text.extend(expiries.iter().map(|expiry| tell_expiry(expiry, canvas)));
    }
    text.push('\n');
    text.push_str(&verdict(report, canvas));
    text
}

fn tell_certificate(listed: &TlsCertificate) -> String {
    let certificate = &listed.certificate;
    let validity = certificate.validity();
    let width = width_of(io::stdout());
    let told = below("  ", &certificate.subject().to_string(), width);
    format!(
        "{told}{}    SHA-256 {}\n    valid from {} to {}\n",
        below("    in ", &listed.source, width),
        certificate.fingerprint(),
        validity.not_before,
        validity.not_after
    )
}

fn tell_step(step: &TlsStep, canvas: Canvas) -> String {
    let state = word(step.state);
    let begin = format!("    {state:11}  ");
    let width = width_of(io::stdout());
    let told = below(&begin, &format!("{}: {}", step.name, step.found), width);
    let told = told.replacen(state, &canvas.paint(tone(step.state), state), 1);
    let indent = " ".repeat(begin.len());
    let obtain = step.obtain.as_ref().map(|obtain| below(&indent, obtain, width));
    told + &obtain.unwrap_or_default()
}

fn tell_expiry(expiry: &Expiry, canvas: Canvas) -> String {
    let when = match expiry.days_left {
        _ if expiry.state == StepState::Failed => "OVER".to_owned(),
        ..=0 => "over".to_owned(),
        1 => "in 1 day".to_owned(),
        days => format!("in {days} days"),
    };
    let begin = format!("  {}  ", expiry.date);
    let told = below(
        &begin,
        &format!("{when}: the {} expires. {}", expiry.role, expiry.effect),
        width_of(io::stdout()),
    );
    let tone = tone(expiry.state).filter(|_| expiry.state > StepState::Noted);
    told.replacen(&when, &canvas.paint(tone, &when), 1)
}

fn verdict(report: &TlsReport, canvas: Canvas) -> String {
    let count = |state| match report.in_state(state).count() {
        1 => "1 step".to_owned(),
        count => format!("{count} steps"),
    };
    let open = report.in_state(StepState::NotChecked).count();
    match report.fits() {
        Some(true) => format!("{}.\n", canvas.paint(Some(Tone::Good), "Every step passed")),
        Some(false) => {
            let not_checked = match open {
                0 => String::new(),
                _ => format!(", {} not checked", count(StepState::NotChecked)),
            };
            let bad = canvas.paint(Some(Tone::Bad), "The path is NOT valid");
            format!("{bad}: {} failed{not_checked}.\n", count(StepState::Failed))
        }
        None => {
            let doubtful = canvas.paint(Some(Tone::Doubtful), "Not everything was checked");
            format!(
                "{doubtful}: {} not checked. The other steps passed.\n",
                count(StepState::NotChecked)
            )
        }
    }
}
