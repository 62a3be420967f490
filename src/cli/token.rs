//! `token`.

use clap::Subcommand;
use hsm_ca::token::{PinTries, TokenDescription};
use serde_json::{Value, json};

use super::exit::CliError;
use super::global::Settings;
use super::report::{Fields, Report, printable};

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// List the initialised tokens of the module, without logging in
    List,
    /// Show what the module and the token say of themselves, without logging in
    Show,
}

impl TokenCommand {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        match self {
            Self::List => list(settings),
            Self::Show => show(settings),
        }
    }
}

fn list(settings: &Settings) -> Result<Report, CliError> {
    let tokens = settings.load_module()?.tokens()?;
    let mut text = String::new();
    for token in &tokens {
        let mut fields = Fields::default();
        fields
            .add("serial", &token.serial)
            .add("slot", token.slot_id)
            .add("model", format!("{} {}", token.manufacturer, token.model))
            .add("PIN", pin_line(token));
        text.push_str(&format!("{}\n{}", printable(&token.label), fields.render(2)));
    }
    if tokens.is_empty() {
        text.push_str("No initialised token.\n");
    }
    let list: Vec<_> = tokens.iter().map(describe).collect();
    Ok(Report::new(text, json!({ "tokens": list })))
}

fn show(settings: &Settings) -> Result<Report, CliError> {
    let token = settings.find_token(None)?;
    let module = token.module().describe()?;
    let description = token.description();
    let mut fields = Fields::default();
    fields
        .add("label", &description.label)
        .add("serial", &description.serial)
        .add("slot", description.slot_id)
        .add("manufacturer", &description.manufacturer)
        .add("model", &description.model)
        .add("firmware", &description.firmware)
        .add("hardware", &description.hardware)
        .add("PIN", pin_line(description))
        .add(
            "write-protected",
            if description.write_protected { "yes" } else { "no" },
        )
        .add("module", module.path.display())
        .add("library", format!("{} ({})", module.library, module.manufacturer))
        .add("PKCS#11", &module.cryptoki_version);
    let mut json = describe(description);
    json["module"] = json!({
        "path": module.path.display().to_string(), "library": module.library,
        "manufacturer": module.manufacturer, "cryptoki_version": module.cryptoki_version,
    });
    Ok(Report::new(fields.render(0), json))
}

fn pin_line(token: &TokenDescription) -> String {
    if token.user_pin_initialised {
        token.pin_tries.to_string()
    } else {
        "not set yet".to_owned()
    }
}

/// A token as JSON.
pub(super) fn describe(token: &TokenDescription) -> Value {
    let tries = match token.pin_tries {
        PinTries::Untouched => "untouched",
        PinTries::Low => "low",
        PinTries::Final => "final",
        PinTries::Locked => "locked",
    };
    json!({
        "label": token.label, "serial": token.serial, "slot_id": token.slot_id,
        "manufacturer": token.manufacturer, "model": token.model,
        "firmware_version": token.firmware, "hardware_version": token.hardware,
        "pin_tries": tries, "user_pin_set": token.user_pin_initialised, "write_protected": token.write_protected,
    })
}
