//! The variables that a module reads, set for a second start of this program.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use hsm_ca::file_trust::{self, Owners};

use crate::cli::exit::CliError;

/// A module reads its variables when it is loaded, and a Rust program may not change its own environment safely: so it starts
/// itself once more with what the configuration says. That costs some milliseconds; when they are set already, as after
/// sourcing a rig's env.sh, nothing. What is set outside wins.
pub(super) fn set_module_environment(wanted: &BTreeMap<String, String>) -> Result<(), CliError> {
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(name, _)| env::var_os(name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    // A configuration of the module decides which token it shows.
    for path in missing.iter().map(|(_, value)| Path::new(value)) {
        let checked = match path {
            file if file.is_file() => file_trust::check_file(file, Owners::Any),
            directory if directory.is_dir() => file_trust::check_directory(directory),
            _ => continue,
        };
        checked.map_err(|cause| CliError::trust(path, Owners::Any, cause))?;
    }
    // They are set once: a second start finds none missing, or something is wrong with the first.
    if env::var_os(RESTARTED).is_some() {
        return Err(CliError::restart(io::Error::other(
            "the variables are not set after a restart",
        )));
    }
    let program = env::current_exe().map_err(CliError::restart)?;
    let mut again = Command::new(program);
    let cause = again
        .args(env::args_os().skip(1))
        .envs(missing)
        .env(RESTARTED, "1")
        .exec();
    Err(CliError::restart(cause))
}

/// Set for the second start.
pub(super) const RESTARTED: &str = "HSM_CA_RESTARTED";
