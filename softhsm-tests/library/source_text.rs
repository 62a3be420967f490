//! What every file of the library keeps to, read from its text.

use std::fs;
use std::path::{Path, PathBuf};

/// Enums that a caller matches to the end, with the reason: the compiler shows the caller a new variant.
const CLOSED: [(&str, &str); 39] = [
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
    ("Owners", "whose files count"),
    ("PathCheck", "a verdict"),
    ("PinTries", "a verdict"),
    ("PrivateKeyParts", "what a check may not pass over"),
    ("Reachability", "a verdict"),
    ("RecordedStatus", "a verdict"),
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

/// The files of the library, without the program.
fn library() -> Vec<PathBuf> {
    fn add(directory: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                add(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    add(&source, &mut found);
    let is_program = |path: &PathBuf| {
        let inside = path.strip_prefix(&source).expect("inside");
        inside.starts_with("cli") || inside == Path::new("main.rs") || inside == Path::new("cli.rs")
    };
    found.retain(|path| !is_program(path));
    assert!(found.len() > 100, "the files of the library have moved");
    found
}

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
