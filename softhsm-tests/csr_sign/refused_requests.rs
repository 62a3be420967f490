//! Faulty requests are refused before the token is used, and nothing is written.

use std::fs::File;

use serde_json::Value;

use crate::harness::{Rig, ready_authority};
use crate::oracle::{make_cluster_request, make_request, openssl, request_der};

/// A directory with its own files and the shared CA's certificate and token.
pub(crate) struct Desk {
    /// Keeps the shared token as long as the desk is in use.
    _authority: Rig,
    pub(crate) rig: Rig,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let authority = ready_authority();
        let rig = Rig::new();
        rig.write("customerCA.crt", authority.read("customerCA.crt"));
        Self {
            rig: rig.with("HSM_CA_CONFIG", authority.path("rig/hsm-ca.toml")),
            _authority: authority,
        }
    }

    /// Expects a refusal, without a call to the token and without a file.
    #[track_caller]
    pub(crate) fn refuses(&self, request: &str, kind: &str) -> String {
        let before = self.rig.files();
        let sign = [
            "--format",
            "json",
            "csr",
            "sign",
            request,
            "--ca",
            "customerCA.crt",
            "--profile",
            "cloudhsm-cluster",
            "--out",
            "out.crt",
        ];
        let message = self.rig.command(&sign).refused(3, kind);
        assert_eq!(self.rig.files(), before, "nothing is written");
        assert!(
            message.starts_with(&format!("{request}: ")) || kind == "too-large",
            "the input is named: {message}"
        );
        self.refuses_in_batch(request, kind);
        message
    }

    /// A request that is refused alone is refused in a batch by the same rule, and nothing is signed.
    #[track_caller]
    fn refuses_in_batch(&self, request: &str, kind: &str) {
        let before = self.rig.files();
        let sign = [
            "--format",
            "json",
            "csr",
            "sign",
            request,
            "--keep-going",
            "--jobs",
            "2",
            "--ca",
            "customerCA.crt",
            "--profile",
            "cloudhsm-cluster",
            "--out-dir",
            ".",
        ];
        let run = self.rig.command(&sign);
        assert_eq!(run.code, Some(3), "{run:?}");
        let mut lines = run.stdout.lines();
        let told: Value = serde_json::from_str(lines.next().expect("a line")).expect("JSON");
        assert_eq!(
            (&told["result"], &told["error"]["kind"]),
            (&"refused".into(), &kind.into()),
            "{told}"
        );
        let summary: Value = serde_json::from_str(lines.next().expect("a summary")).expect("JSON");
        assert_eq!(
            (&summary["issued"], &summary["refused"]),
            (&0.into(), &1.into()),
            "{summary}"
        );
        assert_eq!(self.rig.files(), before, "nothing is written");
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
    assert_eq!(shown["signature_verified"], false);
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
    desk.refuses("koblitz.csr", "rule");
    make_request(&desk.rig, "edwards.csr", &["-newkey", "ed25519"], &[]);
    desk.refuses("edwards.csr", "rule");
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
fn a_file_that_is_not_a_request() {
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
fn every_truncation_and_every_changed_byte_of_a_request_is_refused() {
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
    // Refused before the token, which lacks this key, is used.
    let message = rig.sign("own-key.csr").refused(3, "rule");
    assert!(message.contains("the CA's own key"), "{message}");
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
        "--profile",
        "cloudhsm-cluster",
        "--out",
        "out.crt",
    ];
    let message = desk.rig.command(&sign).refused(3, "rule");
    assert!(message.contains("the CA's own name"), "{message}");
}

#[test]
fn a_request_s_dropped_extensions_are_reported() {
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
fn unused_request_attributes_are_reported_and_passwords_are_not_shown() {
    let desk = Desk::new();
    let lines = "[req]\ndistinguished_name=dn\nattributes=a\nprompt=no\n[dn]\nCN=a\n\
        [a]\nchallengePassword=correct horse\n1.3.6.1.4.1.311.13.2.3=10.0.20348.2\n";
    desk.rig.write("req.cnf", lines);
    // Not make_request: with -subj, openssl ignores the attributes.
    let request = "req -new -newkey rsa:2048 -nodes -keyout k -config req.cnf -out asks.csr";
    openssl(&desk.rig, &request.split(' ').collect::<Vec<_>>());
    let run = desk.rig.sign("asks.csr").ok();
    assert!(!format!("{run:?}").contains("correct horse"), "{run:?}");
    let report = run.json();
    let dropped = report["certificates"][0]["dropped"].as_array().expect("a list");
    let mut names: Vec<_> = dropped.iter().filter_map(|one| one["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["1.3.6.1.4.1.311.13.2.3", "pkcs-9-at-challengePassword"],
        "{report}"
    );
    let warning = report["warnings"][0].as_str().expect("a warning");
    assert!(names.iter().all(|name| warning.contains(name)), "{warning}");
}

#[test]
fn text_before_the_block_and_the_old_header_are_accepted() {
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
