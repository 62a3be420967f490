//! A one-line warning about open or undelivered entries, with the command that helps.

use hsm_ca::ledger::{Entry, Unfinished};

use super::ledger::entry::kind;

/// At most this many entries are named.
const NAMED: usize = 3;

pub(super) fn describe(found: &Unfinished) -> String {
    let more = if found.more { ", and more" } else { "" };
    let mut parts = Vec::new();
    if !found.undelivered.is_empty() {
        parts.push(format!(
            "{} signed, but not confirmed as delivered",
            name(&found.undelivered)
        ));
    }
    if !found.open.is_empty() {
        parts.push(format!(
            "{} begun, but not ended: another run is signing it now, or was interrupted",
            name(&found.open)
        ));
    }
    let command = match (found.undelivered.as_slice(), found.open.as_slice(), found.more) {
        ([one], [], false) if one.state.der().is_some() => {
            format!("hsm-ca ledger deliver '{}' --out FILE", one.id)
        }
        ([], [one], false) => format!("hsm-ca ledger show '{}'", one.id),
        _ => "hsm-ca ledger list --open".to_owned(),
    };
    format!(
        "the ledger has for this CA: {}{more}; check with `{command}`",
        parts.join("; ")
    )
}

fn name(entries: &[Entry]) -> String {
    let named: Vec<_> = entries
        .iter()
        .take(NAMED)
        .map(|entry| format!("{} ({})", entry.id, kind(&entry.object)))
        .collect();
    match entries.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
