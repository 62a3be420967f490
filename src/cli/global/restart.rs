//! Restarts the program with the variables that a module reads.

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::named_file::NamedBy;
use crate::cli::exit::CliError;

/// A module reads its variables when it is loaded, and a Rust program cannot safely change its own environment, so the program restarts
/// itself with the configured variables. This takes some milliseconds, and is skipped if they are already set, for example by a rig's
/// env.sh. The environment takes precedence.
pub(super) fn set_module_environment(
    wanted: &BTreeMap<String, String>,
    named_by: &NamedBy,
) -> Result<(), CliError> {
    let missing: Vec<_> = wanted
        .iter()
        .filter(|(name, _)| env::var_os(name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    // The module's configuration decides which token it shows.
    for path in missing.iter().map(|(_, value)| Path::new(value)) {
        named_by.check(path)?;
    }
    // After the restart none may be missing. Otherwise it failed.
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

/// The variable that marks the restarted process.
pub(super) const RESTARTED: &str = "HSM_CA_RESTARTED";
