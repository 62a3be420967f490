//! Import: what is on the token afterwards, by pkcs11-tool's reading, and what a second import does.

use std::path::Path;
use std::process::Stdio;

use crate::harness::{ALIAS, Rig, Run, python_tool, shim, softhsm, wait_until_stopped};

/// What pkcs11-tool says of the private key, and how many objects there are of each class.
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

#[test]
fn the_key_can_sign_and_nothing_else_and_nothing_else_is_left() {
    for spec in ["RSA_2048", "ECC_NIST_P384"] {
        let rig = Rig::new().with_pair(spec);
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
            assert_eq!(report["attributes"][usage], false, "{usage}");
        }
    }
}

#[test]
fn the_private_key_goes_in_by_c_unwrap_key_and_not_by_c_create_object() {
    let rig = Rig::new().with_pair("RSA_2048");
    rig.command_with_rule(&["kms", "import", "pair.json", "--label", "customer-ca"], &[])
        .ok();
    let calls = rig.calls();
    let count = |name: &str| calls.iter().filter(|call| *call == name).count();
    assert_eq!(count("C_UnwrapKey"), 2, "the AES key and the private key");
    assert_eq!(count("C_CreateObject"), 1, "the public-key object");
    assert_eq!(count("C_GenerateKeyPair"), 1, "the wrapping key");
    assert_eq!(
        count("C_DestroyObject"),
        3,
        "wrapping AES key, wrapping private and public key"
    );
    assert_eq!(count("C_Login"), 1);
    assert_eq!(count("C_SignInit"), 1, "one proof");
    let end = &calls[calls.len() - 2..];
    assert_eq!(
        end,
        ["C_CloseSession", "C_Finalize"],
        "the module is left as PKCS#11 wants it"
    );
}

#[test]
fn the_key_cannot_be_read_or_wrapped_out_by_another_program() {
    let rig = Rig::new().with_pair("RSA_2048");
    rig.import().ok();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/steal.py");
    let module = softhsm();
    let arguments = [script.as_path(), &module].map(|path| path.to_str().expect("UTF-8"));
    let steal = |label: &str| {
        let mut command = rig.prepare_tool(python_tool("python"), &[&arguments[..], &[label]].concat());
        Run::of(command.env("STEAL_PIN", rig.pin())).ok().stdout
    };
    assert_eq!(
        steal("customer-ca"),
        "read: AttributeSensitive\nwrap: KeyUnextractable\nEXTRACTABLE: AttributeReadOnly\nSENSITIVE: AttributeReadOnly\n"
    );

    // The script can steal: a key that may leave, leaves.
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

#[test]
fn a_second_import_finds_the_key_and_checks_it_without_kms() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    rig.import().ok();
    // Nothing listens there: the second run must not ask KMS.
    let unreachable = rig.with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    assert_eq!(unreachable.import().ok().json()["outcome"], "already-there");
    private_key_lines(&unreachable);
}

#[test]
fn another_key_under_the_label_is_refused_and_so_is_the_key_under_another_label() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
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
        .refused(3, "label-taken");
    assert!(message.contains("customer-ca"), "{message}");
    let message = rig
        .json(&["kms", "import", "pair.json", "--label", "second"])
        .refused(3, "other-label");
    assert!(
        message.contains("second") && message.contains("customer-ca"),
        "{message}"
    );
    private_key_lines(&rig);
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
fn killed_at_any_point_a_second_run_finishes() {
    // Before and after each call that changes the token, and before the last proof.
    let points = [
        "C_GenerateKeyPair!",
        "C_UnwrapKey@1",
        "C_UnwrapKey!@1",
        "C_UnwrapKey@2",
        "C_UnwrapKey!@2",
        "C_DestroyObject@1",
        "C_DestroyObject!@2",
        "C_CreateObject",
        "C_CreateObject!",
        "C_SignInit",
        "C_Sign!@2",
    ];
    for point in points {
        let rig = Rig::new().with_pair("ECC_NIST_P256");
        let killed = rig.command_with_rule(
            &["kms", "import", "pair.json", "--label", "customer-ca"],
            &[("KILL", point)],
        );
        assert_eq!(killed.code, None, "{point}: {killed:?}");
        let left = rig.objects();
        assert!(
            !left.contains("Secret Key Object"),
            "{point}: a wrapping key is left: {left}"
        );
        rig.import().ok();
        private_key_lines(&rig);
        rig.json(&["key", "verify", "customer-ca", "--public-key", "pair.json"])
            .ok();
    }
}

#[test]
fn two_imports_at_once_never_leave_two_keys() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    // One stops after it has looked for the key and before it has put it there; the other goes through meanwhile.
    let mut first = rig.prepare(&[
        "--format",
        "json",
        "kms",
        "import",
        "pair.json",
        "--label",
        "customer-ca",
    ]);
    first
        .env("HSM_CA_MODULE", shim())
        .env("CLOUDHSM_SHIM_TARGET", softhsm());
    first.env("CLOUDHSM_SHIM_STOP", "C_GenerateKeyPair");
    let first = first
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    wait_until_stopped(first.id());
    rig.import().ok();
    rig.tool("kill", &["-CONT", &first.id().to_string()]).ok();
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
}

#[test]
fn a_public_key_object_that_lies_is_found_out_on_the_second_import() {
    let rig = Rig::new().with_pair("RSA_2048");
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
    assert!(rig.import().refused(3, "proof-failed").contains("another key"));
    rig.pkcs11_tool(&["--delete-object", "--type", "pubkey", "--id", &id]);
    assert_eq!(rig.import().ok().json()["outcome"], "completed");
    private_key_lines(&rig);
}

#[test]
fn imports_through_one_module_wait_for_each_other() {
    let rig = Rig::new().with_pair("ECC_NIST_P256");
    // SoftHSM 2.6.1 rewrites its token file at every login, and a process that reads it at that moment sees no token, or none
    // that it can log in to: exit code 4, and the next try goes through. What must never be seen is two keys.
    let import = || {
        let tries = (0..50).map(|_| rig.import());
        let run = tries
            .into_iter()
            .find(|run| run.code != Some(4))
            .expect("the token is not busy for ever");
        run.ok().json()["outcome"]
            .as_str()
            .expect("an outcome")
            .to_owned()
    };
    let mut outcomes: Vec<String> = std::thread::scope(|scope| {
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
}
