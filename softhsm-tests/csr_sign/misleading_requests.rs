//! Requests that are made to be misread, and harmful outputs.

use crate::csr_sign::refused_requests::Desk;
use crate::oracle::{make_cluster_request, make_request, openssl};

#[test]
fn names_that_other_programs_cannot_read_are_not_signed() {
    let desk = Desk::new();
    // Invalid UTF-8, a BMPString of odd length, a BOOLEAN, an empty RDN, a name that is not a list of RDNs.
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
        "--profile",
        "cloudhsm-cluster",
        "--out-dir",
        "out",
    ];
    let message = desk.rig.json(&sign).refused(3, "rule");
    assert!(
        message.starts_with("at least 1 of 2 requests was refused, and none was signed: like-the-ca.csr: ")
            && message.contains("own name"),
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

#[test]
fn csr_show_says_which_names_csr_sign_would_refuse() {
    let desk = Desk::new();
    let show = |file: &str| desk.rig.json(&["csr", "show", file]).ok().json()["name_problems"].clone();
    make_request(
        &desk.rig,
        "space.csr",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-subj", "/CN=space "],
    );
    let faults = show("space.csr").to_string();
    assert!(faults.contains("name-text"), "{faults}");
    let text = desk.rig.command(&["csr", "show", "space.csr"]).ok().stdout;
    assert!(text.contains("`csr sign` refuses them"), "{text}");
    let names = ["-subj", "/CN=x", "-addext", "subjectAltName=DNS:0xC0000201"];
    make_request(
        &desk.rig,
        "number.csr",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &names,
    );
    let faults = show("number.csr").to_string();
    assert!(faults.contains("0xC0000201"), "{faults}");
    let names = ["-subj", "/CN=x", "-addext", "subjectAltName=DNS:x.example"];
    make_request(
        &desk.rig,
        "sound.csr",
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &names,
    );
    assert_eq!(show("sound.csr"), serde_json::json!([]));
}
