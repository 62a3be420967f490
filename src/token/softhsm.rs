//! SoftHSM 2, the token of test rigs.

use std::path::{Path, PathBuf};

/// Where distributions put the module: Debian and Ubuntu (both), Fedora and RHEL, Alpine, a build from source.
const USUAL_PATHS: [&str; 7] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];

/// The first SoftHSM module that is at one of its usual paths.
#[must_use]
pub fn find_softhsm_module() -> Option<PathBuf> {
    USUAL_PATHS.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// The text of a `softhsm2.conf` with its tokens in `token_directory`, which must be absolute.
#[must_use]
pub fn softhsm_configuration(token_directory: &Path) -> String {
    format!(
        "# SoftHSM 2 configuration; SOFTHSM2_CONF points here.\n\
         directories.tokendir = {}\n\
         objectstore.backend = file\n\
         log.level = ERROR\n\
         slots.removable = false\n",
        token_directory.display()
    )
}
