//! `key delete`.

use std::ops::ControlFlow;

use clap::Args;
use hsm_ca::ledger::{Access, Authority, Digest, EntryFilter, Ledger, Object};
use hsm_ca::signer::{Hex, PublicKey};
use hsm_ca::token::{KeyClass, KeyDescription, KeyObjects, Session};
use hsm_ca::values::is_unprintable;
use hsm_ca::workflow::{DeleteSummary, delete_key, keeps_head_of};

use crate::cli::connect::check_key_name;
use crate::cli::exit::CliError;
use crate::cli::global::Settings;
use crate::cli::json::Output as _;
use crate::cli::json::key::{KeyDelete, TokenKey};
use crate::cli::report::{Fields, Report, printable};
use crate::cli::ui::Terminal;

#[derive(Debug, Args)]
pub(in crate::cli) struct DeleteKey {
    /// The key's label, or a pkcs11: URI with object or id
    key: String,
    /// Delete without asking
    #[arg(long)]
    yes: bool,
}

impl DeleteKey {
    pub(super) fn run(&self, settings: &Settings) -> Result<Report, CliError> {
        let selector = check_key_name(&self.key)?;
        let mut log = settings.open_key_log()?;
        let session = settings.open_session(Some(&self.key))?;
        session.token().check_writable()?;
        let objects = session.key_objects(&selector)?;
        if log.is_nowhere() {
            refuse_unrecorded(settings, session, objects.public_key())?;
        }
        // A key that is not there is reported as such, even if nobody can be asked.
        let terminal = self.terminal(settings)?;
        let authorities = objects
            .public_key()
            .map(|key| authorities_with(settings, key))
            .unwrap_or_default();
        if let Some(terminal) = terminal {
            let token = &session.token().description().label;
            confirm(terminal, &objects, token, &authorities)?;
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
            authority: authorities.first().cloned(),
            entry: recorded.map(|entry| entry.0),
        };
        let head = head_left.map(|reason| {
            format!("the ledger's head that was kept for the key may still be on the token: {reason}")
        });
        let warnings = describe_authorities(&authorities).into_iter().chain(head);
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

/// Refuses to delete a key without a ledger, if the token shows that a ledger records it.
fn refuse_unrecorded(
    settings: &Settings,
    session: &Session,
    key: Option<&PublicKey>,
) -> Result<(), CliError> {
    match key {
        Some(key) if keeps_head_of(session, Digest::of(key.der()))? => Err(settings.no_ledger()),
        _ => Ok(()),
    }
}

/// The CAs that use the key, by their signatures in the ledger; none without a ledger.
fn authorities_with(settings: &Settings, key: &PublicKey) -> Vec<String> {
    let ledger = settings
        .ledger_to_open()
        .and_then(|place| Ok(place.open(Access::Read)?));
    let Ok(ledger) = ledger else {
        return Vec::new();
    };
    let wanted = Digest::of(key.der());
    let alike = ledger.authorities().unwrap_or_default().into_iter();
    let with_key = alike.filter(|authority| authority.key_sha256 == wanted);
    with_key
        .filter(|authority| signs_as_a_ca(ledger.as_ref(), authority))
        .map(|authority| authority.subject.text)
        .collect()
}

/// A request does not make its key a CA's, and a delegated OCSP signer is not a CA.
fn signs_as_a_ca(ledger: &dyn Ledger, authority: &Authority) -> bool {
    let filter = EntryFilter {
        authority: Some(authority.clone()),
        ..EntryFilter::default()
    };
    let mut is_found = false;
    let read = ledger.entries(&filter, &mut |entry| {
        is_found = matches!(entry.object, Object::Certificate { .. } | Object::Crl { .. });
        match is_found {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    read.is_ok() && is_found
}

fn describe_authorities(subjects: &[String]) -> Option<String> {
    let subjects: Vec<_> = subjects.iter().map(|subject| format!("\"{subject}\"")).collect();
    match subjects.as_slice() {
        [] => None,
        [one] => Some(format!("the ledger says that it is the key of the CA {one}")),
        several => Some(format!(
            "the ledger says that it is the key of the CAs {}",
            several.join(" and ")
        )),
    }
}

fn confirm(
    mut terminal: Terminal,
    objects: &KeyObjects<'_>,
    token: &str,
    authorities: &[String],
) -> Result<(), CliError> {
    let Some(key) = objects.descriptions().next() else {
        return Ok(());
    };
    let word = word_of(key);
    let consequence = match key.class {
        KeyClass::Private => {
            "A deleted private key cannot be recovered. What it has signed stays valid, but nobody can issue, renew or revoke \
             anything under it any more."
        }
        _ => "This token has no private key for it.",
    };
    let warning = describe_authorities(authorities)
        .map(|warning| terminal.wrapped(&format!("WARNING: {warning}.")))
        .unwrap_or_default();
    let question = format!(
        "This deletes from the token \"{}\":\n{}{warning}{}Type {} to delete it: ",
        printable(token),
        fields(objects.descriptions()).render(2),
        terminal.wrapped(consequence),
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

#[cfg(test)]
mod tests {
    use super::describe_authorities;

    #[test]
    fn every_ca_that_uses_the_key_is_named() {
        let [one, other] = ["CN=A", "CN=B"].map(str::to_owned);
        assert_eq!(describe_authorities(&[]), None);
        let named = describe_authorities(&[one, other]).unwrap();
        assert!(
            named.ends_with("the key of the CAs \"CN=A\" and \"CN=B\""),
            "{named}"
        );
    }
}
