//! Kryoptic, a second software token: what works on it and on SoftHSM does not depend on the quirks of one of them.

use std::path::{Path, PathBuf};

use super::RigToken;

impl RigToken {
    /// Kryoptic.
    pub const KRYOPTIC: Self = Self {
        name: "kryoptic",
        product: "Kryoptic",
        package: "Fedora: dnf install kryoptic; elsewhere cargo build -p kryoptic-module",
        usual_paths: &USUAL_PATHS,
        built_as: Some("libkryoptic_module.so"),
        manufacturers: ["Kryoptic", "Kryoptic Project"],
        variable: "KRYOPTIC_CONF",
        configuration_file: "kryoptic.conf",
        configuration,
        stores,
    };
}

/// Where distributions put the module: Fedora and RHEL, Debian and Ubuntu, a build from source.
const USUAL_PATHS: [&str; 6] = [
    "/usr/lib64/pkcs11/libkryoptic_pkcs11.so",
    "/usr/lib/x86_64-linux-gnu/pkcs11/libkryoptic_pkcs11.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11/libkryoptic_pkcs11.so",
    "/usr/lib/pkcs11/libkryoptic_pkcs11.so",
    "/usr/local/lib/pkcs11/libkryoptic_pkcs11.so",
    "/usr/local/lib/libkryoptic_pkcs11.so",
];

/// One slot, and its token in one SQLite file.
fn configuration(token_directory: &Path) -> String {
    // The path has neither quotes nor control characters; a backslash is written twice in a basic string (TOML 1.0).
    let storage = token_directory.join("kryoptic.sql").display().to_string();
    format!(
        "# Kryoptic configuration; KRYOPTIC_CONF points here.\n\
         [[slots]]\n\
         slot = 0\n\
         dbtype = \"sqlite\"\n\
         dbargs = \"{}\"\n",
        storage.replace('\\', r"\\")
    )
}

/// The database of each slot: `dbargs`, as a basic or a literal string (TOML 1.0).
fn stores(configuration: &str) -> Vec<PathBuf> {
    let setting = |line: &str| {
        let (name, value) = line.split_once('=')?;
        let value = value.trim();
        let basic = || Some(value.strip_prefix('"')?.split_once('"')?.0.replace(r"\\", r"\"));
        let literal = || Some(value.strip_prefix('\'')?.split_once('\'')?.0.to_owned());
        let file = basic().or_else(literal)?;
        (name.trim() == "dbargs").then(|| PathBuf::from(file))
    };
    configuration.lines().filter_map(setting).collect()
}
