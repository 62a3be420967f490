//! `ca adopt` of what contradicts the ledger: a forged CA, a known key under another name, a compromised key, a partial CRL.

use serde_json::{Value, json};

use super::old_authority::{adopt, next_crl, openssl_authority};
use crate::harness::{Rig, Run, python_tool};
use crate::oracle::openssl;

/// A self-signed CA of openssl's with that key: `NAME.crt`.
fn root(rig: &Rig, name: &str, subject: &str, key: &[&str]) {
    let crt = format!("{name}.crt");
    let make = ["req", "-x509", "-days", "900", "-subj", subject, "-out", &crt];
    let usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    openssl(rig, &[&make[..], key, &usage].concat());
}

/// A CA certificate for a request, signed by `ca.key` under the name of `ca.crt`.
fn certify(rig: &Rig, request: &str, ca: (&str, &str), serial: &str, out: &str) {
    rig.write(
        "ca.ext",
        "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n",
    );
    let (crt, key) = ca;
    let sign = [
        "x509",
        "-req",
        "-in",
        request,
        "-CA",
        crt,
        "-CAkey",
        key,
        "-set_serial",
        serial,
    ];
    let rest = ["-days", "400", "-extfile", "ca.ext", "-out", out];
    openssl(rig, &[&sign[..], &rest].concat());
}

fn request(rig: &Rig, key: &str, subject: &str, out: &str) {
    let create = [
        "csr",
        "create",
        "--key",
        key,
        "--profile",
        "intermediate",
        "--subject",
    ];
    rig.command(&[&create[..], &[subject, "--out", out]].concat())
        .ok();
}

fn refused(rig: &Rig, arguments: &[&str], rule: &str) {
    let run = rig.json(&[&["ca", "adopt"], arguments].concat());
    let message = run.refused(3, "rule");
    assert!(message.contains(rule), "{arguments:?}: {message}");
}

#[test]
fn a_ca_that_an_issuer_of_the_ledger_did_not_sign_is_not_adopted() {
    let rig = openssl_authority();
    adopt(&rig, &[]).ok();
    let new = ["-newkey", "rsa:2048", "-nodes", "-keyout", "f.key"];
    root(&rig, "f", "/O=Old/CN=Old CA", &new);
    rig.command(&["key", "generate", "--label", "sub", "--type", "ec:p256"])
        .ok();
    request(&rig, "sub", "CN=Sub", "sub.csr");
    certify(&rig, "sub.csr", ("f.crt", "f.key"), "77", "forged.crt");
    let waived = ["--second-certificate", "--same-name-other-key"];
    refused(&rig, &["forged.crt"], "adopted-path");
    refused(&rig, &[&["forged.crt"], &waived[..]].concat(), "adopted-path");
    // A root of the same name does not replace the known one unless the operator says so.
    let with_root = ["forged.crt", "--issuer", "f.crt"];
    refused(&rig, &with_root, "same-name-other-key");
    // The genuine one needs no --issuer: the ledger has it.
    certify(&rig, "sub.csr", ("old/ca.crt", "old/ca.key"), "78", "sub.crt");
    let adopted = rig.json(&["ca", "adopt", "sub.crt"]).ok().json();
    assert_eq!(adopted["path"], "verified", "{adopted}");
    // The same serial number with other bytes, and the same key under another name.
    certify(&rig, "sub.csr", ("f.crt", "f.key"), "78", "forged.crt");
    refused(&rig, &[&["forged.crt"], &waived[..]].concat(), "serial-unused");
    let new = ["-newkey", "rsa:2048", "-nodes", "-keyout", "e.key"];
    root(&rig, "e", "/CN=Elsewhere", &new);
    request(&rig, "sub", "CN=Renamed", "renamed.csr");
    certify(&rig, "renamed.csr", ("e.crt", "e.key"), "1", "renamed.crt");
    refused(&rig, &["renamed.crt"], "under another name");
    let second = ["ca", "adopt", "renamed.crt", "--second-certificate"];
    let adopted = rig.json(&second).ok().json();
    assert_eq!(adopted["waived"], json!(["second-certificate"]), "{adopted}");
    rig.command(&["ledger", "verify"]).ok();
}

#[test]
fn a_ca_whose_key_the_ledger_knows_as_compromised_is_not_adopted() {
    let rig = openssl_authority();
    adopt(&rig, &[]).ok();
    let make = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    openssl(&rig, &[&make[..], &["-out", "x.key"]].concat());
    let request = ["req", "-new", "-key", "x.key", "-subj", "/CN=x", "-out", "x.csr"];
    openssl(&rig, &request);
    let sign = [
        "csr",
        "sign",
        "x.csr",
        "--ca",
        "old/ca.crt",
        "--profile",
        "tls-client",
    ];
    rig.json(&[&sign[..], &["--out", "x.crt"]].concat()).ok();
    let revoke = ["cert", "revoke", "x.crt", "--ca", "old/ca.crt", "--reason"];
    rig.json(&[&revoke[..], &["keyCompromise"]].concat()).ok();
    root(&rig, "evil", "/CN=Evil", &["-key", "x.key"]);
    refused(&rig, &["evil.crt"], "compromised-key");
}

/// Whether the result warns with these words.
fn warns(result: &Value, words: &str) -> bool {
    let warnings = result["warnings"].as_array().into_iter().flatten();
    warnings
        .into_iter()
        .any(|one| one.as_str().is_some_and(|text| text.contains(words)))
}

#[test]
fn a_ca_without_a_past_is_adopted_with_a_warning_and_so_is_its_first_crl() {
    let rig = openssl_authority();
    let adopted = adopt(&rig, &[]).ok().json();
    assert!(warns(&adopted, "adopt it again with --crl"), "{adopted}");
    let first = next_crl(&rig, "first.crl");
    assert_eq!(first["number"], "1");
    assert!(warns(&first, "first CRL that the ledger has"), "{first}");
    assert!(!warns(&next_crl(&rig, "second.crl"), "first CRL"));
    // A number is a statement.
    let other = rig.with("HSM_CA_LEDGER", "sqlite:other.db");
    adopt(&other, &["--revoked", "old/index.txt", "--key", "ca"]).ok();
    let create = [
        "crl",
        "create",
        "--ca",
        "old/ca.crt",
        "--number",
        "5000",
        "--out",
        "n.crl",
    ];
    let numbered = other.json(&create).ok().json();
    assert!(!warns(&numbered, "first CRL"), "{numbered}");
    let third = other.with("HSM_CA_LEDGER", "sqlite:third.db");
    let adopted = adopt(&third, &["--crl", "old/ca.crl", "--key", "ca"]);
    let adopted = adopted.ok().json();
    assert!(!warns(&adopted, "--crl"), "{adopted}");
    assert!(!warns(&next_crl(&third, "t.crl"), "first CRL"));
}

/// The CRL of `old/ca.crt` with the serial number 5 twice.
const TWICE: &str = "
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
key = serialization.load_pem_private_key(open('old/ca.key', 'rb').read(), None)
ca = x509.load_pem_x509_certificate(open('old/ca.crt', 'rb').read())
now = datetime.datetime(2026, 1, 1)
crl = x509.CertificateRevocationListBuilder().issuer_name(ca.subject).last_update(now)
crl = crl.next_update(now + datetime.timedelta(days=7)).add_extension(x509.CRLNumber(9), False)
for _ in range(2):
    crl = crl.add_revoked_certificate(
        x509.RevokedCertificateBuilder().serial_number(5).revocation_date(now).build())
crl = crl.sign(key, hashes.SHA256())
open('twice.crl', 'wb').write(crl.public_bytes(serialization.Encoding.PEM))
";

#[test]
fn a_crl_of_some_certificates_is_not_the_last_complete_one_and_a_repeated_entry_counts_once() {
    let rig = openssl_authority();
    let config = String::from_utf8(rig.read("old/openssl.cnf")).expect("UTF-8");
    let partial = "issuingDistributionPoint = critical, @idp\n[idp]\nonlyuser = TRUE\n";
    rig.write("old/partial.cnf", config + partial);
    let list = [
        "ca",
        "-config",
        "old/partial.cnf",
        "-gencrl",
        "-out",
        "partial.crl",
    ];
    openssl(&rig, &list);
    let crl = |file| -> Run { adopt(&rig, &["--crl", file]) };
    let message = crl("partial.crl").refused(3, "rule");
    assert!(
        message.starts_with("partial.crl: adopted-crl") && message.contains("only user certificates"),
        "{message}"
    );
    rig.tool(python_tool("python3"), &["-c", TWICE]).ok();
    let adopted = crl("twice.crl").ok().json();
    assert_eq!(adopted["new"]["revocations"], 1, "{adopted}");
    let next = next_crl(&rig, "next.crl");
    assert_eq!((&next["number"], &next["entries"]), (&json!("10"), &json!(1)));
}

/// The CA certificate is sound in each case.
#[test]
fn an_error_names_the_file_that_is_wrong_and_the_line_of_an_index() {
    let rig = openssl_authority();
    let good = "R\t350101000000Z\t261120000000Z\t0A\tunknown\t/CN=a\n";
    let refused = |option: &str, file: &str, wanted: &str| {
        let run = adopt(&rig, &[option, file]);
        assert_eq!(run.code, Some(3), "{run:#?}");
        assert!(run.stderr.contains(&format!("\"{file}: {wanted}")), "{run:#?}");
    };
    for (wrong, wanted) in [
        (good.replace("0A", &"11".repeat(30)), "serial-number"),
        (good.replace("261120", "491120"), "revocation-date"),
        (
            good.replace("261120000000Z", "261120000000Z,removeFromCRL"),
            "not a well-formed revocation",
        ),
        (
            good.replace("0A", "ten"),
            "a serial number that is not hexadecimal",
        ),
    ] {
        rig.write(
            "wrong.txt",
            format!("# a comment\n{good}{}", wrong.replace("0A", "0B")),
        );
        refused("--revoked", "wrong.txt", &format!("line 3: {wanted}"));
    }
    // 21 octets.
    rig.write("old/crlnumber", format!("01{}\n", "00".repeat(20)));
    let list = [
        "ca",
        "-config",
        "old/openssl.cnf",
        "-gencrl",
        "-out",
        "number.crl",
    ];
    openssl(&rig, &list);
    refused("--crl", "number.crl", "crl-number");
    let key = ["-newkey", "rsa:2048", "-nodes", "-keyout", "other.key"];
    root(&rig, "other", "/O=Old/CN=Other", &key);
    let run = rig.json(&["ca", "adopt", "other.crt", "--crl", "old/ca.crl"]);
    assert!(run.refused(3, "rule").starts_with("old/ca.crl: crl-issuer"));
    // openssl copies a date of 1955 from its index to its CRL. This program has no time before 1970.
    rig.write("old/index.txt", good.replace("261120000000Z", "550101000000Z"));
    rig.write("old/crlnumber", "1002\n");
    let list = ["ca", "-config", "old/openssl.cnf", "-gencrl", "-out", "1955.crl"];
    openssl(&rig, &list);
    refused("--crl", "1955.crl", "the CRL's date 1955-01-01");
}

/// As Notepad and PowerShell save it.
#[test]
fn an_index_in_utf_16_or_with_a_byte_order_mark_is_read() {
    let rig = openssl_authority();
    let text = rig.read("old/index.txt");
    rig.write("marked.txt", [&[0xef, 0xbb, 0xbf][..], &text].concat());
    let to = |form: &str, out: &str| {
        let iconv = "iconv -f UTF-8 -t \"$1\" old/index.txt > \"$2\"";
        rig.tool("sh", &["-ec", iconv, "sh", form, out]).ok();
    };
    to("UTF-16", "wide.txt");
    to("UTF-32", "wider.txt");
    let message = adopt(&rig, &["--revoked", "wider.txt"]).refused(3, "malformed");
    assert!(message.contains("UTF-32"), "{message}");
    let wide = adopt(&rig, &["--revoked", "wide.txt"]).ok().json();
    assert_eq!(wide["new"]["serial_numbers"], 4, "{wide}");
    let marked = adopt(&rig, &["--revoked", "marked.txt"]).ok().json();
    assert_eq!(marked["new"]["serial_numbers"], 0, "{marked}");
}
