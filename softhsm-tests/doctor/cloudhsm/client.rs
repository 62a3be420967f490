//! CloudHSM's client: its path, its version, its connection, and the CA for its cluster.

use std::fs;

use super::{DOCTOR, assert_check, checks, doctor};
use crate::harness::{Rig, TokenKind, shim};

#[test]
fn each_version_of_the_client_has_its_issues() {
    let rig = Rig::of(TokenKind::CloudHsm);
    for (version, code, state, words) in [
        ("3.4", 4, "failed", "end of support"),
        ("5.2", 0, "warning", "end of support"),
        ("5.8", 0, "warning", "end-of-life-release"),
        ("5.11", 0, "note", "NotPkcs8"),
        ("5.12", 0, "warning", "Invalid integer conversion"),
        ("5.17", 0, "note", "below 5.17.2, it does not connect"),
        (
            "5.17",
            0,
            "note",
            "when throttled, C_GetAttributeValue returns CKR_DEVICE_ERROR",
        ),
        ("5.18", 0, "note", "ECDSA with a hash weaker"),
    ] {
        let run = doctor(&rig, &[], &[("LIBRARY_VERSION", version)]);
        assert_eq!(run.code, Some(code), "{version}: {run:#?}");
        let told = checks(&run, "client-sdk");
        let says = |check: &&(String, String, String)| check.1.contains(words);
        let check = told
            .iter()
            .find(says)
            .unwrap_or_else(|| panic!("{version}: {told:?}"));
        assert_eq!(check.0, state, "{version}: {check:?}");
    }
    let newest = checks(&doctor(&rig, &[], &[("LIBRARY_VERSION", "5.18")]), "client-sdk");
    assert_eq!(newest.len(), 2, "{newest:?}");
}

/// A self-signed certificate with a key of this kind, from OpenSSL.
fn authority(rig: &Rig, key: &[&str]) {
    let request = [
        "req", "-x509", "-nodes", "-subj", "/CN=ca", "-days", "9", "-keyout", "ca.key", "-out", "ca.crt",
    ];
    rig.tool("openssl", &[&request[..], key].concat()).ok();
}

#[test]
fn a_cluster_with_a_weak_ca_is_refused_by_two_versions() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let ca = ["--ca", "ca.crt"];
    let unreached = ("FAIL", "C_Initialize:CKR_GENERAL_ERROR");
    let weak = "RSA 1024: Client SDK 5.17.0 and 5.17.1 refuse RSA below 2048 bits";
    authority(&rig, &["-newkey", "rsa:1024"]);
    for (rules, state, hint) in [
        (&[("LIBRARY_VERSION", "5.16")][..], "note", ""),
        (&[("LIBRARY_VERSION", "5.18")], "note", ""),
        // It works, so it is 5.17.2. Other clients may fail.
        (
            &[("LIBRARY_VERSION", "5.17")],
            "warning",
            "5.17.2 or later, or go back below 5.17",
        ),
        (&[unreached], "failed", "CA certificate key too weak"),
    ] {
        assert_check(&doctor(&rig, &ca, rules), "cluster-ca", state, weak, hint);
    }
    for key in [
        &["-newkey", "rsa:2048"][..],
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    ] {
        authority(&rig, key);
        let run = doctor(&rig, &ca, &[("LIBRARY_VERSION", "5.17")]);
        assert_check(&run, "cluster-ca", "ok", "no version refuses such a key", "");
        let run = doctor(&rig, &ca, &[unreached]);
        assert_check(&run, "cluster-ca", "ok", "no version refuses such a key", "");
    }
    // A chain, whose root is weak.
    let strong = rig.read("ca.crt");
    authority(&rig, &["-newkey", "rsa:1024"]);
    rig.write("ca.crt", [strong, rig.read("ca.crt")].concat());
    let run = doctor(&rig, &ca, &[("LIBRARY_VERSION", "5.17")]);
    assert_check(&run, "cluster-ca", "warning", weak, "");
    // A cluster that refuses a PIN was reached.
    let wrong = [("LIBRARY_VERSION", "5.17"), ("USER", "Somebody")];
    assert_check(&doctor(&rig, &ca, &wrong), "cluster-ca", "warning", weak, "");
    rig.write("ca.crt", "no certificate");
    assert_check(&doctor(&rig, &ca, &[]), "cluster-ca", "failed", "ca.crt", "");
    let missing = doctor(&rig, &["--ca", "missing.crt"], &[]);
    assert_check(&missing, "cluster-ca", "failed", "missing.crt cannot be read", "");
}

#[test]
fn a_missing_module_is_reported_by_its_name() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let named = |module: &str| {
        let arguments = [&["--module", module], &DOCTOR[..]].concat();
        rig.command(&arguments)
    };
    let sdk_5 = "/opt/cloudhsm/lib/libcloudhsm_pkcs11.so";
    let run = named(&rig.path("libcloudhsm_pkcs11.so").display().to_string());
    assert_check(&run, "module", "failed", "cannot be loaded", sdk_5);
    assert_check(&run, "cluster-ca", "note", "not checked", "--hsm-ca-cert");
    let run = named(&rig.path("libcloudhsm_pkcs11_standard.so").display().to_string());
    assert_check(&run, "module", "failed", "cannot be loaded", "is Client SDK 3");
    assert!(checks(&run, "module")[0].2.ends_with(sdk_5));
    // Not CloudHSM: no such checks.
    let run = named("/nowhere/module.so");
    assert_check(&run, "module", "failed", "cannot be loaded", "check the path");
    assert!(checks(&run, "cluster-ca").is_empty());
}

#[test]
fn a_module_with_another_path_gets_a_note() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let run = doctor(&rig, &[], &[]);
    assert_check(
        &run,
        "module-path",
        "note",
        "not /opt/cloudhsm/lib/libcloudhsm_pkcs11.so",
        "",
    );
    let old = rig.path("libcloudhsm_pkcs11_standard.so");
    fs::copy(shim(), &old).expect("a copy of the module");
    let rig = rig.behind(&old);
    let run = doctor(&rig, &[], &[]);
    assert_check(
        &run,
        "module-path",
        "warning",
        "Client SDK 3",
        "Client SDK 5 is /opt/cloudhsm/lib",
    );
}

#[test]
fn a_call_that_fails_leads_to_the_library_s_log() {
    let rig = Rig::of(TokenKind::CloudHsm);
    let named = rig.path("libcloudhsm_pkcs11.so");
    fs::copy(shim(), &named).expect("a copy of the module");
    let rig = rig.behind(&named);
    for (rule, name, hint) in [
        (
            "C_Initialize:CKR_GENERAL_ERROR",
            "module",
            "configure-pkcs11 --cluster-id",
        ),
        ("C_GetSlotList:CKR_GENERAL_ERROR", "token", "TCP 2223 to 2225"),
        (
            "C_OpenSession:CKR_FUNCTION_FAILED",
            "login",
            "only read-write sessions, and hsm-ca asked for one",
        ),
        ("C_Login:CKR_FUNCTION_FAILED", "login", ""),
    ] {
        let run = doctor(&rig, &[], &[("FAIL", rule)]);
        let (function, value) = rule.split_once(':').expect("a rule");
        assert_check(&run, name, "failed", &format!("{function}: {value}"), hint);
        let (_, _, hint) = checks(&run, name).remove(0);
        assert!(
            hint.contains("/opt/cloudhsm/run/cloudhsm-pkcs11.log.<date>"),
            "{hint}"
        );
    }
    let run = doctor(&rig, &["--token", "cavium"], &[]);
    assert_check(
        &run,
        "token",
        "failed",
        "\"hsm1\"",
        "the token of Client SDK 5 is called hsm1",
    );
}
