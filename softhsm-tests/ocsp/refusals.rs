//! Refused requests and signers, each with a one-line error and the right exit code.

use crate::harness::{Responder, ready_authority};
use crate::oracle::{make_request, openssl};

fn responder() -> Responder {
    let responder = Responder {
        rig: ready_authority(),
    };
    responder.issue("good");
    responder.ask(&["-cert", "good.crt"]);
    responder
}

/// Expects a refusal: nothing is written or signed, and no PIN is read.
#[track_caller]
fn refused(responder: &Responder, more: &[&str], code: i32, kind: &str, why: &str) {
    let no_pin = ["--pin-source", "env:NOT_SET"];
    let message = responder
        .respond(&[&no_pin[..], more].concat())
        .refused(code, kind);
    assert!(message.contains(why), "{why}: {message}");
    assert!(!responder.rig.files().contains(&"r.der".to_owned()), "{why}");
}

#[test]
fn a_broken_request_is_refused_with_the_reason() {
    let responder = responder();
    let rig = &responder.rig;
    let sound = rig.read("q.der");
    let with = |bytes: &[u8]| rig.write("q.der", bytes);
    with(&sound[..sound.len() - 1]);
    refused(&responder, &[], 3, "malformed", "OCSP request");
    with(&[&sound[..], b"\0"].concat());
    refused(&responder, &[], 3, "trailing-bytes", "1 bytes follow");
    with(b"");
    refused(&responder, &[], 3, "empty", "empty");
    with(b"hello");
    refused(&responder, &[], 3, "malformed", "neither");
    with(&rig.read("good.crt"));
    refused(&responder, &[], 3, "malformed", "CERTIFICATE");
    with(&[0x30, 4, 0x30, 2, 0x30, 0]);
    refused(&responder, &[], 3, "malformed", "asks about no certificate");
    rig.write("many.py", MANY);
    rig.tool("python3", &["many.py", "300", "16"]).ok();
    refused(&responder, &[], 3, "malformed", "300 certificates");
    rig.tool("python3", &["many.py", "10000", "16"]).ok();
    refused(&responder, &[], 3, "malformed", "exceeds the 64 KiB limit");
    rig.tool("python3", &["many.py", "40000", "16"]).ok();
    refused(&responder, &[], 3, "too-large", "1024 KiB");
    rig.tool("python3", &["many.py", "1", "0"]).ok();
    refused(&responder, &[], 3, "malformed", "a nonce of 0 octets");
    rig.tool("python3", &["many.py", "1", "200"]).ok();
    refused(&responder, &[], 3, "malformed", "a nonce of 200 octets");
    rig.tool("python3", &["many.py", "1", "16", "critical"]).ok();
    refused(&responder, &[], 3, "rule", "ocsp-critical-extension");
    rig.tool("python3", &["many.py", "1", "16"]).ok();
    refused(&responder, &[], 3, "rule", "ocsp-issuer");
    std::fs::remove_file(rig.path("q.der")).expect("it was there");
    refused(&responder, &[], 2, "unreadable-file", "q.der");
}

/// A hand-made DER request about this many unknown certificates, with a nonce of this many octets.
const MANY: &str = r#"
import sys
def tlv(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + body
count, nonce = int(sys.argv[1]), int(sys.argv[2])
sha1 = tlv(0x30, bytes.fromhex("06052b0e03021a"), b"\x05\0")
one = tlv(0x30, tlv(0x30, sha1, tlv(4, bytes(20)), tlv(4, bytes(20)), tlv(2, b"\x07")))
extensions = [tlv(0x30, bytes.fromhex("06092b0601050507300102"), tlv(4, tlv(4, bytes(nonce))))]
if "critical" in sys.argv:
    extensions.append(tlv(0x30, bytes.fromhex("06022a03"), b"\x01\x01\xff", tlv(4, b"\x05\0")))
request = tlv(0x30, tlv(0x30, tlv(0x30, one * count), tlv(0xa2, tlv(0x30, *extensions))))
open("q.der", "wb").write(request)
"#;

#[test]
fn certificates_of_another_ca_are_not_answered_for() {
    let responder = responder();
    let rig = &responder.rig;
    let own = [
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "o.key",
        "-subj",
        "/CN=Other",
    ];
    openssl(rig, &[&["req", "-x509", "-out", "other.crt"], &own[..]].concat());
    let of_other = ["ocsp", "-issuer", "other.crt", "-serial", "7", "-reqout", "q.der"];
    openssl(rig, &of_other);
    refused(&responder, &[], 3, "rule", "ocsp-issuer (RFC 6960 2.3)");
    // Beside one of its own, the answer is unknown.
    let both = ["-serial", "7", "-issuer", "customerCA.crt", "-cert", "good.crt"];
    let fixed = ["ocsp", "-reqout", "q.der", "-issuer", "other.crt"];
    openssl(rig, &[&fixed[..], &both].concat());
    assert_eq!(responder.statuses(&[]), ["unknown", "good"]);
    std::fs::remove_file(rig.path("r.der")).expect("it was there");
    // A signed request.
    let by = ["-signer", "other.crt", "-signkey", "o.key", "-cert", "good.crt"];
    responder.ask(&by);
    refused(&responder, &[], 3, "rule", "ocsp-signed-request");
    let shown = rig.json(&["ocsp", "show", "q.der", "--ca", "customerCA.crt"]);
    assert_eq!(shown.code, Some(3));
    assert_eq!(shown.json()["signed"], true);
}

#[test]
fn a_certificate_that_cannot_sign_ocsp_is_refused_as_a_signer() {
    let responder = responder().with_signer("RSA_2048");
    let rig = &responder.rig;
    let signer = |file: &'static str| ["--signer", file];
    refused(&responder, &signer("good.crt"), 3, "rule", "ocsp-signer-purpose");
    refused(&responder, &signer("customerCA.crt"), 3, "rule", "ocsp-signer");
    let long = ["--signer", "signer.crt", "--days", "31"];
    refused(&responder, &long, 3, "rule", "ocsp-nesting");
    refused(&responder, &["--days", "4000"], 3, "rule", "ocsp-nesting");
    // With the purpose, and without ocsp-nocheck.
    rig.write(
        "plain.toml",
"name = \"plain\"\nrole = \"leaf\"\ndays = 10\nkeys = [\"rsa:2048\"]\nkey-usage = [\"digitalSignature\"]\n\
        extended-key-usage = [\"OCSPSigning\"]\n",
    );
    responder.sign("signer.csr", "./plain.toml", "plain.crt");
    refused(&responder, &signer("plain.crt"), 3, "rule", "ocsp-nocheck");
    // By another CA of the same name.
    let own = ["-newkey", "rsa:2048", "-nodes", "-keyout", "o.key"];
    let named = ["-subj", "/C=US/O=Test/CN=Test CA", "-out", "other.crt"];
    openssl(rig, &[&["req", "-x509"], &own[..], &named].concat());
    make_request(rig, "x.csr", &["-newkey", "rsa:2048"], &[]);
    rig.write("x.ext", "extendedKeyUsage = OCSPSigning\nnoCheck = yes\n");
    let signed = [
        "-CA",
        "other.crt",
        "-CAkey",
        "o.key",
        "-extfile",
        "x.ext",
        "-out",
        "foreign.crt",
    ];
    openssl(rig, &[&["x509", "-req", "-in", "x.csr"], &signed[..]].concat());
    refused(
        &responder,
        &signer("foreign.crt"),
        3,
        "rule",
        "not signed by this CA's key",
    );
    responder.revoke("signer.crt", &["--reason", "keyCompromise"]);
    refused(&responder, &signer("signer.crt"), 3, "rule", "ocsp-signer-status");
}

#[test]
fn an_answer_that_cannot_be_recorded_is_not_printed() {
    let responder = responder();
    let rig = &responder.rig;
    let elsewhere = ["--ledger", "sqlite:none.db"];
    refused(&responder, &elsewhere, 4, "no-ledger", "no ledger");
    assert!(!rig.files().contains(&"none.db".to_owned()), "none is made");
    // A CA with an index, and its first signature on the token.
    let adopt = ["ca", "adopt", "customerCA.crt", "--key", "customer-ca"];
    rig.json(&[&elsewhere[..], &adopt].concat()).ok();
    let serial = openssl(rig, &["x509", "-in", "good.crt", "-noout", "-serial"]);
    let serial = serial.trim().trim_start_matches("serial=");
    let line = |status: &str| format!("{status}\t{serial}\tunknown\t/O=Test\n");
    for (status, said) in [
        ("V\t350101000000Z\t", "good"),
        ("E\t200101000000Z\t", "good"),
        ("R\t350101000000Z\t260101000000Z,superseded", "revoked"),
    ] {
        rig.write("index.txt", line(status));
        let with = ["--revoked", "index.txt"];
        assert_eq!(responder.statuses(&[&with[..], &elsewhere].concat()), [said]);
        // With the ledger and the index, a certificate is revoked if either says so.
        assert_eq!(responder.statuses(&with), [said]);
    }
    rig.write("index.txt", "");
    let nothing = ["--revoked", "index.txt"];
    assert_eq!(responder.statuses(&nothing), ["good"], "the ledger knows");
    assert_eq!(
        responder.statuses(&[&nothing[..], &elsewhere].concat()),
        ["unknown"]
    );
    rig.write("index.txt", "nonsense\n");
    std::fs::remove_file(rig.path("r.der")).expect("it was there");
    refused(&responder, &nothing, 3, "index", "line 1");
}

#[test]
fn an_error_response_is_shown_as_one() {
    let responder = responder();
    let rig = &responder.rig;
    rig.write("e.der", [0x30, 3, 0x0a, 1, 6]);
    let shown = rig.json(&["ocsp", "show", "e.der"]).ok().json();
    assert_eq!(shown["response_status"], "unauthorized");
    let verified = rig.json(&["ocsp", "show", "e.der", "--ca", "customerCA.crt"]);
    assert_eq!(verified.code, Some(3));
    rig.json(&["ocsp", "show", "good.crt"]).refused(3, "malformed");
    rig.json(&["ocsp", "show", "q.der", "--request", "q.der"])
        .refused(2, "usage");
}

#[test]
fn a_token_that_does_not_sign_leaves_a_record_and_no_file() {
    let responder = responder();
    let rig = &responder.rig;
    let respond = [
        "--format",
        "json",
        "ocsp",
        "respond",
        "--ca",
        "customerCA.crt",
        "--request",
        "q.der",
        "--out",
        "r.der",
    ];
    let failing = rig.command_with_rule(&respond, &[("FAIL", "C_Sign:CKR_DEVICE_ERROR@1")]);
    failing.refused(4, "token");
    rig.command_with_rule(&respond, &[("CORRUPT", "sign")])
        .refused(1, "token-signature");
    assert!(!rig.files().contains(&"r.der".to_owned()));
    let list = rig.json(&["ledger", "list", "--last", "2"]).ok().json();
    for (entry, why) in [(0, "CKR_DEVICE_ERROR"), (1, "does not verify")] {
        let entry = &list["entries"][entry];
        assert_eq!(entry["object_kind"], "ocsp-response", "{entry}");
        assert_eq!(entry["state"], "abandoned", "{entry}");
        let reason = entry["problem"].as_str().expect("why");
        assert!(reason.contains(why), "{entry}");
    }
    // An existing file is not replaced, and stdout gets only the response.
    rig.write("r.der", "precious");
    rig.json(&respond[2..]).refused(2, "output-exists");
    assert_eq!(rig.read("r.der"), b"precious");
    let script = "\"$0\" -q ocsp respond --ca customerCA.crt --request - --out - < q.der > piped.der";
    let program = crate::harness::PROGRAM;
    rig.tool("sh", &["-c", script, program]).ok();
    let shown = rig.json(&[
        "ocsp",
        "show",
        "piped.der",
        "--ca",
        "customerCA.crt",
        "--request",
        "q.der",
    ]);
    assert_eq!(shown.ok().json()["verified"], true);
}
