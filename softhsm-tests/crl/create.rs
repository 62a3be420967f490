//! CRLs signed by the token, read and judged by openssl, GnuTLS, pkilint and Python's cryptography.

use std::fs;

use serde_json::Value;

use crate::harness::{
    PROGRAM, Rig, Run, TokenKind, authority, in_mount_namespace, python_tool, ready_authority,
};
use crate::oracle::{make_request, openssl};

const URL: &str = "http://crl.example/delta.crl";

/// A line of an index.
fn revoked(serial: &str, revocation: &str) -> String {
    format!("R\t350101000000Z\t{revocation}\t{serial}\tunknown\t/CN=someone\n")
}

fn valid(serial: &str) -> String {
    format!("V\t350101000000Z\t\t{serial}\tunknown\t/CN=someone\n")
}

/// A certificate of the rig's CA in `{name}.crt`: its serial number.
fn issue(rig: &Rig, name: &str) -> String {
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
fn create(rig: &Rig, number: &str, out: &str, more: &[&str]) -> Value {
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

/// What openssl says of a certificate, with the CRLs of a file.
fn verify(rig: &Rig, certificate: &str, crls: &str, more: &[&str]) -> (bool, String) {
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

/// Everybody verifies it, and pkilint finds nothing.
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
fn assert_read_alike(rig: &Rig, crl: &str) -> Vec<Value> {
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
fn index_of_everything() -> String {
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

    // Everything on hold was taken off it.
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

/// A CA certificate in `sub.crt` for the key of `pair.json`, by a root of openssl's: `ca create` makes none for Ed25519.
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

#[test]
fn openssl_takes_a_certificate_until_it_is_on_the_crl() {
    let rig = ready_authority();
    let [good, bad, held] = ["good", "bad", "held"].map(|name| issue(&rig, name));
    let now = "261120000000Z";
    let hold = format!("{now},certificateHold");
    rig.write(
        "index.txt",
        [valid(&good), valid(&bad), revoked(&held, &hold)].concat(),
    );
    create(&rig, "1", "base.crl", &["--freshest", URL]);
    assert!(verify(&rig, "good.crt", "base.crl", &[]).0);
    assert!(verify(&rig, "bad.crt", "base.crl", &[]).0);
    let (accepted, why) = verify(&rig, "held.crt", "base.crl", &[]);
    assert!(!accepted && why.contains("certificate revoked"), "{why}");

    // `bad` is revoked, `held` is no longer on hold: in the next full CRL, and in the delta to the first.
    let compromised = format!("{now},keyTime,20261101000000Z");
    rig.write(
        "index.txt",
        [valid(&good), revoked(&bad, &compromised), valid(&held)].concat(),
    );
    let full = create(&rig, "2", "full.crl", &[]);
    assert_eq!(full["reasons"], serde_json::json!({ "keyCompromise": 1 }));
    let delta = create(&rig, "3", "delta.crl", &["--base", "base.crl"]);
    assert_eq!(
        delta["reasons"],
        serde_json::json!({ "keyCompromise": 1, "removeFromCRL": 1 })
    );
    let both = [rig.read("base.crl"), rig.read("delta.crl")].concat();
    rig.write("both.crl", both);
    for (crls, more) in [
        ("full.crl", &[][..]),
        ("both.crl", &["-use_deltas", "-extended_crl"]),
    ] {
        assert!(verify(&rig, "good.crt", crls, more).0, "{crls}");
        assert!(verify(&rig, "held.crt", crls, more).0, "{crls}");
        let (accepted, why) = verify(&rig, "bad.crt", crls, more);
        assert!(!accepted && why.contains("certificate revoked"), "{crls}: {why}");
    }
    // GnuTLS knows full CRLs.
    for (name, code) in [("good", Some(0)), ("bad", Some(1))] {
        let file = format!("{name}.crt");
        let arguments = [
            "--verify",
            "--load-ca-certificate",
            "customerCA.crt",
            "--load-crl",
            "full.crl",
        ];
        let run = rig.tool("certtool", &[&arguments[..], &["--infile", &file]].concat());
        assert_eq!(run.code, code, "{run:#?}");
    }
    let shown = rig
        .json(&["crl", "show", "full.crl", "--serial", &bad])
        .ok()
        .json();
    assert_eq!(shown["serial"]["reason"], "keyCompromise");
    let shown = rig
        .json(&["crl", "show", "full.crl", "--serial", &good])
        .ok()
        .json();
    assert_eq!(shown["serial"], Value::Null);
}

#[test]
fn what_openssl_ca_makes_of_the_same_index_has_the_same_entries() {
    let rig = ready_authority();
    rig.write("index.txt", index_of_everything());
    create(&rig, "1", "ours.crl", &[]);
    openssl_ca(&rig);
    let theirs = ["-gencrl", "-crldays", "7", "-out", "theirs.crl"];
    openssl(&rig, &[&["ca", "-config", "ca.conf"], &theirs[..]].concat());
    let sorted = |crl: &str| {
        let mut list = assert_read_alike(&rig, crl);
        list.sort_by_key(|entry| entry["serial_number"].to_string());
        list
    };
    assert_eq!(sorted("ours.crl"), sorted("theirs.crl"));
    // Another CA's CRL is shown, and not taken for this CA's.
    let refused = rig.json(&["crl", "show", "theirs.crl", "--ca", "customerCA.crt"]);
    assert_eq!(refused.code, Some(3));
    assert_eq!(refused.json()["verified"], false);
    // A CA that moves to a token: its last CRL is the base of the first delta.
    let base = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--revoked",
        "index.txt",
        "--number",
        "2",
    ];
    let run = rig.json(&[&base[..], &["--base", "theirs.crl", "--out", "d.crl"]].concat());
    run.refused(3, "rule");
}

/// A CA of openssl in `ca.conf`, over `index.txt`.
fn openssl_ca(rig: &Rig) {
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

#[test]
fn what_is_wrong_with_the_input_is_said_before_the_token_is_asked() {
    let rig = ready_authority();
    let refused = |index: &str, more: &[&str], code: i32, kind: &str| {
        rig.write("index.txt", index);
        let fixed = [
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--revoked",
            "index.txt",
            "--out",
            "x.crl",
        ];
        let arguments = [&["--pin-source", "env:NOT_SET"], &fixed[..], more].concat();
        let message = rig.json(&arguments).refused(code, kind);
        assert!(!rig.path("x.crl").exists());
        message
    };
    let number = ["--number", "1"];
    let line = revoked("01", "260101000000Z");
    let twice = line.repeat(2);
    assert!(refused("nonsense\n", &number, 3, "index").contains("line 1"));
    assert!(refused(&twice, &number, 3, "index").contains("twice"));
    let future = revoked("01", "490101000000Z");
    assert!(refused(&future, &number, 3, "rule").contains("revocation-date"));
    let url = ["--number", "1", "--distribution-point", "https://crl.example/"];
    assert!(refused(&line, &url, 3, "rule").contains("distribution-point"));
    let long = ["--number", "1", "--days", "9999"];
    assert!(refused(&line, &long, 3, "rule").contains("update-nesting"));
    rig.write("x.crl.there", "mine");
    let run = rig.json(&[
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--revoked",
        "index.txt",
        "--number",
        "1",
        "--out",
        "x.crl.there",
    ]);
    run.refused(2, "output-exists");
    assert_eq!(rig.read("x.crl.there"), b"mine");
}

#[test]
fn a_broken_crl_is_refused_with_the_reason() {
    let rig = ready_authority();
    rig.write("index.txt", index_of_everything());
    create(&rig, "1", "a.crl", &["--der"]);
    let der = rig.read("a.crl");
    let show = |content: &[u8]| {
        rig.write("b.crl", content);
        rig.json(&["crl", "show", "b.crl", "--ca", "customerCA.crt"])
    };
    let cut = show(&der[..der.len() - 1]).refused(3, "malformed");
    assert!(cut.contains("CRL"), "{cut}");
    show(&[&der[..], b"\0"].concat()).refused(3, "trailing-bytes");
    show(b"").refused(3, "empty");
    show(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").refused(3, "malformed");
    let mut bent = der.clone();
    *bent.last_mut().expect("bytes") ^= 1;
    let run = show(&bent);
    assert_eq!(run.code, Some(3));
    assert!(
        run.json()["problem"].as_str().expect("why").contains("signature"),
        "{run:#?}"
    );
}

#[test]
fn a_full_disk_costs_no_signature() {
    let rig = ready_authority();
    // Two million bytes of entries on a disk of one million.
    let many: String = (0..40_000)
        .map(|number| revoked(&format!("70{number:038}"), "260101000000Z,keyCompromise"))
        .collect();
    rig.write("index.txt", many);
    fs::create_dir(rig.path("small")).expect("a directory");
    // In a mount namespace that ends with the command. Without a PIN: no session is opened.
    let script = "mount -t tmpfs -o size=1m none small\n\
        \"$0\" --format json --pin-source env:NOT_SET crl create --ca customerCA.crt --revoked index.txt --number 1 \
        --out small/x.crl; code=$?\n\
        ls -A small > listing; exit $code";
    let mut command = in_mount_namespace(script);
    command
        .arg(PROGRAM)
        .current_dir(rig.path(""))
        .env_clear()
        .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
        .env("HSM_CA_CONFIG", rig.path("rig/hsm-ca.toml"));
    Run::of(&mut command).refused(1, "disk-full");
    assert_eq!(rig.read("listing"), b"");
}

/// `openssl ca -gencrl` and we read the same indexes, and refuse the same.
#[test]
fn an_index_is_read_as_openssl_reads_it() {
    let rig = ready_authority();
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout o.key -subj /CN=o -days 9 -out o.crt";
    openssl(&rig, &make.split(' ').collect::<Vec<_>>());
    let settings = "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\ncrlnumber=n\ncertificate=o.crt\nprivate_key=o.key\n\
        default_md=sha256\ndefault_crl_days=7\n";
    rig.write("o.cnf", settings);
    let good = "R\t350101000000Z\t261120000000Z\t0A\tunknown\t/CN=a\n";
    // The index, whether it is read, and the time where it is on our CRL in another form than on that of openssl, which copies it.
    for (number, (index, is_read, time)) in [
        (good.to_owned(), true, None),
        (good.replace("/CN=a", ""), true, None),
        (good.replace("/CN=a", "/CN=a\t"), true, None),
        (good.replace("/CN=a", "/CN=a\\\tb"), true, None),
        (good.replace("\t/CN=a", ""), false, None),
        (good.replace("/CN=a", "/CN=a\tmore"), false, None),
        (good.replace("350101000000Z", "500101000000Z"), true, None),
        (
            good.replace("261120000000Z", "2611200000Z"),
            true,
            Some("2026-11-20T00:00:00Z"),
        ),
        (good.replace("261120000000Z", "19491231235959Z"), false, None),
        (
            good.replace("261120000000Z", "500101000000Z"),
            true,
            Some("1970-01-01T00:00:00Z"),
        ),
        (
            good.replace("261120000000Z", "691231235959Z"),
            true,
            Some("1970-01-01T00:00:00Z"),
        ),
    ]
    .into_iter()
    .enumerate()
    {
        rig.write("index.txt", &index);
        rig.write("n", "01\n");
        let theirs = rig.tool(
            "openssl",
            &[
                "ca",
                "-batch",
                "-config",
                "o.cnf",
                "-gencrl",
                "-out",
                "theirs.crl",
            ],
        );
        let number = (number + 1).to_string();
        let create = [
            "crl",
            "create",
            "--ca",
            "customerCA.crt",
            "--revoked",
            "index.txt",
            "--number",
            &number,
            "--force",
        ];
        let ours = rig.json(&[&create[..], &["--out", "ours.crl"]].concat());
        assert_eq!(
            (theirs.code == Some(0), ours.code == Some(0)),
            (is_read, is_read),
            "{index:?} {ours:#?}"
        );
        let entries = |crl: &str| {
            let mut shown = rig.json(&["crl", "show", crl, "--entries"]).ok().json();
            shown["revoked"].take()
        };
        match time {
            Some(time) => assert_eq!(entries("ours.crl")[0]["revoked_at"], time, "{index:?}"),
            None if is_read => assert_eq!(entries("ours.crl"), entries("theirs.crl"), "{index:?}"),
            None => {}
        }
    }
}

/// RFC 5280 sections 5.2.5 and 6.3.3: a verifier passes over a CRL whose distribution point the certificate does not name.
#[test]
fn a_distribution_point_that_no_certificate_names_is_warned_of_before_the_signature() {
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
    // It is told before the PIN is asked for.
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
