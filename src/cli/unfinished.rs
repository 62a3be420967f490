//! A warning about entries that are open or undelivered, with the command for each kind.

use hsm_ca::ledger::{Entry, Unfinished};

use super::ledger::entry::kind;

/// At most this many entries are named.
const NAMED: usize = 3;

/// The command that lists them all.
const LIST: &str = "`hsm-ca ledger list --open` lists them";

pub(super) fn describe(found: &Unfinished) -> String {
    let parts = [
        describe_undelivered(&found.undelivered, found.more_undelivered),
        describe_open(&found.open, found.more_open),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    match parts.is_empty() {
        // Those that were read are revoked or expired.
        true => format!("many entries of this CA have no recorded end: {LIST}"),
        false => parts.join("; "),
    }
}

fn describe_undelivered(entries: &[Entry], more: bool) -> Option<String> {
    const WHAT: &str = "signed and not confirmed as delivered";
    match entries {
        [] => None,
        [one] if !more => {
            let command = match one.state.der() {
                Some(_) => format!("`hsm-ca ledger deliver '{}' --out FILE` writes it", one.id),
                None => format!("`hsm-ca ledger show '{}'` shows it", one.id),
            };
            Some(format!("{} of this CA was {WHAT}: {command}", name(one)))
        }
        several => Some(format!(
            "{} were {WHAT} ({}): {LIST}",
            count(several, more),
            names(several)
        )),
    }
}

fn describe_open(entries: &[Entry], more: bool) -> Option<String> {
    let settle = |serial: &str| format!("`hsm-ca cert revoke {serial} --ca FILE --reason superseded`");
    match entries {
        [] => None,
        [one] if !more => {
            let settled = one.object.serial().map(|serial| {
                let settle = settle(&serial.to_string());
                match one.is_self_issued() {
                    true => format!(
                        "; it is the CA's own: `hsm-ca ca create` with --second-certificate makes another, and then {settle} with that file settles it"
                    ),
                    false => format!("; {settle} settles it"),
                }
            });
            Some(format!(
                "{} of this CA was begun and has no recorded signature: a run was interrupted, or is signing now. `hsm-ca ledger show '{}'` shows it{}",
                name(one),
                one.id,
                settled.unwrap_or_default()
            ))
        }
        several => {
            let has_serial = several.iter().any(|one| one.object.serial().is_some());
            let settled = format!("; {} settles one", settle("SERIAL"));
            Some(format!(
                "{} were begun and have no recorded signature ({}): a run was interrupted, or is signing now. {LIST}{}",
                count(several, more),
                names(several),
                if has_serial { &settled } else { "" }
            ))
        }
    }
}

fn name(entry: &Entry) -> String {
    format!("the {} {}", kind(&entry.object), entry.id)
}

/// As `100 or more certificates of this CA`.
fn count(entries: &[Entry], more: bool) -> String {
    let mut kinds: Vec<_> = entries.iter().map(|entry| kind(&entry.object)).collect();
    kinds.dedup();
    let kinds = match kinds.as_slice() {
        [one] => format!("{one}s"),
        _ => "objects".to_owned(),
    };
    let more = if more { " or more" } else { "" };
    format!("{}{more} {kinds} of this CA", entries.len())
}

fn names(entries: &[Entry]) -> String {
    let mut named: Vec<_> = entries
        .iter()
        .take(NAMED)
        .map(|entry| entry.id.to_string())
        .collect();
    if entries.len() > NAMED {
        named.push("\u{2026}".to_owned());
    }
    named.join(", ")
}

#[cfg(test)]
mod tests {
    use hsm_ca::ledger::{
        Authority, DeliveryState, Digest, EntryId, EntryState, Object, RecordedName, Stamp, UnixTime,
    };
    use hsm_ca::x509::{Name, SerialNumber};

    use super::*;

    fn open(number: u8) -> Entry {
        let subject = RecordedName {
            text: "CN=A".to_owned(),
            name: Name::from_rfc4514("CN=A").unwrap(),
        };
        Entry {
            id: EntryId(number.into()),
            authority: Authority {
                key_sha256: Digest::of(b"key"),
                subject,
            },
            object: Object::SerialNumber {
                serial: SerialNumber::from_octets([number]),
                subject: None,
                not_after: UnixTime(0),
            },
            tbs_sha256: None,
            waived: Vec::new(),
            begun: Stamp {
                time: UnixTime(0),
                by: "a@b".to_owned(),
                tool: "hsm-ca".to_owned(),
                waived: Vec::new(),
            },
            state: EntryState::Begun,
            revocation: None,
            delivery: DeliveryState::Unknown,
        }
    }

    #[test]
    fn a_warning_names_the_number_of_entries_and_the_way_out() {
        let one = Unfinished {
            open: vec![open(0x1a)],
            ..Unfinished::default()
        };
        assert_eq!(
            describe(&one),
            "the certificate #26 of this CA was begun and has no recorded signature: a run was interrupted, or is signing now. \
             `hsm-ca ledger show '#26'` shows it; `hsm-ca cert revoke 1a --ca FILE --reason superseded` settles it"
        );
        let mut own = open(2);
        own.object = Object::Certificate {
            serial: SerialNumber::from_octets([2]),
            subject: own.authority.subject.clone(),
            profile: "root".to_owned(),
            names_sha256: None,
            request_sha256: None,
            not_before: UnixTime(0),
            not_after: UnixTime(0),
        };
        let own = describe(&Unfinished {
            open: vec![own],
            ..Unfinished::default()
        });
        assert!(
            own.contains("`hsm-ca ledger show '#2'` shows it; it is the CA's own: `hsm-ca ca create` with --second-certificate"),
            "{own}"
        );
        let many = Unfinished {
            open: (0..100).rev().map(open).collect(),
            more_open: true,
            ..Unfinished::default()
        };
        assert_eq!(
            describe(&many),
            "100 or more certificates of this CA were begun and have no recorded signature (#99, #98, #97, \u{2026}): a run was \
             interrupted, or is signing now. `hsm-ca ledger list --open` lists them; `hsm-ca cert revoke SERIAL --ca FILE --reason \
             superseded` settles one"
        );
        let delivery = Unfinished {
            undelivered: vec![open(1), open(2)],
            ..Unfinished::default()
        };
        let words = "2 certificates of this CA were signed and not confirmed as delivered (#1, #2): `hsm-ca ledger list --open` lists them";
        assert_eq!(describe(&delivery), words);
        let both = Unfinished {
            undelivered: delivery.undelivered,
            ..many
        };
        assert!(describe(&both).starts_with(words), "the exact number stays exact");
    }
}
