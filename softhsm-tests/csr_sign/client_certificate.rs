//! `csr sign --profile cloudhsm-client`: its contents, its use, and the commands of docs/cloudhsm.md.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{EchoServer, PROGRAM, Rig, Run, ready_authority};
use crate::oracle::{assert_accepted, make_request, openssl};

const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

fn sign(rig: &Rig, request: &str, out: &str, more: &[&str]) -> Run {
    let sign = ["csr", "sign", request, "--ca", "customerCA.crt", "--out", out];
    rig.json(&[&sign[..], &["--profile", "cloudhsm-client"], more].concat())
}

/// `client.key` and, signed, `client.crt`.
fn make_client(rig: &Rig, key: &[&str]) {
    make_request(rig, "client.csr", key, &["-subj", "/O=Example/CN=client 1"]);
    fs::rename(rig.path("request.key"), rig.path("client.key")).expect("the key");
    sign(rig, "client.csr", "client.crt", &[]).ok();
}

#[test]
fn it_has_exactly_what_a_tls_client_needs() {
    let rig = ready_authority();
    make_client(&rig, &["-newkey", "rsa:2048"]);
    assert_accepted(&rig, "client.crt", "customerCA.crt");
    let text = openssl(&rig, &["x509", "-in", "client.crt", "-noout", "-text"]);
    for wanted in [
        "Basic Constraints: critical\n                CA:FALSE\n",
        "Key Usage: critical\n                Digital Signature\n",
        "Extended Key Usage: \n                TLS Web Client Authentication\n",
        "Subject Key Identifier:",
        "Authority Key Identifier:",
    ] {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert_eq!(
        text.matches("X509v3 ").count(),
        6,
        "five extensions and their heading"
    );
    let verify = |purpose: &str| {
        let purpose = ["verify", "-purpose", purpose, "-CAfile", "customerCA.crt"];
        rig.tool("openssl", &[&purpose[..], &["client.crt"]].concat())
            .code
    };
    assert_eq!(verify("sslclient"), Some(0));
    for other in ["sslserver", "smimesign", "smimeencrypt", "timestampsign"] {
        assert_ne!(verify(other), Some(0), "{other}");
    }
    let certtool = |purpose: &str| {
        let load = ["--load-ca-certificate", "customerCA.crt"];
        let purpose = ["--verify", "--infile", "client.crt", "--verify-purpose", purpose];
        rig.tool("certtool", &[&purpose[..], &load].concat()).code
    };
    assert_eq!(certtool(CLIENT_AUTH), Some(0));
    assert_ne!(certtool("1.3.6.1.5.5.7.3.1"), Some(0), "serverAuth");
    // It cannot issue, according to openssl and to this program.
    make_request(&rig, "below.csr", &["-newkey", "rsa:2048"], &[]);
    let below = ["csr", "sign", "below.csr", "--ca", "client.crt", "--out", "b.crt"];
    rig.json(&below).refused(3, "not-a-ca");
}

#[test]
fn it_lasts_a_year_unless_told_otherwise() {
    let rig = ready_authority();
    make_client(&rig, &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    let ends_within = |certificate: &str, days: u32| {
        let seconds = (days * 24 * 60 * 60).to_string();
        let checkend = ["x509", "-in", certificate, "-noout", "-checkend", &seconds];
        rig.tool("openssl", &checkend).code == Some(1)
    };
    assert!(!ends_within("client.crt", 364) && ends_within("client.crt", 366));
    sign(&rig, "client.csr", "long.crt", &["--days", "1826"]).ok();
    assert!(!ends_within("long.crt", 1825) && ends_within("long.crt", 1827));
}

#[test]
fn extensions_of_the_profile_are_not_reported_as_dropped() {
    let rig = ready_authority();
    let ask = |purposes: &str| {
        let purposes = format!("extendedKeyUsage={purposes}");
        make_request(
            &rig,
            "ask.csr",
            &["-newkey", "rsa:2048"],
            &["-addext", &purposes, "-addext", "subjectAltName=DNS:a.example"],
        );
        let report = sign(&rig, "ask.csr", "ask.crt", &["--force"]).ok().json();
        report["warnings"][0].as_str().expect("a warning").to_owned()
    };
    let warning = ask("clientAuth");
    assert!(
        warning.contains("subjectAltName") && !warning.contains("extendedKeyUsage"),
        "{warning}"
    );
    assert!(ask("clientAuth,serverAuth").contains("extendedKeyUsage"));
    let text = openssl(&rig, &["x509", "-in", "ask.crt", "-noout", "-text"]);
    assert!(!text.contains("Server") && !text.contains("a.example"), "{text}");
}

#[test]
fn keys_that_aws_does_not_list_and_chains_that_are_too_long_are_refused() {
    let rig = ready_authority();
    let kinds: [&[&str]; 3] = [
        &["-newkey", "ed25519"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"],
        &["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"],
    ];
    for kind in kinds {
        make_request(&rig, "client.csr", kind, &[]);
        let message = sign(&rig, "client.csr", "client.crt", &[]).refused(3, "rule");
        assert!(
            message.contains("cloudhsm-client certificates do not accept"),
            "{message}"
        );
    }
    let long: String = (0..64).map(|_| format!("/OU={}", "x".repeat(64))).collect();
    make_request(&rig, "client.csr", &["-newkey", "rsa:2048"], &["-subj", &long]);
    let message = sign(&rig, "client.csr", "client.crt", &[]).refused(3, "rule");
    assert!(
        message.contains("chain-length") && message.contains("6980"),
        "{message}"
    );
}

const VERSIONS: [&str; 2] = ["-tls1_2", "-tls1_3"];

/// A self-signed certificate by openssl.
fn make_foreign(rig: &Rig, name: &str) {
    let subject = format!("/CN={name}");
    let new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes"];
    let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
    let files = ["-keyout", &key, "-out", &certificate, "-subj", &subject];
    openssl(rig, &[&new[..], &files].concat());
}

#[test]
fn a_server_that_requires_a_certificate_accepts_it_with_tls_1_2_and_1_3() {
    let rig = ready_authority();
    make_foreign(&rig, "server");
    make_foreign(&rig, "stranger");
    let server = EchoServer::start(
        &rig,
        &[
            "-cert",
            "server.crt",
            "-key",
            "server.key",
            "-CAfile",
            "customerCA.crt",
            "-Verify",
            "1",
            "-verify_return_error",
        ],
    );
    let kinds: [&[&str]; 4] = [
        &["-newkey", "rsa:2048"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
    ];
    let trusted = ["-CAfile", "server.crt"];
    for kind in kinds {
        make_client(&rig, kind);
        for version in VERSIONS {
            let own = ["-cert", "client.crt", "-key", "client.key", version];
            assert!(
                server.answers(&rig, &[&trusted[..], &own].concat()),
                "{kind:?} {version}"
            );
        }
        fs::remove_file(rig.path("client.crt")).expect("the certificate");
    }
    for version in VERSIONS {
        let none = [&trusted[..], &[version]].concat();
        assert!(!server.answers(&rig, &none), "no certificate");
        let stranger = ["-cert", "stranger.crt", "-key", "stranger.key"];
        assert!(
            !server.answers(&rig, &[&none[..], &stranger].concat()),
            "another CA's certificate"
        );
    }
}

#[test]
fn no_client_accepts_it_as_a_servers_certificate() {
    let rig = ready_authority();
    make_client(&rig, &["-newkey", "rsa:2048"]);
    let server = EchoServer::start(&rig, &["-cert", "client.crt", "-key", "client.key"]);
    for version in VERSIONS {
        let trusted = ["-CAfile", "customerCA.crt", version];
        assert!(!server.answers(&rig, &trusted));
        // The purpose is the reason.
        let any = [&trusted[..], &["-purpose", "sslclient"]].concat();
        assert!(server.answers(&rig, &any));
    }
}

#[test]
fn the_next_steps_are_those_of_the_profile() {
    let rig = ready_authority();
    make_request(&rig, "a.csr", &["-newkey", "rsa:2048"], &[]);
    let say = |profile: &str, out: &str, more: &[&str]| {
        let sign = ["csr", "sign", "a.csr", "--ca", "customerCA.crt", "--out", out];
        let sign = [&sign[..], &["--profile", profile], more].concat();
        rig.command(&sign).ok().stderr
    };
    let client = say("cloudhsm-client", "a.crt", &[]);
    for wanted in [
        "cat a.crt customerCA.crt > a-chain.pem",
        "cluster mtls register-trust-anchor --path customerCA.crt",
        "configure-pkcs11",
        "--client-cert-hsm-tls-file a-chain.pem",
        "--client-key-hsm-tls-file KEY",
    ] {
        assert!(client.contains(wanted), "{wanted}: {client}");
    }
    assert!(!client.contains("cluster initialize"), "{client}");
    let cluster = say("cloudhsm-cluster", "b.crt", &[]);
    assert!(
        cluster.contains("cluster initialize") && !cluster.contains("mtls"),
        "{cluster}"
    );
    assert!(!say("cloudhsm-client", "c.der", &["--der"]).contains("Next"));
    let unknown = ["csr", "sign", "a.csr", "--ca", "customerCA.crt", "--out", "d.crt"];
    let unknown = rig.json(&[&unknown[..], &["--profile", "cloudhsm"]].concat());
    let message = unknown.refused(2, "profile");
    assert!(message.contains("cloudhsm-cluster, cloudhsm-client"), "{message}");
}

/// The code blocks of the section, with the language of each.
fn blocks() -> Vec<(String, String)> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cloudhsm.md");
    let text = fs::read_to_string(document).expect("the document");
    let (_, section) = text
        .split_once("\n## Client certificates\n")
        .expect("the section");
    let section = section.split("\n## ").next().expect("its end");
    let fenced = section.split("```").skip(1).step_by(2);
    let blocks = fenced.map(|block| block.split_once('\n').expect("a block"));
    blocks
        .map(|(language, code)| (language.to_owned(), code.to_owned()))
        .collect()
}

#[test]
fn every_documented_command_runs() {
    let rig = ready_authority();
    // As if it were installed.
    fs::create_dir(rig.path("bin")).expect("a directory");
    std::os::unix::fs::symlink(PROGRAM, rig.path("bin/hsm-ca")).expect("a link");
    let mut script = String::from("PATH=$PWD/bin:$PATH\n");
    for (language, code) in blocks() {
        match language.as_str() {
            "sh" => script.push_str(&code),
            // Blocks that need AWS. They contain no command of ours except the last check.
            "text" => assert!(
                !code.contains("openssl") && (!code.contains("hsm-ca") || code == "hsm-ca doctor\n"),
                "not run by this test: {code}"
            ),
            other => panic!("a block of {other:?}"),
        }
    }
    for command in [
        "genpkey",
        "--profile cloudhsm-client",
        "-purpose sslclient",
        "-CApath",
    ] {
        assert!(script.contains(command), "the walk has lost {command}");
    }
    rig.tool("bash", &["-euo", "pipefail", "-c", &script]).ok();
    let mode = |name: &str| fs::metadata(rig.path(name)).expect(name).permissions().mode();
    assert_eq!(mode("ssl-client.key") & 0o777, 0o600);
    let key = String::from_utf8(rig.read("ssl-client.key")).expect("ASCII");
    assert!(
        key.starts_with("-----BEGIN PRIVATE KEY-----\n"),
        "PKCS#8, unencrypted"
    );
    assert_accepted(&rig, "ssl-client.crt", "customerCA.crt");
}
