//! The list of rules agrees with the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::x509::{CRL_RULES, OCSP_RULES, RULES, Rule};

/// Rules that are tested elsewhere. A linter is a program; the ledger is another module; a rehearsal has its own tests; a workflow checks the
/// records of an OCSP signer; and no plan that the first decoder and all rules accept is refused by the second decoder. The ledger's rules about
/// a CA and its adoption are tested with ledgers.
const ELSEWHERE: [&str; 13] = [
    "adopted-crl",
    "adopted-path",
    "compromised-key",
    "same-name-other-key",
    "second-certificate",
    "crl-entries",
    "issuer-status",
    "revoked-by-issuer",
    "serial-unused",
    "linter",
    "ocsp-signer-status",
    "second-decoder",
    "read-back",
];

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.push(path);
        }
    }
}

fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().chain(CRL_RULES).chain(OCSP_RULES)
}

/// The source of the modules that apply rules, without tests, and without the readers of CRLs and OCSP responses, which sign nothing.
fn code() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    for room in ["x509", "workflow"] {
        sources(&root.join(room), &mut paths);
    }
    let is_code = |path: &&PathBuf| {
        let path = path.strip_prefix(&root).unwrap().to_str().unwrap();
        // The draft of a ceremony lists rules but does not apply any.
        let lists = ["/verify.rs", "rules.rs", "/draft/planned.rs"];
        !path.contains("tests") && !lists.iter().any(|list| path.ends_with(list))
    };
    let paths = paths.iter().filter(is_code);
    paths.map(|path| fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_rule_is_in_the_list_once_and_in_the_code() {
    let listed: BTreeSet<_> = all().map(|rule| rule.name).collect();
    assert_eq!(listed.len(), all().count(), "one occurs twice");
    // The compiler checks that each constant is in a list. Only this test checks that each rule is applied.
    let code = code();
    let applied: BTreeSet<_> = code
        .split("rules::")
        .skip(1)
        .map(|rest| {
            rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .next()
        })
        .map(Option::unwrap)
        .collect();
    let constant = |name: &str| name.to_uppercase().replace('-', "_");
    let missing: Vec<_> = listed
        .iter()
        .filter(|name| !applied.contains(constant(name).as_str()))
        .collect();
    assert!(missing.is_empty(), "no code breaks {missing:?}");
}

#[test]
fn every_rule_is_broken_in_a_test() {
    let x509 = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/x509");
    let mut paths = Vec::new();
    for tests in ["check/tests", "crl/tests", "ocsp/tests"] {
        let root = x509.join(tests);
        paths.push(root.with_extension("rs"));
        sources(&root, &mut paths);
    }
    let paths = paths.iter().filter(|path| !path.ends_with("list.rs"));
    let tests: String = paths.map(|path| fs::read_to_string(path).unwrap()).collect();
    let is_missing = |rule: &&'static Rule| !tests.contains(&format!("\"{}\"", rule.name));
    let mut missing: Vec<_> = all().filter(is_missing).map(|rule| rule.name).collect();
    missing.retain(|name| !ELSEWHERE.contains(name));
    assert!(missing.is_empty(), "no test breaks {missing:?}");
}

#[test]
fn rules_of_rfc_5280_cannot_be_waived() {
    let waivable: Vec<_> = all()
        .filter(|rule| rule.can_be_waived)
        .map(|rule| rule.name)
        .collect();
    assert_eq!(waivable, ["extended-key-usage-nesting", "common-name"]);
}
