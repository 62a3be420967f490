//! `token`.

mod bench;

use clap::Subcommand;
use hsm_ca::token::TokenDescription;

use super::exit::CliError;
use super::global::Settings;
use super::json::Output as _;
use super::json::common::FileName;
use super::json::token::{Module, Token, TokenList, TokenShow};
use super::report::{Fields, Report};
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
        let kind = format!("{} {}", token.manufacturer, token.model);
        let line = format!("Not initialised yet: slot {} ({kind})", token.slot_id);
        text.push_str(&table::below(&line));
    }
    for slot in slots.skipped() {
        text.push_str(&table::below(&format!(
            "Skipped, its token cannot be read: {slot}"
        )));
    }
    let list = TokenList::new(slots.tokens(), slots.uninitialised(), slots.skipped());
    Ok(Report::laid_out(text, list.document()))
}

/// The label and the serial number stay whole: they name a token.
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
    let shown = TokenShow {
        token: Token::of(description),
        module: Module {
            path: FileName::of(&module.path),
            library: module.library.clone(),
            manufacturer: module.manufacturer.clone(),
            cryptoki_version: module.cryptoki_version.clone(),
        },
    };
    Ok(Report::new(fields.render(0), shown.document()))
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
