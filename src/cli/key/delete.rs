//! `key delete`.

use clap::Args;
use hsm_ca::signer::Hex;
use hsm_ca::token::{KeyClass, KeyDescription, KeyObjects};
use serde_json::json;

use super::{KeyName, describe};
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::report::{Fields, Report, printable};
use crate::cli::ui::Terminal;

#[derive(Debug, Args)]
pub(in crate::cli) struct DeleteKey {
    #[command(flatten)]
    key: KeyName,
    /// Delete without asking
    #[arg(long)]
    yes: bool,
}

impl DeleteKey {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let selector = self.key.selector()?;
        // Whoever cannot be asked later is told before a PIN is asked for.
        let terminal = self.terminal(settings)?;
        let session = settings.open_session(Some(&self.key.key))?;
        session.token().check_writable()?;
        let objects = session.key_objects(&selector)?;
        if let Some(terminal) = terminal {
            confirm(terminal, &objects, &session.token().description().label)?;
        }
        let destroyed = objects.destroy()?;
        let text = format!(
            "Deleted from the token \"{}\"\n{}",
            printable(&session.token().description().label),
            fields(destroyed.iter()).render(2)
        );
        let list: Vec<_> = destroyed.iter().map(describe).collect();
        Ok(Report::new(text, json!({ "deleted": list })))
    }

    /// Who will be asked; `None` with `--yes`.
    fn terminal(&self, settings: &Settings) -> Result<Option<Terminal>, CliError> {
        if self.yes {
            return Ok(None);
        }
        if settings.no_input {
            let reason = "--no-input does not let anybody be asked, and --yes is not given";
            return Err(CliError::Unconfirmed { reason });
        }
        let reason = "there is no terminal to ask on, and --yes is not given";
        Terminal::open()
            .map(Some)
            .map_err(|_| CliError::Unconfirmed { reason })
    }
}

fn confirm(mut terminal: Terminal, objects: &KeyObjects<'_>, token: &str) -> Result<(), CliError> {
    let Some(key) = objects.descriptions().next() else {
        return Ok(());
    };
    let word = word_of(key);
    let consequence = match key.class {
        KeyClass::Private => {
            "A private key that is deleted is gone for good. What it has signed stays valid; certificates and CRLs\n\
             under it can then be issued, renewed or revoked by nobody.\n"
        }
        _ => "It has no private key beside it on this token.\n",
    };
    let question = format!(
        "On the token \"{}\" will be deleted:\n{}{consequence}Type {} to delete it: ",
        printable(token),
        fields(objects.descriptions()).render(2),
        printable(&word),
    );
    let answer = terminal.ask(&question).map_err(|_| CliError::Unconfirmed {
        reason: "the terminal gave no answer",
    })?;
    if answer == word {
        return Ok(());
    }
    Err(CliError::Unconfirmed {
        reason: "that is not its name",
    })
}

/// Its label, or where it has none its id.
fn word_of(key: &KeyDescription) -> String {
    match key.label.trim() {
        "" => Hex(&key.id).to_string(),
        label => label.to_owned(),
    }
}

fn fields<'a>(keys: impl Iterator<Item = &'a KeyDescription>) -> Fields {
    let mut fields = Fields::default();
    for key in keys {
        fields.add(format!("{} key", key.class), key);
    }
    fields
}
