//! The library's public types, read from its files.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::source_text::library;

/// Enums that callers match exhaustively, with the reason: the compiler reports a new variant to the caller.
const CLOSED: [(&str, &str); 42] = [
    ("Access", "read or write"),
    ("CertificateRole", "a verdict"),
    ("CertificateStatus", "RFC 6960 CertStatus"),
    ("CheckState", "a verdict"),
    ("CrlKind", "RFC 5280: complete or delta"),
    ("CrlReason", "RFC 5280 CRLReason"),
    ("CrlScope", "RFC 5280 IssuingDistributionPoint"),
    ("Delivered", "a verdict"),
    ("Encoding", "PEM or DER"),
    ("Finding", "a verdict"),
    ("IdentityPartKind", "the three parts of an HSM's identity"),
    ("ImportOutcome", "a verdict"),
    ("Issuer", "itself or another"),
    ("KeptHead", "a verdict"),
    ("KnownAs", "a verdict"),
    ("LeftBehind", "a verdict"),
    ("LinkState", "a verdict"),
    ("ListedStatus", "a verdict"),
    ("LookedBack", "a verdict"),
    ("MemoryLocking", "a verdict"),
    ("MlDsaParameterSet", "FIPS 204"),
    ("NameKind", "RFC 5280 GeneralName"),
    ("OcspMessage", "RFC 6960: request or response"),
    ("Opening", "a ceremony goes on or it is closed"),
    ("Owners", "whose files count"),
    ("PathCheck", "a verdict"),
    ("PinTries", "a verdict"),
    ("PrivateKeyParts", "what a check may not pass over"),
    ("Reachability", "a verdict"),
    ("RecordedStatus", "a verdict"),
    ("RequestOutcome", "issued or refused"),
    ("ResponderId", "RFC 6960 ResponderID"),
    ("ResponderIdKind", "RFC 6960 ResponderID"),
    ("ResponseStatus", "RFC 6960 OCSPResponseStatus"),
    ("RevocationReason", "RFC 5280 CRLReason"),
    ("RevocationState", "a verdict"),
    ("RootSide", "the two who certify an HSM"),
    ("StepState", "a verdict"),
    ("TlsEnd", "client or server"),
    ("TlsRole", "the four certificates on the way to an HSM"),
    ("ValidityEnd", "begin or end"),
    ("WhichCertificate", "the two that InitializeCluster takes"),
];

#[test]
fn an_enum_can_grow_or_has_a_reason_not_to() {
    let mut closed = Vec::new();
    for path in library() {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let mut open = false;
        for line in text.lines().map(str::trim) {
            if let Some(rest) = line.strip_prefix("pub enum ") {
                let name: String = rest.chars().take_while(|one| one.is_alphanumeric()).collect();
                if !open {
                    closed.push(name);
                }
            }
            open = line == "#[non_exhaustive]" || open && line.starts_with("#[");
        }
    }
    closed.sort();
    let expected: Vec<_> = CLOSED.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        closed, expected,
        "add #[non_exhaustive], or the reason why it is complete"
    );
}

/// Types of other crates in the library's interface, listed in docs/architecture.md.
const FOREIGN: [&str; 7] = [
    "const_oid::ObjectIdentifier",
    "aws_config::SdkConfig",
    "serde_json::Map",
    "serde_json::Value",
    "zeroize::Zeroizing",
    "serde::DeserializeOwned",
    "serde::Serialize",
];

/// The names that a file imports from other crates, each with its crate.
fn foreign_names(text: &str) -> Vec<(String, String)> {
    let modules: Vec<_> = text
        .lines()
        .filter_map(|line| line.trim().split("mod ").nth(1)?.strip_suffix(';'))
        .collect();
    let mut found = Vec::new();
    for import in text.split("\nuse ").skip(1) {
        let import = import.split(';').next().expect("a part");
        let (of, names) = import.split_once("::").unwrap_or((import, ""));
        if ["std", "crate", "super", "self", "hsm_ca"].contains(&of) || modules.contains(&of) {
            continue;
        }
        for name in names.split([',', '{', '}']) {
            // Its local name: the last word of `a::B` or of `a::B as C`.
            let name = name.rsplit([' ', ':', '\n']).next().unwrap_or(name);
            if name.starts_with(|one: char| one.is_ascii_uppercase()) {
                found.push((of.to_owned(), name.to_owned()));
            }
        }
    }
    found
}

/// The crates that this package depends on, as the code names them.
fn dependencies() -> Vec<String> {
    let manifest =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("UTF-8");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let table = manifest["dependencies"].as_table().expect("a table");
    table.keys().map(|name| name.replace('-', "_")).collect()
}

/// The types that a declaration names by a path from another crate, without an import.
fn foreign_paths(declaration: &str, dependencies: &[String]) -> Vec<String> {
    let paths = declaration.split(|one: char| !one.is_alphanumeric() && one != '_' && one != ':');
    let paths = paths.filter_map(|path| {
        let (of, rest) = path.trim_start_matches(':').split_once("::")?;
        let name = rest.rsplit("::").next().unwrap_or(rest);
        dependencies
            .iter()
            .any(|one| one == of)
            .then(|| format!("{of}::{name}"))
    });
    paths.collect()
}

/// From the first brace of a text to its partner.
fn braces(text: &str) -> &str {
    let mut depth = 0;
    let end = text.char_indices().find(|(_, one)| {
        depth += i32::from(*one == '{') - i32::from(*one == '}');
        *one == '}' && depth == 0
    });
    &text[..end.map_or(text.len(), |(end, _)| end)]
}

/// A text without its comments.
fn code(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.flat_map(|line| [line, "\n"]).collect()
}

/// The public declarations of a file: from `pub` to the body or the end, an enum with its variants.
fn public_declarations(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.match_indices("pub ").filter(|(at, _)| {
        let line = &text[text[..*at].rfind('\n').map_or(0, |line| line + 1)..*at];
        line.trim().is_empty() || line.trim_start().starts_with("pub struct ")
    });
    starts.map(|(at, _)| {
        let rest = &text[at..];
        let line = rest.split(['\n', ';', '{', '=']).next().unwrap_or(rest);
        if line.contains("fn ") {
            // The parameters may be on separate lines.
            rest.split([';', '{']).next().unwrap_or(rest)
        } else if line.starts_with("pub enum ") {
            braces(rest)
        } else if line.starts_with("pub struct ") {
            // Public fields of a tuple are declarations too.
            line.split('(').next().unwrap_or(line)
        } else {
            line
        }
    })
}

#[test]
fn the_interface_names_only_the_listed_foreign_types() {
    let mut found = BTreeSet::new();
    let dependencies = dependencies();
    for path in library() {
        if path.components().any(|part| part.as_os_str() == "tests") || path.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("UTF-8");
        let text = code(text.split("#[cfg(test)]\nmod tests {").next().expect("a part"));
        let names = foreign_names(&text);
        for declaration in public_declarations(&text) {
            if let Some(again) = declaration.strip_prefix("pub use ") {
                let of = again.split("::").next().expect("a part");
                if ["aws_config", "const_oid", "der", "zeroize", "serde_json"].contains(&of) {
                    found.insert(again.to_owned());
                }
                continue;
            }
            found.extend(foreign_paths(declaration, &dependencies));
            let words: Vec<_> = declaration
                .split(|one: char| !one.is_alphanumeric() && one != '_')
                .collect();
            for (of, name) in &names {
                if words.contains(&name.as_str()) {
                    found.insert(format!("{of}::{name}"));
                }
            }
        }
    }
    assert_eq!(found, FOREIGN.map(str::to_owned).into());
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = fs::read_to_string(root.join("docs/architecture.md")).expect("the document");
    for name in FOREIGN {
        assert!(
            document.contains(&format!("`{name}`")),
            "docs/architecture.md lacks {name}"
        );
    }
}

#[test]
fn a_foreign_type_is_seen_in_a_variant_and_by_its_path() {
    let text = code(
        "
        pub enum A {
            /// serde_json::Number
            B(serde_json::Error),
            C { d: ::rusqlite::Row<'static>, e: [u8; { 1 }] },
        }
        pub fn f(of: &x509_cert::name::Name) { der::Reader::new() }
        pub(crate) fn g(of: der::Any) {}
        ",
    );
    let dependencies = dependencies();
    let found = public_declarations(&text).flat_map(|declaration| foreign_paths(declaration, &dependencies));
    let found: BTreeSet<_> = found.collect();
    let expected = ["rusqlite::Row", "serde_json::Error", "x509_cert::Name"];
    assert_eq!(found, expected.map(str::to_owned).into());
}
