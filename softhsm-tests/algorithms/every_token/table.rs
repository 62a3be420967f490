//! docs/algorithms.md

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{CASES, Outcome};
use crate::harness::TokenKind;

const TABLE: &str = "docs/algorithms.md";

/// Compares the results with the document.
pub(super) fn compare(found: &[(TokenKind, Vec<Outcome>)]) {
    let text = render(found);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TABLE);
    if std::env::var_os("HSM_CA_WRITE_TABLE").is_some() {
        fs::write(&path, &text).expect("the table");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        written, text,
        "{TABLE} is not what was found: run this test with HSM_CA_WRITE_TABLE=1 and read the difference"
    );
}

fn columns() -> Vec<&'static str> {
    let mut columns: Vec<_> = CASES.iter().map(|case| case.column).collect();
    columns.dedup();
    columns
}

fn render(found: &[(TokenKind, Vec<Outcome>)]) -> String {
    let mut reasons: Vec<String> = Vec::new();
    let mut text = "# Which token makes which signature\n\n\
         Written by the test `algorithms::every_token`. On every token and with every key that another program makes there, `ca create`,\n\
         `csr sign` and `crl create` sign by every algorithm that fits the key. `openssl` and GnuTLS read and verify all three; ML-DSA, which\n\
         their versions of Debian 12 do not know, is read and verified by Python's `cryptography` (OpenSSL 4), and all of it by `pkilint`.\n\n\
         The key chooses the algorithm: PKCS#1 v1.5 with SHA-256 for RSA, the hash of the curve's strength for ECDSA, Ed25519 and ML-DSA\n\
         (RFC 9881: pure, with an empty context) by themselves. `--hash` names another hash, `--pss` asks for RSASSA-PSS (RFC 4055: MGF1 with the\n\
         same hash, a salt as long). A key that is restricted to RSASSA-PSS parameters keeps them. Requests, OCSP responses and\n\
         cross-certificates are signed by the same choice. A mechanism that the token does not list is refused by its name before anything is\n\
         recorded or signed.\n\n"
        .to_owned();
    let columns = columns();
    let _ = writeln!(text, "| token | {} |", columns.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(columns.len()));
    for (kind, outcomes) in found {
        let cells: Vec<_> = columns
            .iter()
            .map(|column| describe(column, outcomes, &mut reasons))
            .collect();
        let _ = writeln!(text, "| {} | {} |", kind.title(), cells.join(" | "));
    }
    text.push_str("\nno key: neither `pkcs11-tool` nor `C_GenerateKeyPair` of PKCS#11 3.2 makes such a key on the token.\n\n");
    for (number, reason) in reasons.iter().enumerate() {
        let _ = writeln!(text, "{}. {reason}", number + 1);
    }
    text
}

fn describe(column: &str, outcomes: &[Outcome], reasons: &mut Vec<String>) -> String {
    let cases = CASES
        .iter()
        .zip(outcomes)
        .filter(|(case, _)| case.column == column);
    let mut made = Vec::new();
    for (case, outcome) in cases {
        match outcome {
            Outcome::Signed if case.hash.is_empty() => made.push("yes".to_owned()),
            Outcome::Signed => made.push(case.hash.to_owned()),
            Outcome::NoKey => return "no key".to_owned(),
            Outcome::Refused(message) => {
                let reason = message.rsplit(": ").next().unwrap_or(message);
                let at = reasons.iter().position(|known| known == reason);
                let at = at.unwrap_or_else(|| {
                    reasons.push(reason.to_owned());
                    reasons.len() - 1
                });
                made.push(format!("no ({})", at + 1));
            }
        }
    }
    made.dedup();
    made.join(", ")
}
