//! One entry of the ledger: as a line, in full, and as JSON.

use hsm_ca::ledger::{
    DeliveryState, Entry, EntryState, Object, RevocationRecord, RevocationState, SerialNumber, Stamp,
    UnixTime,
};
use hsm_ca::output::encode_pem;
use hsm_ca::x509;

use super::super::json::ledger_entry as output;
use super::super::report::Fields;
use super::line::Line;

pub(super) fn time(time: UnixTime) -> String {
    time.to_string()
}

pub(in super::super) fn kind(object: &Object) -> &'static str {
    match object {
        Object::Certificate { .. } | Object::SerialNumber { .. } => "certificate",
        Object::Crl { base: None, .. } => "CRL",
        Object::Crl { .. } => "delta CRL",
        Object::OcspResponse { .. } => "OCSP response",
        Object::Request { .. } => "CSR",
        _ => object.kind(),
    }
}

fn serials(list: &[SerialNumber]) -> String {
    let shown: Vec<_> = list.iter().take(10).map(ToString::to_string).collect();
    let more = if list.len() > 10 {
        format!(" and {} more", list.len() - 10)
    } else {
        String::new()
    };
    format!("{}{more}", shown.join(" "))
}

/// The entry as a line of the list.
pub(super) fn line(entry: &Entry) -> Line {
    let state = match entry.revocation.as_ref().map(|revocation| &revocation.state) {
        Some(RevocationState::Revoked { reason, .. }) => format!("revoked: {}", reason.name()),
        _ if entry.state == EntryState::Begun => "begun, end unknown".to_owned(),
        _ if entry.delivery == DeliveryState::Undelivered => format!("{}, NOT DELIVERED", entry.state.name()),
        _ => entry.state.name().to_owned(),
    };
    let (serial, about) = match &entry.object {
        Object::Certificate { serial, subject, .. } => (Some(serial), subject.text.clone()),
        Object::SerialNumber { serial, subject, .. } => {
            let subject = subject.as_deref().unwrap_or("(no certificate)");
            (Some(serial), subject.to_owned())
        }
        Object::Crl {
            number,
            base,
            entries,
            ..
        } => {
            let base = base.map(|base| format!(" on {base}")).unwrap_or_default();
            (None, format!("number {number}{base}, {entries} revoked"))
        }
        Object::OcspResponse { serials: list, .. } => match list.as_slice() {
            [one] => (Some(one), String::new()),
            list => (None, format!("for {} certificates", list.len())),
        },
        Object::Request { subject } => (None, subject.text.clone()),
        _ => (None, String::new()),
    };
    Line {
        entry: entry.id,
        begun: time(entry.begun.time),
        what: kind(&entry.object),
        state,
        serial: serial.map(ToString::to_string),
        about,
    }
}

pub(super) fn stamp(stamp: &Stamp) -> String {
    format!("{} by {} with {}", time(stamp.time), stamp.by, stamp.tool)
}

/// The entry in full, with the object itself, if the ledger keeps it.
pub(super) fn text(entry: &Entry) -> String {
    let mut fields = Fields::default();
    fields.add("entry", entry.id).add("what", kind(&entry.object));
    match &entry.object {
        Object::Certificate {
            serial,
            subject,
            profile,
            request_sha256,
            not_before,
            not_after,
            ..
        } => {
            fields
                .add("subject", &subject.text)
                .add("serial", serial)
                .add("valid from", time(*not_before))
                .add("valid until", time(*not_after))
                .add("profile", profile);
            if let Some(sha256) = request_sha256 {
                fields.add("CSR", sha256);
            }
        }
        Object::SerialNumber {
            serial,
            subject,
            not_after,
        } => {
            fields.add("subject", subject.as_deref().unwrap_or("not known"));
            fields
                .add("serial", serial)
                .add("valid until", time(*not_after))
                .add(
                    "certificate",
                    "unknown: `hsm-ca ca adopt --certificates DIR` adds it",
                );
        }
        Object::Crl {
            number,
            base,
            this_update,
            next_update,
            entries,
        } => {
            fields.add("number", number);
            if let Some(base) = base {
                fields.add("on top of", base);
            }
            fields
                .add("this update", time(*this_update))
                .add("next update", time(*next_update))
                .add("entries", entries);
        }
        Object::OcspResponse {
            serials: list,
            this_update,
            next_update,
        } => {
            fields
                .add("about", serials(list))
                .add("this update", time(*this_update));
            if let Some(next_update) = next_update {
                fields.add("next update", time(*next_update));
            }
        }
        Object::Request { subject } => {
            fields.add("subject", &subject.text);
        }
        _ => {}
    }
    let signer = match entry.object {
        Object::Certificate { .. } | Object::SerialNumber { .. } | Object::Crl { .. } => "issuer",
        _ => "signer",
    };
    fields
        .add(signer, &entry.authority.subject.text)
        .add(format!("{signer} key"), entry.authority.key_sha256);
    let first = if matches!(entry.state, EntryState::Adopted { .. }) {
        "adopted"
    } else {
        "begun"
    };
    fields.add(first, stamp(&entry.begun));
    if let Some(tbs_sha256) = entry.tbs_sha256 {
        fields.add("to be signed", tbs_sha256);
    }
    if !entry.waived.is_empty() {
        fields.add("rules waived", entry.waived.join(", "));
    }
    match &entry.state {
        EntryState::Begun => {
            fields.add("end", "none: whether a signature was made is unknown");
        }
        EntryState::Signed {
            stamp: when, sha256, ..
        } => {
            fields.add("signed", stamp(when)).add("SHA-256", sha256);
        }
        EntryState::Abandoned { stamp: when, reason } => {
            fields.add("abandoned", stamp(when)).add("because", reason);
        }
        EntryState::Adopted {
            sha256: Some(sha256), ..
        } => {
            fields.add("SHA-256", sha256);
        }
        _ => {}
    }
    match entry.delivery {
        DeliveryState::Undelivered if entry.state.der().is_some() => {
            let command = format!("hsm-ca ledger deliver '{}' --out FILE", entry.id);
            fields.add("delivered", format!("not confirmed: {command}"));
        }
        DeliveryState::Undelivered => {
            fields.add("delivered", "not confirmed; too large for the ledger to keep");
        }
        DeliveryState::Delivered { event, time: when } => {
            fields.add("delivered", format!("{} (event {event})", time(when)));
        }
        _ => {}
    }
    if let Some(revocation) = &entry.revocation {
        add_revocation(&mut fields, revocation);
    }
    fields.render(0) + &pem(entry).unwrap_or_default()
}

fn add_revocation(fields: &mut Fields, revocation: &RevocationRecord) {
    match &revocation.state {
        RevocationState::Revoked {
            reason,
            revoked,
            invalidity_date,
        } => {
            fields.add("revoked", format!("{}, {}", time(*revoked), reason.name()));
            if let Some(date) = invalidity_date {
                fields.add("invalid since", time(*date));
            }
        }
        RevocationState::Released => {
            fields.add("revoked", "no longer: it was on hold");
        }
    }
}

fn pem(entry: &Entry) -> Option<String> {
    let label = match entry.object {
        Object::Certificate { .. } => x509::CERTIFICATE,
        Object::Crl { .. } => "X509 CRL",
        Object::Request { .. } => "CERTIFICATE REQUEST",
        _ => return None,
    };
    entry.state.der().map(|der| encode_pem(label, &der.0))
}

/// An entry as JSON.
pub(in super::super) fn describe(entry: &Entry) -> output::Entry {
    output::Entry::of(entry, pem(entry))
}
