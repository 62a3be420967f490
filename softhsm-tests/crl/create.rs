//! CRLs signed by the token, read and judged by openssl, GnuTLS, pkilint and Python's cryptography.

use serde_json::Value;

use crate::harness::{Rig, TokenKind, authority, python_tool, ready_authority};
use crate::oracle::{make_request, openssl};

pub(super) const URL: &str = "http://crl.example/delta.crl";

/// A line of an index.
pub(super) fn revoked(serial: &str, revocation: &str) -> String {
    format!("R\t350101000000Z\t{revocation}\t{serial}\tunknown\t/CN=someone\n")
}

pub(super) fn valid(serial: &str) -> String {
    format!("V\t350101000000Z\t\t{serial}\tunknown\t/CN=someone\n")
}

/// A certificate of the rig's CA in `{name}.crt`: its serial number.
pub(super) fn issue(rig: &Rig, name: &str) -> String {
    let request = format!("{name}.csr");
    make_request(rig, &request, &["-newkey", "rsa:2048"], &["-sha256"]);
    let out = format!("{name}.crt");
    let run = rig.json(&["csr", "sign", &request, "--ca", "customerCA.crt", "--out", &out]);
    let signed = run.ok().json();
    signed["certificates"][0]["serial_number"]
        .as_str()
        .expect("a serial number")
        .to_uppercase()
}

#[track_caller]
pub(super) fn create(rig: &Rig, number: &str, out: &str, more: &[&str]) -> Value {
    let arguments = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--revoked",
        "index.txt",
        "--number",
        number,
        "--out",
        out,
    ];
    rig.json(&[&arguments[..], more].concat()).ok().json()
}

/// The verdict of openssl on a certificate, with the CRLs of a file.
pub(super) fn verify(rig: &Rig, certificate: &str, crls: &str, more: &[&str]) -> (bool, String) {
    let arguments = [
        "verify",
        "-crl_check",
        "-x509_strict",
        "-CAfile",
        "customerCA.crt",
        "-CRLfile",
        crls,
    ];
    let run = rig.tool("openssl", &[&arguments[..], more, &[certificate]].concat());
    (run.code == Some(0), run.stdout + &run.stderr)
}

/// All programs verify it, and pkilint reports nothing.
#[track_caller]
fn assert_accepted(rig: &Rig, crl: &str, authority: &str) {
    let checked = rig.tool(
        "openssl",
        &["crl", "-verify", "-CAfile", authority, "-in", crl, "-noout"],
    );
    assert!(checked.stderr.contains("verify OK"), "{checked:#?}");
    let gnutls = rig.tool(
        "certtool",
        &[
            "--verify-crl",
            "--load-ca-certificate",
            authority,
            "--infile",
            crl,
        ],
    );
    assert!(gnutls.ok().stdout.contains("Verified"));
    rig.tool("certtool", &["--crl-info", "--infile", crl]).ok();
    let lint = |severity| {
        let arguments = ["lint", "-t", "CRL", "-p", "PKIX", "-s", severity, crl];
        rig.tool(python_tool("lint_crl"), &arguments)
    };
    assert_eq!(lint("NOTICE").ok().stdout.trim(), "", "pkilint has findings");
    let shown = rig.json(&["crl", "show", crl, "--ca", authority]).ok().json();
    assert_eq!(shown["verified"], true, "{shown}");
}

const READER: &str = r#"
import json, sys
from cryptography import x509
data = open(sys.argv[1], "rb").read()
crl = x509.load_pem_x509_crl(data) if data.startswith(b"-----") else x509.load_der_x509_crl(data)
stamp = lambda time: time.strftime("%Y-%m-%dT%H:%M:%SZ")
def one(entry, kind, read):
    try:
        return read(entry.extensions.get_extension_for_class(kind).value)
    except x509.ExtensionNotFound:
        return None
print(json.dumps([{
    "serial_number": "%x" % entry.serial_number,
    "revoked_at": stamp(entry.revocation_date_utc),
    "reason": one(entry, x509.CRLReason, lambda value: value.reason.value) or "unspecified",
    "invalid_since": one(entry, x509.InvalidityDate, lambda value: stamp(value.invalidity_date_utc)),
} for entry in crl]))
"#;

/// Python's cryptography reads the same entries.
#[track_caller]
pub(super) fn assert_read_alike(rig: &Rig, crl: &str) -> Vec<Value> {
    let theirs = rig.tool(python_tool("python3"), &["-c", READER, crl]).ok().json();
    let mut ours = rig.json(&["crl", "show", crl, "--entries"]).ok().json();
    let Value::Array(mut list) = ours["revoked"].take() else {
        panic!("no entries: {ours}");
    };
    for entry in &mut list {
        let serial = entry["serial_number"].as_str().expect("a number");
        let plain = serial.trim_start_matches('0').to_owned();
        entry["serial_number"] = plain.into();
    }
    assert_eq!(theirs, Value::Array(list.clone()));
    list
}

/// An index with every reason that openssl writes, and serial numbers of every length.
pub(super) fn index_of_everything() -> String {
    let reasons = [
        "",
        ",unspecified",
        ",keyCompromise",
        ",CACompromise",
        ",affiliationChanged",
        ",superseded",
        ",cessationOfOperation",
        ",certificateHold",
        ",keyTime,20260101000000Z",
        ",CAkeyTime,20500101000000Z",
    ];
    let mut index = String::new();
    for octets in 1..=20 {
        for (digit, reason) in reasons.iter().enumerate() {
            let (serial, when) = (format!("7{digit}{}", "fe".repeat(octets - 1)), "260101000000Z");
            let reason = reason.replace("20500101", "20200101");
            index.push_str(&revoked(&serial, &format!("{when}{reason}")));
        }
        index.push_str(&valid(&format!("01{}", "11".repeat(octets - 1))));
    }
    index
}

#[track_caller]
fn everybody_reads_what_a_key_signs(rig: &Rig, authority: &str) {
    rig.write("index.txt", index_of_everything());
    let arguments = |out: &str, number: &str, more: &[&str]| {
        let fixed = ["crl", "create", "--ca", authority, "--revoked", "index.txt"];
        let given = [&fixed[..], &["--number", number, "--out", out], more].concat();
        rig.json(&given).ok().json()
    };
    let full = arguments("full.crl", "4096", &["--freshest", URL]);
    assert_eq!(full["entries"], 200, "{full}");
    assert_accepted(rig, "full.crl", authority);
    assert_eq!(assert_read_alike(rig, "full.crl").len(), 200);

    let scoped = [
        "--only",
        "user",
        "--distribution-point",
        "http://crl.example/a.crl",
        "--der",
    ];
    arguments("scoped.crl", "0x1001", &scoped);
    openssl(
        rig,
        &["crl", "-in", "scoped.crl", "-inform", "DER", "-out", "scoped.pem"],
    );
    assert_accepted(rig, "scoped.pem", authority);
    let text = openssl(rig, &["crl", "-in", "scoped.pem", "-noout", "-text"]);
    for shown in [
        "Issuing Distribution Point: critical",
        "Only User Certificates",
        "http://crl.example/a.crl",
    ] {
        assert!(text.contains(shown), "{shown}: {text}");
    }

    rig.write("index.txt", valid("01"));
    let none = arguments("none.crl", "4098", &[]);
    assert_eq!(none["entries"], 0);
    assert_accepted(rig, "none.crl", authority);
    assert_eq!(assert_read_alike(rig, "none.crl").len(), 0);
    let text = openssl(rig, &["crl", "-in", "none.crl", "-noout", "-text"]);
    assert!(text.contains("No Revoked Certificates."), "{text}");

    // All holds were released.
    let delta = arguments("delta.crl", "4099", &["--base", "full.crl"]);
    assert_eq!(delta["reasons"]["removeFromCRL"], 20, "{delta}");
    assert_eq!((&delta["base"], &delta["entries"]), (&"4096".into(), &20.into()));
    assert_accepted(rig, "delta.crl", authority);
    assert_eq!(assert_read_alike(rig, "delta.crl").len(), 20);
}

#[test]
fn a_crl_signed_with_rsa_is_read_by_everybody() {
    everybody_reads_what_a_key_signs(&ready_authority(), "customerCA.crt");
}

#[test]
fn a_crl_signed_with_p256_is_read_by_everybody() {
    let rig = authority(TokenKind::SoftHsm, "ECC_NIST_P256");
    everybody_reads_what_a_key_signs(&rig, "customerCA.crt");
}

/// On Kryoptic: SoftHSM 2.6.1 imports no Ed25519 key.
#[test]
fn a_crl_signed_with_ed25519_is_read_by_everybody() {
    let rig = Rig::of(TokenKind::Kryoptic).with_pair("ECC_NIST_EDWARDS25519");
    rig.import().ok();
    make_authority_for_public_key(&rig);
    everybody_reads_what_a_key_signs(&rig, "sub.crt");
}

/// A CA certificate in `sub.crt` for the key of `pair.json`, under an openssl root.
fn make_authority_for_public_key(rig: &Rig) {
    let pair: Value = serde_json::from_slice(&rig.read("pair.json")).expect("JSON");
    rig.write("key.b64", pair["PublicKey"].as_str().expect("base64"));
    openssl(rig, &["base64", "-d", "-A", "-in", "key.b64", "-out", "key.der"]);
    openssl(
        rig,
        &[
            "pkey", "-pubin", "-inform", "DER", "-in", "key.der", "-out", "key.pem",
        ],
    );
    let root = [
        "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-subj", "/CN=Root",
    ];
    openssl(rig, &[&["req", "-x509", "-out", "root.crt"], &root[..]].concat());
    make_request(rig, "sub.csr", &["-newkey", "rsa:2048"], &[]);
    let extensions = "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n\
        subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n";
    rig.write("sub.ext", extensions);
    let signed = [
        "-CA", "root.crt", "-CAkey", "root.key", "-extfile", "sub.ext", "-days", "300",
    ];
    let arguments = [
        "x509",
        "-req",
        "-in",
        "sub.csr",
        "-force_pubkey",
        "key.pem",
        "-out",
        "sub.crt",
    ];
    openssl(rig, &[&arguments[..], &signed].concat());
    rig.adopt("sub.crt");
}

/// An openssl CA in `ca.conf`, with `index.txt`.
pub(super) fn openssl_ca(rig: &Rig) {
    let arguments = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "ca.key",
        "-subj",
        "/CN=Other CA",
    ];
    openssl(
        rig,
        &[&["req", "-x509", "-out", "ca.crt"], &arguments[..]].concat(),
    );
    rig.write("crlnumber", "07\n");
    let settings = "[ca]\ndefault_ca = c\n[c]\ndatabase = index.txt\ncertificate = ca.crt\nprivate_key = ca.key\n\
        crlnumber = crlnumber\ndefault_md = sha256\nunique_subject = no\ncrl_extensions = e\n[e]\nauthorityKeyIdentifier = keyid\n";
    rig.write("ca.conf", settings);
}

/// RFC 5280 sections 5.2.5 and 6.3.3: a verifier ignores a CRL whose distribution point the certificate does not name.
#[test]
fn a_warning_names_an_unused_distribution_point_before_the_signature() {
    let rig = ready_authority();
    let (named, other) = ("http://crl.example/named.crl", "http://crl.example/other.crl");
    let profile = format!(
        "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"rsa:2048\"]\nextended-key-usage = [\"clientAuth\"]\ncrl-urls = [\"{named}\"]\n"
    );
    rig.write("mine.toml", profile);
    let create = |url: &str| {
        let create = [
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--force",
            "--out",
            "a.crl",
        ];
        rig.json(&[&create[..], &["--distribution-point", url]].concat())
            .ok()
            .json()
    };
    let is_warned = |made: &Value, url: &str| {
        made["warnings"]
            .to_string()
            .contains(&format!("names the distribution point {url}"))
    };
    assert!(is_warned(&create(named), named));
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &["-subj", "/CN=a"]);
    let sign = [
        "csr",
        "sign",
        "a.csr",
        "--ca",
        "customerCA.crt",
        "--profile",
        "./mine.toml",
        "--out",
        "a.crt",
    ];
    rig.json(&sign).ok();
    assert!(!is_warned(&create(named), named));
    assert!(verify(&rig, "a.crt", "a.crl", &[]).0);
    assert!(is_warned(&create(other), other));
    assert!(!verify(&rig, "a.crt", "a.crl", &[]).0, "openssl passes over it");
    // The warning comes before the PIN prompt.
    let wrong = [
        "--pin-source",
        "file:nowhere",
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--out",
        "b.crl",
    ];
    let run = rig.command(&[&wrong[..], &["--distribution-point", other]].concat());
    assert!(
        run.code != Some(0) && run.stderr.contains("names the distribution point"),
        "{run:#?}"
    );
    assert!(!rig.path("b.crl").exists());
    let none = rig
        .json(&[
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--force",
            "--out",
            "a.crl",
        ])
        .ok()
        .json();
    assert!(
        !none["warnings"].to_string().contains("distribution point"),
        "{none}"
    );
}
