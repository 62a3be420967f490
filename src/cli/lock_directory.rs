//! The directory where this user's processes keep locks and state.

use std::env;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use hsm_ca::file_trust::check_directory;
use rustix::fs::{Access, access};
use rustix::process::geteuid;

use super::ui::Ui;

/// A private directory of this user, created if necessary. If none can be used, the command warns and does not lock: two simultaneous
/// imports are then detected only afterwards.
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

/// The first usable place.
pub(super) fn state_directory() -> Option<PathBuf> {
    places().into_iter().find_map(|(base, name)| make(&base, name))
}

/// The possible places: an existing base directory, and a name in it. The home directory comes first, because a user's sessions, services
/// and cron jobs share it, but not a runtime directory.
pub(super) fn places() -> Vec<(PathBuf, &'static str)> {
    let home = env::home_dir().filter(|home| home.is_absolute());
    let user = geteuid();
    let runtime = PathBuf::from(format!("/run/user/{}", user.as_raw()));
    // Only root can write to /run.
    let places = [
        home.map(|home| (home, ".local/state/hsm-ca")),
        Some((runtime, "hsm-ca")),
        Some((PathBuf::from("/run"), "hsm-ca")),
    ];
    places.into_iter().flatten().collect()
}

/// The directory `name` in `base`, if only this user and root can write to it and to the directories above it.
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
