//! Whether keys can be made and used with the cluster's HSMs, without leaving anything behind.

use super::{DOCTOR, assert_check, count, doctor};
use crate::harness::{Keys, Rig, TokenKind};

#[test]
fn one_hsm_makes_and_uses_no_key() {
    let rig = Rig::of(TokenKind::CloudHsm).with_pair("ECC_NIST_P256");
    let one = [("HSMS", "1")];
    let run = doctor(&rig, &[], &one);
    assert_check(
        &run,
        "key-use",
        "note",
        "the token has no key to test",
        "doctor --try-key",
    );
    rig.import().ok();
    for (more, name, function) in [
        (&[][..], "key-use", "C_SignInit"),
        (&["--try-key"], "new-key", "C_GenerateKey"),
    ] {
        let run = doctor(&rig, more, &one);
        let refused = format!("{function}: CKR_FUNCTION_FAILED");
        assert_check(&run, name, "failed", &refused, "--disable-key-availability-check");
        let log = String::from_utf8(rig.read("calls.log")).expect("UTF-8");
        assert!(
            log.contains("does not meet the availability requirements"),
            "{log}"
        );
        assert_eq!(rig.keys(), Keys::PAIR, "{name}");
    }
    let run = doctor(&rig, &[], &[]);
    assert_check(
        &run,
        "key-use",
        "ok",
        "a signature with \"customer-ca\" can be begun",
        "",
    );
    assert_eq!((count(&rig, "C_SignInit"), count(&rig, "C_Sign")), (1, 0));
    assert_eq!(count(&rig, "C_GenerateKey"), 0, "nobody asked for it");
    let run = doctor(&rig, &["--try-key"], &[]);
    assert_check(
        &run,
        "new-key",
        "ok",
        "one was made on the token, and destroyed",
        "",
    );
    assert_eq!(
        (count(&rig, "C_GenerateKey"), count(&rig, "C_DestroyObject")),
        (1, 1)
    );
    assert_eq!(rig.keys(), Keys::PAIR);
}

#[test]
fn a_throttled_call_is_repeated_and_does_not_count_as_a_refusal() {
    let rig = Rig::of(TokenKind::CloudHsm).with_pair("ECC_NIST_P256");
    rig.import().ok();
    let busy = [("FAIL", "C_SignInit:CKR_FUNCTION_FAILED")];
    assert_check(&doctor(&rig, &[], &busy), "key-use", "ok", "customer-ca", "");
    for rule in [
        "C_GenerateKey:CKR_FUNCTION_FAILED",
        "C_GenerateKey!:CKR_FUNCTION_FAILED",
    ] {
        let run = doctor(&rig, &["--try-key"], &[("FAIL", rule)]);
        assert_check(&run, "new-key", "ok", "made on the token", "");
        assert_eq!(rig.keys(), Keys::PAIR, "{rule}");
    }
}

#[test]
fn a_probe_key_left_by_a_killed_run_is_reported_and_removed() {
    let rig = Rig::of(TokenKind::CloudHsm);
    for rule in [
        ("KILL", "C_GenerateKey!"),
        ("FAIL", "C_DestroyObject:CKR_GENERAL_ERROR@*"),
    ] {
        let run = rig.command_with_rule(&[&DOCTOR[..], &["--try-key"]].concat(), &[rule]);
        if rule.0 == "FAIL" {
            assert_check(
                &run,
                "new-key",
                "failed",
                "hsm-ca key probe, may be deleted",
                "log",
            );
        } else {
            assert_eq!(run.code, None, "{run:?}");
        }
        let left = Keys {
            secret: 1,
            ..Keys::NONE
        };
        assert_eq!(rig.keys(), left, "{rule:?}");
        // It is harmless, but cannot be removed.
        let objects = rig.objects();
        let usage = objects
            .lines()
            .find(|line| line.contains("Usage:"))
            .expect("a line");
        assert_eq!(usage.trim(), "Usage:      none", "{objects}");
        assert!(
            objects.contains("sensitive, always sensitive, never extractable"),
            "{objects}"
        );
        let run = doctor(&rig, &[], &[]);
        assert_check(
            &run,
            "new-key",
            "warning",
            "1 left on the token by an interrupted attempt",
            "doctor --try-key",
        );
        let run = doctor(&rig, &["--try-key"], &[]);
        assert_check(
            &run,
            "new-key",
            "ok",
            "destroyed with 1 left by an earlier attempt",
            "",
        );
        rig.assert_token_is_empty();
    }
}

#[test]
fn after_any_failure_of_a_probe_the_next_one_leaves_nothing() {
    let rig = Rig::of(TokenKind::CloudHsm);
    for function in [
        "C_FindObjectsInit",
        "C_FindObjects",
        "C_GenerateKey",
        "C_DestroyObject",
        "C_GetSessionInfo",
    ] {
        for nth in 1..=6 {
            for moment in ["", "!"] {
                let rule = format!("{function}{moment}:CKR_GENERAL_ERROR@{nth}");
                let run = doctor(&rig, &["--try-key"], &[("FAIL", &rule)]);
                assert!(matches!(run.code, Some(0 | 4)), "{rule}: {run:?}");
                if rig.keys() == Keys::NONE {
                    continue;
                }
                assert_eq!(run.code, Some(4), "it said so: {rule}: {run:?}");
                doctor(&rig, &["--try-key"], &[]).ok();
                rig.assert_token_is_empty();
            }
        }
    }
}

#[test]
fn a_key_is_tried_on_every_token() {
    for kind in [TokenKind::SoftHsm, TokenKind::Kryoptic, TokenKind::Nss] {
        let rig = Rig::of(kind);
        let run = rig.command_with_rule(&[&DOCTOR[..], &["--try-key"]].concat(), &[]);
        assert_check(&run, "new-key", "ok", "made on the token", "");
        assert_eq!(rig.keys(), Keys::NONE, "{kind:?}");
    }
    let rig = Rig::of(TokenKind::Tpm2);
    let run = rig.command_with_rule(&[&DOCTOR[..], &["--try-key"]].concat(), &[]);
    assert_check(
        &run,
        "new-key",
        "note",
        "C_GenerateKey: CKR_FUNCTION_NOT_SUPPORTED",
        "",
    );
}

#[test]
fn a_failed_import_with_one_hsm_suggests_doctor() {
    let rig = Rig::of(TokenKind::CloudHsm).with_pair("ECC_NIST_P256");
    let import = ["--format", "json", "kms", "import", "pair.json", "--label", "ca"];
    let run = rig.command_with_rule(&import, &[("HSMS", "1")]);
    assert!(run.stderr.contains("hsm-ca doctor --try-key"), "{run:#?}");
    let message = run.refused(4, "token");
    assert!(message.contains("C_UnwrapKey: CKR_FUNCTION_FAILED"), "{message}");
    rig.assert_token_is_empty();
}
