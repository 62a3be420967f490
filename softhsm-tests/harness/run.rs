//! A finished process.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::schema::{validate, validate_run};

/// The exit code and output of a process.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Run {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| {
            panic!(
                "{:?} cannot be started ({error}): run the tests with scripts/test.sh",
                command.get_program()
            )
        });
        let run = Self::from(output);
        validate_run(command, run.code, &run.stdout, &run.stderr);
        run
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}{}", self.what_to_do());
        self
    }

    /// Advice for a failure that this machine causes, not the program.
    fn what_to_do(&self) -> &'static str {
        let says = |words: &str| self.stderr.contains(words);
        if says("cloudhsm-shim: CLOUDHSM_SHIM_") && says("unknown variable") {
            return "\nThe test modules are older than the tests. Run: cargo build --locked -p cloudhsm-shim -p remote-token -p kryoptic-module";
        }
        if says("No space left on device") {
            return "\nThe disk is full. Remove old build directories, or set TMPDIR and CARGO_TARGET_DIR to another disk.";
        }
        if says("ModuleNotFoundError") {
            return "\nA Python package is missing. Run: scripts/install.sh";
        }
        ""
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// Refused with this exit code and this kind, in one line of message.
    #[track_caller]
    pub(crate) fn refused(self, code: i32, kind: &str) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        assert_eq!(self.stdout, "", "an error leaves stdout alone");
        let error: Value =
            serde_json::from_str(&self.stderr).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        validate(&error);
        assert_eq!(error["error"]["kind"], kind, "{self:#?}");
        assert_eq!(error["error"]["exit_code"], code, "{self:#?}");
        let message = error["error"]["message"].as_str().expect("a message").to_owned();
        assert!(
            !message.contains('\n') && !message.is_empty(),
            "one line: {message:?}"
        );
        message
    }
}
