//! `csr create`: requests by keys on the token, read by other programs, and signed by a CA on the same token and by openssl.

use crate::harness::{Rig, Run, TokenKind, on_each, python_tool};
use crate::key::generate::generate;
use crate::oracle::{assert_accepted, openssl};

fn create(rig: &Rig, key: &str, subject: &str, more: &[&str]) -> Run {
    let create = ["csr", "create", "--key", key, "--subject", subject];
    rig.json(&[&create[..], more].concat())
}

#[test]
fn a_hierarchy_on_the_token_from_root_to_leaf() {
    on_each(&TokenKind::ALL, |kind| {
        let rig = Rig::of(kind);
        for label in ["root", "sub", "leaf"] {
            generate(&rig, label, "ec:p256").ok();
        }
        let root = [
            "ca",
            "create",
            "--key",
            "root",
            "--subject",
            "CN=Root,C=US",
            "--profile",
            "root",
        ];
        rig.command(&[&root[..], &["--out", "root.crt"]].concat()).ok();
        create(
            &rig,
            "sub",
            "CN=Sub,C=US",
            &["--profile", "intermediate", "--out", "sub.csr"],
        )
        .ok();
        let sign = |request: &str, ca: &str, profile: &str, out: &str| {
            rig.json(&[
                "csr",
                "sign",
                request,
                "--ca",
                ca,
                "--profile",
                profile,
                "--out",
                out,
            ])
            .ok()
            .json()
        };
        let report = sign("sub.csr", "root.crt", "intermediate", "sub.crt");
        assert_eq!(
            report["certificates"][0]["dropped"].as_array().map(Vec::len),
            Some(0),
            "{report}"
        );
        let names = [
            "--dns",
            "www.example.com",
            "--ip",
            "192.0.2.7",
            "--out",
            "leaf.csr",
        ];
        create(&rig, "leaf", "CN=www.example.com", &names).ok();
        sign("leaf.csr", "sub.crt", "tls-server", "leaf.crt");
        assert_accepted(&rig, "sub.crt", "root.crt");
        let verify = [
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-verify_hostname",
            "www.example.com",
        ];
        let chain = ["-CAfile", "root.crt", "-untrusted", "sub.crt", "leaf.crt"];
        openssl(&rig, &[&verify[..], &chain].concat());
        rig.write("chain.pem", [rig.read("leaf.crt"), rig.read("sub.crt")].concat());
        let certtool = [
            "--verify",
            "--load-ca-certificate",
            "root.crt",
            "--infile",
            "chain.pem",
        ];
        rig.tool("certtool", &certtool).ok();
    });
}

#[test]
fn openssl_and_gnutls_read_the_requested_fields() {
    let rig = Rig::new();
    for (key, signature) in [
        ("rsa:2048", "sha256WithRSAEncryption"),
        ("ec:p384", "ecdsa-with-SHA384"),
        ("ed25519", "ED25519"),
    ] {
        generate(&rig, key, key).ok();
        let names = [
            "--dns",
            "*.example.com",
            "--dns",
            "example.com",
            "--dns",
            "example.com",
            "--ip",
            "192.0.2.1",
            "--ip",
            "2001:db8::1",
            "--email",
            "a@example.com",
            "--uri",
            "https://example.com/",
        ];
        let file = format!("{key}.csr");
        let report = create(
            &rig,
            key,
            "CN=Example,O=Example\\, Inc.,C=US",
            &[&names[..], &["--out", &file]].concat(),
        )
        .ok()
        .json();
        assert_eq!(report["file"], file);
        let text = openssl(&rig, &["req", "-in", &file, "-verify", "-noout", "-text"]);
        for wanted in [
            "Version: 1 (0x0)",
            "C = US, O = \"Example, Inc.\", CN = Example",
            "DNS:*.example.com, DNS:example.com, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, email:a@example.com, URI:https://example.com/",
            &format!("Signature Algorithm: {signature}"),
        ] {
            assert!(text.contains(wanted), "{wanted}: {text}");
        }
        let info = rig
            .tool("certtool", &["--crq-info", "--infile", &file])
            .ok()
            .stdout;
        assert!(
            info.contains("DNSname: *.example.com") && info.contains("Self signature: verified"),
            "{info}"
        );
        // The key is the token's, as another program reads it there.
        rig.command(&["key", "export-public", key, "--out", "key.pem", "--force"])
            .ok();
        assert_eq!(
            openssl(&rig, &["req", "-in", &file, "-pubkey", "-noout"]).as_bytes(),
            rig.read("key.pem")
        );
    }
}

#[test]
fn a_request_without_names_has_no_attribute_and_der_is_the_same_request() {
    let rig = Rig::new();
    generate(&rig, "ca", "ec:p256").ok();
    let pem = create(&rig, "ca", "CN=A", &["--out", "-"]);
    assert!(pem.stdout.starts_with("-----BEGIN CERTIFICATE REQUEST-----") || pem.json()["pem"].is_string());
    create(&rig, "ca", "CN=A", &["--der", "--out", "a.csr"]).ok();
    let text = openssl(
        &rig,
        &[
            "req", "-inform", "DER", "-in", "a.csr", "-verify", "-noout", "-text",
        ],
    );
    assert!(text.contains("(none)") && !text.contains("X509v3"), "{text}");
    create(&rig, "ca", "CN=A", &["--der", "--out", "a.csr"]).refused(2, "output-exists");
    create(&rig, "ca", "CN=A", &["--hash", "sha512", "--out", "b.csr"]).ok();
    let text = openssl(&rig, &["req", "-in", "b.csr", "-verify", "-noout", "-text"]);
    assert!(text.contains("ecdsa-with-SHA512"), "{text}");
}

#[test]
fn openssl_as_the_ca_copies_what_a_profile_asks_for() {
    let rig = Rig::new();
    generate(&rig, "sub", "rsa:2048").ok();
    create(
        &rig,
        "sub",
        "CN=Sub",
        &["--profile", "intermediate", "--out", "sub.csr"],
    )
    .ok();
    let root = [
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "root.key", "-subj", "/CN=Root", "-out",
        "root.crt",
    ];
    openssl(&rig, &root);
    let sign = [
        "x509",
        "-req",
        "-in",
        "sub.csr",
        "-CA",
        "root.crt",
        "-CAkey",
        "root.key",
        "-copy_extensions",
        "copyall",
    ];
    openssl(&rig, &[&sign[..], &["-days", "30", "-out", "sub.crt"]].concat());
    let text = openssl(&rig, &["x509", "-in", "sub.crt", "-noout", "-text"]);
    assert!(
        text.contains("CA:TRUE, pathlen:0") && text.contains("Certificate Sign, CRL Sign"),
        "{text}"
    );
    openssl(&rig, &["verify", "-CAfile", "root.crt", "sub.crt"]);
}

#[test]
fn python_verifies_requests_of_ml_dsa_keys() {
    let rig = Rig::of(TokenKind::Kryoptic);
    let verify = "import sys; from cryptography import x509; \
                  request = x509.load_pem_x509_csr(open(sys.argv[1], 'rb').read()); \
                  print(request.is_signature_valid, request.subject.rfc4514_string(), \
                  request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName))";
    for key in ["ml-dsa-44", "ml-dsa-65", "ml-dsa-87"] {
        generate(&rig, key, key).ok();
        create(&rig, key, "CN=A", &["--dns", "a.example", "--out", key]).ok();
        let read = rig.tool(python_tool("python"), &["-c", verify, key]).ok().stdout;
        assert_eq!(read.trim(), "True CN=A ['a.example']");
    }
}

#[test]
fn an_invalid_request_is_refused_before_a_pin_is_read() {
    let rig = Rig::new();
    let nowhere = ["--pin-source", "file:/nowhere/pin", "--out", "a.csr"];
    let refused = |subject: &str, more: &[&str], code: i32, kind: &str| {
        create(&rig, "ca", subject, &[&nowhere[..], more].concat()).refused(code, kind)
    };
    for names in [
        ["--dns", "a b"],
        ["--ip", "192.0.2"],
        ["--email", "a"],
        ["--uri", "/a"],
        ["--dns", "192.0.2.1"],
    ] {
        refused("CN=A", &names, 2, "usage");
    }
    refused("/CN=A", &[], 2, "subject");
    refused("", &[], 2, "subject");
    refused("CN=A", &["--profile", "none"], 2, "profile");
    refused("CN=A", &["--profile", "root"], 2, "profile");
    assert!(!rig.files().contains(&"a.csr".to_owned()));
}

#[test]
fn a_key_that_is_too_weak_a_hash_that_is_and_a_token_that_signs_wrongly_make_no_request() {
    let rig = Rig::new();
    rig.pkcs11_tool(&[
        "--keypairgen",
        "--key-type",
        "rsa:1024",
        "--label",
        "weak",
        "--id",
        "01",
        "--usage-sign",
    ]);
    create(&rig, "weak", "CN=A", &["--out", "a.csr"]).refused(3, "weak-key");
    generate(&rig, "ca", "ec:p384").ok();
    create(&rig, "ca", "CN=A", &["--hash", "sha256", "--out", "a.csr"]).refused(3, "weak-hash");
    let wrong = [
        "--format",
        "json",
        "csr",
        "create",
        "--key",
        "ca",
        "--subject",
        "CN=A",
        "--out",
        "a.csr",
    ];
    rig.command_with_rule(&wrong, &[("CORRUPT", "sign")])
        .refused(1, "token-signature");
    rig.assert_nothing_precious_was_repeated("CORRUPT=sign");
    assert!(!rig.files().contains(&"a.csr".to_owned()));
}

#[test]
fn the_ledger_has_every_request_before_and_after() {
    let rig = Rig::new();
    generate(&rig, "ca", "ec:p256").ok();
    create(&rig, "ca", "CN=A", &["--out", "a.csr"]).ok();
    let wrong = [
        "--format",
        "json",
        "csr",
        "create",
        "--key",
        "ca",
        "--subject",
        "CN=B",
        "--out",
        "b.csr",
    ];
    rig.command_with_rule(&wrong, &[("CORRUPT", "sign")])
        .refused(1, "token-signature");
    let listed = rig.json(&["ledger", "list"]).ok().stdout;
    assert!(listed.contains("CN=A") && listed.contains("CN=B"), "{listed}");
    let entries = rig.json(&["ledger", "list"]).json();
    let states: Vec<_> = entries["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| entry["state"].clone())
        .collect();
    assert_eq!(states, ["signed", "abandoned"], "{entries}");
    rig.command(&["ledger", "verify"]).ok();
}
