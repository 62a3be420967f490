//! `completions`, `man`, `schema` and `version`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Output;
use super::common::FileName;

/// `completions`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Completions {
    pub(in crate::cli) shell: String,
    /// The script.
    pub(in crate::cli) content: String,
}

impl Output for Completions {
    const NAME: &'static str = "completions";
}

/// `man`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Manual {
    /// The pages that were written.
    pub(in crate::cli) files: Vec<FileName>,
}

impl Output for Manual {
    const NAME: &'static str = "man";
}

/// `help options`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct OptionsHelp {
    /// The page, as text.
    pub(in crate::cli) text: String,
}

impl Output for OptionsHelp {
    const NAME: &'static str = "options";
}

/// `schema` without a command.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SchemaList {
    /// The names of all schemas, as arguments of `schema`.
    pub(in crate::cli) schemas: Vec<&'static str>,
}

impl Output for SchemaList {
    const NAME: &'static str = "schema";
}

/// `version`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Version {
    pub(in crate::cli) version: &'static str,
    /// The commit of the source; null in a debug build, or if the source has no history.
    pub(in crate::cli) commit: Option<&'static str>,
    /// The features of this build.
    pub(in crate::cli) features: Vec<&'static str>,
    /// The version of the PKCS#11 headers of this build.
    pub(in crate::cli) module_api: String,
    /// The version of each crate that a signature depends on.
    pub(in crate::cli) crates: BTreeMap<String, String>,
}

impl Output for Version {
    const NAME: &'static str = "version";
}
