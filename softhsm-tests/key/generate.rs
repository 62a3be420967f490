//! `key generate` and `key export-public` on every token that supports it, checked with pkcs11-tool, openssl and Python.

mod faults;
mod refusals;

use std::fs;
use std::process::Stdio;
use std::thread;

use rustix::process::Signal;

use crate::harness::{Rig, Run, TokenKind, on_each, python_tool, shim, signal, wait_until_stopped};
use crate::oracle::openssl;

const TYPES: [&str; 10] = [
    "rsa:2048",
    "rsa:3072",
    "rsa:4096",
    "ec:p256",
    "ec:p384",
    "ec:p521",
    "ed25519",
    "ml-dsa-44",
    "ml-dsa-65",
    "ml-dsa-87",
];

/// Whether a token can generate such a key and sign with it here.
fn can(kind: TokenKind, key: &str) -> bool {
    match kind {
        TokenKind::Kryoptic => true,
        TokenKind::SoftHsm => !key.starts_with("ml-dsa"),
        TokenKind::Nss | TokenKind::CloudHsm => key.starts_with("rsa") || key.starts_with("ec"),
        // A TPM key that signs with CKM_RSA_PKCS may also decrypt.
        TokenKind::Tpm2 => ["ec:p256", "ec:p384"].contains(&key),
        TokenKind::OpenCryptoki => key.starts_with("rsa"),
        TokenKind::OpenCryptoki323 => key.starts_with("rsa") || key.starts_with("ec"),
    }
}

pub(crate) fn generate(rig: &Rig, label: &str, key: &str) -> Run {
    rig.json(&["key", "generate", "--label", label, "--type", key])
}

/// pkcs11-tool's description of an object.
fn object(rig: &Rig, class: &str, id: &str) -> String {
    let objects = rig.objects();
    let mut found = objects
        .split_inclusive('\n')
        .fold(Vec::<String>::new(), |mut objects, line| {
            if !line.starts_with(' ') {
                objects.push(String::new());
            }
            objects.last_mut().expect("an object").push_str(line);
            objects
        });
    found.retain(|object| object.starts_with(class) && object.contains(&format!("ID:         {id}\n")));
    assert_eq!(found.len(), 1, "one {class} with id {id}: {objects}");
    found.remove(0)
}

#[test]
fn a_generated_key_can_only_sign_and_was_never_outside_the_token() {
    on_each(&TokenKind::ALL, |kind| {
        let rig = Rig::of(kind);
        for key in TYPES {
            if !can(kind, key) {
                let before = rig.objects();
                generate(&rig, key, key).refused(3, "cannot-generate");
                assert_eq!(rig.objects(), before);
                continue;
            }
            let report = generate(&rig, key, key).ok().json();
            let id = report["id"].as_str().expect("an id").to_owned();
            let private = object(&rig, "Private Key Object", &id);
            assert!(
                private.contains(&format!("label:      {key}\n")),
                "{kind:?}: {private}"
            );
            assert!(private.contains("Usage:      sign\n"), "{kind:?}: {private}");
            let local = if kind == TokenKind::Nss { "" } else { ", local" };
            let access = format!("Access:     sensitive, always sensitive, never extractable{local}\n");
            assert!(private.contains(&access), "{kind:?} {key}: {private}");
            let public = object(&rig, "Public Key Object", &id);
            assert!(
                public.contains(&format!("label:      {key}\n")),
                "{kind:?}: {public}"
            );
            assert_eq!(report["attributes"]["CKA_NEVER_EXTRACTABLE"], true);
            assert_eq!(report["attributes"]["CKA_LOCAL"], kind != TokenKind::Nss);
            // CloudHSM has no C_SetAttributeValue, so its id is random.
            let identifier = report["key_identifier"] == report["id"];
            assert_eq!(identifier, kind != TokenKind::CloudHsm, "{report}");
            rig.command(&["key", "verify", key]).ok();
            let file = format!("{key}.pem");
            rig.command(&["key", "export-public", key, "--out", &file]).ok();
            assert_eq!(
                report["public_key"].as_str(),
                String::from_utf8(rig.read(&file)).ok().as_deref()
            );
            check_by_others(&rig, key, &file, &id);
        }
        let [pairs, keys] = [
            TYPES.iter().filter(|key| can(kind, key)).count(),
            rig.keys().private,
        ];
        assert_eq!((keys, rig.keys().public), (pairs, pairs), "{kind:?}");
    });
}

/// The exported key is of the right kind, and a signature by pkcs11-tool verifies under it.
fn check_by_others(rig: &Rig, key: &str, file: &str, id: &str) {
    if key.starts_with("ml-dsa") {
        // Neither openssl 3.0 nor pkcs11-tool knows it.
        let read = "import sys; from cryptography.hazmat.primitives.serialization import load_pem_public_key; \
                    print(type(load_pem_public_key(open(sys.argv[1], 'rb').read())).__name__)";
        let name = rig.tool(python_tool("python"), &["-c", read, file]).ok().stdout;
        let wanted = key.replace("ml-dsa-", "MLDSA");
        assert!(name.starts_with(&wanted), "{name}");
        return;
    }
    let text = openssl(rig, &["pkey", "-pubin", "-in", file, "-noout", "-text"]);
    let (mechanism, hash, named) = match key {
        "rsa:2048" => ("SHA256-RSA-PKCS", "-sha256", "(2048 bit)"),
        "rsa:3072" => ("SHA256-RSA-PKCS", "-sha256", "(3072 bit)"),
        "rsa:4096" => ("SHA256-RSA-PKCS", "-sha256", "(4096 bit)"),
        "ec:p256" => ("ECDSA", "-sha256", "NIST CURVE: P-256"),
        "ec:p384" => ("ECDSA", "-sha384", "NIST CURVE: P-384"),
        "ec:p521" => ("ECDSA", "-sha512", "NIST CURVE: P-521"),
        _ => ("EDDSA", "-rawin", "ED25519 Public-Key"),
    };
    assert!(text.contains(named), "{key}: {text}");
    assert!(
        !key.starts_with("rsa") || text.contains("Exponent: 65537"),
        "{text}"
    );
    rig.write("message", format!("signed with {key}"));
    let input = match mechanism {
        "ECDSA" => {
            openssl(rig, &["dgst", hash, "-binary", "-out", "digest", "message"]);
            "digest"
        }
        _ => "message",
    };
    let sign = ["--sign", "--id", id, "--mechanism", mechanism];
    let files = [
        "--input-file",
        input,
        "--output-file",
        "signature",
        "--signature-format",
        "openssl",
    ];
    rig.pkcs11_tool(&[&sign[..], &files].concat());
    let verify = match key {
        "ed25519" => vec![
            "pkeyutl",
            "-verify",
            "-pubin",
            "-inkey",
            file,
            "-rawin",
            "-in",
            "message",
            "-sigfile",
            "signature",
        ],
        _ => vec![
            "dgst",
            hash,
            "-verify",
            file,
            "-signature",
            "signature",
            "message",
        ],
    };
    openssl(rig, &verify);
}

#[test]
fn der_is_the_same_key_and_nothing_is_replaced() {
    let rig = Rig::new();
    generate(&rig, "ca", "rsa:2048").ok();
    let export = ["key", "export-public", "ca", "--out", "ca.pub"];
    rig.json(&export).ok();
    let pem = rig.read("ca.pub");
    rig.json(&export).refused(2, "output-exists");
    rig.command(&[&export[..], &["--der", "--force"]].concat()).ok();
    openssl(
        &rig,
        &[
            "pkey",
            "-pubin",
            "-inform",
            "DER",
            "-in",
            "ca.pub",
            "-pubout",
            "-out",
            "again.pem",
        ],
    );
    assert_eq!(rig.read("again.pem"), pem);
    let stdout = rig
        .command(&["key", "export-public", "ca", "--out", "-"])
        .ok()
        .stdout;
    assert_eq!(stdout.as_bytes(), pem);
    rig.json(&["key", "export-public", "none", "--out", "none.pub"])
        .refused(4, "no-key");
    assert!(!rig.files().contains(&"none.pub".to_owned()));
}

#[test]
fn a_generated_key_becomes_a_ca_and_signs() {
    on_each(&TokenKind::ALL, |kind| {
        let rig = Rig::of(kind);
        generate(&rig, "root", "ec:p256").ok();
        let create = [
            "ca",
            "create",
            "--key",
            "root",
            "--subject",
            "CN=Root",
            "--profile",
            "root",
        ];
        rig.command(&[&create[..], &["--out", "root.crt"]].concat()).ok();
        openssl(
            &rig,
            &[
                "verify",
                "-x509_strict",
                "-check_ss_sig",
                "-CAfile",
                "root.crt",
                "root.crt",
            ],
        );
    });
}

#[test]
fn generations_through_one_module_wait_for_each_other() {
    // tpm2-pkcs11 reads its store only when it is loaded, so it never sees later keys of other processes.
    on_each(&TokenKind::UNWRAPPING, |kind| {
        let rig = Rig::of(kind);
        // SoftHSM 2.6.1 rewrites its token file at every login: a process that reads it then sees no token (exit code 4).
        let generate = || {
            let runs = (0..50).map(|_| generate(&rig, "ca", "ec:p256"));
            let run = runs
                .into_iter()
                .find(|run| run.code != Some(4))
                .expect("not always busy");
            match run.code {
                Some(0) => true,
                _ => {
                    run.refused(2, "label-taken");
                    false
                }
            }
        };
        let made: Vec<bool> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(generate)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("an outcome"))
                .collect()
        });
        assert_eq!(made.iter().filter(|made| **made).count(), 1, "{kind:?}");
        assert_eq!((rig.keys().private, rig.keys().public), (1, 1), "{kind:?}");
    });
}

#[test]
fn generations_on_two_machines_never_leave_two_keys() {
    // In SoftHSM 2.6.1, a process that has just written does not see what another wrote a moment before.
    on_each(
        &[TokenKind::Kryoptic, TokenKind::Nss, TokenKind::CloudHsm],
        |kind| {
            let rig = Rig::of(kind);
            let arguments = [
                "--format", "json", "key", "generate", "--label", "ca", "--type", "ec:p256",
            ];
            let mut first = rig.prepare(&arguments);
            // With another home directory, like on another machine. On one machine, the second would wait for the first.
            fs::create_dir(rig.path("elsewhere")).expect("a directory");
            first
                .env("HOME", rig.path("elsewhere"))
                .env("HSM_CA_MODULE", shim())
                .env("CLOUDHSM_SHIM_TARGET", rig.oracle_module())
                .env("CLOUDHSM_SHIM_STOP", "C_GenerateKeyPair")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped());
            let first = first.spawn().expect("it starts");
            wait_until_stopped(first.id());
            rig.command(&arguments).ok();
            signal(first.id(), Signal::CONT);
            let output = first.wait_with_output().expect("it ends");
            let run = Run {
                code: output.status.code(),
                stdout: String::new(),
                stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            };
            assert!(run.refused(1, "generated-twice").contains("destroyed"));
            assert_eq!((rig.keys().private, rig.keys().public), (1, 1), "{kind:?}");
            rig.command(&["key", "verify", "ca"]).ok();
        },
    );
}

#[test]
fn the_template_has_only_what_a_signing_key_needs() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let arguments = ["key", "generate", "--label", "ca", "--type", "rsa:2048"];
    rig.command_with_rule(&arguments, &[("LOG_TEMPLATES", "1")]).ok();
    let log = String::from_utf8(rig.read("calls.log")).expect("text");
    let call = log
        .lines()
        .find(|line| line.starts_with("C_GenerateKeyPair"))
        .expect("a pair");
    for wanted in [
        "CKA_SENSITIVE=true",
        "CKA_EXTRACTABLE=false",
        "CKA_SIGN=true",
        "CKA_DECRYPT=false",
        "CKA_UNWRAP=false",
    ] {
        assert!(call.contains(wanted), "{wanted}: {call}");
    }
    // In the private template, CloudHSM would generate a key without any usage.
    assert_eq!(call.matches("CKA_PUBLIC_EXPONENT").count(), 1, "{call}");
    let calls = rig.calls();
    let count = |name: &str| calls.iter().filter(|call| *call == name).count();
    let made = [
        "C_GenerateKeyPair",
        "C_CreateObject",
        "C_SetAttributeValue",
        "C_DestroyObject",
        "C_SignInit",
        "C_Login",
    ];
    assert_eq!(made.map(count), [1, 0, 0, 0, 1, 1]);
}
