//! `hsm-ca.toml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use hsm_ca::ceremony::Digest;
use hsm_ca::file_trust::Owners;
use serde::{Deserialize, Deserializer};

use super::exit::CliError;
use super::format::Format;
use super::toml_file;

/// The default file.
pub(super) const CONFIG_FILE: &str = "hsm-ca.toml";

/// The keys have the names of the options. An unknown key is an error, because a misspelt one would silently do nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ConfigFile {
    pub(super) module: Option<PathBuf>,
    pub(super) token: Option<String>,
    pub(super) pin_source: Option<String>,
    pub(super) ledger: Option<String>,
    pub(super) ledger_password_source: Option<String>,
    pub(super) ledger_head: Option<String>,
    pub(super) refused_keys: Option<PathBuf>,
    pub(super) format: Option<Format>,
    /// `sha256:HEX` of the people who may approve a ceremony.
    #[serde(default, deserialize_with = "quorum")]
    pub(super) ceremony_quorum: Option<Digest>,
    /// Variables that the module reads, such as `SOFTHSM2_CONF`. They do not override the environment.
    #[serde(default)]
    pub(super) module_environment: BTreeMap<String, String>,
}

impl ConfigFile {
    pub(super) fn read(path: &Path, owners: Owners) -> Result<Self, CliError> {
        let config: Self = toml_file::read(path, owners)?;
        if let Some(name) = config
            .module_environment
            .keys()
            .find(|name| !is_for_a_module(name))
        {
            let is_setting = SETTINGS.contains(&name.as_str());
            let reason = if is_setting {
                format!(
                    "move {name} above the first line in brackets: below it, the line belongs to [module-environment]"
                )
            } else {
                format!(
                    "[module-environment] cannot set {name:?}, only variables that PKCS#11 modules read: {}",
                    FOR_MODULES.join(", ")
                )
            };
            return Err(CliError::config(path, None, &reason));
        }
        Ok(config)
    }
}

fn quorum<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Digest>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let digest = text.strip_prefix("sha256:").and_then(|hex| hex.parse().ok());
    let wrong = || serde::de::Error::custom("ceremony-quorum must be sha256: and 64 lower-case hex digits");
    digest.ok_or_else(wrong).map(Some)
}

/// The settings above the sections. A line that is appended to the file lands in its last section instead.
pub(super) const SETTINGS: [&str; 9] = [
    "module",
    "token",
    "pin-source",
    "ledger",
    "ledger-password-source",
    "ledger-head",
    "refused-keys",
    "format",
    "ceremony-quorum",
];

/// The variables that PKCS#11 modules read to find their token. `_*` at the end of a name matches any suffix. Variables that other parts of
/// this process read are not allowed: `OPENSSL_CONF` loads code, `AWS_CONFIG_FILE` names programs.
const FOR_MODULES: [&str; 16] = [
    // SoftHSM, Kryoptic, NSS softokn, tpm2-pkcs11
    "SOFTHSM2_CONF",
    "KRYOPTIC_CONF",
    "NSS_LIB_PARAMS",
    "TPM2_PKCS11_*",
    // AWS CloudHSM, Google Cloud KMS, YubiHSM, Nitrokey's NetHSM
    "CLOUDHSM_*",
    "KMS_PKCS11_CONFIG",
    "YUBIHSM_PKCS11_CONF",
    "P11NETHSM_CONFIG_FILE",
    // Thales Luna and ProtectServer, Entrust nShield, Utimaco
    "ChrystokiConfigurationPath",
    "ET_PTKC_*",
    "ET_HSM_*",
    "CKNFAST_*",
    "NFAST_*",
    "CS_PKCS11_R3_CFG",
    // OpenSC, and a p11-kit server
    "OPENSC_CONF",
    "P11_KIT_SERVER_ADDRESS",
];

/// Whether it is a variable that PKCS#11 modules read.
pub(super) fn is_for_a_module(name: &str) -> bool {
    let is_name = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fits = |known: &&str| match known.strip_suffix('*') {
        Some(prefix) => name.len() > prefix.len() && name.starts_with(prefix),
        None => name == *known,
    };
    is_name && FOR_MODULES.iter().any(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// serde names every field of the file in its message about an unknown one.
    #[test]
    fn every_setting_above_the_sections_is_in_the_list() {
        let message = toml::from_str::<ConfigFile>("no-such-setting = 1")
            .unwrap_err()
            .message()
            .to_owned();
        let (_, names) = message.split_once("expected one of ").expect(&message);
        let names = names.split(", ").map(|name| name.trim_matches('`'));
        let settings: Vec<_> = names.filter(|name| *name != "module-environment").collect();
        assert_eq!(settings, SETTINGS);
    }

    #[test]
    fn a_setting_below_a_section_is_moved_up_and_another_name_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(CONFIG_FILE);
        let refused = |line: &str| {
            let text = format!("token = \"ca\"\n[module-environment]\nSOFTHSM2_CONF = \"x\"\n{line}\n");
            std::fs::write(&path, text).unwrap();
            ConfigFile::read(&path, Owners::Any).unwrap_err().to_string()
        };
        for setting in SETTINGS {
            let message = refused(&format!("{setting} = \"x\""));
            let advice = format!("move {setting} above the first line in brackets");
            assert!(message.contains(&advice), "{message}");
        }
        let message = refused("LD_PRELOAD = \"x\"");
        assert!(
            message.contains("[module-environment] cannot set \"LD_PRELOAD\""),
            "{message}"
        );
    }
}
