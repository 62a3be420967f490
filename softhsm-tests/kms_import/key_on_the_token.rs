//! Import: the objects on the token afterwards, as pkcs11-tool shows them, and a second import.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use rustix::process::Signal;

use crate::harness::{ALIAS, Rig, Run, TokenKind, on_each, python_tool, shim, signal, wait_until_stopped};

/// pkcs11-tool's description of the private key, and the number of objects of each class.
fn private_key_lines(rig: &Rig) -> String {
    let objects = rig.objects();
    assert_eq!(objects.matches("Private Key Object").count(), 1, "{objects}");
    assert_eq!(objects.matches("Public Key Object").count(), 1, "{objects}");
    assert_eq!(objects.matches("Secret Key Object").count(), 0, "{objects}");
    let private = objects
        .split("Public Key Object")
        .find(|part| part.contains("Private Key Object"));
    private.expect("a private key").to_owned()
}

/// On every token that a key can be unwrapped into.
fn on_each_token(test: impl Fn(TokenKind) + Sync) {
    on_each(&TokenKind::UNWRAPPING, test);
}

#[test]
fn the_key_can_only_sign_and_nothing_else_is_left() {
    on_each_token(|kind| {
        for spec in ["RSA_2048", "ECC_NIST_P384"] {
            let rig = Rig::of(kind).with_pair(spec);
            let report = rig.import().ok().json();
            let key = private_key_lines(&rig);
            assert!(key.contains("Usage:      sign\n"), "{key}");
            assert!(
                key.contains("Access:     sensitive\n"),
                "neither extractable nor local: {key}"
            );
            assert!(key.contains("label:      customer-ca\n"), "{key}");
            assert!(
                key.contains(&format!(
                    "ID:         {}\n",
                    report["id"].as_str().expect("an id")
                )),
                "{key}"
            );
            assert_eq!(report["outcome"], "imported");
            assert_eq!(report["attributes"]["CKA_EXTRACTABLE"], false);
            assert_eq!(report["attributes"]["CKA_SENSITIVE"], true);
            assert_eq!(report["attributes"]["CKA_SIGN"], true);
            for usage in [
                "CKA_DECRYPT",
                "CKA_UNWRAP",
                "CKA_DERIVE",
                "CKA_SIGN_RECOVER",
                "CKA_LOCAL",
            ] {
                // CloudHSM does not report attributes that the key cannot have.
                assert_ne!(report["attributes"][usage], true, "{kind:?} {usage}");
            }
        }
    });
}

/// How often each call that changes the token is made: C_GenerateKeyPair, C_UnwrapKey, C_CopyObject, C_CreateObject, C_DestroyObject.
fn changes_expected_of(kind: TokenKind) -> [usize; 5] {
    match kind {
        // The AES key and the private key; the public-key object; three wrapping keys are destroyed.
        TokenKind::SoftHsm | TokenKind::Kryoptic => [1, 2, 0, 1, 3],
        // The private key is unwrapped as a session object, which is copied and then destroyed too.
        TokenKind::Nss => [1, 2, 1, 1, 4],
        // CKM_RSA_AES_KEY_WRAP transports the AES key in the same call.
        TokenKind::CloudHsm => [1, 1, 0, 1, 2],
        TokenKind::Tpm2 | TokenKind::OpenCryptoki | TokenKind::OpenCryptoki323 => {
            unreachable!("not one of those that are tried")
        }
    }
}

#[test]
fn the_private_key_goes_in_by_c_unwrap_key_and_not_by_c_create_object() {
    on_each_token(|kind| {
        let rig = Rig::of(kind).with_pair("RSA_2048");
        let import = ["kms", "import", "pair.json", "--label", "customer-ca"];
        rig.command_with_rule(&import, &[("LOG_TEMPLATES", "1")]).ok();
        let calls = rig.calls();
        let count = |name: &str| calls.iter().filter(|call| *call == name).count();
        let changes = [
            "C_GenerateKeyPair",
            "C_UnwrapKey",
            "C_CopyObject",
            "C_CreateObject",
            "C_DestroyObject",
        ];
        assert_eq!(
            changes.map(count),
            changes_expected_of(kind),
            "{kind:?}: {changes:?}"
        );
        assert_eq!(
            (count("C_Login"), count("C_SignInit")),
            (1, 1),
            "{kind:?}: one login, one proof"
        );
        let end = &calls[calls.len() - 2..];
        assert_eq!(
            end,
            ["C_CloseSession", "C_Finalize"],
            "{kind:?}: the module is left as PKCS#11 wants it"
        );
        let log = String::from_utf8(rig.read("calls.log")).expect("text");
        let unwrap = log
            .lines()
            .rfind(|line| line.starts_with("C_UnwrapKey"))
            .expect("it is unwrapped");
        assert!(
            unwrap.contains("CKA_EXTRACTABLE=false") && unwrap.contains("CKA_SENSITIVE=true"),
            "{unwrap}"
        );
        let create = log
            .lines()
            .find(|line| line.starts_with("C_CreateObject"))
            .expect("a public key");
        assert!(
            !create.contains("CKA_PRIVATE_EXPONENT") && !create.contains("CKA_VALUE"),
            "{create}"
        );
    });
}

#[test]
fn another_program_cannot_read_the_key_or_wrap_it_out() {
    let rig = Rig::new().with_pair("RSA_2048");
    rig.import().ok();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/steal.py");
    let module = rig.oracle_module();
    let arguments = [script.as_path(), &module].map(|path| path.to_str().expect("UTF-8"));
    let steal = |label: &str| {
        let mut command = rig.prepare_tool(python_tool("python"), &[&arguments[..], &[label]].concat());
        Run::of(command.env("STEAL_PIN", rig.pin())).ok().stdout
    };
    assert_eq!(
        steal("customer-ca"),
        "read: AttributeSensitive\nwrap: KeyUnextractable\nEXTRACTABLE: AttributeReadOnly\nSENSITIVE: AttributeReadOnly\n"
    );

    // The script works: it extracts an extractable key.
    rig.tool("openssl", &["genpkey", "-algorithm", "RSA", "-out", "k.pem"])
        .ok();
    rig.pkcs11_tool(&[
        "--write-object",
        "k.pem",
        "--type",
        "privkey",
        "--label",
        "loose",
        "--id",
        "01",
        "--extractable",
    ]);
    assert!(
        steal("loose").contains("wrapped "),
        "the script finds nothing at all"
    );
}

/// The program's warning about NSS is true: its keys can be extracted.
#[test]
fn nss_lets_another_program_wrap_the_key_out_and_the_import_warns_of_it() {
    let rig = Rig::of(TokenKind::Nss).with_pair("RSA_2048");
    let report = rig.import().ok().json();
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("NSS lets C_WrapKey extract a key"),
        "{warnings}"
    );
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/steal.py");
    let module = rig.oracle_module();
    let arguments = [script.as_path(), &module].map(|path| path.to_str().expect("UTF-8"));
    let mut command = rig.prepare_tool(
        python_tool("python"),
        &[&arguments[..], &["customer-ca"]].concat(),
    );
    let stolen = Run::of(command.env("STEAL_PIN", rig.pin())).ok().stdout;
    assert!(stolen.contains("wrapped "), "{stolen}");
}

#[test]
fn a_second_import_finds_the_key_and_checks_it_without_kms() {
    on_each_token(|kind| {
        let rig = Rig::of(kind).with_pair("ECC_NIST_P256");
        rig.import().ok();
        // Nothing listens there: the second run must not ask KMS.
        let unreachable = rig.with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        assert_eq!(unreachable.import().ok().json()["outcome"], "already-there");
        private_key_lines(&unreachable);
    });
}

#[test]
fn another_key_under_the_label_is_refused_and_so_is_the_key_under_another_label() {
    on_each_token(|kind| {
        let rig = Rig::of(kind).with_pair("ECC_NIST_P256");
        rig.import().ok();
        rig.command(&[
            "kms",
            "generate-key-pair",
            "--key-id",
            ALIAS,
            "--spec",
            "ECC_NIST_P256",
            "--out",
            "other.json",
        ])
        .ok();
        let message = rig
            .json(&["kms", "import", "other.json", "--label", "customer-ca"])
            .refused(2, "label-taken");
        assert!(message.contains("customer-ca"), "{message}");
        let message = rig
            .json(&["kms", "import", "pair.json", "--label", "second"])
            .refused(3, "other-label");
        assert!(
            message.contains("second") && message.contains("customer-ca"),
            "{message}"
        );
        private_key_lines(&rig);
    });
}

#[test]
fn the_encryption_context_is_sent_both_ways() {
    let rig = Rig::new().with_pair("RSA_2048");
    rig.command(&[
        "kms",
        "generate-key-pair",
        "--key-id",
        ALIAS,
        "--spec",
        "ECC_NIST_P256",
        "--out",
        "bound.json",
        "--encryption-context",
        "purpose=cluster",
        "--encryption-context",
        "owner=a=b",
    ])
    .ok();
    // The file carries it.
    rig.json(&["kms", "import", "bound.json", "--label", "bound"])
        .ok();
    // The AWS CLI's output does not, so the command line does.
    let printed = rig
        .aws(&[
            "kms",
            "generate-data-key-pair-without-plaintext",
            "--key-id",
            ALIAS,
            "--key-pair-spec",
            "ECC_NIST_P256",
            "--encryption-context",
            "purpose=cluster",
        ])
        .ok()
        .stdout;
    rig.write("cli.json", printed);
    rig.json(&["kms", "import", "cli.json", "--label", "cli"])
        .refused(3, "invalid-ciphertext");
    rig.json(&[
        "kms",
        "import",
        "cli.json",
        "--label",
        "cli",
        "--encryption-context",
        "purpose=cluster",
    ])
    .ok();
}

#[test]
fn two_imports_at_once_never_leave_two_keys() {
    on_each_token(|kind| {
        let rig = Rig::of(kind).with_pair("ECC_NIST_P256");
        // One process stops after searching for the key and before importing it; the other imports meanwhile.
        let mut first = rig.prepare(&[
            "--format",
            "json",
            "kms",
            "import",
            "pair.json",
            "--label",
            "customer-ca",
        ]);
        // With another home directory, like on another machine. On one machine, the second would wait for the first.
        fs::create_dir(rig.path("elsewhere")).expect("a directory");
        first
            .env("HOME", rig.path("elsewhere"))
            .env("HSM_CA_MODULE", shim())
            .env("CLOUDHSM_SHIM_TARGET", rig.oracle_module());
        first.env("CLOUDHSM_SHIM_STOP", "C_GenerateKeyPair");
        let first = first
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        wait_until_stopped(first.id());
        rig.import().ok();
        signal(first.id(), Signal::CONT);
        let output = first.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let run = Run {
            code: output.status.code(),
            stdout: String::new(),
            stderr,
        };
        assert!(run.refused(1, "imported-twice").contains("at the same time"));
        private_key_lines(&rig);
        assert_eq!(rig.import().ok().json()["outcome"], "already-there");
    });
}

#[test]
fn a_false_public_key_object_is_detected_on_the_second_import() {
    on_each_token(|kind| {
        let rig = Rig::of(kind).with_pair("RSA_2048");
        let id = rig.import().ok().json()["id"].as_str().expect("an id").to_owned();
        rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
        rig.tool("openssl", &["genrsa", "-out", "other.pem", "2048"]).ok();
        rig.tool(
            "openssl",
            &[
                "rsa",
                "-in",
                "other.pem",
                "-pubout",
                "-outform",
                "DER",
                "-out",
                "other.der",
            ],
        )
        .ok();
        rig.pkcs11_tool(&[
            "--write-object",
            "other.der",
            "--type",
            "pubkey",
            "--id",
            &id,
            "--label",
            "customer-ca",
        ]);
        assert!(
            rig.import()
                .refused(3, "proof-failed")
                .contains("a different key")
        );
        rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
        assert_eq!(rig.import().ok().json()["outcome"], "completed");
        private_key_lines(&rig);
    });
}

#[test]
fn imports_through_one_module_wait_for_each_other() {
    on_each_token(|kind| {
        let rig = Rig::of(kind).with_pair("ECC_NIST_P256");
        // SoftHSM 2.6.1 rewrites its token file at every login, and a process that reads it at that moment sees no token, or none
        // that it can log in to: exit code 4, and the next try goes through. What must never be seen is two keys.
        let import = || {
            let tries = (0..50).map(|_| rig.import());
            let run = tries
                .into_iter()
                .find(|run| run.code != Some(4))
                .expect("the token is not always busy");
            run.ok().json()["outcome"]
                .as_str()
                .expect("an outcome")
                .to_owned()
        };
        let mut outcomes: Vec<String> = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(import)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().expect("an outcome"))
                .collect()
        });
        outcomes.sort();
        assert_eq!(
            outcomes,
            ["already-there", "already-there", "already-there", "imported"]
        );
        private_key_lines(&rig);
    });
}
