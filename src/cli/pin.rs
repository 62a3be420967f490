//! Where a PIN comes from. Never from the command line, never from a URI's own text.

use std::env;
use std::fs::File;
use std::io::{IsTerminal, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use hsm_ca::secret::{MemoryGuard, Pin};
use zeroize::Zeroizing;

use super::exit::CliError;

/// Longer than any token takes.
const LONGEST_PIN: u64 = 4096;

/// A parsed `--pin-source`.
#[derive(Debug, PartialEq, Eq)]
enum PinSource {
    Prompt,
    Environment(String),
    File(PathBuf),
    Descriptor(u32),
    Credential(String),
}

impl PinSource {
    fn parse(text: &str) -> Result<Self, CliError> {
        if text == "prompt" {
            return Ok(Self::Prompt);
        }
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Environment(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("fd", number)) if number.parse::<u32>().is_ok() => {
                Ok(Self::Descriptor(number.parse().unwrap_or_default()))
            }
            Some(("credential", name)) if !name.is_empty() && !name.contains('/') => {
                Ok(Self::Credential(name.to_owned()))
            }
            _ => Err(CliError::PinSource),
        }
    }
}

/// Reads the PIN of the token labelled `token` from where `source` says; without a source it is asked for.
pub(super) fn read_pin(source: Option<&str>, token: &str, no_input: bool) -> Result<Pin, CliError> {
    let guard = MemoryGuard::engage()?;
    let pin = read_text(source, token, no_input)?;
    Ok(Pin::take(&guard, pin)?)
}

fn read_text(source: Option<&str>, token: &str, no_input: bool) -> Result<Zeroizing<String>, CliError> {
    match PinSource::parse(source.unwrap_or("prompt"))? {
        PinSource::Prompt => prompt(token, no_input),
        PinSource::Environment(name) => {
            let value =
                env::var(&name).map_err(|_| CliError::pin(format!("the variable {name} is not set")))?;
            finish(Zeroizing::new(value), &format!("the variable {name}"))
        }
        PinSource::File(path) => {
            let file = File::open(&path).map_err(|cause| CliError::read(&path, cause))?;
            let mode = file
                .metadata()
                .map_err(|cause| CliError::read(&path, cause))?
                .permissions()
                .mode();
            if mode & 0o077 != 0 {
                return Err(CliError::PinFileMode {
                    path,
                    mode: mode & 0o777,
                });
            }
            read(file, &path)
        }
        PinSource::Descriptor(number) => {
            let path = PathBuf::from(format!("/proc/self/fd/{number}"));
            read(
                File::open(&path).map_err(|cause| CliError::read(&path, cause))?,
                &path,
            )
        }
        PinSource::Credential(name) => {
            let directory = env::var_os("CREDENTIALS_DIRECTORY").ok_or_else(|| {
                CliError::pin("CREDENTIALS_DIRECTORY is not set: not started by systemd".to_owned())
            })?;
            let path = Path::new(&directory).join(name);
            read(
                File::open(&path).map_err(|cause| CliError::read(&path, cause))?,
                &path,
            )
        }
    }
}

fn prompt(token: &str, no_input: bool) -> Result<Zeroizing<String>, CliError> {
    if no_input {
        return Err(CliError::WouldPrompt {
            what: format!("the PIN of the token \"{token}\""),
        });
    }
    if !std::io::stdin().is_terminal() && File::open("/dev/tty").is_err() {
        return Err(CliError::WouldPrompt {
            what: format!("the PIN of the token \"{token}\", and there is no terminal"),
        });
    }
    let shown: String = token
        .chars()
        .filter(|character| !character.is_control())
        .collect();
    let pin = rpassword::prompt_password(format!("PIN of token \"{shown}\": "))
        .map_err(|error| CliError::pin(format!("the terminal: {error}")))?;
    finish(Zeroizing::new(pin), "the terminal")
}

fn read(file: File, path: &Path) -> Result<Zeroizing<String>, CliError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(
        usize::try_from(LONGEST_PIN).unwrap_or_default() + 1,
    ));
    file.take(LONGEST_PIN + 1)
        .read_to_end(&mut bytes)
        .map_err(|cause| CliError::read(path, cause))?;
    let from = path.display().to_string();
    let text = std::str::from_utf8(&bytes).map_err(|_| CliError::pin(format!("{from} holds no text")))?;
    finish(Zeroizing::new(text.to_owned()), &from)
}

/// An editor's newline at the end is no part of a PIN.
fn finish(text: Zeroizing<String>, from: &str) -> Result<Zeroizing<String>, CliError> {
    let pin = text.strip_suffix('\n').unwrap_or(&text);
    let pin = pin.strip_suffix('\r').unwrap_or(pin);
    if pin.is_empty()
        || u64::try_from(pin.len()).is_ok_and(|length| length > LONGEST_PIN)
        || pin.contains('\0')
    {
        return Err(CliError::pin(format!(
            "{from} holds no PIN (it is empty, too long, or has a NUL)"
        )));
    }
    Ok(Zeroizing::new(pin.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_pin_is_no_source_and_is_not_repeated() {
        for text in ["1234", "pin:1234", "env:", "fd:x", "credential:../x", ""] {
            let error = PinSource::parse(text).unwrap_err();
            assert!(!format!("{error:?}").contains("1234"));
        }
        assert_eq!(PinSource::parse("fd:3").unwrap(), PinSource::Descriptor(3));
    }
}
