//! `key delete`.

use std::ops::ControlFlow;

use clap::Args;
use hsm_ca::ledger::{Access, Digest, EntryFilter, Object};
use hsm_ca::signer::{Hex, PublicKey};
use hsm_ca::token::{KeyClass, KeyDescription, KeyObjects};
use hsm_ca::values::is_unprintable;
use hsm_ca::workflow::{DeleteSummary, delete_key};

use super::KeyName;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::key::{KeyDelete, TokenKey};
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
        // If the confirmation prompt is impossible, the command fails before the PIN prompt.
        let terminal = self.terminal(settings)?;
        let mut log = settings.open_key_log()?;
        let session = settings.open_session(Some(&self.key.key))?;
        session.token().check_writable()?;
        let objects = session.key_objects(&selector)?;
        let authority = objects.public_key().and_then(|key| authority_with(settings, key));
        if let Some(terminal) = terminal {
            let token = &session.token().description().label;
            confirm(terminal, &objects, token, authority.as_deref())?;
        }
        let DeleteSummary {
            deleted,
            recorded,
            head_left,
        } = delete_key(session, objects, &mut log)?;
        let text = format!(
            "Deleted from the token \"{}\"\n{}",
            printable(&session.token().description().label),
            fields(deleted.iter())
                .add("ledger", settings.describe_recorded(recorded))
                .render(2)
        );
        let json = KeyDelete {
            deleted: deleted.iter().map(TokenKey::of).collect(),
            authority: authority.clone(),
            recorded: recorded.map(|entry| entry.0),
        };
        let head = head_left.map(|reason| {
            format!("the ledger's head that was kept for the key may still be on the token: {reason}")
        });
        let warnings = authority
            .iter()
            .map(|subject| describe_authority(subject))
            .chain(head);
        Ok(Report {
            warnings: warnings.collect(),
            ..Report::new(text, json.document())
        })
    }

    /// The terminal to ask on; `None` with `--yes`.
    fn terminal(&self, settings: &Settings) -> Result<Option<Terminal>, CliError> {
        if self.yes {
            return Ok(None);
        }
        if settings.no_input {
            let reason = "--no-input forbids the confirmation prompt, and --yes was not given";
            return Err(CliError::Unconfirmed { reason });
        }
        let reason = "no terminal to ask on, and --yes was not given";
        Terminal::open()
            .map(Some)
            .map_err(|_| CliError::Unconfirmed { reason })
    }
}

/// The CA that uses the key, by its last signature in the ledger; `None` without a ledger.
fn authority_with(settings: &Settings, key: &PublicKey) -> Option<String> {
    let ledger = settings.ledger_to_open().ok()?.open(Access::Read).ok()?;
    let wanted = Digest::of(key.der());
    let mut found = None;
    let read = ledger.entries(&EntryFilter::default(), &mut |entry| {
        // A request does not make its key a CA's, and a delegated OCSP signer is not a CA.
        let by_a_ca = matches!(entry.object, Object::Certificate { .. } | Object::Crl { .. });
        if entry.authority.key_sha256 == wanted && by_a_ca {
            found = Some(entry.authority.subject.text);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    });
    read.ok().and(found)
}

fn describe_authority(subject: &str) -> String {
    format!("the ledger says that it is the key of the CA \"{subject}\"")
}

fn confirm(
    mut terminal: Terminal,
    objects: &KeyObjects<'_>,
    token: &str,
    authority: Option<&str>,
) -> Result<(), CliError> {
    let Some(key) = objects.descriptions().next() else {
        return Ok(());
    };
    let word = word_of(key);
    let consequence = match key.class {
        KeyClass::Private => {
            "A deleted private key cannot be recovered. What it has signed stays valid, but nobody can \
             issue, renew\n\
             or revoke anything under it any more.\n"
        }
        _ => "This token has no private key for it.\n",
    };
    let question = format!(
        "This deletes from the token \"{}\":\n{}{}{consequence}Type {} to delete it: ",
        printable(token),
        fields(objects.descriptions()).render(2),
        authority.map_or_else(String::new, |subject| {
            format!("WARNING: {}.\n", printable(&describe_authority(subject)))
        }),
        printable(&word),
    );
    let answer = terminal.ask(&question).map_err(|_| CliError::Unconfirmed {
        reason: "no answer from the terminal",
    })?;
    if answer == word {
        return Ok(());
    }
    Err(CliError::Unconfirmed {
        reason: "the typed name does not match",
    })
}

/// The word to type: its label, or its id if the label cannot be typed.
fn word_of(key: &KeyDescription) -> String {
    match key.label.trim() {
        label if label.is_empty() || label.contains(is_unprintable) => Hex(&key.id).to_string(),
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
