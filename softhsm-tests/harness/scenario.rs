//! A command that is tried many times, each time on its own token.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use super::{Call, Keys, Rig, Run, TokenKind, shim};

/// A command that is disturbed, on a token that is copied for each attempt.
pub(crate) struct Scenario {
    pub(crate) template: Rig,
    pub(crate) command: Vec<&'static str>,
    /// The objects on the token before the command.
    pub(crate) before: Keys,
    /// The objects that must be on it after the command.
    pub(crate) after: Keys,
}

const IMPORT: [&str; 7] = [
    "--format",
    "json",
    "kms",
    "import",
    "pair.json",
    "--label",
    "customer-ca",
];

impl Scenario {
    /// The import of an EC key by the best route of the token, which must be given its public half.
    pub(crate) fn import(kind: TokenKind) -> Self {
        Self {
            template: Rig::of(kind).with_pair("ECC_NIST_P256"),
            command: IMPORT.to_vec(),
            before: Keys::NONE,
            after: Keys::PAIR,
        }
    }

    /// The generation of an EC key.
    pub(crate) fn generate(kind: TokenKind) -> Self {
        Self {
            template: Rig::of(kind),
            command: vec![
                "--format", "json", "key", "generate", "--label", "ca", "--type", "ec:p256",
            ],
            before: Keys::NONE,
            after: Keys::PAIR,
        }
    }

    /// A certification request by such a key.
    pub(crate) fn request() -> Self {
        let Self {
            template, command, ..
        } = Self::generate(TokenKind::Kryoptic);
        template.command(&command).ok();
        let request = [
            "--format",
            "json",
            "csr",
            "create",
            "--key",
            "ca",
            "--subject",
            "CN=A",
            "--out",
            "ca.csr",
        ];
        Self {
            template,
            command: request.to_vec(),
            before: Keys::PAIR,
            after: Keys::PAIR,
        }
    }

    /// The deletion of such a key.
    pub(crate) fn delete() -> Self {
        let Self {
            template, command, ..
        } = Self::generate(TokenKind::Kryoptic);
        template.command(&command).ok();
        Self {
            template,
            command: vec!["--format", "json", "key", "delete", "ca", "--yes"],
            before: Keys::PAIR,
            after: Keys::NONE,
        }
    }

    /// With more arguments.
    pub(crate) fn with_arguments(mut self, arguments: &[&'static str]) -> Self {
        self.command.extend(arguments);
        self
    }

    /// The same once more, on a token that has the key.
    pub(crate) fn done_before(self) -> Self {
        self.template.command(&self.command).ok();
        Self {
            before: self.after,
            ..self
        }
    }

    /// The same once more, after an import that was killed between its two objects.
    pub(crate) fn cut_off(self) -> Self {
        let killed = self
            .template
            .command_with_rule(&self.command, &[("KILL", "C_CreateObject")]);
        assert_eq!(killed.code, None, "{killed:?}");
        Self {
            before: self.template.keys(),
            ..self
        }
    }

    /// The recipient key of the sealed route.
    pub(crate) fn recipient_key() -> Self {
        Self {
            template: Rig::of(TokenKind::Kryoptic),
            command: vec![
                "--format",
                "json",
                "kms",
                "recipient-key",
                "--out",
                "recipient.der",
                // From a run that was killed just before its end.
                "--force",
            ],
            before: Keys::NONE,
            after: Keys::RECIPIENT,
        }
    }

    /// An import by the sealed route, which ends with the recipient key destroyed.
    pub(crate) fn sealed() -> Self {
        let template = Rig::of(TokenKind::Kryoptic).with_pair("ECC_NIST_P256");
        template.recipient_key();
        template.attest(&[]);
        Self {
            template,
            command: IMPORT.to_vec(),
            before: Keys::RECIPIENT,
            after: Keys::PAIR,
        }
        .with_arguments(&["--attestation-document", "document"])
    }

    /// The command's calls when nothing happens.
    pub(crate) fn calls(&self) -> Vec<Call> {
        let rig = self.template.copy();
        let run = self.run(&rig, &[]).ok();
        assert_eq!(rig.keys(), self.after, "{run:?}");
        let mut counts = BTreeMap::new();
        let numbered = rig.calls().into_iter().map(|function| {
            let nth = counts.entry(function.clone()).or_insert(0);
            *nth += 1;
            Call { function, nth: *nth }
        });
        numbered.collect()
    }

    /// The important ones of `calls`, for slow tokens: those that change something, and the first and last call of each other function.
    pub(crate) fn telling(calls: &[Call]) -> Vec<Call> {
        let last: BTreeMap<_, _> = calls.iter().map(|call| (&call.function, call.nth)).collect();
        let telling = |call: &&Call| call.is_mutating() || call.nth == 1 || last[&call.function] == call.nth;
        calls.iter().filter(telling).cloned().collect()
    }

    pub(crate) fn run(&self, rig: &Rig, rules: &[(&str, &str)]) -> Run {
        rig.command_with_rule(&self.command, rules)
    }

    /// Runs the command again, undisturbed. It must finish from any state. Returns its report.
    #[track_caller]
    pub(crate) fn run_again(&self, rig: &Rig, case: &str) -> Value {
        let run = self.run(rig, &[]);
        assert_eq!(run.code, Some(0), "{case}, run again: {run:#?}");
        assert_eq!(rig.keys(), self.after, "{case}, after it was run again");
        run.json()
    }

    /// The next run finishes from any state that a run has left. If the first did not report remains (`said`), the next one must.
    #[track_caller]
    pub(crate) fn recover(&self, rig: &Rig, case: &str, said: bool) {
        let left = rig.keys();
        if left == self.before {
            return;
        }
        assert_eq!(left.secret, 0, "{case}: {left:?}");
        let report = self.run_again(rig, case);
        let found = ["already-there", "completed"]
            .map(Value::from)
            .contains(&report["outcome"])
            || report["generated"] == false;
        assert!(said || found, "{case}: {left:?} and {report}");
    }

    /// Tries every case on its own token, with several threads, and reports all failures together.
    pub(crate) fn try_all<C: fmt::Display + Sync>(
        &self,
        cases: &[C],
        threads: usize,
        test: impl Fn(&C, &Rig) + Sync,
    ) {
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            let directory = TempDir::new().expect("a temporary directory");
            let own = directory.path().join("shim.so");
            fs::copy(shim(), &own).expect("a copy of the module");
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let rig = self.template.copy().behind(&own);
                if catch_unwind(AssertUnwindSafe(|| test(case, &rig))).is_err() {
                    failed.lock().expect("no panic in there").push(case.to_string());
                }
            }
        };
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
        let failed = failed.into_inner().expect("no panic in there");
        assert!(
            failed.is_empty(),
            "{} of {} cases: {failed:#?}",
            failed.len(),
            cases.len()
        );
    }
}
