//! Certificates that cannot be cross-signed, and limits of our own certificate.

use crate::cert::cross_sign::{RSA, USAGE, cross_sign, make_root, rig_with_root};
use crate::harness::{Hierarchy, Rig};
use crate::oracle::{P256, assert_accepted, make_request, openssl};

/// The token is not used, the PIN is not read, and no file is left.
#[test]
fn an_unsafe_original_is_refused_before_the_token_is_asked() {
    let rig = rig_with_root("ECC_NIST_P256").with("HSM_CA_PIN_SOURCE", "env:NOT_THERE");
    let refuse = |file: &str, more: &[&str], kind: &str| {
        let message = cross_sign(&rig, file, "cross.crt", more).refused(3, kind);
        assert!(!rig.path("cross.crt").exists());
        message
    };
    let subject = "/O=Theirs/CN=New Root";
    let make =
        |name: &str, key: &[&str], subject: &str, more: &[&str]| make_root(&rig, name, key, subject, more);
    make(
        "leaf",
        P256,
        subject,
        &["-addext", "basicConstraints=critical,CA:FALSE"],
    );
    // By default, openssl's own configuration adds CA:TRUE.
    refuse("leaf.crt", &[], "not-a-ca");
    make("usage", P256, subject, &["-addext", "keyUsage=critical,cRLSign"]);
    assert!(refuse("usage.crt", &[], "not-a-ca").contains("keyCertSign"));
    make(
        "unknown",
        P256,
        subject,
        &["-addext", USAGE, "-addext", "1.2.3.4=critical,ASN1:NULL"],
    );
    assert!(refuse("unknown.crt", &[], "not-a-ca").contains("critical extension"));
    make("weak", &["-newkey", "rsa:1024"], subject, &["-addext", USAGE]);
    refuse("weak.crt", &[], "weak-key");
    make(
        "exponent",
        &["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"],
        subject,
        &["-addext", USAGE],
    );
    assert!(refuse("exponent.crt", &[], "rule").contains("key-exponent"));
    make("sha1", RSA, subject, &["-addext", USAGE, "-sha1"]);
    refuse("sha1.crt", &[], "weak-signature");
    make("name", P256, "/C=US/O=Ours/CN=Old Root", &["-addext", USAGE]);
    assert!(refuse("name.crt", &[], "rule").contains("the original carries the CA's own name"));
    assert!(refuse("root.crt", &[], "rule").contains("the original carries the CA's own name"));
    make("other", P256, subject, &["-addext", USAGE, "-days", "100"]);
    let message = refuse("other.crt", &["--days", "101"], "rule");
    assert!(
        message.contains("cross-validity (CA/B BR 7.1.2.2.1)"),
        "{message}"
    );
    refuse("other.crt", &["--days", "4000"], "outlives-ca");
    // One byte of the name is another.
    let mut der = openssl_der(&rig, "other.crt");
    let place = der
        .windows(8)
        .position(|bytes| bytes == b"New Root")
        .expect("the name");
    der[place] = b'M';
    let second = der
        .windows(8)
        .position(|bytes| bytes == b"New Root")
        .expect("issuer and subject");
    der[second] = b'M';
    rig.write("bent.der", der);
    refuse("bent.der", &[], "bad-signature");
    expire(&rig);
    assert!(refuse("expired.crt", &[], "ca-not-valid").contains("expired.crt"));
    // If nothing is refused, the PIN is read.
    cross_sign(&rig, "other.crt", "cross.crt", &[]).refused(2, "pin-source");
    rig.write("cross.crt", "here");
    cross_sign(&rig, "other.crt", "cross.crt", &[]).refused(2, "output-exists");
    cross_sign(&rig, "other.crt", "other.crt", &["--force"]).refused(2, "usage");
    cross_sign(&rig, "other.crt", "root.crt", &["--force"]).refused(2, "usage");
}

fn openssl_der(rig: &Rig, file: &str) -> Vec<u8> {
    openssl(rig, &["x509", "-in", file, "-outform", "DER", "-out", "der.der"]);
    rig.read("der.der")
}

/// `expired.crt`, a root that expired yesterday.
fn expire(rig: &Rig) {
    make_request(rig, "x.csr", P256, &["-subj", "/O=Theirs/CN=Expired"]);
    rig.write("x.ext", format!("basicConstraints=critical,CA:TRUE\n{USAGE}\n"));
    let ca = "[ca]\ndefault_ca=x\n[x]\ndatabase=index.txt\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=any\n[any]\n\
        commonName=supplied\norganizationName=optional\n";
    rig.write("ca.cnf", ca);
    rig.write("index.txt", "");
    rig.write("serial", "01\n");
    let sign = [
        "ca",
        "-batch",
        "-config",
        "ca.cnf",
        "-selfsign",
        "-keyfile",
        "request.key",
        "-in",
        "x.csr",
        "-out",
        "expired.crt",
        "-extfile",
        "x.ext",
        "-startdate",
        "20200101000000Z",
        "-enddate",
        "20210101000000Z",
        "-notext",
    ];
    openssl(rig, &sign);
}

#[test]
fn the_limits_of_our_own_certificate_apply_to_the_other_ca() {
    let sign = [
        "cert",
        "cross-sign",
        "other.crt",
        "--ca",
        "sub.crt",
        "--out",
        "cross.crt",
    ];
    let hierarchy = Hierarchy::new("ECC_NIST_P256", "path-length = 0\n");
    make_root(
        &hierarchy.rig,
        "other",
        P256,
        "/C=US/CN=New Root",
        &["-addext", USAGE],
    );
    let message = hierarchy.rig.json(&sign).refused(3, "rule");
    assert!(message.contains("path-length (RFC 5280 4.2.1.9)"), "{message}");
    let bounds = "extended-key-usage = [\"clientAuth\"]\n[name-constraints]\npermitted = [\"dn:C=US\"]\n";
    let hierarchy = Hierarchy::new("ECC_NIST_P256", bounds);
    let rig = &hierarchy.rig;
    let purpose = ["-addext", USAGE, "-addext", "extendedKeyUsage=clientAuth"];
    for (subject, more, wanted) in [
        (
            "/C=US/CN=New Root",
            &purpose[..2],
            Some("extended-key-usage-nesting"),
        ),
        (
            "/C=DE/CN=New Root",
            &purpose[..],
            Some("name-constraints (RFC 5280 4.2.1.10)"),
        ),
        ("/C=US/CN=New Root", &purpose[..], None),
    ] {
        make_root(rig, "other", P256, subject, more);
        match wanted {
            Some(wanted) => {
                let message = rig.json(&sign).refused(3, "rule");
                assert!(message.contains(wanted), "{message}");
            }
            None => {
                // A root has no name constraints, so CAs below it would not know ours.
                let message = rig.json(&sign).refused(3, "rule");
                let wanted = "name-constraints-nesting (RFC 5280 4.2.1.10)";
                assert!(message.contains(wanted), "{message}");
                rig.write(
                    "ours.toml",
                    "name = \"ours\"\nrole = \"intermediate\"\ndays = 10\nkeys = [\"ec:p256\"]\n\
                     [name-constraints]\npermitted = [\"dn:C=US\"]\n",
                );
                rig.json(&[&sign[..], &["--profile", "./ours.toml"]].concat())
                    .ok();
                assert_eq!(hierarchy.verdicts("cross.crt", None), [true; 3]);
            }
        }
    }
}

#[test]
fn what_can_be_corrected_is_and_a_name_cannot() {
    let rig = rig_with_root("ECC_NIST_P256");
    // A keyUsage that is not in DER.
    make_root(
        &rig,
        "other",
        P256,
        "/O=Theirs/CN=f",
        &["-addext", "keyUsage=critical,DER:03020006"],
    );
    let result = cross_sign(&rig, "other.crt", "cross.crt", &[]).ok().json();
    let repairs = result["certificates"][0]["repairs"].to_string();
    assert!(repairs.contains("keyUsage is in DER"), "{repairs}");
    assert_accepted(&rig, "cross.crt", "root.crt");
    // The name cannot be: it is the issuer in what the CA has signed.
    make_root(
        &rig,
        "other",
        P256,
        "/CN=d+CN=e",
        &["-multivalue-rdn", "-addext", USAGE],
    );
    let result = cross_sign(&rig, "other.crt", "named.crt", &[]).ok().json();
    let warnings = result["warnings"].to_string();
    assert!(
        warnings.contains("breaks the rule name-attribute-once: one RDN has CN twice"),
        "{warnings}"
    );
}

#[test]
fn a_token_that_fails_leaves_no_file_and_a_record_that_says_why() {
    let rig = rig_with_root("ECC_NIST_P256");
    make_root(&rig, "other", P256, "/O=Theirs/CN=New Root", &["-addext", USAGE]);
    let sign = [
        "--format",
        "json",
        "cert",
        "cross-sign",
        "other.crt",
        "--ca",
        "root.crt",
        "--out",
        "cross.crt",
    ];
    let run = rig.command_with_rule(&sign, &[("FAIL", "C_Sign:CKR_DEVICE_ERROR")]);
    assert_eq!(run.code, Some(4), "{run:#?}");
    assert!(!rig.path("cross.crt").exists());
    let list = rig.json(&["ledger", "list"]).ok().json();
    let entries = list["entries"].as_array().expect("entries");
    let last = entries
        .iter()
        .find(|entry| entry["profile"] == "cross")
        .expect("an entry");
    assert_eq!(last["state"], "abandoned");
    assert!(
        last["problem"]
            .as_str()
            .expect("words")
            .contains("C_Sign: CKR_DEVICE_ERROR"),
        "{last}"
    );
    rig.command(&["ledger", "verify"]).ok();
}
