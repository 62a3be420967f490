//! An older copy of the ledger, another ledger, a moved file: the kept head detects them before anything is signed.

use std::fs;
use std::thread;

use serde_json::json;

use crate::harness::{Rig, TokenKind, authority, on_each, ready_authority};
use crate::ledger::edited::{DECIDE, LEDGER, busy_authority, crl, edit};
use crate::ledger::refused;
use crate::oracle::make_request;

const SIGN: [&str; 9] = [
    "csr",
    "sign",
    "next.csr",
    "--ca",
    "customerCA.crt",
    "--profile",
    "tls-client",
    "--again",
    "--out",
];

pub(super) fn signing(out: &str) -> Vec<&str> {
    [&SIGN[..], &[out]].concat()
}

fn authority_on(kind: TokenKind) -> Rig {
    let rig = authority(kind, "RSA_2048");
    make_request(&rig, "next.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    rig
}

/// The head objects on the token, read by an independent program.
fn notes(rig: &Rig) -> usize {
    let listed = rig.pkcs11_tool(&["--list-objects", "--type", "data"]);
    listed.matches("hsm-ca ledger head").count()
}

pub(super) fn head(rig: &Rig) -> String {
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    verified["head"].as_str().expect("a head").to_owned()
}

#[test]
fn an_older_copy_of_the_ledger_signs_nothing_until_it_is_accepted() {
    on_each(&[TokenKind::SoftHsm, TokenKind::Kryoptic], |kind| {
        let rig = authority_on(kind);
        rig.json(&signing("first.crt")).ok();
        edit(&rig, "");
        let older = rig.read(LEDGER);
        rig.json(&[
            "cert",
            "revoke",
            "first.crt",
            "--ca",
            "customerCA.crt",
            "--reason",
            "keyCompromise",
        ])
        .ok();
        crl(&rig, "true.crl").ok();
        assert_eq!(notes(&rig), 1, "one for the CA's key");
        edit(&rig, "");
        rig.write(LEDGER, &older);
        let message = rig.json(&signing("second.crt")).refused(4, "ledger-older-copy");
        assert!(
            message.contains("on the token") && message.contains("restored"),
            "{message}"
        );
        let crl_arguments = ["crl", "create", "--ca", "customerCA.crt", "--out", "false.crl"];
        rig.json(&crl_arguments).refused(4, "ledger-older-copy");
        assert!(!rig.path("second.crt").exists() && !rig.path("false.crl").exists());
        // It is sound by itself. The head on the token shows that it is older.
        let verified = rig.json(&["ledger", "verify"]);
        assert_eq!(verified.code, Some(3), "{verified:#?}");
        assert_eq!(verified.json()["kept_head"], "missing", "{verified:#?}");

        let accepted = rig
            .json(&["ledger", "accept", "--ca", "customerCA.crt"])
            .ok()
            .json();
        assert_eq!(
            accepted["given_up"].as_array().expect("a list").len(),
            1,
            "{accepted}"
        );
        assert_eq!(notes(&rig), 1);
        rig.json(&signing("second.crt")).ok();
        let verified = rig.json(&["ledger", "verify"]).ok().json();
        assert_eq!(verified["kept_head"], "on-the-chain", "{verified}");
        let export = rig.command(&["ledger", "export"]).ok().stdout;
        assert!(
            export.contains("\"head-given-up\":{\"place\":\"on the token\""),
            "{export}"
        );
        let again = rig
            .json(&["ledger", "accept", "--ca", "customerCA.crt"])
            .ok()
            .json();
        assert_eq!(again["given_up"].as_array().expect("a list").len(), 0, "{again}");
    });
}

#[test]
fn every_signing_command_refuses_another_ledger() {
    let rig = busy_authority();
    edit(&rig, "");
    let older = rig.read(LEDGER);
    rig.json(&signing("one-more.crt")).ok();
    edit(&rig, "");
    rig.write(LEDGER, &older);
    let before = refused::head(&rig);
    for (out, arguments) in DECIDE.into_iter().filter(|(out, _)| !out.is_empty()) {
        rig.json(arguments).refused(4, "ledger-older-copy");
        assert!(!rig.path(out).exists(), "{arguments:?}");
    }
    assert_eq!(refused::head(&rig), before, "an event in the older copy");
    let other = rig.with("HSM_CA_LEDGER", "sqlite:other.db");
    other.json(&["ledger", "new"]).ok();
    let create = [
        "csr",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=Own",
        "--out",
        "own.csr",
    ];
    other.json(&create).refused(4, "other-ledger");
}

#[test]
fn a_ledger_that_adopted_the_ca_has_its_own_head_beside_the_other() {
    let rig = authority_on(TokenKind::SoftHsm);
    let signs = |ledger: &str, out: &str| {
        let arguments = [&signing(out)[..], &["--ledger", ledger]].concat();
        rig.json(&arguments)
    };
    let (first, second) = (&format!("sqlite:{LEDGER}"), "sqlite:second.db");
    // Anyone who can write a file can do this.
    let adopt = ["--ledger", second, "ca", "adopt", "customerCA.crt"];
    rig.json(&adopt).ok();
    signs(second, "0.crt").refused(4, "other-ledger");
    let crl = ["crl", "create", "--ca", "customerCA.crt", "--out", "0.crl"];
    rig.json(&[&crl[..], &["--ledger", second]].concat())
        .refused(4, "other-ledger");
    assert_eq!(notes(&rig), 1);
    // This needs the PIN, and the key on the token.
    rig.json(&[&adopt[..], &["--key", "customer-ca"]].concat()).ok();
    assert_eq!(notes(&rig), 2);
    let older = rig.read("second.db");
    signs(second, "1.crt").ok();
    signs(first, "2.crt").ok();
    signs(second, "3.crt").ok();
    assert_eq!(notes(&rig), 2);
    rig.write("second.db", &older);
    signs(second, "4.crt").refused(4, "ledger-older-copy");
    signs(first, "5.crt").ok();
    // `ledger accept` keeps the head of the ledger in use.
    rig.json(&["--ledger", second, "ledger", "accept", "--ca", "customerCA.crt"])
        .ok();
    assert_eq!(notes(&rig), 1);
    signs(second, "6.crt").ok();
    signs(first, "7.crt").refused(4, "other-ledger");
}

#[test]
fn a_token_without_data_objects_signs_with_a_warning_unless_the_head_is_required() {
    let rig = ready_authority();
    make_request(&rig, "next.csr", &["-newkey", "rsa:2048"], &["-sha256"]);
    let rule = [("FAIL", "C_CreateObject:CKR_ATTRIBUTE_VALUE_INVALID@*")];
    let signed = rig.command_with_rule(&signing("first.crt"), &rule).ok();
    assert!(
        signed.stderr.contains("not kept on the token")
            && signed.stderr.contains("CKR_ATTRIBUTE_VALUE_INVALID"),
        "{signed:#?}"
    );
    let json = ["--format", "json", "--ledger-head", "token"];
    rig.command_with_rule(&[&json[..], &signing("second.crt")].concat(), &rule)
        .refused(4, "ledger-head");
    assert!(!rig.path("second.crt").exists());
    // A key for which the token has kept none: that is found out before anything is recorded.
    let generate = ["key", "generate", "--label", "new", "--type", "ec:p256"];
    rig.json(&generate).ok();
    let before = refused::head(&rig);
    let create = [
        "ca",
        "create",
        "--key",
        "new",
        "--subject",
        "CN=New",
        "--out",
        "new.crt",
    ];
    rig.command_with_rule(&[&json[..], &create].concat(), &rule)
        .refused(4, "ledger-head");
    assert_eq!(refused::head(&rig), before);
    let quiet = rig.command_with_rule(
        &[&["--ledger-head", "none"][..], &signing("third.crt")].concat(),
        &rule,
    );
    assert!(!quiet.ok().stderr.contains("not kept"));
}

#[test]
fn a_public_object_on_the_token_does_not_count_as_a_head() {
    let rig = authority_on(TokenKind::SoftHsm);
    rig.write("note", "hsm-ca-head-1 nonsense");
    let label = ["--label", "hsm-ca ledger head", "--application-label", "hsm-ca"];
    let write = ["--write-object", "note", "--type", "data"];
    // pkcs11-tool makes it public by default.
    rig.pkcs11_tool(&[&write[..], &label].concat());
    rig.json(&signing("first.crt")).ok();
    rig.pkcs11_tool(&[&write[..], &label, &["--private"]].concat());
    rig.json(&signing("second.crt")).refused(4, "ledger-head");
}

#[test]
fn parallel_commands_leave_the_highest_head_and_deleting_the_key_deletes_it() {
    let rig = authority_on(TokenKind::Kryoptic);
    let outs: Vec<_> = (0..4).map(|number| format!("{number}.crt")).collect();
    thread::scope(|scope| {
        for out in &outs {
            let rig = &rig;
            scope.spawn(move || rig.json(&signing(out)).ok());
        }
    });
    rig.json(&signing("last.crt")).ok();
    assert_eq!(notes(&rig), 1);
    rig.command(&["key", "delete", "customer-ca", "--yes"]).ok();
    assert_eq!(notes(&rig), 0);
}

/// The head on the token shows that a ledger records the key, wherever that ledger is.
#[test]
fn a_key_with_a_kept_head_is_not_deleted_without_a_ledger() {
    let rig = authority_on(TokenKind::SoftHsm);
    rig.json(&signing("first.crt")).ok();
    let generate = ["key", "generate", "--label", "new", "--type", "ec:p256"];
    rig.json(&generate).ok();
    edit(&rig, "");
    fs::rename(rig.path(LEDGER), rig.path("elsewhere.db")).expect("moved");
    let delete = |key: &str, more: &[&str]| rig.json(&[&["key", "delete", key, "--yes"], more].concat());
    let message = delete("customer-ca", &[]).refused(4, "no-ledger");
    assert!(message.contains("hsm-ca.db"), "{message}");
    assert_eq!(notes(&rig), 1);
    rig.json(&["key", "show", "customer-ca"]).ok();
    assert!(delete("new", &[]).ok().json()["entry"].is_null());
    let deleted = delete("customer-ca", &["--ledger", "sqlite:elsewhere.db"])
        .ok()
        .json();
    assert!(deleted["entry"].is_u64(), "{deleted}");
    assert_eq!(notes(&rig), 0);
}

/// One ledger, two CAs, one token: what one of them recorded is missing for both.
#[test]
fn an_older_copy_is_refused_for_every_key_of_the_token() {
    let rig = authority_on(TokenKind::SoftHsm);
    let generate = ["key", "generate", "--label", "second", "--type", "ec:p256"];
    rig.command(&generate).ok();
    let create = |subject: &str, out: &str| {
        let create = ["ca", "create", "--key", "second", "--profile", "root"];
        rig.json(&[&create[..], &["--subject", subject, "--out", out]].concat())
    };
    let sign = |out: &str| {
        let sign = [
            "csr",
            "sign",
            "next.csr",
            "--ca",
            "second.crt",
            "--again",
            "--out",
        ];
        rig.json(&[&sign[..], &[out, "--profile", "tls-client"]].concat())
    };
    create("CN=Second", "second.crt").ok();
    rig.json(&signing("first.crt")).ok();
    edit(&rig, "");
    let older = rig.read(LEDGER);
    let revoke = ["cert", "revoke", "first.crt", "--ca", "customerCA.crt"];
    rig.json(&[&revoke[..], &["--reason", "superseded"]].concat())
        .ok();
    crl(&rig, "true.crl").ok();
    edit(&rig, "");
    rig.write(LEDGER, &older);
    // The head of the second key is on the chain, that of the first one is not.
    sign("a.crt").refused(4, "ledger-older-copy");
    create("CN=Third", "third.crt").refused(4, "ledger-older-copy");
    assert!(!rig.path("a.crt").exists() && !rig.path("third.crt").exists());
    let verified = rig.json(&["ledger", "verify"]);
    assert_eq!(verified.code, Some(3), "{verified:#?}");
    assert_eq!(verified.json()["kept_head"], "missing", "{verified:#?}");
    // It is accepted once for all of them.
    let accepted = rig.json(&["ledger", "accept", "--ca", "second.crt"]).ok().json();
    let given_up = accepted["given_up"].as_array().expect("a list");
    assert_eq!(given_up.len(), 1, "{accepted}");
    sign("a.crt").ok();
    rig.json(&signing("second-leaf.crt")).ok();
    assert_eq!(notes(&rig), 2);
    let verified = rig.json(&["ledger", "verify"]).ok().json();
    assert_eq!(verified["kept_head"], "on-the-chain", "{verified}");
}

#[test]
fn no_crl_is_replaced_by_one_with_fewer_entries() {
    let rig = busy_authority();
    let first = rig.read("first.crl");
    crl(&rig, "second.crl").ok();
    // Number 3 replaces number 2. Then a CRL from an empty ledger is refused.
    crl(&rig, "second.crl").ok();
    let index = rig.write("index.txt", "");
    let index = index.to_str().expect("UTF-8");
    let create = [
        "crl",
        "create",
        "--ca",
        "customerCA.crt",
        "--revoked",
        index,
        "--force",
        "--out",
    ];
    let message = rig
        .json(&[&create[..], &["second.crl"]].concat())
        .refused(3, "rule");
    assert!(
        message.contains("crl-entries") && message.contains("count as valid again"),
        "{message}"
    );
    rig.json(&[&create[..], &["elsewhere.crl"]].concat()).ok();
    // With an older copy, only the existing CRL shows it.
    edit(&rig, "");
    let rig = rig.with("HSM_CA_LEDGER_HEAD", "none");
    let ledger = rig.read(LEDGER);
    for _ in 0..2 {
        crl(&rig, "later.crl").ok();
    }
    edit(&rig, "");
    rig.write(LEDGER, &ledger);
    let message = crl(&rig, "later.crl").refused(3, "rule");
    assert!(message.contains("crl-number"), "{message}");
    rig.write("not-ours.crl", "something else");
    crl(&rig, "not-ours.crl").ok();
    assert!(first != rig.read("not-ours.crl"));
}

/// The data object is not a key, but every listing of the token names it.

#[test]
fn listings_of_the_token_name_the_kept_head() {
    const NAME: &str = "hsm-ca ledger head";
    let rig = ready_authority().with("HSM_CA_LEDGER_HEAD", "token");
    let empty = Rig::new();
    let doctor = empty.command(&["doctor", "--no-kms"]).ok().stdout;
    assert!(doctor.contains("none is kept on the token"), "{doctor}");
    assert_eq!(empty.json(&["key", "list"]).ok().json()["kept_heads"], json!([]));
    assert!(!empty.command(&["key", "list"]).ok().stdout.contains(NAME));

    crl(&rig, "a.crl").ok();
    let listed = rig.pkcs11_tool(&["--list-objects", "--type", "data"]);
    assert_eq!(listed.matches(NAME).count(), 1, "{listed}");
    let heads = rig.json(&["key", "list"]).ok().json()["kept_heads"].clone();
    let [head] = heads.as_array().expect("a list").as_slice() else {
        panic!("{heads}");
    };
    let head = head.as_str().expect("a head");
    rig.json(&["ledger", "verify", "--head", head]).ok();
    let text = rig.command(&["key", "list"]).ok().stdout;
    assert!(
        text.contains(&format!("1 data object named \"{NAME}\"")),
        "{text}"
    );
    let doctor = rig.json(&["doctor", "--no-kms"]).ok().json();
    let checks = doctor["checks"].as_array().expect("a list");
    let check = checks
        .iter()
        .find(|check| check["check"] == "ledger-head")
        .expect("a check");
    let event = head.split(':').next().expect("a count");
    let found = check["found"].as_str().expect("a text");
    assert!(
        found.starts_with("1 kept") && found.ends_with(&format!("event {event}")),
        "{found}"
    );

    // If it cannot be read, `key list` warns and `doctor` fails.
    rig.command_with_rule(&["key", "list"], &[]).ok();
    let last = rig.count("C_FindObjectsInit");
    let rule = format!("C_FindObjectsInit:CKR_DEVICE_ERROR@{last}");
    let run = rig
        .command_with_rule(&["--format", "json", "key", "list"], &[("FAIL", &rule)])
        .ok();
    let report = run.json();
    assert!(
        report["kept_heads"].is_null() && report["keys"].is_array(),
        "{report}"
    );
    assert!(
        report["warnings"][0].to_string().contains("CKR_DEVICE_ERROR"),
        "{report}"
    );
}
