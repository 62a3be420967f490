//! The auditor's table, and the signatures of those who answer for the report.

use super::ReportContent;
use super::deadlines::deadlines;
use crate::ceremony::paper::blocks;
use crate::ceremony::paper::html::Html;

/// Each requirement, and where its evidence is.
const EVIDENCE: [[&str; 3]; 13] = [
    [
        "CA/B BR 6.1.1.1",
        "a script; witnesses; multi-person control; a log",
        "the printed script; attest/; approvals/; run/transcript.jsonl",
    ],
    [
        "CA/B BR 5.4.1, 5.4.3",
        "time, person and description of every event",
        "run/transcript.jsonl; the time line above",
    ],
    [
        "CA/B BR 7.1.2.1.1",
        "a root's notBefore at most one day before the signature",
        "the session's hours in plan.json, and sign-begin in the transcript",
    ],
    [
        "CA/B BR 4.3.1.2",
        "linting before the signature",
        "verdicts and linters in plan.json",
    ],
    [
        "CA/B BR 4.9.7",
        "the first CRL within 24 hours of the first certificate; after that, within 24 hours of a revocation, and every 12 months",
        "out/; deadlines, below",
    ],
    [
        "CA/B BR 7.2",
        "nextUpdate at most 12 months ahead; CRL numbers that increase",
        "out/; state/next.json",
    ],
    [
        "CA/B NSR item c",
        "a root CA is offline or air-gapped",
        "network interfaces in each opened event",
    ],
    [
        "Mozilla 3.1.3",
        "SHA-256 of subjectPublicKeyInfo, also of parked keys; a witnessed report",
        "keys that were made, above; attest/",
    ],
    [
        "Chrome 1.8, 2.2",
        "the date of the ceremony, and of each key",
        "keys that were made, above",
    ],
    ["CCADB 3.2", "disclosure within 7 days", "deadlines, below"],
    [
        "ETSI EN 319 411-1, GEN-6.5.1-11 to 14",
        "roles by phase; a report with two signatures",
        "attendance above, and the signatures below",
    ],
    [
        "C2PA certificate policy 0.2",
        "approval, hardware, storage, sign-off, deviations",
        "approvals/; tokens in plan.json; bag numbers and deviations in the transcript",
    ],
    [
        "CA/B Code Signing BR",
        "two trusted roles witness the destruction of a key",
        "destroy-begin and destroy-end in the transcript; attest/",
    ],
];

pub(super) fn write(html: &mut Html, content: &ReportContent<'_>) {
    html.leaf("h2", "", "Evidence for auditors");
    let rows: Vec<[String; 3]> = EVIDENCE.map(|row| row.map(str::to_owned)).to_vec();
    blocks::table(
        html,
        "rows evidence",
        &[
            "clause",
            "what it asks for",
            "where it is: files of this directory, this report, or paper",
        ],
        &rows,
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
