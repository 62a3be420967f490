//! `--profile NAME` and `--profile ./FILE.toml`.

use std::path::Path;

use hsm_ca::file_trust::Owners;
use hsm_ca::workflow::{RequestSource, linter_program};
use hsm_ca::x509::{Profile, ProfileFile};

use super::exit::CliError;
use super::input;
use super::toml_file;

/// The profile of that name, or in that file, for self-signed certificates or for requests. A file is told from a name by its
/// slash or its ending.
pub(super) fn find(text: &str, self_signed: bool) -> Result<Profile, CliError> {
    let path = Path::new(text);
    let is_file = text.contains('/') || path.extension().is_some_and(|extension| extension == "toml");
    match is_file {
        true => of_file(path, input::read_trusted(path, Owners::Any)?, self_signed),
        false => Ok(Profile::named(text, self_signed)?),
    }
}

/// The profile in a file, whose bytes were read already.
pub(super) fn of_file(path: &Path, bytes: Vec<u8>, self_signed: bool) -> Result<Profile, CliError> {
    let file: ProfileFile = toml_file::parse(path, bytes)?;
    let profile = file.check().map_err(|error| CliError::in_file(path, error))?;
    if let Some(linter) = &profile.linter {
        let program = linter_program(linter).map_err(|error| CliError::in_file(path, error))?;
        program.as_deref().inspect(|program| input::protect(program));
    }
    if profile.is_self_signed() == self_signed {
        return Ok(profile);
    }
    let (role, command) = match self_signed {
        true => ("no root", "csr sign"),
        false => ("a root", "ca create"),
    };
    Err(CliError::options(format!(
        "{} is the profile of {role}: use it with `{command}`",
        path.display()
    )))
}

/// The profile where none is named: only the subject of an HSM's request says what its certificate is for.
pub(super) fn default_for<R: RequestSource<Error = CliError>>(
    requests: &R,
    keep_going: bool,
) -> Result<Profile, CliError> {
    for index in 0..requests.count() {
        let name = requests.name(index);
        let request = requests.read(index).and_then(|given| {
            let verified = given.request.verify();
            verified.map_err(|error| CliError::in_file(Path::new(&name), error))
        });
        match request {
            Ok(request) if !request.subject().is_of_hsm_partition() => {
                return Err(CliError::NoProfile { request: name });
            }
            // It is refused in its turn.
            Err(error) if !keep_going => return Err(error),
            _ => {}
        }
    }
    Ok(Profile::cloudhsm_cluster())
}

#[cfg(test)]
mod tests;
