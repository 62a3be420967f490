//! `ledger`: what people and programs see, a verifier that is not ours, and a file system that does not do as it should.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hsm_ca::ledger::{Access, EntryId, Ledger, LedgerError, SerialNumber, SqliteLedger, Stamp, UnixTime};
use tempfile::TempDir;

use crate::harness::{PROGRAM, Run, example, in_mount_namespace};

/// A directory for one ledger, `l.db`.
pub(crate) struct LedgerDesk(TempDir);

impl LedgerDesk {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    /// With some moves recorded.
    fn filled() -> Self {
        let desk = Self::new();
        Run::of(&mut desk.writer(&[], "a", 3)).ok();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, with this ledger, and nothing of the caller's settings.
    fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().current_dir(self.0.path());
        command.env("HSM_CA_LEDGER", "sqlite:l.db").args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.prepare(arguments))
    }

    fn json(&self, arguments: &[&str]) -> Run {
        self.run(&[&["--format", "json"], arguments].concat())
    }

    /// A process that records in the ledger, started by way of `wrapper`.
    pub(crate) fn writer(&self, wrapper: &[&str], name: &str, moves: u64) -> Command {
        let program = example("ledger-writer");
        let program = program.to_str().expect("UTF-8");
        let moves = moves.to_string();
        let words = [wrapper, &[program, "write", "l.db", name, &moves]].concat();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).current_dir(self.0.path());
        command
    }

    pub(crate) fn start(mut command: Command) -> Child {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().expect("the writer starts")
    }

    /// Makes the ledger where a writer has not made it yet.
    pub(crate) fn open(&self) -> SqliteLedger {
        let stamp = Stamp {
            time: UnixTime(1_700_000_000),
            by: "test".to_owned(),
            tool: "softhsm-tests".to_owned(),
            waived: Vec::new(),
        };
        match SqliteLedger::create(&self.path("l.db"), &stamp) {
            Err(LedgerError::Exists { .. }) => SqliteLedger::open(&self.path("l.db"), Access::Record),
            made => made,
        }
        .expect("the ledger opens")
    }

    /// Our verdict and Python's, which have to agree: sound or not.
    #[track_caller]
    fn verdict(&self, case: &str) -> bool {
        let ours = self.json(&["ledger", "verify"]);
        let theirs = verify_with_python(&self.path("l.db"), None);
        let code = |run: &Run| match run.code {
            Some(0) => true,
            Some(3) => false,
            _ => panic!("{case}: {run:#?}"),
        };
        assert_eq!(code(&ours), code(&theirs), "{case}: {ours:#?} {theirs:#?}");
        if code(&ours) {
            assert_eq!(ours.json()["head"], theirs.stdout.trim(), "{case}");
        }
        code(&ours)
    }

    /// With SQLite, past the program: Python's, which is another version.
    fn attack(&self, sql: &str) {
        let script =
            "import sqlite3, sys; d = sqlite3.connect('l.db'); d.executescript(sys.argv[1]); d.commit()";
        Run::of(
            Command::new("python3")
                .args(["-c", script, sql])
                .current_dir(self.0.path()),
        )
        .ok();
    }
}

fn verify_with_python(ledger: &Path, head: Option<&str>) -> Run {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    Run::of(Command::new("python3").arg(script).arg(ledger).args(head))
}

/// What a writer said before it ended.
pub(crate) struct Said(Vec<(String, String)>);

impl Said {
    pub(crate) fn of(output: &[u8]) -> Self {
        let text = String::from_utf8_lossy(output);
        // A line that was cut off was not said.
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let lines = whole.lines().filter_map(|line| line.split_once(' '));
        Self(
            lines
                .map(|(what, rest)| (what.to_owned(), rest.to_owned()))
                .collect(),
        )
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        let numbers = self.0.iter().filter(|(what, _)| what == "number");
        numbers.map(|(_, number)| number.parse().expect("a number"))
    }

    /// All of it is in the ledger.
    #[track_caller]
    pub(crate) fn assert_recorded(&self, ledger: &dyn Ledger, case: &str) {
        for (what, rest) in &self.0 {
            let (entry, serial) = rest.split_once(' ').unwrap_or(("", rest));
            if what == "number" {
                continue;
            }
            let serial = SerialNumber::from_hex(serial).expect("a serial number");
            let filter = hsm_ca::ledger::EntryFilter {
                serial: Some(serial),
                ..Default::default()
            };
            let mut found = Vec::new();
            ledger
                .entries(&filter, &mut |entry| {
                    found.push(entry);
                    std::ops::ControlFlow::Continue(())
                })
                .expect("the ledger can be read");
            assert_eq!(found.len(), 1, "{case}: {what} {rest}");
            match what.as_str() {
                "begun" => assert_eq!(found[0].id, EntryId(entry.parse().expect("a number")), "{case}"),
                "signed" => assert_eq!(found[0].state.name(), "signed", "{case}: {rest}"),
                "revoked" => assert!(found[0].revocation.is_some(), "{case}: {rest}"),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn a_list_fits_a_terminal_and_json_has_everything() {
    let desk = LedgerDesk::filled();
    let list = desk.run(&["ledger", "list", "--last", "4"]).ok().stdout;
    assert_eq!(list.lines().count(), 5, "a heading, and a line for each: {list}");
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
        "No open entry, and nothing undelivered.\n"
    );
    desk.json(&["ledger", "show", "77"]).refused(4, "no-entry");
    desk.json(&["ledger", "show", "#77"]).refused(4, "no-entry");
    desk.json(&["ledger", "show", "xyz"]).refused(2, "usage");
}

#[test]
fn a_kept_head_shows_what_was_cut_off() {
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
    assert!(desk.verdict("cut off"), "nothing shows without a head");
    let run = desk.json(&["ledger", "verify", "--head", &head]);
    assert_eq!((run.code, &run.json()["kept_head"]), (Some(3), &"missing".into()));
    assert_eq!(verify_with_python(&desk.path("l.db"), Some(&head)).code, Some(3));
    desk.json(&["ledger", "verify", "--head", "20"])
        .refused(2, "usage");
}

#[test]
fn a_verifier_that_is_not_ours_agrees_on_sound_and_tampered_ledgers() {
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
fn the_script_of_the_documentation_checks_an_export() {
    let desk = LedgerDesk::filled();
    let exported = desk.run(&["ledger", "export"]).ok();
    let head = desk.json(&["ledger", "verify"]).ok().json()["head"]
        .as_str()
        .expect("a head")
        .to_owned();
    assert!(exported.stderr.contains(&head), "{}", exported.stderr);
    // JSON was asked for, and each line is; the summary is no part of it.
    assert_eq!(desk.json(&["ledger", "export"]).ok().stdout, exported.stdout);
    let page =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ledger.md")).expect("the page");
    let (_, script) = page.split_once("```python\n").expect("a script");
    let (script, _) = script.split_once("```").expect("its end");
    assert!(script.lines().count() <= 20, "the page promises a short one");
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
        // Another first digit of the first hash.
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
    assert!(!desk.path("hsm-ca.db").exists(), "looking makes no ledger");
}

#[test]
fn two_write_and_a_third_reads() {
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

/// In a mount namespace that ends with the command.
fn in_namespace(desk: &LedgerDesk, script: &str) -> Run {
    let mut command = in_mount_namespace(script);
    command
        .args([Path::new(PROGRAM), &example("ledger-writer")])
        .current_dir(desk.path(""));
    Run::of(&mut command)
}

#[test]
fn on_a_full_disk_what_was_said_is_there_and_work_goes_on_when_there_is_room() {
    for kilobytes in (120..480).step_by(40) {
        let desk = LedgerDesk::new();
        let script = format!(
            "mkdir small && mount -t tmpfs -o size={kilobytes}k,mode=755 none small && cd small
             $1 write l.db a 1000 > ../said 2> ../error; echo $? > ../code
             cp l.db* ..; mount -o remount,size=9m .; $1 write l.db b 2 > ../more && rm ../l.db* && cp l.db* .."
        );
        in_namespace(&desk, &script).ok();
        let read = |name: &str| fs::read_to_string(desk.path(name)).expect("a file");
        assert_eq!(read("code"), "1\n");
        assert!(read("error").contains("Full"), "{kilobytes}: {}", read("error"));
        let ledger = desk.open();
        Said::of(read("said").as_bytes()).assert_recorded(&ledger, "full");
        Said::of(read("more").as_bytes()).assert_recorded(&ledger, "room again");
        drop(ledger);
        assert!(desk.verdict("after a full disk"));
    }
}

#[test]
fn a_ledger_on_a_read_only_disk_can_be_read_and_is_not_recorded_in() {
    let desk = LedgerDesk::filled();
    let script = "mkdir small && mount -t tmpfs -o mode=755 none small && cp l.db small && mount -o remount,ro small && cd small
        export HSM_CA_LEDGER=sqlite:l.db
        \"$0\" --format json ledger verify > ../verified && ! $1 write l.db b 1 2> ../error && ls -A > ../listing";
    in_namespace(&desk, script).ok();
    let read = |name: &str| fs::read_to_string(desk.path(name)).expect("a file");
    assert!(
        read("verified").contains("\"verified\": true"),
        "{}",
        read("verified")
    );
    assert!(read("error").contains("Denied"), "{}", read("error"));
    assert_eq!(read("listing"), "l.db\n");
}

#[test]
fn a_ledger_of_somebody_else_is_not_opened() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let desk = LedgerDesk::filled();
    fs::set_permissions(desk.path(""), fs::Permissions::from_mode(0o755)).expect("a mode");
    // A copy that others can reach, by another process: while this one writes it, a test beside may fork, and a file that is open for
    // writing anywhere cannot be executed.
    let copied = Command::new("cp").arg(PROGRAM).arg(desk.path("hsm-ca")).status();
    assert!(copied.expect("cp").success());
    let mut command = Command::new(desk.path("hsm-ca"));
    command
        .args(["--format", "json", "ledger", "verify"])
        .env_clear()
        .current_dir(desk.path(""));
    Run::of(command.env("HSM_CA_LEDGER", "sqlite:l.db").uid(65534).gid(65534)).refused(4, "ledger-denied");
}
