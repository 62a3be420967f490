//! `ledger list`, `show`, `verify` and `export`, checked by an independent verifier.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::Run;
use crate::ledger::desk::{LedgerDesk, Said, verify_with_python};

#[test]
fn a_list_fits_a_terminal_and_json_has_everything() {
    let desk = LedgerDesk::filled();
    let list = desk.run(&["ledger", "list", "--last", "4"]).ok().stdout;
    assert_eq!(
        list.lines().count(),
        6,
        "a heading, a line for each, and one for the others: {list}"
    );
    let all = desk.json(&["ledger", "list", "--last", "1000"]).ok().json();
    let count = |name: &str| all[name].as_array().map_or(0, Vec::len);
    let earlier = format!(
        "\u{2026} {} earlier entries: --before ",
        count("entries") + count("keys") - 4
    );
    assert!(
        list.lines().last().expect("a line").starts_with(&earlier),
        "{list}"
    );
    assert!(
        list.contains("revoked: superseded") && list.contains("CN=a-2-b.example"),
        "{list}"
    );
    let last = desk.json(&["ledger", "list", "--last", "1"]).ok().json()["entries"][0].clone();
    assert_eq!(
        (&last["object_kind"], &last["state"]),
        (&"certificate".into(), &"signed".into())
    );
    let serial = last["serial_number"]
        .as_str()
        .expect("a serial number")
        .to_uppercase();
    let colons: Vec<_> = (0..serial.len())
        .step_by(2)
        .map(|at| &serial[at..at + 2])
        .collect();
    for way in [serial.clone(), colons.join(":"), format!("#{}", last["entry"])] {
        let shown = desk.json(&["ledger", "show", &way]).ok().json();
        assert_eq!(shown["entries"][0], last, "{way}");
    }
    let text = desk.run(&["ledger", "show", &serial]).ok().stdout;
    assert!(
        text.contains("-----BEGIN CERTIFICATE-----") && text.contains("tls-client"),
        "{text}"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let open = desk.run(&["ledger", "list", "--open"]).ok().stdout;
    assert_eq!(open.matches("signed, NOT DELIVERED").count(), 3, "{open}");
    let empty = LedgerDesk::new();
    empty.run(&["ledger", "new"]).ok();
    assert_eq!(
        empty.run(&["ledger", "list", "--open"]).ok().stdout,
        "No open entries, and nothing undelivered.\n"
    );
    desk.json(&["ledger", "show", "77"]).refused(4, "no-entry");
    desk.json(&["ledger", "show", "#77"]).refused(4, "no-entry");
    desk.json(&["ledger", "show", "xyz"]).refused(2, "usage");
}

#[test]
fn a_kept_head_detects_missing_events() {
    let desk = LedgerDesk::filled();
    let head = desk.json(&["ledger", "verify"]).ok().json()["head"]
        .as_str()
        .expect("a head")
        .to_owned();
    let text = desk.run(&["ledger", "verify", "--head", &head]).ok().stdout;
    assert!(
        text.ends_with("The ledger is sound.\n") && text.contains("0 events ago"),
        "{text}"
    );
    desk.attack(
        "DROP TRIGGER events_are_not_removed; DELETE FROM events WHERE sequence > 18;
         DELETE FROM crl_numbers WHERE reserved > 18; DELETE FROM revocations WHERE changed > 18;
         CREATE TRIGGER events_are_not_removed BEFORE DELETE ON events\n\
         BEGIN SELECT RAISE(ABORT, 'the events of a ledger are never removed'); END;",
    );
    assert!(
        desk.verdict("truncated"),
        "without a head, the cut is not detected"
    );
    let run = desk.json(&["ledger", "verify", "--head", &head]);
    assert_eq!((run.code, &run.json()["kept_head"]), (Some(3), &"missing".into()));
    assert_eq!(verify_with_python(&desk.path("l.db"), Some(&head)).code, Some(3));
    desk.json(&["ledger", "verify", "--head", "20"])
        .refused(2, "usage");
}

#[test]
fn an_independent_verifier_agrees_on_sound_and_tampered_ledgers() {
    assert!(LedgerDesk::filled().verdict("sound"));
    let no_triggers = "DROP TRIGGER events_are_not_changed; DROP TRIGGER events_are_not_removed;
        DROP TRIGGER events_come_in_order;";
    for attack in [
        "UPDATE events SET body = replace(body, '-0-a', '-0-c') WHERE sequence = 3",
        "UPDATE events SET hash = zeroblob(32) WHERE sequence = 20",
        "DELETE FROM events WHERE sequence = 7",
        "UPDATE events SET sequence = 99 WHERE sequence = 7; UPDATE events SET sequence = 7 WHERE sequence = 8;
         UPDATE events SET sequence = 8 WHERE sequence = 99",
        "INSERT INTO events SELECT 21, body, hash FROM events WHERE sequence = 20",
        "UPDATE entries SET ended = 'abandoned' WHERE sequence = 4",
        "UPDATE serials SET not_after = not_after - 1",
        "DELETE FROM revocations WHERE changed = (SELECT max(changed) FROM revocations)",
        "INSERT INTO crl_numbers VALUES (2, zeroblob(20), 3, NULL, NULL)",
        "UPDATE authorities SET subject = 'CN=Other'",
        "UPDATE deliveries SET delivered = 3",
        "DELETE FROM deliveries",
        "UPDATE requests SET request_sha256 = zeroblob(32)",
        "INSERT INTO keys VALUES (3, NULL)",
    ] {
        let desk = LedgerDesk::filled();
        desk.attack(&format!("{no_triggers} {attack}"));
        assert!(!desk.verdict(attack), "{attack}");
    }
}

#[test]
fn the_script_in_the_documentation_checks_an_export() {
    let desk = LedgerDesk::filled();
    let exported = desk.run(&["ledger", "export"]).ok();
    let head = desk.json(&["ledger", "verify"]).ok().json()["head"]
        .as_str()
        .expect("a head")
        .to_owned();
    assert!(exported.stderr.contains(&head), "{}", exported.stderr);
    // With --format json the output is the same: each line is JSON already, and the summary is not part of it.
    assert_eq!(desk.json(&["ledger", "export"]).ok().stdout, exported.stdout);
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ledger.md")).expect("the page");
    let (_, script) = page.split_once("```python\n").expect("a script");
    let (script, _) = script.split_once("```").expect("its end");
    assert!(
        script.lines().count() <= 20,
        "the page says that the script is short"
    );
    let check = |lines: &str| {
        fs::write(desk.path("events.jsonl"), lines).expect("a file");
        Run::of(
            Command::new("python3")
                .args(["-c", script])
                .arg(desk.path("events.jsonl")),
        )
    };
    assert_eq!(check(&exported.stdout).ok().stdout.trim(), head);
    let lines: Vec<_> = exported.stdout.lines().collect();
    for wrong in [
        exported.stdout.replacen("a-1-a", "a-1-c", 1),
        [&lines[..3], &lines[4..]].concat().join("\n"),
        [&lines[..3], &[lines[4], lines[3]], &lines[5..]]
            .concat()
            .join("\n"),
        // The first hash with another first digit.
        match exported.stdout.strip_prefix("{\"hash\":\"0") {
            Some(rest) => format!("{{\"hash\":\"1{rest}"),
            None => format!("{{\"hash\":\"0{}", &exported.stdout[10..]),
        },
    ] {
        assert_ne!(check(&wrong).code, Some(0), "{wrong}");
    }
}

#[test]
fn the_ledger_is_beside_the_configuration_unless_it_is_named() {
    let desk = LedgerDesk::filled();
    fs::create_dir(desk.path("elsewhere")).expect("a directory");
    fs::rename(desk.path("l.db"), desk.path("elsewhere/hsm-ca.db")).expect("renamed");
    fs::write(desk.path("elsewhere/hsm-ca.toml"), "").expect("a file");
    fs::write(
        desk.path("named.toml"),
        "ledger = \"sqlite:elsewhere/hsm-ca.db\"\n",
    )
    .expect("a file");
    let run = |arguments: &[&str], variables: &[(&str, &str)]| {
        let mut command = desk.prepare(&[&["--format", "json"], arguments, &["ledger", "verify"]].concat());
        Run::of(
            command
                .env_remove("HSM_CA_LEDGER")
                .envs(variables.iter().copied()),
        )
    };
    run(&["--config", "elsewhere/hsm-ca.toml"], &[]).ok();
    run(&["--config", "named.toml"], &[]).ok();
    run(
        &["--ledger", "sqlite:elsewhere/hsm-ca.db"],
        &[("HSM_CA_LEDGER", "sqlite:no.db")],
    )
    .ok();
    run(&["--config", "named.toml"], &[("HSM_CA_LEDGER", "sqlite:no.db")]).refused(4, "no-ledger");
    run(&[], &[]).refused(4, "no-ledger");
    let message = run(&["--ledger", "postgres://user:secret@host/db"], &[]).refused(2, "ledger-url");
    assert!(
        message.contains("a place for a password") && !message.contains("secret"),
        "{message}"
    );
    run(&["--ledger", "hsm-ca.db"], &[]).refused(2, "ledger-url");
    run(&["--ledger", "sqlite:named.toml"], &[]).refused(4, "not-a-ledger");
    assert!(
        !desk.path("hsm-ca.db").exists(),
        "a command that reads creates no ledger"
    );
}

#[test]
fn two_processes_write_while_a_third_verifies() {
    let desk = LedgerDesk::new();
    let mut writers = ["a", "b"].map(|name| LedgerDesk::start(desk.writer(&[], name, 60)));
    let mut read = 0;
    while writers
        .iter_mut()
        .any(|writer| writer.try_wait().expect("it runs").is_none())
    {
        let run = desk.json(&["ledger", "verify"]);
        if run.code != Some(4) {
            run.ok();
            read += 1;
        }
    }
    assert!(read > 3, "{read} verified while others wrote");
    let mut numbers = BTreeSet::new();
    for writer in writers {
        let output = writer.wait_with_output().expect("its output");
        assert!(output.status.success(), "{output:?}");
        let said = Said::of(&output.stdout);
        said.assert_recorded(&desk.open(), "two at once");
        let own: Vec<_> = said.numbers().collect();
        assert!(own.is_sorted_by(|a, b| a < b), "{own:?}");
        assert!(
            own.into_iter().all(|number| numbers.insert(number)),
            "a CRL number came twice"
        );
    }
    assert_eq!(numbers.len(), 120);
    assert!(desk.verdict("two at once"));
}
