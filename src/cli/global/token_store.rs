//! Where the module of the settings keeps its tokens. No output replaces anything there.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use hsm_ca::output::database_files;
use hsm_ca::token::RigToken;

use crate::cli::config::is_for_a_module;
use crate::cli::input;
use crate::cli::lock_directory;

/// Far above the length of any module's configuration.
const LONGEST: u64 = 64 * 1024;

/// The variables of this process that modules read.
pub(super) fn exported_for_modules() -> BTreeMap<String, PathBuf> {
    let exported = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into())));
    exported.filter(|(name, _)| is_for_a_module(name)).collect()
}

/// Protects the configuration files of modules, what they say about the place of the tokens, and this user's locks. The exported variables
/// count, and below them the settings.
pub(super) fn protect_token_stores(
    exported: &BTreeMap<String, PathBuf>,
    module_environment: &BTreeMap<String, String>,
) {
    let mut variables = exported.clone();
    for (name, value) in module_environment {
        variables.entry(name.clone()).or_insert_with(|| value.into());
    }
    for (name, file) in &variables {
        if !file.is_file() {
            continue;
        }
        input::protect(file);
        let kind = RigToken::ALL.into_iter().find(|kind| kind.variable() == name);
        let stores = kind.map(|kind| kind.stores(&read(file))).unwrap_or_default();
        stores.iter().for_each(|store| protect_store(store));
    }
    for (base, name) in lock_directory::places() {
        input::protect_directory(&base.join(name));
    }
}

fn protect_store(store: &Path) {
    input::protect_directory(store);
    database_files(store).iter().for_each(|file| input::protect(file));
}

/// The text of a configuration file; empty if it cannot be read, because then the module cannot read it either.
fn read(file: &Path) -> String {
    let mut text = String::new();
    let read = File::open(file).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    read.map(|_| text).unwrap_or_default()
}
