//! The sources of a PIN. A PIN never comes from the command line or from the text of a URI.

mod check;

use std::cell::RefCell;
use std::env;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Read};
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process;

use hsm_ca::file_trust::{self, Owners, TrustError};
use hsm_ca::secret::{MemoryGuard, Pin};
use zeroize::Zeroizing;

pub(super) use self::check::check_source;
use super::exit::CliError;
use super::inherited::{take_descriptor, take_variable};
use super::pin_prompt;
use super::pin_text::{LONGEST_PIN, decode_pin, trim_pin};

/// A parsed `--pin-source`.
#[derive(Debug, PartialEq, Eq)]
enum PinSource {
    Prompt,
    Environment(String),
    File(PathBuf),
    Descriptor(RawFd),
    /// `file:/dev/fd/N`. The file's mode is checked, as for any other file.
    DescriptorAsFile(RawFd),
    Credential(String),
}

impl PinSource {
    fn parse(text: &str) -> Result<Self, CliError> {
        if text == "prompt" {
            return Ok(Self::Prompt);
        }
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
                Ok(Self::Environment(name.to_owned()))
            }
            Some(("file", path)) if !path.is_empty() => Ok(match descriptor_of(path) {
                Some(number) => Self::DescriptorAsFile(number),
                None => Self::File(path.into()),
            }),
            // This program writes to 1 and 2.
            Some(("fd", number)) => match number.parse() {
                Ok(number) if number == 0 || number > 2 => Ok(Self::Descriptor(number)),
                _ => Err(CliError::PinSource),
            },
            Some(("credential", name)) if !name.is_empty() && !name.contains('/') => {
                Ok(Self::Credential(name.to_owned()))
            }
            _ => Err(CliError::PinSource),
        }
    }
}

/// The inherited descriptor that a path names, in any spelling and through links: a shell replaces `file:<(command)` by `file:/dev/fd/63`.
fn descriptor_of(path: &str) -> Option<RawFd> {
    /// As many links as Linux follows (path_resolution(7)).
    const MOST_LINKS: usize = 40;
    let mut path = PathBuf::from(path);
    for _ in 0..MOST_LINKS {
        let directory = match path.parent()? {
            here if here.as_os_str().is_empty() => Path::new("."),
            directory => directory,
        };
        let directory = directory.canonicalize().ok()?;
        if has_own_descriptors(&directory) {
            let number = path.file_name()?.to_str()?.parse().ok();
            return number.filter(|number| *number == 0 || *number > 2);
        }
        let target = fs::read_link(&path).ok()?;
        path = directory.join(target);
    }
    None
}

/// Whether it is `/proc/self/fd`, or that of a thread of this process.
fn has_own_descriptors(directory: &Path) -> bool {
    let own = Path::new("/proc").join(process::id().to_string());
    let Ok(below) = directory.strip_prefix(own) else {
        return false;
    };
    below == Path::new("fd") || (below.starts_with("task") && below.ends_with("fd"))
}

/// The contents of environment variables and inherited descriptors that PIN sources name. They are taken even if the command needs no PIN,
/// so that a linter or a `credential_process` does not inherit them.
#[derive(Debug, Default)]
pub(super) struct HeldPins(RefCell<Vec<Held>>);

#[derive(Debug)]
enum Held {
    Variable(String, Result<Pin, CliError>),
    Descriptor(RawFd, Result<OwnedFd, CliError>),
}

impl HeldPins {
    /// Takes them all before any process is started. Errors are reported when the PIN is needed.
    pub(super) fn take<'a>(sources: impl Iterator<Item = &'a str>) -> Self {
        let mut held: Vec<Held> = Vec::new();
        for source in sources.filter_map(|source| PinSource::parse(source).ok()) {
            let taken = match source {
                PinSource::Environment(name) => {
                    let pin = read_variable(&name);
                    Held::Variable(name, pin)
                }
                PinSource::Descriptor(number) | PinSource::DescriptorAsFile(number) => {
                    Held::Descriptor(number, open_descriptor(number))
                }
                _ => continue,
            };
            // A second source with the same name finds nothing.
            if !held.iter().any(|held| held.is_of(&taken)) {
                held.push(taken);
            }
        }
        Self(RefCell::new(held))
    }

    fn variable(&self, wanted: &str) -> Result<Pin, CliError> {
        let found = self.remove(|held| matches!(held, Held::Variable(name, _) if name == wanted));
        match found {
            Some(Held::Variable(_, pin)) => pin,
            _ => Err(CliError::pin(format!(
                "the variable {wanted} has already been read"
            ))),
        }
    }

    fn descriptor(&self, wanted: RawFd) -> Result<OwnedFd, CliError> {
        let found = self.remove(|held| matches!(held, Held::Descriptor(number, _) if *number == wanted));
        match found {
            Some(Held::Descriptor(_, descriptor)) => descriptor,
            _ => Err(CliError::pin(format!(
                "descriptor {wanted} has already been read"
            ))),
        }
    }

    fn remove(&self, is_wanted: impl Fn(&Held) -> bool) -> Option<Held> {
        let mut held = self.0.borrow_mut();
        let index = held.iter().position(is_wanted)?;
        Some(held.swap_remove(index))
    }
}

impl Held {
    fn is_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Variable(one, _), Self::Variable(two, _)) => one == two,
            (Self::Descriptor(one, _), Self::Descriptor(two, _)) => one == two,
            _ => false,
        }
    }
}

fn read_variable(name: &str) -> Result<Pin, CliError> {
    // From here on, other processes of the same user cannot read it through /proc either.
    let guard = MemoryGuard::engage()?;
    let value = take_variable(name)
        .map_err(|cause| {
            CliError::pin(format!(
                "the variable {name} cannot be taken out of the environment: {cause}"
            ))
        })?
        .ok_or_else(|| CliError::pin(format!("the variable {name} is not set")))?;
    let from = format!("the variable {name}");
    let text = value
        .into_string()
        .map_err(|_| CliError::pin(format!("{from} is not UTF-8 text")))?;
    let text = Zeroizing::new(text);
    Ok(Pin::take(&guard, trim_pin(&text, &from)?)?)
}

fn open_descriptor(number: RawFd) -> Result<OwnedFd, CliError> {
    // Other processes of the same user could open it through /proc/PID/fd.
    MemoryGuard::engage()?;
    take_descriptor(number)
        .map_err(|cause| CliError::pin(format!("descriptor {number}: {cause}")))?
        .ok_or_else(|| {
            CliError::pin(format!(
                "descriptor {number} was not open when this program was started"
            ))
        })
}

/// Reads the PIN of the token labelled `token` from `source`, or prompts for it without a source.
pub(super) fn read_pin(
    source: Option<&str>,
    held: &HeldPins,
    token: &str,
    no_input: bool,
) -> Result<Pin, CliError> {
    let guard = MemoryGuard::engage()?;
    let pin = match PinSource::parse(source.unwrap_or("prompt"))? {
        PinSource::Environment(name) => return held.variable(&name),
        PinSource::Prompt => {
            check_prompt(token, no_input)?;
            prompt(token)?
        }
        PinSource::File(path) => read_private(open(&path)?, &path)?,
        PinSource::Descriptor(number) => read(
            held.descriptor(number)?.into(),
            &PathBuf::from(format!("descriptor {number}")),
        )?,
        PinSource::DescriptorAsFile(number) => read_private(
            held.descriptor(number)?.into(),
            &PathBuf::from(format!("/dev/fd/{number}")),
        )?,
        PinSource::Credential(name) => read_credential(&name)?,
    };
    Ok(Pin::take(&guard, pin)?)
}

fn read_credential(name: &str) -> Result<Zeroizing<String>, CliError> {
    let directory = env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
        CliError::pin("CREDENTIALS_DIRECTORY is not set: not started by systemd".to_owned())
    })?;
    let path = Path::new(&directory).join(name);
    read(open(&path)?, &path)
}

/// Reads the password of a ledger's server. It never prompts, because most commands open the ledger before any other prompt, often
/// unattended.
#[cfg(feature = "postgres")]
pub(super) fn read_ledger_password(source: &str, held: &HeldPins) -> Result<Pin, CliError> {
    if matches!(PinSource::parse(source), Err(_) | Ok(PinSource::Prompt)) {
        return Err(CliError::options(
            "--ledger-password-source must be env:NAME, file:PATH, fd:N or credential:NAME",
        ));
    }
    read_pin(Some(source), held, "", true).map_err(|cause| CliError::LedgerPassword {
        cause: Box::new(cause),
    })
}

fn unread(path: &Path, cause: &io::Error) -> CliError {
    CliError::pin(format!("the PIN file {} cannot be read: {cause}", path.display()))
}

/// Refuses a file that anyone but its owner and root could replace, and a pipe, which could block.
fn open(path: &Path) -> Result<File, CliError> {
    file_trust::open(path, Owners::Any).map_err(|cause| match cause {
        TrustError::Io { cause, .. } => unread(path, &cause),
        cause => CliError::trust(path, Owners::Any, cause),
    })
}

/// Refuses a file that others can read.
fn read_private(file: File, path: &Path) -> Result<Zeroizing<String>, CliError> {
    let metadata = file.metadata().map_err(|cause| unread(path, &cause))?;
    let mode = metadata.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(CliError::PinFileMode {
            path: path.to_owned(),
            mode: mode & 0o777,
        });
    }
    read(file, path)
}

/// Whether somebody can type the PIN.
fn check_prompt(token: &str, no_input: bool) -> Result<(), CliError> {
    if no_input {
        return Err(CliError::WouldPrompt {
            what: format!("the PIN of the token \"{token}\""),
        });
    }
    if !io::stdin().is_terminal() && File::open("/dev/tty").is_err() {
        return Err(CliError::NoTerminal {
            what: format!("the PIN of the token \"{token}\""),
        });
    }
    Ok(())
}

fn prompt(token: &str) -> Result<Zeroizing<String>, CliError> {
    let shown: String = token
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    // One byte more than the limit, so that a long PIN is refused and not truncated.
    let pin = pin_prompt::ask(&format!("PIN of token \"{shown}\": "), LONGEST_PIN + 1)
        .map_err(|error| CliError::pin(format!("the terminal: {error}")))?;
    if pin.is_empty() {
        return Err(CliError::pin("nothing was typed".to_owned()));
    }
    trim_pin(&pin, "the terminal")
}

fn read(file: File, path: &Path) -> Result<Zeroizing<String>, CliError> {
    // The longest PIN, with a byte-order mark and line ends.
    const MOST_BYTES: usize = LONGEST_PIN + 16;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MOST_BYTES));
    file.take(u64::try_from(MOST_BYTES).unwrap_or_default())
        .read_to_end(&mut bytes)
        .map_err(|cause| unread(path, &cause))?;
    decode_pin(&bytes, &path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_pin_is_not_a_source_and_is_not_repeated() {
        for text in [
            "1234",
            "pin:1234",
            "env:",
            "env:A=1234",
            "fd:x",
            "fd:-1",
            "fd:1",
            "fd:2",
            "credential:../x",
            "",
        ] {
            let error = PinSource::parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("1234"));
        }
        assert_eq!(PinSource::parse("fd:3").unwrap(), PinSource::Descriptor(3));
        let directory = tempfile::tempdir().unwrap();
        let link = |name: &str, target: &str| {
            let link = directory.path().join(name);
            std::os::unix::fs::symlink(target, &link).unwrap();
            link.display().to_string()
        };
        for (path, number) in [
            ("/dev/fd/63".to_owned(), 63),
            ("/proc/self/fd/7".to_owned(), 7),
            ("/dev/stdin".to_owned(), 0),
            ("/dev/./fd//7".to_owned(), 7),
            ("/proc/thread-self/fd/7".to_owned(), 7),
            (link("one", "/dev/fd/7"), 7),
            (link("two", "one"), 7),
            (link("directory", "/dev/fd") + "/8", 8),
        ] {
            let source = PinSource::parse(&format!("file:{path}")).unwrap();
            assert_eq!(source, PinSource::DescriptorAsFile(number));
        }
    }
}
