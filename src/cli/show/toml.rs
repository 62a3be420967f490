//! Files in TOML: a profile, and the settings of this program.

use std::path::Path;

use serde_json::json;
use toml::{Table, Value};

use crate::cli::config::{ConfigFile, SETTINGS};
use crate::cli::exit::CliError;
use crate::cli::json::Output as _;
use crate::cli::json::show::SettingsFile;
use crate::cli::profile;
use crate::cli::report::{Fields, Report};
use crate::cli::toml_file;

/// The table of the variables for the module.
const VARIABLES: &str = "module-environment";

/// `None` if the file is something else.
pub(super) fn show(path: &Path, bytes: &[u8]) -> Option<Result<Report, CliError>> {
    let table: Table = std::str::from_utf8(bytes).ok()?.parse().ok()?;
    let has = |key: &str| table.contains_key(key);
    if has("role") && has("keys") {
        return Some(profile::show(path, bytes.to_vec()));
    }
    let is_setting = SETTINGS.into_iter().any(has) || has(VARIABLES);
    is_setting.then(|| show_settings(path, bytes, &table))
}

/// The settings as they are in the file. Nothing that they name is opened.
fn show_settings(path: &Path, bytes: &[u8], table: &Table) -> Result<Report, CliError> {
    // It is refused here if the commands would refuse it.
    let _: ConfigFile = toml_file::parse(path, bytes.to_vec())?;
    let mut fields = Fields::default();
    for (name, value) in table.iter().filter(|(name, _)| *name != VARIABLES) {
        fields.add(name, in_words(value));
    }
    for (name, value) in table
        .get(VARIABLES)
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        fields.add(name, in_words(value));
    }
    let text = format!("Settings of hsm-ca (--config)\n{}", fields.render(2));
    let json = SettingsFile {
        settings: json!(table),
    };
    Ok(Report::new(text, json.document()))
}

fn in_words(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| json!(value).to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<Result<Report, CliError>> {
        show(Path::new("file.toml"), text.as_bytes())
    }

    #[test]
    fn settings_and_profiles_are_told_apart() {
        let settings = "token = \"ca\"\n[module-environment]\nSOFTHSM2_CONF = \"softhsm2.conf\"\n";
        let report = shown(settings).unwrap().unwrap();
        assert_eq!(
            report.text,
            "Settings of hsm-ca (--config)\n  token          ca\n  SOFTHSM2_CONF  softhsm2.conf\n"
        );
        assert_eq!(report.json["settings"]["token"], "ca");
        let wrong = shown("token = \"ca\"\ntokn = \"cb\"\n").unwrap().unwrap_err();
        assert!(wrong.to_string().contains("tokn"), "{wrong}");
        let profile = "name = \"mine\"\nrole = \"leaf\"\ndays = 30\nkeys = [\"ec:p256\"]\nkey-usage = [\"digitalSignature\"]\n";
        let report = shown(profile).unwrap().unwrap();
        assert!(report.text.starts_with("profile "), "{}", report.text);
        assert_eq!(report.json["schema"], "hsm-ca/profile-show/1");
        for other in ["", "a = 1\n", "certificate", "\u{0}"] {
            assert!(shown(other).is_none(), "{other}");
        }
    }
}
