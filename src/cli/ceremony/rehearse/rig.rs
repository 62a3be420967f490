//! The rigs of a rehearsal, one per session. They are in a directory that only this user can read, and are removed at the end.

use std::env;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use hsm_ca::token::RigToken;
use hsm_ca::workflow::WorkflowError;
use serde_json::Value;
use tempfile::TempDir;

use crate::cli::exit::{CliError, FAILED, UNAVAILABLE};

/// The entries in the directory of a session's rig.
pub(super) const PRACTICE: &str = "practice";
pub(super) const LEDGER: &str = "ledger.db";
const TOKENS: &str = "tokens";

/// The directory that contains the rigs.
pub(super) struct RehearsalRig {
    kind: RigToken,
    module: PathBuf,
    directory: TempDir,
}

impl RehearsalRig {
    pub(super) fn new(kind: RigToken, module: PathBuf) -> Result<Self, CliError> {
        let parent = env::temp_dir();
        let directory = tempfile::Builder::new()
            .prefix("hsm-ca-rehearsal-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(|cause| WorkflowError::Rig {
                doing: "make a directory in",
                path: parent,
                cause,
            })?;
        Ok(Self {
            kind,
            module,
            directory,
        })
    }

    fn session(&self, session: &str) -> PathBuf {
        self.directory.path().join(session)
    }

    /// The directory of the session's practice.
    pub(super) fn practice(&self, session: &str) -> PathBuf {
        self.session(session).join(PRACTICE)
    }

    /// Rehearses a session in a separate process, because a module reads its environment when it is loaded. PINs and the people's private keys never
    /// leave that process.
    pub(super) fn rehearse(&self, ceremony: &Path, session: &str) -> Result<PathBuf, CliError> {
        let directory = self.session(session);
        let configuration = directory.join(self.kind.configuration_file());
        self.prepare(&directory, &configuration)
            .map_err(|cause| WorkflowError::Rig {
                doing: "make the rig in",
                path: directory.clone(),
                cause,
            })?;
        let output = self.start(ceremony, session, &directory, &configuration);
        let output = output.map_err(|cause| CliError::Rehearsal {
            session: session.to_owned(),
            reason: format!("this program could not be started: {cause}"),
            hint: None,
            exit_code: FAILED,
        })?;
        match output.status.success() {
            true => Ok(self.practice(session)),
            false => Err(refused(session, &output)),
        }
    }

    fn prepare(&self, directory: &Path, configuration: &Path) -> io::Result<()> {
        let tokens = directory.join(TOKENS);
        let mut builder = DirBuilder::new();
        builder.mode(0o700);
        builder.create(directory)?;
        builder.create(&tokens)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(configuration)?;
        file.write_all(self.kind.configuration(&tokens).as_bytes())
    }

    fn start(
        &self,
        ceremony: &Path,
        session: &str,
        directory: &Path,
        configuration: &Path,
    ) -> io::Result<Output> {
        let ceremony = fs::canonicalize(ceremony)?;
        let mut child = Command::new(env::current_exe()?);
        // Settings of this machine must not affect the rig.
        for (name, _) in env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"HSM_CA_") {
                child.env_remove(name);
            }
        }
        child
            .args(["ceremony", "rehearse-session"])
            .args(["--format", "json", "--no-input", "--quiet"])
            .args(["--session", session])
            .arg("--rig")
            .arg(directory)
            .arg("--module")
            .arg(&self.module)
            .arg("--")
            .arg(ceremony)
            .env(self.kind.variable(), configuration)
            .current_dir(directory)
            .stdin(Stdio::null())
            .output()
    }
}

/// The error that the process reported.
fn refused(session: &str, output: &Output) -> CliError {
    let told = String::from_utf8_lossy(&output.stderr);
    let object = told.find('{').and_then(|at| told.get(at..));
    let object = object.and_then(|text| serde_json::from_str::<Value>(text.trim_end()).ok());
    let error = object.and_then(|object| object.get("error").cloned());
    let text = |name: &str| Some(error.as_ref()?.get(name)?.as_str()?.to_owned());
    let is_of_run = text("kind").is_some_and(|kind| kind.starts_with("ceremony-") || kind == "transcript");
    let exit_code = output.status.code().and_then(|code| u8::try_from(code).ok());
    CliError::Rehearsal {
        session: session.to_owned(),
        reason: text("message")
            .unwrap_or_else(|| format!("the process that rehearsed it ended: {}", output.status)),
        // A hint about `run` explains how the real ceremony continues, so it is left out.
        hint: text("hint").filter(|_| !is_of_run),
        exit_code: exit_code
            .filter(|code| (FAILED..=UNAVAILABLE).contains(code))
            .unwrap_or(FAILED),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::ExitStatus;

    use super::*;

    fn told(kind: &str) -> CliError {
        let error = format!(
            "warning: x\n{{\"error\":{{\"kind\":{kind:?},\"message\":\"it stopped\",\"hint\":\"go on\"}}}}\n"
        );
        let output = Output {
            status: ExitStatus::from_raw(3 << 8),
            stdout: Vec::new(),
            stderr: error.into_bytes(),
        };
        refused("main", &output)
    }

    /// A hint to continue applies to the ceremony, not to its rehearsal.
    #[test]
    fn a_hint_about_the_ceremony_is_left_out() {
        for (kind, wanted) in [
            ("ceremony-stopped", None),
            ("transcript", None),
            ("token", Some("go on")),
        ] {
            let CliError::Rehearsal {
                reason,
                hint,
                exit_code,
                ..
            } = told(kind)
            else {
                panic!("{kind}")
            };
            assert_eq!((reason.as_str(), exit_code), ("it stopped", 3));
            assert_eq!(hint.as_deref(), wanted, "{kind}");
        }
    }
}
