//! Changes of the ledger that no key signs: the head on the token is raised for them too, if no prompt is needed.

use super::edited::{LEDGER, busy_authority, crl, edit};
use super::restored::signing;
use crate::harness::{Rig, Run};

fn revoke(rig: &Rig, certificate: &str, options: &[&str]) -> Run {
    let command = ["cert", "revoke", certificate, "--ca", "customerCA.crt"];
    let reason = ["--reason", "keyCompromise"];
    rig.json(&[&command[..], &reason, options].concat())
}

/// The ledger as it is now, in one file.
fn copy_of(rig: &Rig) -> Vec<u8> {
    edit(rig, "");
    rig.read(LEDGER)
}

#[test]
fn an_older_copy_without_a_revocation_is_noticed_before_the_next_signature() {
    let rig = busy_authority();
    let older = copy_of(&rig);
    let revoked = revoke(&rig, "good.crt", &[]).ok().json();
    assert_eq!(revoked["head_kept"], true, "{revoked}");
    let newest = copy_of(&rig);
    rig.write(LEDGER, &older);
    for arguments in [
        &["crl", "create", "--ca", "customerCA.crt", "--out", "false.crl"][..],
        &signing("false.crt"),
    ] {
        rig.json(arguments).refused(4, "ledger-older-copy");
    }
    // No revocation continues the older copy either.
    let before = rig.command(&["ledger", "export"]).ok().stdout;
    revoke(&rig, "good.crt", &[]).refused(4, "ledger-older-copy");
    let after = rig.command(&["ledger", "export"]).ok().stdout;
    assert_eq!(after, before, "nothing was recorded");
    rig.write(LEDGER, &newest);
    rig.json(&signing("next.crt")).ok();
}

#[test]
fn a_revocation_does_not_need_the_token() {
    let rig = busy_authority();
    let revoked = revoke(&rig, "good.crt", &["--pin-source", "prompt"]).ok().json();
    assert_eq!(revoked["head_kept"], false, "{revoked}");
    rig.json(&signing("next.crt")).ok();
    let revoked = revoke(&rig, "next.crt", &["--token", "missing"]).ok().json();
    assert_eq!(revoked["head_kept"], false, "{revoked}");
    let warnings = revoked["warnings"].to_string();
    assert!(
        warnings.contains("was not compared with the head on the token"),
        "{revoked}"
    );
    let export = rig.command(&["ledger", "export"]).ok().stdout;
    assert_eq!(
        export.matches("\"revoked\":{").count(),
        3,
        "bad, good and next: {export}"
    );
    crl(&rig, "last.crl").ok();
}

/// If the token keeps no head of this ledger for the CA's key, a revocation leaves none.
#[test]
fn a_revocation_leaves_no_first_head_on_the_token() {
    let rig = busy_authority();
    let without = |arguments: &[&str]| rig.json(&[&["--ledger-head", "none"], arguments].concat()).ok();
    without(&["key", "generate", "--label", "other", "--type", "ec:p256"]);
    let create = ["ca", "create", "--key", "other", "--subject", "CN=Other"];
    without(&[&create[..], &["--profile", "root", "--out", "other-ca.crt"]].concat());
    let sign = [
        "csr",
        "sign",
        "next.csr",
        "--ca",
        "other-ca.crt",
        "--profile",
        "tls-client",
    ];
    without(&[&sign[..], &["--out", "other-leaf.crt"]].concat());
    let listed = || rig.pkcs11_tool(&["--list-objects", "--type", "data"]);
    let before = listed();
    let revoke = ["cert", "revoke", "other-leaf.crt", "--ca", "other-ca.crt"];
    let revoked = rig.json(&[&revoke[..], &["--reason", "superseded"]].concat());
    let revoked = revoked.ok().json();
    assert_eq!(revoked["head_kept"], false, "{revoked}");
    assert_eq!(listed(), before);
}

/// `ca adopt` brings revocations into a ledger that already signs.
#[test]
fn an_older_copy_without_adopted_revocations_is_noticed() {
    let rig = busy_authority();
    let older = copy_of(&rig);
    rig.write(
        "index.txt",
        "R\t350101000000Z\t260101000000Z,keyCompromise\t1234\tunknown\t/CN=elsewhere\n",
    );
    rig.json(&["ca", "adopt", "customerCA.crt", "--revoked", "index.txt"])
        .ok();
    rig.write(LEDGER, &older);
    rig.json(&signing("false.crt")).refused(4, "ledger-older-copy");
}
