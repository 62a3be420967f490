//! Tries a PIN source before people are asked anything, without a prompt and without using the PIN.

use hsm_ca::secret::MemoryGuard;

use super::{Held, HeldPins, PinSource, check_prompt, open, read_credential, read_private};
use crate::cli::exit::CliError;

/// Refuses a source from which the PINs of these tokens cannot be read later.
pub(in crate::cli) fn check_source(
    source: Option<&str>,
    held: &HeldPins,
    tokens: &[&str],
    no_input: bool,
) -> Result<(), CliError> {
    let Some(token) = tokens.first() else {
        return Ok(());
    };
    let source = PinSource::parse(source.unwrap_or("prompt"))?;
    if let Some(what) = read_once(&source).filter(|_| tokens.len() > 1) {
        return Err(CliError::pin(format!(
            "{what} can be read only once, and {} tokens need a PIN: use a file, or the prompt",
            tokens.len()
        )));
    }
    match &source {
        PinSource::Prompt => check_prompt(token, no_input),
        PinSource::File(path) => {
            MemoryGuard::engage()?;
            read_private(open(path)?, path).map(drop)
        }
        PinSource::Credential(name) => {
            MemoryGuard::engage()?;
            read_credential(name).map(drop)
        }
        PinSource::Environment(_) | PinSource::Descriptor(_) | PinSource::DescriptorAsFile(_) => {
            held.check(&source)
        }
    }
}

/// How a message names a source whose content is gone once it was read.
fn read_once(source: &PinSource) -> Option<String> {
    match source {
        PinSource::Environment(name) => Some(format!("the variable {name}")),
        PinSource::Descriptor(number) => Some(format!("descriptor {number}")),
        PinSource::DescriptorAsFile(number) => Some(format!("/dev/fd/{number}")),
        _ => None,
    }
}

impl HeldPins {
    /// Reports why the content of this source could not be taken when the program started. A sound content stays.
    fn check(&self, source: &PinSource) -> Result<(), CliError> {
        let failed = self.remove(|held| match (held, source) {
            (Held::Variable(name, Err(_)), PinSource::Environment(wanted)) => name == wanted,
            (
                Held::Descriptor(number, Err(_)),
                PinSource::Descriptor(wanted) | PinSource::DescriptorAsFile(wanted),
            ) => number == wanted,
            _ => false,
        });
        match failed {
            Some(Held::Variable(_, pin)) => pin.map(drop),
            Some(Held::Descriptor(_, descriptor)) => descriptor.map(drop),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn held(content: Vec<Held>) -> HeldPins {
        HeldPins(RefCell::new(content))
    }

    #[test]
    fn a_pin_file_is_tried_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("pin");
        let source = format!("file:{}", path.display());
        let check = || check_source(Some(&source), &held(Vec::new()), &["root", "legacy"], true);
        assert!(check().unwrap_err().to_string().contains("cannot be read"));
        fs::write(&path, "1234\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(check().is_err());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        check().unwrap();
        check().unwrap();
        // Without a token that needs a PIN, the source is not used.
        fs::remove_file(&path).unwrap();
        check_source(Some(&source), &held(Vec::new()), &[], true).unwrap();
    }

    #[test]
    fn a_variable_that_is_not_set_is_reported_and_one_pin_is_not_for_two_tokens() {
        let unset = || {
            let reason = CliError::pin("the variable P is not set".to_owned());
            held(vec![Held::Variable("P".to_owned(), Err(reason))])
        };
        let error = check_source(Some("env:P"), &unset(), &["root"], true).unwrap_err();
        assert!(error.to_string().contains("the variable P is not set"), "{error}");
        for source in ["env:Q", "fd:9"] {
            check_source(Some(source), &unset(), &["root"], true).unwrap();
            let error = check_source(Some(source), &unset(), &["root", "legacy"], true).unwrap_err();
            assert!(error.to_string().contains("2 tokens need a PIN"), "{error}");
        }
    }

    #[test]
    fn without_input_nobody_can_type_a_pin() {
        let error = check_source(None, &held(Vec::new()), &["root"], true).unwrap_err();
        assert!(matches!(error, CliError::WouldPrompt { .. }), "{error:?}");
    }
}
