//! Signs with stock `ssh-keygen`. It asks for passphrase, touch and PIN itself, so none of them passes through this program.

use std::ffi::OsString;
use std::fmt;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::ceremony::UnsignedStatement;
use crate::file_trust::{self, TrustError};
use crate::values::is_unprintable;
use crate::workflow::program::find_program;
use crate::x509::Linter;

const PROGRAM: &str = "ssh-keygen";

/// How much of its output is kept.
const SHOWN_CHARACTERS: usize = 400;

/// Any signature is much smaller.
const LARGEST_SIGNATURE: u64 = 64 * 1024;

/// How `ssh-keygen` is run.
#[derive(Clone, Debug)]
pub struct SshKeygen {
    program: PathBuf,
    environment: Vec<(OsString, OsString)>,
    is_heard: bool,
    may_ask: bool,
}

/// Why `ssh-keygen` did not sign.
#[derive(Debug)]
#[non_exhaustive]
pub enum SshKeygenError {
    /// It was not found.
    Missing,
    /// Other users could have changed it.
    Untrusted {
        /// The file or directory that they could change.
        cause: TrustError,
    },
    /// Other users could have replaced the statement on its way to `ssh-keygen`.
    Directory {
        /// The directory for temporary files that they could change.
        cause: TrustError,
    },
    /// It cannot be run, or the statement cannot be passed to it.
    System {
        /// The system's error.
        cause: io::Error,
    },
    /// It refused.
    Failed {
        /// How it ended, and its output if that was not shown.
        said: String,
    },
}

impl fmt::Display for SshKeygenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "no {PROGRAM} in {}", Linter::PATH),
            Self::Untrusted { cause } => {
                write!(
                    f,
                    "{PROGRAM} was not run, because others could change it: {cause}"
                )
            }
            Self::Directory { cause } => write!(
                f,
                "nothing was signed: others could change what {PROGRAM} is given: {cause}"
            ),
            Self::System { cause } => write!(f, "{PROGRAM} cannot be run: {cause}"),
            Self::Failed { said } => write!(f, "nothing was signed: {PROGRAM} {said}"),
        }
    }
}

impl std::error::Error for SshKeygenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Untrusted { cause } | Self::Directory { cause } => cause.source(),
            Self::System { cause } => cause.source(),
            _ => None,
        }
    }
}

impl SshKeygen {
    /// The environment variables that it inherits: the agent, the terminal, and how to ask for a passphrase in a window.
    pub const VARIABLES: [&str; 9] = [
        "SSH_AUTH_SOCK",
        "SSH_SK_PROVIDER",
        "SSH_ASKPASS",
        "SSH_ASKPASS_REQUIRE",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "HOME",
        "TERM",
    ];

    /// Finds `ssh-keygen`. `environment` has values of [`VARIABLES`](Self::VARIABLES). Its output goes to standard error if `is_heard`, otherwise
    /// into the error. Unless it `may_ask`, a key that needs a passphrase or a PIN is not used.
    ///
    /// # Errors
    /// [`SshKeygenError`]
    pub fn find(
        environment: Vec<(OsString, OsString)>,
        is_heard: bool,
        may_ask: bool,
    ) -> Result<Self, SshKeygenError> {
        let found = find_program(PROGRAM).map_err(|cause| SshKeygenError::Untrusted { cause })?;
        Ok(Self {
            program: found.ok_or(SshKeygenError::Missing)?,
            environment,
            is_heard,
            may_ask,
        })
    }

    /// Has the statement signed with this key. Returns the armoured signature without verifying it.
    pub(super) fn sign(&self, key: &Path, statement: &UnsignedStatement) -> Result<Vec<u8>, SshKeygenError> {
        let system = |cause| SshKeygenError::System { cause };
        // A separate directory (0700), removed when this function ends.
        let directory = tempfile::Builder::new()
            .prefix("hsm-ca-sign-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(system)?;
        file_trust::check_directory(directory.path()).map_err(|cause| SshKeygenError::Directory { cause })?;
        let file = directory.path().join("statement");
        std::fs::write(&file, statement.bytes()).map_err(system)?;
        let key = std::path::absolute(key).map_err(system)?;
        let mut command = Command::new(&self.program);
        command
            .args(["-Y", "sign", "-n", statement.namespace(), "-f"])
            .arg(key)
            .arg(&file)
            // The environment may contain the PIN of the token.
            .env_clear()
            .env("PATH", Linter::PATH)
            .env("LC_ALL", "C.UTF-8")
            .current_dir(directory.path())
            .stdout(Stdio::null());
        let allowed = |name: &OsString| Self::VARIABLES.iter().any(|known| name == known);
        let given = self.environment.iter().filter(|(name, _)| allowed(name));
        command.envs(given.map(|(name, value)| (name, value)));
        if !self.may_ask {
            // Without a terminal it would ask in a window.
            command.stdin(Stdio::null()).env("SSH_ASKPASS_REQUIRE", "never");
        }
        command.stderr(if self.is_heard {
            Stdio::inherit()
        } else {
            Stdio::piped()
        });
        let output = command
            .spawn()
            .and_then(|child| child.wait_with_output())
            .map_err(system)?;
        if !output.status.success() {
            let ended = match (output.status.code(), output.status.signal()) {
                (Some(code), _) => format!("exited with {code}"),
                (None, signal) => format!("was ended by signal {}", signal.unwrap_or_default()),
            };
            let words = last_words(&output.stderr);
            let said = if words.is_empty() {
                ended
            } else {
                format!("{ended}: {words}")
            };
            return Err(SshKeygenError::Failed { said });
        }
        let signature = directory.path().join("statement.sig");
        let length = std::fs::metadata(&signature).map_err(system)?.len();
        if length > LARGEST_SIGNATURE {
            let said = format!("made a signature of {length} bytes");
            return Err(SshKeygenError::Failed { said });
        }
        std::fs::read(&signature).map_err(system)
    }
}

/// The output on one line, without characters that could move a cursor.
fn last_words(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<_> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("Signing file "))
        .collect();
    let shown = lines.join("; ");
    let plain = shown.chars().map(|character| match is_unprintable(character) {
        true => '\u{FFFD}',
        false => character,
    });
    plain.take(SHOWN_CHARACTERS).collect()
}
