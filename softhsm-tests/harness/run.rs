//! A finished process.

use std::fmt;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::advice::{cannot_start, what_to_do};
use super::schema::{validate, validate_run};

/// The exit code and output of a process.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// With the advice for failures that this machine causes, so that every assertion that shows the run gives it.
impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Run");
        shown.field("code", &self.code);
        shown.field("stdout", &self.stdout).field("stderr", &self.stderr);
        if let Some(advice) = what_to_do(&self.stderr) {
            shown.field("what_to_do", &advice);
        }
        shown.finish()
    }
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
        let output = command.stdin(Stdio::null()).output();
        let output = output.unwrap_or_else(|error| cannot_start(command, &error));
        let run = Self::from(output);
        validate_run(command, run.code, &run.stdout, &run.stderr);
        run
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self
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
