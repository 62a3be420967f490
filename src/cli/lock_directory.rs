//! Where this user's processes keep their locks, and what the next one should know.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use hsm_ca::file_trust::check_directory;
use rustix::fs::{Access, access};
use rustix::process::geteuid;

use super::ui::Ui;

/// A directory of this user's own, which is made if it is not there. If there is none, the command says so, and nothing is locked: two
/// imports at the same time are then found out afterwards.
pub(super) fn lock_directory(ui: &Ui) -> Option<PathBuf> {
    let found = state_directory();
    if found.is_none() {
        ui.announce(
            "this user has no private directory for a lock file (HOME, /run/user/UID), so a simultaneous \
             import is noticed only afterwards",
        );
    }
    found
}

/// The first of the places that can be used.
pub(super) fn state_directory() -> Option<PathBuf> {
    places().into_iter().find_map(|(base, name)| make(&base, name))
}

/// Where it may be: a base that is there, and a name below it. The home directory comes first: a user's sessions, services and cron jobs
/// agree on it, and not on a runtime directory.
pub(super) fn places() -> Vec<(PathBuf, &'static str)> {
    let home = env::home_dir().filter(|home| home.is_absolute());
    let user = geteuid();
    let runtime = PathBuf::from(format!("/run/user/{}", user.as_raw()));
    // Only root owns /run.
    let places = [
        home.map(|home| (home, ".local/state/hsm-ca")),
        Some((runtime, "hsm-ca")),
        Some((PathBuf::from("/run"), "hsm-ca")),
    ];
    places.into_iter().flatten().collect()
}

/// The directory `name` in `base`, if nobody but this user and root may write to it or to a directory above it.
fn make(base: &Path, name: &str) -> Option<PathBuf> {
    let directory = check_directory(base).ok()?.join(name);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&directory)
        .ok()?;
    let directory = check_directory(&directory).ok()?;
    access(&directory, Access::WRITE_OK).ok().map(|()| directory)
}
