//! The auditor's table, and the signatures of those who answer for the report.

use super::deadlines::deadlines;
use super::{ReportContent, ReportedObject};
use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;
use crate::ceremony::{Event, Record};

/// What a ceremony must have done so that a requirement is about it.
#[derive(Clone, Copy)]
enum Needs {
    Nothing,
    Key,
    Root,
    Certificate,
    List,
    Object,
    Destruction,
}

/// Each requirement: its clause, what it asks for, where the evidence is, and what it is about.
const EVIDENCE: [(&str, &str, &str, Needs); 13] = [
    (
        "CA/B BR 6.1.1.1",
        "a script; witnesses; multi-person control; a log",
        "the printed script; attest/; approvals/; run/transcript.jsonl",
        Needs::Nothing,
    ),
    (
        "CA/B BR 5.4.1, 5.4.3",
        "time, person and description of every event",
        "run/transcript.jsonl; the time line above",
        Needs::Nothing,
    ),
    (
        "CA/B BR 7.1.2.1.1",
        "a root's notBefore at most one day before the signature",
        "the session's hours in plan.json, and sign-begin in the transcript",
        Needs::Root,
    ),
    (
        "CA/B BR 4.3.1.2",
        "linting before the signature",
        "verdicts and linters in plan.json",
        Needs::Object,
    ),
    (
        "CA/B BR 4.9.7",
        "the first CRL within 24 hours of the first certificate; after that, within 24 hours of a revocation, and every 12 months",
        "out/; deadlines, below",
        Needs::Object,
    ),
    (
        "CA/B BR 7.2",
        "nextUpdate at most 12 months ahead; CRL numbers that increase",
        "out/; state/next.json",
        Needs::List,
    ),
    (
        "CA/B NSR item c",
        "a root CA is offline or air-gapped",
        "network interfaces in each opened event",
        Needs::Nothing,
    ),
    (
        "Mozilla 3.1.3",
        "SHA-256 of subjectPublicKeyInfo, also of parked keys; a witnessed report",
        "keys that were made, above; attest/",
        Needs::Key,
    ),
    (
        "Chrome 1.8, 2.2",
        "the date of the ceremony, and of each key",
        "keys that were made, above",
        Needs::Key,
    ),
    (
        "CCADB 3.2",
        "disclosure within 7 days",
        "deadlines, below",
        Needs::Certificate,
    ),
    (
        "ETSI EN 319 411-1, GEN-6.5.1-11 to 14",
        "roles by phase; a report with two signatures",
        "attendance above, and the signatures below",
        Needs::Nothing,
    ),
    (
        "C2PA certificate policy 0.2",
        "approval, hardware, storage, sign-off, deviations",
        "approvals/; tokens in plan.json; bag numbers and deviations in the transcript",
        Needs::Nothing,
    ),
    (
        "CA/B Code Signing BR",
        "two trusted roles witness the destruction of a key",
        "destroy-begin and destroy-end in the transcript; attest/",
        Needs::Destruction,
    ),
];

impl Needs {
    /// Why the requirement does not apply to this ceremony, if so.
    fn missing(self, content: &ReportContent<'_>) -> Option<&'static str> {
        let made = content.made.as_slice();
        let is_certificate = |made: &ReportedObject| made.subject.is_some();
        let is_root =
            |made: &ReportedObject| made.subject.as_ref() == Some(&made.issuer) && !made.is_subordinate;
        let destroys = |record: &Record| {
            matches!(
                record.event(),
                Ok(Event::DestroyBegin { .. } | Event::DestroyEnd { .. })
            )
        };
        let (is_there, why) = match self {
            Self::Nothing => (true, ""),
            Self::Key => (!content.trail.keys.is_empty(), "no key was made"),
            Self::Root => (made.iter().any(is_root), "no root was signed"),
            Self::Certificate => (made.iter().any(is_certificate), "no certificate was signed"),
            Self::List => (
                made.iter().any(|made| made.next_update.is_some()),
                "no CRL was signed",
            ),
            Self::Object => (!made.is_empty(), "nothing was signed"),
            Self::Destruction => (
                content.transcript.records().iter().any(destroys),
                "no key was destroyed",
            ),
        };
        (!is_there).then_some(why)
    }
}

fn rows(content: &ReportContent<'_>) -> Vec<[String; 3]> {
    let row = |(clause, asks, place, needs): (&str, &str, &str, Needs)| {
        let place = match needs.missing(content) {
            Some(why) => format!("does not apply: {why}"),
            None => place.to_owned(),
        };
        [clause.to_owned(), asks.to_owned(), place]
    };
    EVIDENCE.map(row).to_vec()
}

pub(super) fn write(html: &mut Html, content: &ReportContent<'_>) {
    html.leaf("h2", "", "Evidence for auditors");
    blocks::table(
        html,
        "rows evidence",
        &[
            "clause",
            "what it asks for",
            "where it is: files of this directory, this report, or paper",
        ],
        &rows(content),
    );
    html.leaf(
        "p",
        "",
        "docs/ceremony-format.md of the program describes every file, so that somebody else can write a verifier. SHA256SUMS lists them.",
    );
    html.element("section", "together", |html| {
        html.leaf("h2", "", "Deadlines");
        let rows = deadlines(content);
        match rows.is_empty() {
            true => {
                html.leaf("p", "", "None follows from what was made.");
            }
            false => blocks::table(html, "rows deadlines", &["by (UTC)", "what", "why"], &rows),
        }
    });
    html.element("section", "together", |html| {
        html.leaf("h2", "", "Signatures");
        let row = |who: &str| [who.to_owned(), String::new(), String::new(), String::new()];
        let rows = [
            row("for the CA, in a trusted role"),
            row("independent of the CA's management"),
        ];
        blocks::table(
            html,
            "lines signatures",
            &["who", "name", "date", "signature"],
            &rows,
        );
    });
}
