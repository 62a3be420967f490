//! The cost of one `csr sign`, counted and not timed, so that a regression shows even on a busy machine. If a change needs more for a good
//! reason, raise the number and explain it in docs/benchmark.md.

use std::fs;

use crate::harness::{PROGRAM, Rig, TokenKind};

/// A rig with a CA of that kind of key, and a request.
fn rig_with_ca(kind: &str) -> Rig {
    let rig = Rig::new();
    rig.command(&["key", "generate", "--label", "customer-ca", "--type", kind])
        .ok();
    rig.command(&[
        "ca",
        "create",
        "--key",
        "customer-ca",
        "--subject",
        "CN=Budget CA",
        "--out",
        "customerCA.crt",
    ])
    .ok();
    let request = [
        "req",
        "-new",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "request.key",
        "-subj",
        "/CN=budget",
        "-out",
        "request.csr",
    ];
    rig.tool("openssl", &request).ok();
    rig
}

fn sign(out: &str) -> Vec<&str> {
    let sign = ["csr", "sign", "request.csr", "--again", "--ca", "customerCA.crt"];
    [&sign[..], &["--profile", "cloudhsm-cluster", "--out", out]].concat()
}

/// Runs the program under a tracing program, and returns the tracer's output file.
fn observe(rig: &Rig, observer: &[&str], out: &str) -> String {
    let arguments = [&observer[1..], &[PROGRAM], &sign(out)].concat();
    rig.without_secrets(rig.tool(observer[0], &arguments)).ok();
    fs::read_to_string(rig.path("observed")).expect("what was observed")
}

#[test]
fn calls_to_the_token() {
    for (kind, most) in [("rsa:2048", 31), ("ec:p256", 37)] {
        let rig = rig_with_ca(kind);
        rig.command_with_rule(&sign("out.crt"), &[]).ok();
        let calls = rig.calls();
        let count = |function: &str| calls.iter().filter(|call| *call == function).count();
        for once in ["C_Login", "C_GenerateRandom", "C_SignInit", "C_GetInfo"] {
            assert_eq!(count(once), 1, "{kind}: {once} in {calls:?}");
        }
        assert!(
            calls.len() <= most,
            "{kind}: {} calls, {most} at most: {calls:?}",
            calls.len()
        );
    }
}

/// Each call is a round trip to an HSM, and a case of the fault tests. Anything that cannot change at run time is read once.
#[test]
fn calls_to_the_token_for_an_import() {
    for (kind, most) in [
        (TokenKind::SoftHsm, 59),
        (TokenKind::Kryoptic, 58),
        (TokenKind::CloudHsm, 55),
    ] {
        let rig = Rig::of(kind).with_pair("ECC_NIST_P256");
        let import = ["kms", "import", "pair.json", "--label", "customer-ca"];
        rig.command_with_rule(&import, &[]).ok();
        let calls = rig.calls();
        let count = |function: &str| calls.iter().filter(|call| *call == function).count();
        for once in ["C_Login", "C_GetInfo", "C_GenerateKeyPair"] {
            assert_eq!(count(once), 1, "{kind:?}: {once} in {calls:?}");
        }
        // Asked for the length, and for the list (section 5.2).
        assert_eq!(count("C_GetMechanismList"), 2, "{kind:?}: {calls:?}");
        assert!(
            calls.len() <= most,
            "{kind:?}: {} calls, {most} at most: {calls:?}",
            calls.len()
        );
    }
}

#[test]
fn syncs_of_the_disk() {
    let rig = rig_with_ca("ec:p256");
    let strace = [
        "strace",
        "-f",
        "-e",
        "trace=fsync,fdatasync,sync_file_range,msync",
        "-o",
        "observed",
    ];
    // The ledger: the log's header and its directory, the begun and the signed event, and copying the log into the file. The output: file,
    // directory.
    for (out, most) in [("-", 6), ("out.crt", 8)] {
        let trace = observe(&rig, &strace, out);
        // A call that another thread interrupts has two lines.
        let calls = trace.lines().filter(|line| !line.contains("resumed>"));
        let syncs = calls.filter(|line| line.contains("sync")).count();
        assert!(
            (3..=most).contains(&syncs),
            "{syncs} syncs to {out}, {most} at most: {trace}"
        );
    }
}

/// AWS-LC's first random number alone takes 400 million.
#[test]
fn instructions_of_the_processor() {
    const MOST: u64 = 185_000_000;
    let rig = rig_with_ca("rsa:2048");
    let valgrind = [
        "valgrind",
        "--tool=callgrind",
        "--callgrind-out-file=callgrind.out",
        "--log-file=observed",
    ];
    let log = observe(&rig, &valgrind, "out.crt");
    let collected = log.lines().find_map(|line| line.split_once("Collected : "));
    let (_, count) = collected.unwrap_or_else(|| panic!("no count: {log}"));
    let count: u64 = count.trim().parse().expect("a number");
    assert!(count <= MOST, "{count} instructions, {MOST} at most");
}
