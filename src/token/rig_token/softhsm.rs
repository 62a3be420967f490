//! SoftHSM 2, the usual token of test rigs.

use std::path::{Path, PathBuf};

use super::RigToken;

impl RigToken {
    /// SoftHSM 2.
    pub const SOFTHSM: Self = Self {
        name: "softhsm",
        product: "SoftHSM",
        package: "Debian: apt-get install softhsm2",
        usual_paths: &USUAL_PATHS,
        built_as: None,
        manufacturers: ["SoftHSM", "SoftHSM project"],
        variable: "SOFTHSM2_CONF",
        configuration_file: "softhsm2.conf",
        configuration,
        stores,
    };
}

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

fn configuration(token_directory: &Path) -> String {
    format!(
        "# SoftHSM 2 configuration; SOFTHSM2_CONF points here.\n\
         directories.tokendir = {}\n\
         objectstore.backend = file\n\
         log.level = ERROR\n\
         slots.removable = false\n",
        token_directory.display()
    )
}

/// `directories.tokendir`, as SoftHSM reads it: a `#` starts a comment, and spaces around `=` do not count.
fn stores(configuration: &str) -> Vec<PathBuf> {
    let setting = |line: &str| {
        let line = line.split_once('#').map_or(line, |(before, _)| before);
        let (name, value) = line.split_once('=')?;
        (name.trim() == "directories.tokendir").then(|| PathBuf::from(value.trim()))
    };
    configuration.lines().filter_map(setting).collect()
}
