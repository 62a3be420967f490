//! `--refused-keys` and `refused-keys`: a ceremony signs nothing for a listed key, and its plan names the list that was checked.

use serde_json::Value;

use super::check::ceremony;
use super::import_key::{PAIR, importing};
use crate::harness::{Rig, Run};

/// SHA-256 of the x coordinate, without leading zeros, of an EC key in PEM on standard input (`dwk_blocklists`).
const LISTED: &str = "openssl pkey -pubin -outform DER | tail -c 64 | head -c 32 | \
    python3 -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read().lstrip(bytes(1))).hexdigest())'";

const PLAN: [&str; 6] = ["ceremony", "plan", "ceremony.toml", "--out", "room", "--offline"];

fn with(rig: &Rig, command: &[&str], options: &[&str]) -> Run {
    rig.json(&[command, options].concat())
}

#[test]
fn a_ceremony_makes_nothing_for_a_refused_key_and_its_plan_names_the_list() {
    let rig = importing(PAIR);
    let pair: Value = serde_json::from_str(PAIR).expect("JSON");
    rig.write("pair.b64", pair["PublicKey"].as_str().expect("base64"));
    for line in [
        format!("openssl req -in inputs/i1.csr -noout -pubkey | {LISTED} > request.txt"),
        format!("openssl base64 -d -A -in pair.b64 | openssl pkey -pubin -inform DER | {LISTED} > pair.txt"),
        format!("openssl x509 -in inputs/legacy.crt -noout -pubkey | {LISTED} > unused.txt"),
        "printf '%064d\n' 1 > other.txt; printf 'refused-keys = \"request.txt\"\n' > listed.toml".to_owned(),
        "head -c 19 other.txt > short.txt".to_owned(),
    ] {
        rig.tool("sh", &["-c", &line]).ok();
    }
    let check = ["ceremony", "check", "ceremony.toml"];
    for command in [&check[..], &PLAN] {
        // The key of a request breaks a rule of its step. The key of a pair is an input that does not fit.
        for options in [["--refused-keys", "request.txt"], ["--config", "listed.toml"]] {
            let message = with(&rig, command, &options).refused(3, "rule");
            assert!(
                message.contains("step \"i1\"") && message.contains("key-refused"),
                "{message}"
            );
        }
        let message = with(&rig, command, &["--refused-keys", "pair.txt"]).refused(3, "ceremony-input");
        assert!(
            message.contains("input \"pair\"") && message.contains("refused keys"),
            "{message}"
        );
        with(&rig, command, &["--refused-keys", "short.txt"]).refused(2, "configuration");
        assert!(!rig.path("room").exists());
    }

    // A list without any of the keys: the plan has its hash, and the same list gives the same plan.
    with(&rig, &PLAN, &["--refused-keys", "other.txt"]).ok();
    let plan: Value = serde_json::from_slice(&rig.read("room/plan.json")).expect("JSON");
    let sum = rig.tool("sha256sum", &["other.txt"]).ok().stdout;
    assert_eq!(plan["refused-keys"].as_str(), sum.split(' ').next());
    let text = String::from_utf8(rig.read("room/plan.txt")).expect("UTF-8");
    assert!(text.contains(&sum[..32]), "{text}");
    let again = ["ceremony", "plan", "--check", "room"];
    with(&rig, &again, &["--refused-keys", "other.txt"]).ok();
    for options in [&[][..], &["--refused-keys", "unused.txt"]] {
        let message = with(&rig, &again, options).refused(3, "ceremony-plan");
        assert!(message.contains(&sum[..64]), "{message}");
    }
    // No list is not the same as some list.
    let without = [
        "ceremony",
        "plan",
        "ceremony.toml",
        "--out",
        "without",
        "--offline",
    ];
    with(&rig, &without, &[]).ok();
    let again = ["ceremony", "plan", "--check", "without"];
    with(&rig, &again, &[]).ok();
    with(&rig, &again, &["--refused-keys", "other.txt"]).refused(3, "ceremony-plan");
}

/// A rehearsal and a verification do not have the machine's list. The SHA-256 in the plan is enough to reproduce it.
#[test]
fn a_plan_with_a_list_is_rehearsed_and_verified_without_it() {
    let rig = ceremony();
    rig.tool("sh", &["-c", "printf '%064d\\n' 1 > other.txt"]).ok();
    with(&rig, &PLAN, &["--refused-keys", "other.txt"]).ok();
    rig.json(&["ceremony", "rehearse", "room"]).ok();
    let verified = rig
        .json(&["ceremony", "verify", "room/rehearsal/main"])
        .ok()
        .json();
    assert!(!verified.to_string().contains("plan-again"), "{verified:#}");
}
