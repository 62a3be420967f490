//! The derived rows in memory: a second implementation of a database's projection, for the store of the tests.

use std::collections::HashMap;

use crate::ledger::event::{Event, Unread, What};
use crate::ledger::{Authority, CrlNumber, Digest, Object, PathCheck, RevocationReason, SerialNumber};

/// Every table, by the keys of its rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    /// The authority, and the first authority of the same name.
    pub(super) authorities: HashMap<u64, (u64, Authority)>,
    /// The first authority of each name.
    issuers: HashMap<Vec<u8>, u64>,
    pub(super) entries: HashMap<u64, EntryRow>,
    /// By the entry that has it: issuer, serial number, notAfter.
    pub(super) serials: HashMap<u64, (u64, SerialNumber, u64)>,
    /// By issuer and number.
    pub(super) crl_numbers: HashMap<(u64, CrlNumber), NumberRow>,
    /// By authority and serial number.
    pub(super) revocations: HashMap<(u64, SerialNumber), RevocationRow>,
    /// By the entry: the event of the first delivery.
    pub(super) deliveries: HashMap<u64, Option<u64>>,
    /// By the entry: authority, and the hash of the request.
    pub(super) requests: HashMap<u64, (u64, Digest)>,
    /// By the beginning event: the ending event.
    pub(super) keys: HashMap<u64, Option<u64>>,
    /// By the entry of a certificate.
    pub(super) names: HashMap<u64, Digest>,
    /// By authority and hash: the path, and the last event about it.
    pub(super) authority_certificates: HashMap<(u64, Digest), (PathCheck, u64)>,
    /// Serial numbers without a certificate, by issuer: authority and entry.
    bare: HashMap<(u64, SerialNumber), (u64, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryRow {
    pub(super) authority: u64,
    pub(super) kind: &'static str,
    pub(super) end: Option<(u64, &'static str)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NumberRow {
    pub(super) reserved: u64,
    pub(super) complete: Option<u64>,
    pub(super) delta: Option<u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RevocationRow {
    pub(super) reason: Option<u64>,
    pub(super) revoked: Option<u64>,
    pub(super) invalidity_date: Option<u64>,
    pub(super) changed: u64,
}

impl Rows {
    /// Adds this event to the tables. `None` if it cannot follow those before it.
    pub(super) fn play(&mut self, event: Event<Unread>) -> Option<()> {
        let sequence = event.sequence;
        match event.event {
            What::Created { .. } | What::HeadGivenUp { .. } => {}
            What::Authority(authority) => {
                let issuer = *self
                    .issuers
                    .entry(authority.subject.name.der().to_vec())
                    .or_insert(sequence);
                self.authorities.insert(sequence, (issuer, authority));
            }
            What::Begun {
                authority, object, ..
            } => self.begin(sequence, authority, &object, None)?,
            What::Adopted {
                authority, object, ..
            } => self.adopt(sequence, authority, &object)?,
            What::AuthorityCertificate {
                authority,
                sha256,
                path,
                ..
            } => {
                self.issuer(authority)?;
                self.authority_certificates
                    .insert((authority, sha256), (path, sequence));
            }
            What::Signed {
                entry, to_deliver, ..
            } => {
                self.end(entry.0, (sequence, "signed"))?;
                if to_deliver {
                    self.deliveries.insert(entry.0, None);
                }
            }
            What::Delivered { entry } => {
                let (_, how) = self.entries.get(&entry.0)?.end?;
                (how != "abandoned").then_some(())?;
                if let Some(first) = self.deliveries.get_mut(&entry.0) {
                    first.get_or_insert(sequence);
                }
            }
            What::KeyBegun(_) => {
                self.keys.insert(sequence, None);
            }
            What::Key { begun, .. } | What::KeyFailed { begun, .. } => {
                let ended = self.keys.get_mut(&begun.0)?;
                ended.replace(sequence).is_none().then_some(())?;
            }
            What::Abandoned { entry, .. } => self.end(entry.0, (sequence, "abandoned"))?,
            What::CrlNumber { authority, number } => {
                let row = NumberRow {
                    reserved: sequence,
                    ..NumberRow::default()
                };
                let before = self.crl_numbers.insert((self.issuer(authority)?, number), row);
                before.is_none().then_some(())?;
            }
            What::Revoked {
                authority,
                serial,
                reason,
                revoked,
                invalidity_date,
                ..
            } => {
                let row = RevocationRow {
                    reason: Some(u64::from(reason.code())),
                    revoked: Some(revoked.0),
                    invalidity_date: invalidity_date.map(|time| time.0),
                    changed: sequence,
                };
                self.revocations.insert((authority, serial), row);
            }
            What::Released {
                authority, serial, ..
            } => {
                let row = self.revocations.get_mut(&(authority, serial))?;
                (row.reason == Some(u64::from(RevocationReason::CertificateHold.code()))).then_some(())?;
                *row = RevocationRow {
                    changed: sequence,
                    ..RevocationRow::default()
                };
            }
        }
        Some(())
    }

    fn issuer(&self, authority: u64) -> Option<u64> {
        self.authorities.get(&authority).map(|(issuer, _)| *issuer)
    }

    fn begin(
        &mut self,
        sequence: u64,
        authority: u64,
        object: &Object,
        end: Option<(u64, &'static str)>,
    ) -> Option<()> {
        let issuer = self.issuer(authority)?;
        let kind = object.kind();
        self.entries.insert(sequence, EntryRow { authority, kind, end });
        match object {
            Object::Certificate {
                serial,
                not_after,
                request_sha256,
                subject,
                names_sha256,
                ..
            } => {
                if let (Some(request), None) = (request_sha256, end) {
                    self.requests.insert(sequence, (authority, *request));
                }
                self.serials
                    .insert(sequence, (issuer, serial.clone(), not_after.0));
                let names = names_sha256.unwrap_or_else(|| Digest::of(subject.name.der()));
                self.names.insert(sequence, names);
            }
            Object::SerialNumber {
                serial, not_after, ..
            } => {
                end?;
                self.serials
                    .insert(sequence, (issuer, serial.clone(), not_after.0));
                self.bare.insert((issuer, serial.clone()), (authority, sequence));
            }
            Object::Crl { number, base, .. } => {
                let row = self.crl_numbers.get_mut(&(issuer, *number))?;
                let place = match base {
                    Some(_) => &mut row.delta,
                    None => &mut row.complete,
                };
                place.replace(sequence).is_none().then_some(())?;
            }
            Object::OcspResponse { .. } | Object::Request { .. } => {}
        }
        Some(())
    }

    fn adopt(&mut self, sequence: u64, authority: u64, object: &Object) -> Option<()> {
        let issuer = self.issuer(authority)?;
        match object {
            Object::Certificate { serial, .. } => {
                if let Some((of, entry)) = self.bare.remove(&(issuer, serial.clone())) {
                    (of == authority).then_some(())?;
                    self.serials.remove(&entry);
                }
            }
            Object::Crl {
                number, base: None, ..
            } => {
                let row = NumberRow {
                    reserved: sequence,
                    ..NumberRow::default()
                };
                let before = self.crl_numbers.insert((issuer, *number), row);
                before.is_none().then_some(())?;
            }
            Object::SerialNumber { .. } => {}
            _ => return None,
        }
        self.begin(sequence, authority, object, Some((sequence, "adopted")))
    }

    fn end(&mut self, entry: u64, end: (u64, &'static str)) -> Option<()> {
        let row = self.entries.get_mut(&entry)?;
        row.end.replace(end).is_none().then_some(())
    }
}
