//! Requests that are not as they should be: refused before the token is asked for anything, and nothing is written.

use std::fs::File;

use crate::harness::{Rig, shared_authority};
use crate::oracle::{make_cluster_request, make_request, openssl, request_der};

/// A directory with its own files and the shared CA's certificate and token.
struct Desk {
    rig: Rig,
}

impl Desk {
    fn new() -> Self {
        let authority = shared_authority();
        let rig = Rig::new();
        rig.write("customerCA.crt", authority.read("customerCA.crt"));
        Self {
            rig: rig.with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml")),
        }
    }

    /// Refused, with no call to the token and no file.
    #[track_caller]
    fn refuses(&self, request: &str, kind: &str) -> String {
        let before = self.rig.files();
        let sign = [
            "--format",
            "json",
            "csr",
            "sign",
            request,
            "--ca",
            "customerCA.crt",
            "--out",
            "out.crt",
        ];
        let message = self.rig.command(&sign).refused(3, kind);
        assert_eq!(self.rig.files(), before, "nothing is written");
        assert!(
            message.starts_with(&format!("{request}: ")) || kind == "too-large",
            "the input is named: {message}"
        );
        message
    }

    /// The DER of a good request, changed.
    fn changed(&self, change: impl FnOnce(&mut Vec<u8>)) {
        make_cluster_request(&self.rig, "good.csr");
        let mut der = request_der(&self.rig, "good.csr");
        change(&mut der);
        self.rig.write("bad.csr", der);
    }
}

#[test]
fn a_broken_signature() {
    let desk = Desk::new();
    desk.changed(|der| *der.last_mut().expect("a byte") ^= 1);
    desk.refuses("bad.csr", "bad-signature");
    // The subject changed after signing.
    desk.changed(|der| {
        let at = der
            .windows(7)
            .position(|window| window == b"Cavium\x30".as_slice() || &window[..6] == b"Cavium");
        der[at.expect("the subject")] = b'K';
    });
    desk.refuses("bad.csr", "bad-signature");
    let shown = desk.rig.json(&["csr", "show", "bad.csr"]).ok().json();
    assert_eq!(shown["signature_valid"], false);
}

#[test]
fn md5_and_sha1_signatures() {
    let desk = Desk::new();
    for (hash, named) in [("-md5", "MD5"), ("-sha1", "SHA-1")] {
        make_request(&desk.rig, "weak.csr", &["-newkey", "rsa:2048"], &[hash]);
        assert!(desk.refuses("weak.csr", "weak-signature").contains(named));
    }
    make_request(
        &desk.rig,
        "weak.csr",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-sha1"],
    );
    assert!(desk.refuses("weak.csr", "weak-signature").contains("SHA-1"));
}

#[test]
fn keys_that_are_too_small_or_of_another_kind() {
    let desk = Desk::new();
    make_request(&desk.rig, "small.csr", &["-newkey", "rsa:1024"], &["-sha256"]);
    assert!(desk.refuses("small.csr", "weak-key").contains("RSA 1024"));
    make_request(
        &desk.rig,
        "koblitz.csr",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        &["-sha256"],
    );
    desk.refuses("koblitz.csr", "malformed");
    make_request(&desk.rig, "edwards.csr", &["-newkey", "ed25519"], &[]);
    desk.refuses("edwards.csr", "malformed");
    make_request(
        &desk.rig,
        "pss.csr",
        &["-newkey", "rsa:2048"],
        &["-sha256", "-sigopt", "rsa_padding_mode:pss"],
    );
    assert!(desk.refuses("pss.csr", "malformed").contains("not supported"));
}

#[test]
fn a_bad_version() {
    let desk = Desk::new();
    desk.changed(|der| {
        let at = der
            .windows(3)
            .position(|window| window == [2, 1, 0])
            .expect("the version");
        der[at + 2] = 1;
    });
    assert!(desk.refuses("bad.csr", "malformed").contains("version number 1"));
}

#[test]
fn trailing_bytes() {
    let desk = Desk::new();
    desk.changed(|der| der.push(0));
    assert!(
        desk.refuses("bad.csr", "trailing-bytes")
            .contains("1 bytes follow")
    );
    // Within the PEM block, too.
    make_cluster_request(&desk.rig, "good.csr");
    let mut der = request_der(&desk.rig, "good.csr");
    der.extend_from_slice(&[5, 0]);
    desk.rig.write(
        "longer.csr",
        hsm_ca::output::encode_pem("CERTIFICATE REQUEST", &der),
    );
    desk.refuses("longer.csr", "trailing-bytes");
}

#[test]
fn several_pem_blocks() {
    let desk = Desk::new();
    make_cluster_request(&desk.rig, "good.csr");
    desk.rig.write("two.csr", desk.rig.read("good.csr").repeat(2));
    assert!(desk.refuses("two.csr", "several-pem").contains("2 PEM blocks"));
}

#[test]
fn what_is_no_request_at_all() {
    let desk = Desk::new();
    desk.rig.write("text.csr", "hello\n");
    desk.refuses("text.csr", "malformed");
    assert!(
        desk.refuses("customerCA.crt", "malformed")
            .contains("\"CERTIFICATE\"")
    );
    desk.rig.write("zeros.csr", [0; 4096]);
    desk.refuses("zeros.csr", "malformed");
    make_cluster_request(&desk.rig, "good.csr");
    assert!(desk.refuses("request.key", "malformed").contains("PRIVATE KEY"));
    let pem = desk.rig.read("good.csr");
    desk.rig.write("half.csr", &pem[..pem.len() / 2]);
    desk.refuses("half.csr", "malformed");
    desk.changed(|der| der.truncate(der.len() / 2));
    desk.refuses("bad.csr", "malformed");
}

#[test]
fn an_empty_file() {
    let desk = Desk::new();
    desk.rig.write("empty.csr", "");
    desk.refuses("empty.csr", "empty");
    desk.rig.write("blank.csr", " \n\n");
    desk.refuses("blank.csr", "empty");
}

#[test]
fn a_hundred_megabytes() {
    let desk = Desk::new();
    let file = File::create(desk.rig.path("huge.csr")).expect("a file");
    file.set_len(100 * 1024 * 1024).expect("a sparse file");
    desk.refuses("huge.csr", "too-large");
    // Standard input does not end at all.
    let zeros = desk.rig.tool(
        "bash",
        &[
            "-c",
            "exec \"$0\" csr show - < /dev/zero",
            crate::harness::PROGRAM,
        ],
    );
    assert_eq!(zeros.code, Some(3), "{zeros:?}");
}

#[test]
fn every_cut_and_every_flipped_byte_of_a_request_is_refused() {
    let desk = Desk::new();
    make_cluster_request(&desk.rig, "good.csr");
    let der = request_der(&desk.rig, "good.csr");
    let read =
        |bytes: &[u8]| hsm_ca::x509::CertificationRequest::read(bytes).and_then(|request| request.verify());
    assert!(read(&der).is_ok());
    for length in 0..der.len() {
        assert!(read(&der[..length]).is_err(), "cut to {length}");
    }
    for index in 0..der.len() {
        let mut changed = der.clone();
        changed[index] ^= 0x01;
        assert!(read(&changed).is_err(), "byte {index} changed");
    }
}

#[test]
fn the_cas_own_key_or_name_in_a_request() {
    let rig = Rig::new();
    openssl(
        &rig,
        &[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "customerCA.crt",
            "-subj",
            "/CN=Own",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ],
    );
    openssl(
        &rig,
        &[
            "req",
            "-new",
            "-key",
            "ca.key",
            "-subj",
            "/CN=Other",
            "-out",
            "own-key.csr",
        ],
    );
    // The key is not on the token, so this one stops there; the rule is shown with the CA on the token.
    rig.sign("own-key.csr").refused(3, "no-key");
    let desk = Desk::new();
    openssl(
        &desk.rig,
        &[
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "k",
            "-subj",
            "/C=US/O=Test/CN=Test CA",
            "-out",
            "own-name.csr",
        ],
    );
    let sign = [
        "--format",
        "json",
        "csr",
        "sign",
        "own-name.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "out.crt",
    ];
    let message = desk.rig.command(&sign).refused(3, "rule");
    assert!(message.contains("the CA's own name"), "{message}");
}

#[test]
fn what_a_request_asks_for_and_does_not_get_is_told() {
    let desk = Desk::new();
    make_request(
        &desk.rig,
        "san.csr",
        &["-newkey", "rsa:2048"],
        &["-addext", "subjectAltName=DNS:example.com"],
    );
    let report = desk.rig.sign("san.csr").ok().json();
    assert!(
        report["warnings"][0]
            .as_str()
            .expect("a warning")
            .contains("subjectAltName"),
        "{report}"
    );
    assert!(!openssl(&desk.rig, &["x509", "-in", "out.crt", "-noout", "-text"]).contains("example.com"));
}

#[test]
fn text_before_the_block_and_the_old_header_are_taken() {
    let desk = Desk::new();
    make_cluster_request(&desk.rig, "good.csr");
    let pem = String::from_utf8(desk.rig.read("good.csr")).expect("ASCII");
    let text = openssl(&desk.rig, &["req", "-in", "good.csr", "-text", "-noout"]);
    let old = pem
        .replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
        .replace('\n', "\r\n");
    desk.rig.write("old.csr", format!("{text}{old}"));
    desk.rig.sign("old.csr").ok();
}

#[test]
fn names_that_other_programs_cannot_read_are_not_signed() {
    let desk = Desk::new();
    // Invalid UTF-8, a BMPString of odd length, a BOOLEAN, an empty RDN, a name that is no list of RDNs.
    let values: [&[u8]; 5] = [
        b"\x30\x0d\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02\xff\xfe",
        b"\x30\x0e\x31\x0c\x30\x0a\x06\x03\x55\x04\x03\x1e\x03\x00\x61\x00",
        b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x01\x01\xff",
        b"\x30\x02\x31\x00",
        b"\x30\x03\x02\x01\x05",
    ];
    openssl(
        &desk.rig,
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            "k.pem",
        ],
    );
    openssl(
        &desk.rig,
        &[
            "pkey", "-in", "k.pem", "-pubout", "-outform", "DER", "-out", "k.der",
        ],
    );
    for (index, name) in values.into_iter().enumerate() {
        let info = sequence(&[b"\x02\x01\x00", name, &desk.rig.read("k.der"), b"\xa0\x00"]);
        desk.rig.write("info.der", &info);
        openssl(
            &desk.rig,
            &[
                "dgst", "-sha256", "-sign", "k.pem", "-out", "info.sig", "info.der",
            ],
        );
        let signature = desk.rig.read("info.sig");
        let bits = [
            &[0x03, u8::try_from(signature.len() + 1).expect("short"), 0],
            &signature[..],
        ]
        .concat();
        let algorithm = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
        desk.rig.write("name.csr", sequence(&[&info, algorithm, &bits]));
        let message = desk.refuses("name.csr", "rule");
        assert!(message.contains("subject"), "{index}: {message}");
    }
}

/// A SEQUENCE of encoded elements, of less than 64 KiB.
fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    let content = elements.concat();
    let [high, low] = u16::try_from(content.len()).expect("short").to_be_bytes();
    let header = match (high, low) {
        (0, 0..=0x7f) => vec![0x30, low],
        (0, _) => vec![0x30, 0x81, low],
        _ => vec![0x30, 0x82, high, low],
    };
    [header, content].concat()
}

#[test]
fn der_with_a_pem_block_inside_is_read_as_der() {
    let desk = Desk::new();
    make_request(&desk.rig, "inner.csr", &["-newkey", "rsa:2048"], &[]);
    let inner = String::from_utf8(desk.rig.read("inner.csr")).expect("ASCII");
    desk.rig.write("req.cnf", format!("[req]\ndistinguished_name=dn\nattributes=a\nprompt=no\nstring_mask=utf8only\n[dn]\nCN=outer\n[a]\n\
        1.2.840.113549.1.9.2={}\n", inner.replace('\n', "\\n")));
    openssl(
        &desk.rig,
        &[
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "k",
            "-config",
            "req.cnf",
            "-outform",
            "DER",
            "-out",
            "outer.csr",
        ],
    );
    let der = desk.rig.read("outer.csr");
    assert!(
        der.windows(11).any(|window| window == b"-----BEGIN "),
        "the block is inside"
    );
    assert_eq!(
        desk.rig.json(&["csr", "show", "outer.csr"]).ok().json()["subject"],
        "CN=outer"
    );
}

#[test]
fn the_ca_certificate_is_never_an_output() {
    let desk = Desk::new();
    make_cluster_request(&desk.rig, "customerCA.csr");
    let before = desk.rig.read("customerCA.crt");
    let sign = [
        "csr",
        "sign",
        "customerCA.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        ".",
        "--force",
    ];
    desk.rig.json(&sign).refused(2, "usage");
    let sign = [
        "csr",
        "sign",
        "customerCA.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "./customerCA.csr",
        "--force",
    ];
    desk.rig.json(&sign).refused(2, "usage");
    desk.rig.tool("mkfifo", &["pipe"]).ok();
    let sign = [
        "csr",
        "sign",
        "customerCA.csr",
        "--ca",
        "customerCA.crt",
        "--out",
        "pipe",
        "--force",
    ];
    desk.rig.json(&sign).refused(2, "output-exists");
    assert_eq!(desk.rig.read("customerCA.crt"), before);
}

#[test]
fn a_batch_names_the_request_it_refuses_and_signs_none_of_them() {
    let desk = Desk::new();
    make_cluster_request(&desk.rig, "good.csr");
    openssl(
        &desk.rig,
        &[
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "k",
            "-subj",
            "/C=us/O=TEST/CN=Test  ca",
            "-out",
            "like-the-ca.csr",
        ],
    );
    std::fs::create_dir(desk.rig.path("out")).expect("a directory");
    let sign = [
        "csr",
        "sign",
        "good.csr",
        "like-the-ca.csr",
        "--ca",
        "customerCA.crt",
        "--out-dir",
        "out",
    ];
    let message = desk.rig.json(&sign).refused(3, "rule");
    assert!(
        message.starts_with("like-the-ca.csr: ") && message.contains("own name"),
        "{message}"
    );
    assert!(
        desk.rig
            .path("out")
            .read_dir()
            .expect("a directory")
            .next()
            .is_none()
    );
}
