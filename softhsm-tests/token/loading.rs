//! The module is loaded while the ledger is read. A command that then needs no token does not wait for it.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use crate::harness::Rig;

/// The time limit for a command that does not wait, on a busy machine.
const SOON: Duration = Duration::from_secs(8);

fn rig_with_request() -> Rig {
    let rig = Rig::new();
    rig.command(&["key", "generate", "--label", "ca", "--type", "ec:p256"])
        .ok();
    let create = [
        "ca",
        "create",
        "--key",
        "ca",
        "--subject",
        "CN=Test CA",
        "--out",
        "customerCA.crt",
    ];
    rig.command(&create).ok();
    let request = [
        "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "a.key", "-subj", "/CN=a", "-out", "a.csr",
    ];
    rig.tool("openssl", &request).ok();
    rig
}

fn sign<'a>(ca: &'a str, out: &'a str) -> [&'a str; 11] {
    [
        "--format",
        "json",
        "csr",
        "sign",
        "a.csr",
        "--ca",
        ca,
        "--profile",
        "cloudhsm-cluster",
        "--out",
        out,
    ]
}

#[test]
fn a_refusal_and_a_recorded_certificate_do_not_wait_for_a_module_that_hangs() {
    let rig = rig_with_request();
    rig.command(&sign("customerCA.crt", "first.crt")).ok();
    let other = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "other.key",
        "-subj",
        "/CN=Other",
        "-out",
        "other.crt",
    ];
    rig.tool("openssl", &other).ok();
    let hangs = [("HANG", "C_Initialize")];

    let start = Instant::now();
    let message = rig
        .command_with_rule(&sign("other.crt", "x.crt"), &hangs)
        .refused(3, "unknown-ca");
    assert!(message.contains("does not know the CA"), "{message}");
    let again = rig.command_with_rule(&sign("customerCA.crt", "again.crt"), &hangs);
    again.ok();
    assert!(start.elapsed() < 2 * SOON, "{:?}", start.elapsed());
    let read = |name| fs::read(rig.path(name)).expect("a certificate");
    assert_eq!(read("first.crt"), read("again.crt"));

    let stdout = rig
        .command_with_rule(&sign("customerCA.crt", "-")[2..], &hangs)
        .ok();
    assert_eq!(stdout.stdout.as_bytes(), read("first.crt"));
    assert!(!rig.path("x.crt").exists());
}

#[test]
fn a_module_that_fails_is_reported_when_it_is_needed() {
    let rig = rig_with_request();
    let fails = [("FAIL", "C_Initialize:CKR_DEVICE_ERROR")];
    let message = rig
        .command_with_rule(&sign("customerCA.crt", "x.crt"), &fails)
        .refused(4, "token");
    assert!(message.contains("C_Initialize: CKR_DEVICE_ERROR"), "{message}");
    rig.write("no.so", "not a module");
    let no_module = [&["--module", "no.so"][..], &sign("customerCA.crt", "x.crt")].concat();
    // Without a slash, it is looked for in the system's directories.
    rig.command(&no_module).refused(2, "unreadable-file");
    let not_a_module = [&["--module", "./no.so"][..], &sign("customerCA.crt", "x.crt")].concat();
    rig.command(&not_a_module).refused(4, "module");
    assert!(!rig.path("x.crt").exists());
}

/// A command that is refused before the ledger is read loads no module, and a module that others can write is never loaded.
#[test]
fn nothing_is_loaded_for_a_refused_request_or_from_a_file_that_others_can_write() {
    let rig = rig_with_request();
    let log = rig.path("calls.log");
    rig.write("a.csr", "no request");
    rig.command_with_rule(&sign("customerCA.crt", "x.crt"), &[]);
    assert!(!log.exists(), "the module was loaded");

    let request = ["req", "-new", "-key", "a.key", "-subj", "/CN=a", "-out", "a.csr"];
    rig.tool("openssl", &request).ok();
    fs::copy(crate::harness::shim(), rig.path("shim.so")).expect("a copy");
    let writable = Permissions::from_mode(0o666);
    fs::set_permissions(rig.path("shim.so"), writable).expect("its permissions");
    let mut command =
        rig.prepare(&[&["--module", "./shim.so"][..], &sign("customerCA.crt", "x.crt")].concat());
    command
        .env("CLOUDHSM_SHIM_TARGET", crate::harness::softhsm())
        .env("CLOUDHSM_SHIM_LOG", &log);
    let refused = command.output().expect("the program");
    assert_eq!(refused.status.code(), Some(2), "{refused:?}");
    assert!(!log.exists(), "the module was loaded");
}

/// PKCS#11 v2.40 section 5.4: the module answers `CKR_OK`, but returns no function list.
#[test]
fn a_module_without_a_list_of_functions_is_refused() {
    let rig = Rig::new();
    let entry = "unsigned long C_GetFunctionList(void **list) { *list = 0; return 0; }";
    rig.write("empty.c", entry);
    rig.tool("cc", &["-shared", "-fPIC", "-o", "empty.so", "empty.c"])
        .ok();
    let module = rig.path("empty.so");
    let module = module.to_str().expect("UTF-8");
    let message = rig
        .json(&["--module", module, "key", "list"])
        .refused(4, "module");
    assert!(message.contains("C_GetFunctionList gave no list"), "{message}");
}
