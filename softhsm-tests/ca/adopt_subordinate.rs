//! `ca adopt` of a CA whose issuer is elsewhere: either its path is checked, or every later result says that it was not.

use serde_json::Value;

use crate::harness::{Rig, Run};
use crate::oracle::{make_request, openssl};

/// Two openssl roots of the same name, and a CA under the first, whose key is on the token as `sub`.
fn subordinate() -> Rig {
    let rig = Rig::new();
    for root in ["root", "impostor"] {
        let (key, crt) = (format!("{root}.key"), format!("{root}.crt"));
        let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", &key];
        let rest = ["-subj", "/CN=Root", "-days", "900", "-out", &crt];
        let usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
        openssl(&rig, &[&make[..], &rest, &usage].concat());
    }
    rig.command(&["key", "generate", "--label", "sub", "--type", "ec:p256"])
        .ok();
    rig.write(
        "usual.ext",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n",
    );
    for (subject, name) in [("CN=Sub", "sub"), ("CN=Renamed", "renamed")] {
        let (csr, crt) = (format!("{name}.csr"), format!("{name}.crt"));
        rig.json(&[
            "csr",
            "create",
            "--key",
            "sub",
            "--subject",
            subject,
            "--out",
            &csr,
        ])
        .ok();
        let sign = [
            "x509", "-req", "-in", &csr, "-CA", "root.crt", "-CAkey", "root.key", "-days", "400",
        ];
        openssl(
            &rig,
            &[&sign[..], &["-extfile", "usual.ext", "-out", &crt]].concat(),
        );
    }
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig
}

fn sign(rig: &Rig, ca: &str, out: &str) -> Run {
    let sign = ["csr", "sign", "a.csr", "--again", "--profile", "tls-client"];
    rig.json(&[&sign[..], &["--ca", ca, "--out", out]].concat())
}

fn says_unchecked(result: &Value) -> bool {
    let warnings = result["warnings"].as_array();
    let is_it = |warning: &Value| {
        warning
            .as_str()
            .is_some_and(|text| text.contains("was NOT checked"))
    };
    warnings.is_some_and(|warnings| warnings.iter().any(is_it))
}

#[test]
fn its_path_is_verified_or_every_signature_says_that_it_was_not() {
    let rig = subordinate();
    sign(&rig, "sub.crt", "none.crt").refused(3, "unknown-ca");
    let head = rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    let wrong = rig.json(&["ca", "adopt", "sub.crt", "--issuer", "impostor.crt"]);
    assert_eq!(wrong.code, Some(3), "{wrong:#?}");
    let now = rig.json(&["ledger", "verify"]).ok().json()["head"].clone();
    assert_eq!(now, head, "nothing was recorded");

    let adopted = rig.json(&["ca", "adopt", "sub.crt"]).ok().json();
    assert_eq!(adopted["path"], "not-checked");
    assert!(says_unchecked(&sign(&rig, "sub.crt", "1.crt").ok().json()));
    let crl = ["crl", "create", "--ca", "sub.crt", "--out"];
    assert!(says_unchecked(
        &rig.json(&[&crl[..], &["1.crl"]].concat()).ok().json()
    ));

    let adopted = rig
        .json(&["ca", "adopt", "sub.crt", "--issuer", "root.crt"])
        .ok()
        .json();
    assert_eq!(adopted["path"], "verified");
    assert!(!says_unchecked(&sign(&rig, "sub.crt", "2.crt").ok().json()));
    assert!(!says_unchecked(
        &rig.json(&[&crl[..], &["2.crl"]].concat()).ok().json()
    ));
    openssl(
        &rig,
        &["verify", "-CAfile", "root.crt", "-untrusted", "sub.crt", "2.crt"],
    );
    // A checked path stays checked when the CA is adopted again without its issuer.
    rig.json(&["ca", "adopt", "sub.crt"]).ok();
    assert!(!says_unchecked(&sign(&rig, "sub.crt", "3.crt").ok().json()));
}

#[test]
fn a_certificate_of_its_key_under_another_name_signs_nothing() {
    let rig = subordinate();
    rig.adopt("sub.crt");
    let message = sign(&rig, "renamed.crt", "a.crt").refused(3, "unknown-ca");
    assert!(message.contains("under another name: \"CN=Sub\""), "{message}");
    let crl = ["crl", "create", "--ca", "renamed.crt", "--out", "a.crl"];
    rig.json(&crl).refused(3, "unknown-ca");
    assert!(!rig.path("a.crt").exists() && !rig.path("a.crl").exists());
}

#[test]
fn its_certificates_are_delivered_without_the_ca_certificate() {
    let rig = subordinate();
    rig.adopt("sub.crt");
    let signed = sign(&rig, "sub.crt", "a.crt").ok().json();
    let serial = signed["certificates"][0]["serial_number"]
        .as_str()
        .expect("a number");
    rig.json(&["ledger", "deliver", serial, "--out", "again.crt"])
        .ok();
    assert_eq!(rig.read("a.crt"), rig.read("again.crt"));
}
