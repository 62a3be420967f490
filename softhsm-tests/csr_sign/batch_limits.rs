//! A batch at its limits: the sessions of a token, a busy token, and a failing disk.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::batch::{assert_certificates, batch, calls, lines, results, rig_on, rig_with};
use super::delivery::{assert_sound, count, entries};
use crate::harness::{PROGRAM, TokenKind, python_tool};

/// The number of requests in `in/`, with one key and different names.
const REQUESTS: &str = r#"
import sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

key = ec.generate_private_key(ec.SECP256R1())
for number in range(int(sys.argv[1])):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"client {number:04}")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    with open(f"in/{number:04}.csr", "wb") as file:
        file.write(request.public_bytes(serialization.Encoding.PEM))
"#;

/// CloudHSM's limit for a cluster, which is also the highest value of `--jobs`.
#[test]
fn a_thousand_and_twenty_four_sessions_sign_at_once() {
    const MANY: usize = 1030;
    let rig = rig_with(0);
    rig.write("requests.py", REQUESTS);
    rig.tool(python_tool("python3"), &["requests.py", &MANY.to_string()])
        .ok();
    let arguments = [&["--format", "json"][..], &batch(&["in"], &["--jobs", "1024"])].concat();
    let (told, summary) = lines(&rig.command_with_rule(&arguments, &[]).ok());
    assert_eq!(results(&told), vec!["issued"; MANY]);
    assert_eq!(summary["warnings"], Value::Null);
    assert_eq!(calls(&rig, "C_Login"), 1);
    assert_eq!(calls(&rig, "C_OpenSession"), 1025);
    assert_eq!(calls(&rig, "C_SignInit"), MANY);
    assert_eq!(fs::read_dir(rig.path("out")).expect("a directory").count(), MANY);
    assert_sound(&rig);
    rig.json(&batch(&["in"], &["--jobs", "1025", "--again"]))
        .refused(2, "usage");
}

/// The system reports a failed sync: no file gets its name, the ledger has all certificates, and nothing is signed again.
#[test]
fn a_disk_that_cannot_sync_the_files_fails_the_command_and_the_next_one_delivers() {
    let rig = rig_with(5);
    let before = count(&rig);
    let strace = ["-f", "-o", "/dev/null", "-e", "inject=syncfs:error=EIO"];
    let arguments = [&strace[..], &[PROGRAM, "--format", "json"], &batch(&["in"], &[])].concat();
    let failed = rig.without_secrets(rig.tool("strace", &arguments));
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(
        failed.stderr.contains("Input/output error") && failed.stderr.contains("out"),
        "{failed:?}"
    );
    let left = fs::read_dir(rig.path("out")).expect("a directory");
    assert_eq!(left.count(), 0, "a file has its name, and may not be on the disk");
    let recorded = entries(&rig, &[]);
    assert_eq!(recorded.len(), before + 5);
    for entry in recorded.iter().filter(|entry| entry["profile"] == "tls-client") {
        assert_eq!(
            (&entry["state"], &entry["delivered"]),
            (&"signed".into(), &false.into()),
            "{entry}"
        );
    }
    let (told, _) = lines(&rig.json(&batch(&["in"], &[])).ok());
    assert_eq!(results(&told), ["delivered-again"; 5]);
    assert_eq!(count(&rig), before + 5);
    for number in 0..5 {
        assert!(Path::new(&rig.path(&format!("out/{number:03}.crt"))).exists());
    }
    assert_sound(&rig);
}

#[test]
fn as_many_sessions_sign_as_the_token_has() {
    let rig = rig_with(20);
    let limit = [("FAIL", "C_OpenSession:CKR_SESSION_COUNT@4")];
    let arguments = [&["--format", "json"][..], &batch(&["in"], &["--jobs", "16"])].concat();
    let (_, summary) = lines(&rig.command_with_rule(&arguments, &limit).ok());
    let warnings = summary["warnings"].to_string();
    assert!(
        warnings.contains("16 sessions were requested, and 2 signed"),
        "{warnings}"
    );
    assert_eq!(calls(&rig, "C_OpenSession"), 3);
    assert_certificates(&rig, 20);

    // A token with only one session signs in that one. Without --jobs, this is not reported.
    let limit = [("FAIL", "C_OpenSession:CKR_SESSION_COUNT@2")];
    let arguments = [
        &["--format", "json"][..],
        &batch(&["in"], &["--again", "--force"]),
    ]
    .concat();
    let (told, summary) = lines(&rig.command_with_rule(&arguments, &limit).ok());
    assert_eq!(results(&told), ["issued"; 20]);
    assert_eq!(summary["warnings"], Value::Null);
}

#[test]
fn a_busy_token_signs_later() {
    let rig = rig_on(TokenKind::CloudHsm, 20);
    let before = count(&rig);
    let busy = [("THROTTLE", "1/4@7"), ("THROTTLE_CALLS", "C_Sign")];
    let arguments = [&["--format", "json"][..], &batch(&["in"], &["--jobs", "4"])].concat();
    let (told, summary) = lines(&rig.command_with_rule(&arguments, &busy).ok());
    assert_eq!(results(&told), ["issued"; 20]);
    let warnings = summary["warnings"].to_string();
    assert!(
        warnings.contains("the token was busy, and was asked again"),
        "{warnings}"
    );
    assert_eq!(calls(&rig, "C_Sign"), 20);
    // One entry each: the same bytes were signed later.
    assert_eq!(count(&rig), before + 20);
    assert!(entries(&rig, &[]).iter().all(|entry| entry["state"] == "signed"));
    assert_certificates(&rig, 20);
    assert_sound(&rig);
}
