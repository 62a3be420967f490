//! `token`.

mod bench;

use clap::Subcommand;
use hsm_ca::token::{PinTries, SkippedSlot, TokenDescription};
use serde_json::{Value, json};

use super::exit::CliError;
use super::global::Settings;
use super::report::{Fields, Report, printable};
use super::table::{self, Fit, TableOptions};
use super::ui::Ui;
use bench::BenchToken;

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// List the tokens of the module, and the slots whose token cannot be read, without logging in
    #[command(visible_alias = "ls")]
    List(TableOptions),
    /// Show what the module and the token report about themselves, without logging in
    Show,
    /// Measure how fast the token signs, for each mechanism and number of sessions
    ///
    /// The keys are session objects that the token generates and destroys: nothing stays on it, even if the command is killed.
    /// Every signature is verified in software, after the time for its point.
    Bench(BenchToken),
}

impl TokenCommand {
    pub(super) fn run(&self, settings: &Settings, ui: &Ui) -> Result<Report, CliError> {
        match self {
            Self::List(options) => list(settings, options.wide),
            Self::Show => show(settings),
            Self::Bench(bench) => bench.run(settings, ui),
        }
    }
}

fn list(settings: &Settings, wide: bool) -> Result<Report, CliError> {
    let slots = settings.load_module()?.slots()?;
    let rows: Vec<_> = slots.tokens().map(row).collect();
    let mut text = match rows.is_empty() {
        true => "No initialised token.\n".to_owned(),
        false => table::render(&COLUMNS, &rows, wide),
    };
    for token in slots.uninitialised() {
        let kind = printable(&format!("{} {}", token.manufacturer, token.model));
        text.push_str(&format!("Not initialised yet: slot {} ({kind})\n", token.slot_id));
    }
    for slot in slots.skipped() {
        text.push_str(&format!("Skipped, its token cannot be read: {slot}\n"));
    }
    let tokens: Vec<_> = slots.tokens().map(describe).collect();
    let uninitialised: Vec<_> = slots.uninitialised().map(describe_uninitialised).collect();
    let skipped: Vec<_> = slots.skipped().iter().map(describe_skipped).collect();
    let json = json!({ "tokens": tokens, "uninitialised": uninitialised, "skipped_slots": skipped });
    Ok(Report::laid_out(text, json))
}

/// A token is named by its label or its serial number.
const COLUMNS: [table::Column; 5] = [
    ("LABEL", Fit::Whole),
    ("SERIAL", Fit::Whole),
    ("SLOT", Fit::Whole),
    ("PIN", Fit::Folded),
    ("MODEL", Fit::Folded),
];

fn row(token: &TokenDescription) -> table::Row {
    table::row([
        token.label.clone(),
        token.serial.clone(),
        token.slot_id.to_string(),
        pin_line(token),
        format!("{} {}", token.manufacturer, token.model),
    ])
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
    if !token.login_required {
        "not needed".to_owned()
    } else if token.user_pin_initialised {
        token.pin_tries.to_string()
    } else {
        "not set yet".to_owned()
    }
}

/// Before it is initialised, a token has no label and no PIN.
fn describe_uninitialised(token: &TokenDescription) -> Value {
    json!({
        "slot_id": token.slot_id, "serial": token.serial,
        "manufacturer": token.manufacturer, "model": token.model,
    })
}

fn describe_skipped(slot: &SkippedSlot) -> Value {
    json!({ "slot_id": slot.slot_id, "function": slot.function, "answer": slot.value })
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
        "pin_tries": tries, "user_pin_set": token.user_pin_initialised,
        "login_required": token.login_required, "write_protected": token.write_protected,
    })
}
