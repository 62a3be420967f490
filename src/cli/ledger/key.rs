//! The ledger's entry about a key: as a line and in full.

use hsm_ca::ledger::{KeyAct, KeyEntry, KeyState};

use super::entry::{stamp, time};
use super::line::Line;
use crate::cli::report::Fields;

fn state(entry: &KeyEntry) -> &'static str {
    match (&entry.state, entry.intent.act) {
        (KeyState::Begun, KeyAct::Generate) => "generation begun, end unknown",
        (KeyState::Begun, KeyAct::Import) => "import begun, end unknown",
        (KeyState::Begun, KeyAct::Delete) => "deletion begun, end unknown",
        (KeyState::Failed { .. }, KeyAct::Generate) => "generation failed",
        (KeyState::Failed { .. }, KeyAct::Import) => "import failed",
        (KeyState::Failed { .. }, KeyAct::Delete) => "deletion failed",
        (KeyState::Done { .. }, act) => act.done(),
        _ => "unknown",
    }
}

/// What the entry is about, with its article.
pub(super) fn noun(entry: &KeyEntry) -> &'static str {
    match entry.intent.act {
        KeyAct::Generate => "a generated key",
        KeyAct::Import => "an imported key",
        KeyAct::Delete => "a deleted key",
        _ => "a key",
    }
}

/// The entry as a line of the list.
pub(super) fn line(entry: &KeyEntry) -> Line {
    let token = &entry.intent.token;
    Line {
        entry: entry.id,
        begun: time(entry.begun.time),
        what: "key",
        state: state(entry).to_owned(),
        serial: None,
        about: format!(
            "\"{}\" on the token \"{}\", serial number {}",
            entry.intent.label, token.label, token.serial
        ),
    }
}

/// The entry in full.
pub(super) fn text(entry: &KeyEntry) -> String {
    let intent = &entry.intent;
    let mut fields = Fields::default();
    fields
        .add("entry", entry.id)
        .add("what", format!("key, {}", state(entry)))
        .add("label", &intent.label)
        .add("token", &intent.token.label)
        .add("token serial", &intent.token.serial)
        .add(
            "token model",
            format!("{}, {}", intent.token.manufacturer, intent.token.model),
        );
    if let Some(route) = &intent.route {
        fields.add("route", route);
    }
    fields.add("begun", stamp(&entry.begun));
    match &entry.state {
        KeyState::Begun => {
            let unknown = match intent.act {
                KeyAct::Delete => "none: whether the key is still there is unknown",
                _ => "none: whether the key is there is unknown",
            };
            fields.add("end", unknown);
            if let Some(sha256) = &intent.key_sha256 {
                fields.add("SHA-256 of the key", sha256);
            }
        }
        KeyState::Done { stamp: when, key } => {
            fields
                .add(intent.act.done(), stamp(when))
                .add("id", &key.id)
                .add("kind", &key.kind);
            if let Some(sha256) = &key.key_sha256 {
                fields.add("SHA-256 of the key", sha256);
            }
            for attribute in &key.attributes {
                let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
                fields.add(name, value);
            }
        }
        KeyState::Failed { stamp: when, reason } => {
            fields.add("failed", stamp(when)).add("because", reason);
        }
        _ => {}
    }
    fields.render(0)
}
