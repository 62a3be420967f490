//! No CA of the ledger certifies a key again that was revoked as compromised.

use crate::ca::old_authority::{adopt, openssl_authority, serial};
use crate::harness::{Rig, Run};
use crate::ledger::edited::busy_authority;
use crate::oracle::openssl;

/// `bad.crt` is revoked for keyCompromise.
#[test]
fn no_certificate_request_or_cross_certificate_is_signed_for_a_compromised_key() {
    let rig = busy_authority();
    let sign = [
        "csr",
        "sign",
        "bad.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "tls-client",
        "--out",
        "again.crt",
    ];
    let message = rig.json(&sign).refused(3, "rule");
    assert!(
        message.contains("compromised-key") && message.contains("entry #"),
        "{message}"
    );
    // Another CA of the same ledger.
    rig.command(&["key", "generate", "--label", "second", "--type", "ec:p256"])
        .ok();
    rig.json(&[
        "ca",
        "create",
        "--key",
        "second",
        "--subject",
        "CN=Second",
        "--out",
        "second.crt",
    ])
    .ok();
    let by_second = [
        "csr",
        "sign",
        "bad.csr",
        "--ca",
        "second.crt",
        "--profile",
        "tls-client",
        "--out",
        "again.crt",
    ];
    rig.json(&by_second).refused(3, "rule");
    assert!(!rig.path("again.crt").exists());

    // A CA's own key: once its certificate is revoked as compromised, the key is not certified and cannot sign requests.
    rig.json(&[
        "csr",
        "create",
        "--key",
        "second",
        "--subject",
        "CN=Second",
        "--profile",
        "intermediate",
        "--out",
        "second.csr",
    ])
    .ok();
    rig.json(&[
        "csr",
        "sign",
        "second.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "intermediate",
        "--second-certificate",
        "--out",
        "sub.crt",
    ])
    .ok();
    rig.json(&[
        "cert",
        "revoke",
        "sub.crt",
        "--ca",
        "customerCA.crt",
        "--reason",
        "cACompromise",
    ])
    .ok();
    for arguments in [
        &[
            "csr",
            "create",
            "--key",
            "second",
            "--subject",
            "CN=X",
            "--out",
            "none",
        ][..],
        &[
            "ca",
            "create",
            "--key",
            "second",
            "--subject",
            "CN=Y",
            "--out",
            "none",
        ],
        &[
            "cert",
            "cross-sign",
            "second.crt",
            "--ca",
            "customerCA.crt",
            "--out",
            "none",
        ],
    ] {
        let message = rig.json(arguments).refused(3, "rule");
        assert!(message.contains("compromised-key"), "{message}");
    }
    let hash = openssl(&rig, &["x509", "-in", "sub.crt", "-noout", "-pubkey"]);
    rig.write("key.pem", &hash);
    openssl(
        &rig,
        &[
            "pkey", "-pubin", "-in", "key.pem", "-outform", "DER", "-out", "key.der",
        ],
    );
    let hash = openssl(&rig, &["dgst", "-sha256", "-r", "key.der"]);
    let export = rig.command(&["ledger", "export"]).ok().stdout;
    let wanted = format!("\"key_sha256\":\"{}\"", hash.split(' ').next().expect("a hash"));
    let last = export
        .lines()
        .rfind(|line| line.contains("\"revoked\":{"))
        .expect("it was revoked");
    assert!(last.contains(&wanted), "{last}");
}

fn sign_under_old_authority(rig: &Rig, request: &str) -> Run {
    let sign = ["csr", "sign", request, "--ca", "old/ca.crt", "--out", "new.crt"];
    rig.json(&[&sign[..], &["--profile", "tls-client"]].concat())
}

/// The ledger learns the key from the certificate.
#[test]
fn a_key_that_the_ledger_does_not_know_is_a_warning_until_it_has_the_certificate() {
    const WORDS: &str = "is not refused";
    let rig = openssl_authority();
    let numbers = ["--revoked", "old/index.txt"];
    let adopted = adopt(&rig, &numbers).ok().json();
    let warnings = adopted["warnings"].to_string();
    assert!(
        warnings.contains(": 1. ") && warnings.contains(WORDS),
        "{adopted}"
    );
    let number = serial(&rig, "good.crt");
    let revoke = |what: &str, reason: &str| {
        rig.json(&["cert", "revoke", what, "--ca", "old/ca.crt", "--reason", reason])
    };
    let revoked = revoke(&number, "keyCompromise").ok().json();
    let warnings = revoked["warnings"].to_string();
    assert!(
        warnings.contains(WORDS) && warnings.contains("--refused-keys"),
        "{revoked}"
    );
    let other = revoke(&serial(&rig, "gone.crt"), "keyCompromise").ok().json();
    assert!(other["warnings"].to_string().contains(WORDS), "{other}");
    let adopted = adopt(
        &rig,
        &["--revoked", "old/index.txt", "--certificates", "old/newcerts"],
    );
    let adopted = adopted.ok().json();
    assert!(!adopted["warnings"].to_string().contains(WORDS), "{adopted}");
    for request in ["good.csr", "bad.csr", "gone.csr"] {
        let message = sign_under_old_authority(&rig, request).refused(3, "rule");
        assert!(message.contains("compromised-key"), "{request}: {message}");
    }
    // With its file, the certificate is known at once.
    let held = revoke("held.crt", "keyCompromise").ok().json();
    assert!(!held["warnings"].to_string().contains(WORDS), "{held}");
}
