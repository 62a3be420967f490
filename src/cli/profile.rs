//! `profile`, and the option `--profile` of other commands.

mod list;
mod show;

use std::path::Path;

use clap::Subcommand;
use hsm_ca::file_trust::Owners;
use hsm_ca::workflow::{LinterFiles, RequestSource};
use hsm_ca::x509::{Profile, ProfileFile};

use super::exit::CliError;
use super::input;
use super::report::Report;
use super::table::TableOptions;
use super::toml_file;

#[derive(Debug, Subcommand)]
pub(super) enum ProfileCommand {
    /// List the built-in profiles
    #[command(visible_alias = "ls")]
    List(TableOptions),
    /// Show what a profile, built in or in a file, gives a certificate
    Show(show::ShowProfile),
}

impl ProfileCommand {
    pub(super) fn run(&self) -> Result<Report, CliError> {
        match self {
            Self::List(options) => Ok(list::list(options.wide)),
            Self::Show(show) => show.run(),
        }
    }
}

/// The profile in the bytes of a file, as `profile show` shows it.
pub(super) fn show(path: &Path, bytes: Vec<u8>) -> Result<Report, CliError> {
    read(path, bytes).map(|profile| show::report(&profile))
}

/// The file that a text names, if any. A slash or the ending distinguishes it from the name of a profile.
fn file_in(text: &str) -> Option<&Path> {
    let path = Path::new(text);
    let is_file = text.contains('/') || path.extension().is_some_and(|extension| extension == "toml");
    is_file.then_some(path)
}

/// The profile with that name, or in that file, for self-signed certificates or for requests.
pub(super) fn find(text: &str, self_signed: bool) -> Result<Profile, CliError> {
    match file_in(text) {
        Some(path) => of_file(path, input::read_trusted(path, Owners::Any)?, self_signed),
        None => Ok(Profile::named(text, self_signed)?),
    }
}

/// The profile in the bytes of a file.
pub(super) fn of_file(path: &Path, bytes: Vec<u8>, self_signed: bool) -> Result<Profile, CliError> {
    let profile = read(path, bytes)?;
    if profile.is_self_signed() == self_signed {
        return Ok(profile);
    }
    let (role, command) = match self_signed {
        true => ("certificates that a CA signs", "csr sign"),
        false => ("a root", "ca create"),
    };
    Err(CliError::options(format!(
        "{} is a profile for {role}: use it with `{command}`",
        path.display()
    )))
}

/// The profile in a file, for either use.
fn read(path: &Path, bytes: Vec<u8>) -> Result<Profile, CliError> {
    let file: ProfileFile = toml_file::parse(path, bytes)?;
    let profile = file.check().map_err(|error| CliError::in_file(path, error))?;
    if let Some(linter) = &profile.linter {
        let files = LinterFiles::find(linter).map_err(|error| CliError::in_file(path, error))?;
        files.all.iter().for_each(|file| input::protect(file));
    }
    Ok(profile)
}

/// The default profile. Only the subject of an HSM's request shows what its certificate is for.
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
            // The job refuses it later.
            Err(error) if !keep_going && requests.count() == 1 => return Err(error),
            _ => {}
        }
    }
    Ok(Profile::cloudhsm_cluster())
}

#[cfg(test)]
mod tests;
