//! A profile's linter: an independent program that checks each certificate before the token signs it.

mod files;

pub use files::LinterFiles;

use std::fmt;
use std::fs::Permissions;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::poll::{Pauses, poll};
use super::{Linted, Progress, Step, WorkflowError};
use crate::file_trust::TrustError;
use crate::signer::PublicKey;
use crate::values::printable;
use crate::x509::{Checked, Issuer, Linter, Profile, ThrowawayKey, UnixTime, X509Error, rules};

/// Why a linter gave no verdict. In each case the certificate does not pass.
#[derive(Debug)]
#[non_exhaustive]
pub enum LinterError {
    /// The program does not exist, or cannot be run.
    Missing {
        /// The program.
        program: String,
        /// The system's error.
        cause: io::Error,
    },
    /// Someone other than its owner or root could have changed a file that decides what it does.
    Untrusted {
        /// The file or directory that they could change.
        cause: TrustError,
    },
    /// It exceeded its time limit and was killed.
    TimedOut {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
    },
    /// A signal ended it.
    Killed {
        /// The program.
        program: String,
        /// The number of the signal.
        signal: i32,
    },
    /// Its input file could not be written, or waiting for it failed.
    System {
        /// The system's error.
        cause: io::Error,
    },
}

impl fmt::Display for LinterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { program, cause } => write!(f, "the linter {program} cannot be run: {cause}"),
            Self::Untrusted { cause } => {
                write!(
                    f,
                    "the linter was not run, because others could change it: {cause}"
                )
            }
            Self::TimedOut { program, limit } => {
                write!(
                    f,
                    "the linter {program} did not end within {} seconds",
                    limit.as_secs()
                )
            }
            Self::Killed { program, signal } => {
                write!(f, "the linter {program} was ended by signal {signal}")
            }
            Self::System { cause } => write!(f, "the linter could not be given the certificate: {cause}"),
        }
    }
}

impl std::error::Error for LinterError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Missing { cause, .. } | Self::System { cause } => cause.source(),
            Self::Untrusted { cause } => cause.source(),
            _ => None,
        }
    }
}

/// pkilint needs a second or two. A linter that needs the network is not supported.
const LONGEST_RUN: Duration = Duration::from_secs(60);

const PAUSES: Pauses = Pauses {
    first: Duration::from_millis(5),
    longest: Duration::from_millis(100),
};

/// The time to read the last output, after the program has ended.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How much of its output is kept. The rest is read and dropped, so the linter never blocks on a full pipe.
const LONGEST_OUTPUT: u64 = 64 * 1024;

/// How many lines of it are shown.
const SHOWN_LINES: usize = 4;
const SHOWN_CHARACTERS: usize = 400;

/// Lints every certificate of a job before the token signs: checks the rules once more, and runs the profile's linter, if it has one.
pub(super) struct Rehearsals<'a>(Option<(&'a Linter, ThrowawayKey)>);

impl<'a> Rehearsals<'a> {
    /// For certificates of this profile, issued by this key. Only a linter needs a throwaway key.
    ///
    /// # Errors
    /// [`X509Error::Throwaway`], [`LinterError::Untrusted`]
    pub(super) fn of(profile: &'a Profile, issuer: &PublicKey) -> Result<Self, WorkflowError> {
        let linter = profile.linter.as_ref();
        linter.map(LinterFiles::find).transpose()?;
        let with_key = linter.map(|linter| Ok::<_, X509Error>((linter, ThrowawayKey::like(issuer)?)));
        Ok(Self(with_key.transpose()?))
    }

    /// For certificates without a linter.
    pub(super) const fn without_linter() -> Self {
        Self(None)
    }

    /// Lints a certificate that was just checked. Does not check the same bytes against the rules again.
    ///
    /// # Errors
    /// Those of [`lint`](Self::lint)
    pub(super) fn lint_checked(
        &self,
        checked: &Checked,
        issuer: Issuer<'_>,
        now: UnixTime,
        what: Linted,
        progress: &dyn Progress,
    ) -> Result<(), WorkflowError> {
        match &self.0 {
            None => Ok(checked.decode_again()?),
            Some(_) => self.lint(checked, issuer, now, what, progress),
        }
    }

    /// Lints one certificate as it will be signed. `what` names it in the progress.
    ///
    /// # Errors
    /// [`X509Error`], [`LinterError`]; the rule `linter` if the linter's exit status is not 0.
    pub(super) fn lint(
        &self,
        checked: &Checked,
        issuer: Issuer<'_>,
        now: UnixTime,
        what: Linted,
        progress: &dyn Progress,
    ) -> Result<(), WorkflowError> {
        let Some((linter, throwaway)) = &self.0 else {
            return Ok(checked.read_back(issuer, now)?);
        };
        let rehearsal = checked.rehearse(throwaway, issuer, now)?;
        progress.step(&Step::Lint(what));
        lint_within(linter, rehearsal.pem().as_bytes(), LONGEST_RUN)
    }
}

fn lint_within(linter: &Linter, pem: &[u8], limit: Duration) -> Result<(), WorkflowError> {
    let Some((program, arguments)) = linter.command.split_first() else {
        return Ok(());
    };
    let system = |cause| LinterError::System { cause };
    // A private directory, mode 0700, removed when this function returns. The file in it has mode 0600.
    let directory = tempfile::Builder::new()
        .prefix("hsm-ca-lint-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .map_err(system)?;
    let mut file = tempfile::Builder::new()
        .suffix(".pem")
        .tempfile_in(directory.path())
        .map_err(system)?;
    file.write_all(pem).and_then(|()| file.flush()).map_err(system)?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .arg(file.path())
        // The environment may hold the PIN.
        .env_clear()
        .env("PATH", Linter::PATH)
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", directory.path())
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A process group, so that the linter and its children can be killed together.
        .process_group(0);
    let mut child = command.spawn().map_err(|cause| LinterError::Missing {
        program: program.clone(),
        cause,
    })?;
    let said = [child.stdout.take().map(listen), child.stderr.take().map(listen)];
    let status = wait_for(&mut child, limit).map_err(system)?;
    let Some(status) = status else {
        return Err(LinterError::TimedOut {
            program: program.clone(),
            limit,
        }
        .into());
    };
    verdict(program, status, said.into_iter().flatten())
}

fn verdict(
    program: &str,
    status: ExitStatus,
    said: impl Iterator<Item = Receiver<Vec<u8>>>,
) -> Result<(), WorkflowError> {
    if let Some(signal) = status.signal() {
        return Err(LinterError::Killed {
            program: program.to_owned(),
            signal,
        }
        .into());
    }
    if status.success() {
        return Ok(());
    }
    let output: Vec<u8> = said
        .flat_map(|said| said.recv_timeout(LAST_WORDS).unwrap_or_default())
        .collect();
    let code = status.code().unwrap_or_default();
    let found = format!("{program} exited with {code}: {}", first_lines(&output));
    Err(X509Error::broken(rules::LINTER, found).into())
}

/// Reads the output to its end, in a separate thread. If we waited for the program while it waits to write, both would block.
fn listen(mut output: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut kept = Vec::new();
        // Unreadable output is not shown. The verdict is the exit status.
        let _ = output.by_ref().take(LONGEST_OUTPUT).read_to_end(&mut kept);
        let _ = sender.send(kept);
        let _ = io::copy(&mut output, &mut io::sink());
    });
    receiver
}

/// Waits for the child. After `limit`, kills it and its children and returns `None`.
fn wait_for(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    if let Some(status) = poll(limit, PAUSES, || child.try_wait())? {
        return Ok(Some(status));
    }
    // The child was not reaped yet, so its process id still belongs to it.
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        kill_process_group(group, Signal::KILL)?;
    }
    child.wait()?;
    Ok(None)
}

/// The first lines of the output, on one line, for the operator.
fn first_lines(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let shown = lines.take(SHOWN_LINES).collect::<Vec<_>>().join("; ");
    let shown: String = printable(&shown).chars().take(SHOWN_CHARACTERS).collect();
    if shown.is_empty() {
        return "it printed nothing".to_owned();
    }
    shown
}

#[cfg(test)]
mod tests;
