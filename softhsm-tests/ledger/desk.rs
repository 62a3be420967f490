//! A directory with one ledger, processes that write to it, and two programs that verify it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use hsm_ca::ledger::{Access, EntryId, Ledger, LedgerError, SerialNumber, SqliteLedger, Stamp, UnixTime};
use tempfile::TempDir;

use crate::harness::{PROGRAM, Run, example};

/// A directory for one ledger, `l.db`.
pub(crate) struct LedgerDesk(TempDir);

impl LedgerDesk {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    /// A ledger with some events.
    pub(crate) fn filled() -> Self {
        let desk = Self::new();
        Run::of(&mut desk.writer(&[], "a", 3)).ok();
        desk
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The program, with this ledger and no other settings.
    pub(crate) fn prepare(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.env_clear().current_dir(self.0.path());
        command.env("HSM_CA_LEDGER", "sqlite:l.db").args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        Run::of(&mut self.prepare(arguments))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Run {
        self.run(&[&["--format", "json"], arguments].concat())
    }

    /// A process that records in the ledger, started through `wrapper`.
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

    /// Creates the ledger if the writer has not.
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

    /// Whether the ledger is sound. Our verdict and Python's must agree.
    #[track_caller]
    pub(crate) fn verdict(&self, case: &str) -> bool {
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

    /// Changes the ledger directly, with the SQLite of Python, which is another version.
    pub(crate) fn attack(&self, sql: &str) {
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

pub(crate) fn verify_with_python(ledger: &Path, head: Option<&str>) -> Run {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("softhsm-tests/programs/verify_ledger.py");
    Run::of(Command::new("python3").arg(script).arg(ledger).args(head))
}

/// What a writer printed before it ended.
pub(crate) struct Said(Vec<(String, String)>);

impl Said {
    pub(crate) fn of(output: &[u8]) -> Self {
        let text = String::from_utf8_lossy(output);
        // A line without its end does not count.
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

    /// Everything that was printed is in the ledger.
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
