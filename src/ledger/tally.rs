//! The expected sums of the tables: for each table, the sum of a keyed hash of every statement that the events make about its rows. The sum
//! over the stored rows is equal only if every row agrees with the events and none is missing or added, except with a probability of 2^-64.
//! Each process uses a new secret key, so an attacker cannot construct rows with the same sum. The sums need no memory for rows. Rules
//! about the order of events (an entry ends once, only signed objects are delivered) take a few bits for each event. The tally is a second
//! implementation of what a database's projection does, so a mistake in one of them is found.

mod balance;
mod changes;
mod numbers;
mod statement;

use std::collections::{HashMap, HashSet};
use std::io;

use self::changes::{Changes, Did};
use self::numbers::Numbers;
use self::statement::Hasher;
pub(super) use self::{balance::Balance, statement::Cell};
use super::columns::{TABLES, place};
use super::event::{Event, FORMAT, What};
use super::{Authority, CrlNumber, Digest, Object, SerialNumber};

/// The sums, and the state for the next events.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    hasher: Hasher,
    sums: [u128; TABLES.len()],
    /// For each authority, the first authority of the same name.
    authorities: HashMap<u64, u64>,
    issuers: HashMap<Vec<u8>, u64>,
    /// Entries that have not ended.
    open: Numbers,
    /// Entries that ended with an object.
    made: Numbers,
    /// Entries that are to be delivered.
    awaited: Numbers,
    open_keys: HashSet<u64>,
    /// By issuer and number: whether a complete and a delta CRL use it.
    crl_numbers: HashMap<(u64, CrlNumber), [bool; 2]>,
    /// Serial numbers without a certificate, by issuer: authority, and the statement.
    bare: HashMap<(u64, SerialNumber), (u64, u128)>,
    /// By authority and hash: the last statement.
    authority_certificates: HashMap<(u64, Digest), u128>,
    changes: Changes,
}

impl Tally {
    /// An empty tally.
    ///
    /// # Errors
    /// The operating system's random number generator failed.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            hasher: Hasher::new()?,
            sums: [0; TABLES.len()],
            authorities: HashMap::new(),
            issuers: HashMap::new(),
            open: Numbers::default(),
            made: Numbers::default(),
            awaited: Numbers::default(),
            open_keys: HashSet::new(),
            crl_numbers: HashMap::new(),
            bare: HashMap::new(),
            authority_certificates: HashMap::new(),
            changes: Changes::default(),
        })
    }

    /// The number of entries that have not ended.
    pub(super) fn open_entries(&self) -> u64 {
        self.open.count()
    }

    /// Adds the next event. `None` if it cannot follow those before it. Two faults are not detected here: a serial number that is used
    /// twice, which the table's key excludes, and a revocation before its certificate or without one.
    pub(super) fn play<D>(&mut self, event: &Event<D>) -> Option<()> {
        let sequence = event.sequence;
        let created = matches!(event.event, What::Created { format: FORMAT, .. });
        ((sequence == 1) == created).then_some(())?;
        match &event.event {
            What::Created { .. } | What::HeadGivenUp { .. } => Some(()),
            What::Authority(authority) => self.introduce(sequence, authority),
            What::Begun {
                authority, object, ..
            } => {
                self.begin(sequence, *authority, object)?;
                if let Object::Certificate {
                    request_sha256: Some(request),
                    ..
                } = object
                {
                    let cells = [number(*authority), request.into(), number(sequence)];
                    self.say(place::REQUESTS, 0, cells);
                }
                self.open.insert(sequence)
            }
            What::Signed {
                entry, to_deliver, ..
            } => {
                self.end(entry.0, sequence, "signed")?;
                self.made.insert(entry.0)?;
                if *to_deliver {
                    self.say(place::DELIVERIES, 0, [number(entry.0)]);
                    self.awaited.insert(entry.0)?;
                }
                Some(())
            }
            What::Delivered { entry } => {
                self.made.contains(entry.0).then_some(())?;
                if self.awaited.remove(entry.0).is_some() {
                    self.say(place::DELIVERIES, 1, [number(entry.0), number(sequence)]);
                }
                Some(())
            }
            What::Abandoned { entry, .. } => self.end(entry.0, sequence, "abandoned"),
            What::Adopted {
                authority,
                object,
                sha256,
                der,
            } => self.adopt(sequence, *authority, object, (sha256.is_some(), der.is_some())),
            What::AuthorityCertificate {
                authority,
                sha256,
                path,
                ..
            } => {
                self.issuer(*authority)?;
                let path = Cell::Text(path.name().as_bytes());
                let cells = [number(*authority), sha256.into(), path, number(sequence)];
                let statement = self.say(place::AUTHORITY_CERTIFICATES, 0, cells);
                let before = self
                    .authority_certificates
                    .insert((*authority, *sha256), statement);
                self.unsay(place::AUTHORITY_CERTIFICATES, before.unwrap_or(0));
                Some(())
            }
            What::CrlNumber { authority, number } => self.reserve(sequence, *authority, *number),
            What::Revoked {
                authority,
                serial,
                reason,
                revoked,
                invalidity_date,
                ..
            } => {
                self.issuer(*authority)?;
                let reason_and_dates = [
                    number(u64::from(reason.code())),
                    number(revoked.0),
                    Cell::optional(invalidity_date.map(|time| time.0)),
                ];
                let did = Did::with_reason(*reason);
                self.change(sequence, *authority, serial, did, reason_and_dates)
            }
            What::Released { authority, serial } => {
                self.change(sequence, *authority, serial, Did::Release, [Cell::Null; 3])
            }
            What::KeyBegun(_) => {
                self.say(place::KEYS, 0, [number(sequence)]);
                self.open_keys.insert(sequence).then_some(())
            }
            What::Key { begun, .. } | What::KeyFailed { begun, .. } => {
                self.open_keys.remove(&begun.0).then_some(())?;
                self.say(place::KEYS, 1, [number(begun.0), number(sequence)]);
                Some(())
            }
        }
    }

    fn say<const N: usize>(&mut self, table: usize, statement: usize, cells: [Cell<'_>; N]) -> u128 {
        let hash = self.hasher.hash(table, statement, cells);
        if let Some(sum) = self.sums.get_mut(table) {
            *sum = sum.wrapping_add(hash);
        }
        hash
    }

    fn unsay(&mut self, table: usize, statement: u128) {
        if let Some(sum) = self.sums.get_mut(table) {
            *sum = sum.wrapping_sub(statement);
        }
    }

    fn issuer(&self, authority: u64) -> Option<u64> {
        self.authorities.get(&authority).copied()
    }

    fn introduce(&mut self, sequence: u64, authority: &Authority) -> Option<()> {
        let name = authority.subject.name.der();
        let issuer = *self.issuers.entry(name.to_vec()).or_insert(sequence);
        self.authorities.insert(sequence, issuer);
        let text = Cell::Text(authority.subject.text.as_bytes());
        let key = (&authority.key_sha256).into();
        let cells = [number(sequence), number(issuer), key, Cell::Blob(name), text];
        self.say(place::AUTHORITIES, 0, cells);
        Some(())
    }

    /// An entry, and its number.
    fn begin(&mut self, sequence: u64, authority: u64, object: &Object) -> Option<()> {
        let issuer = self.issuer(authority)?;
        let kind = Cell::Text(object.kind().as_bytes());
        self.say(place::ENTRIES, 0, [number(sequence), number(authority), kind]);
        match object {
            Object::Certificate {
                serial,
                not_after,
                subject,
                names_sha256,
                ..
            } => {
                self.say_serial(issuer, serial, sequence, not_after.0);
                let names = names_sha256.unwrap_or_else(|| Digest::of(subject.name.der()));
                self.say(place::NAMES, 0, [number(sequence), (&names).into()]);
                Some(())
            }
            Object::Crl { number, base, .. } => {
                let kind = usize::from(base.is_some());
                let used = self.crl_numbers.get_mut(&(issuer, *number))?.get_mut(kind)?;
                (!std::mem::replace(used, true)).then_some(())?;
                let octets = Cell::Blob(number.octets());
                let cells = [self::number(issuer), octets, self::number(sequence)];
                self.say(place::CRL_NUMBERS, 1 + kind, cells);
                Some(())
            }
            Object::OcspResponse { .. } | Object::Request { .. } => Some(()),
            Object::SerialNumber { .. } => None,
        }
    }

    fn say_serial(&mut self, issuer: u64, serial: &SerialNumber, entry: u64, not_after: u64) -> u128 {
        let octets = Cell::Blob(serial.octets());
        let cells = [number(issuer), octets, number(entry), number(not_after)];
        self.say(place::SERIALS, 0, cells)
    }

    fn adopt(
        &mut self,
        sequence: u64,
        authority: u64,
        object: &Object,
        (has_hash, has_der): (bool, bool),
    ) -> Option<()> {
        let issuer = self.issuer(authority)?;
        match object {
            Object::Certificate { serial, .. } if has_hash && has_der => {
                if let Some((of, statement)) = self.bare.remove(&(issuer, serial.clone())) {
                    (of == authority).then_some(())?;
                    self.unsay(place::SERIALS, statement);
                }
                self.begin(sequence, authority, object)?;
            }
            Object::SerialNumber {
                serial, not_after, ..
            } if !has_hash && !has_der => {
                let kind = Cell::Text(object.kind().as_bytes());
                self.say(place::ENTRIES, 0, [number(sequence), number(authority), kind]);
                let statement = self.say_serial(issuer, serial, sequence, not_after.0);
                let bare = ((issuer, serial.clone()), (authority, statement));
                self.bare.insert(bare.0, bare.1).is_none().then_some(())?;
            }
            Object::Crl {
                number, base: None, ..
            } if has_hash => {
                self.reserve(sequence, authority, *number)?;
                self.begin(sequence, authority, object)?;
            }
            _ => return None,
        }
        self.open.insert(sequence)?;
        self.end(sequence, sequence, "adopted")?;
        self.made.insert(sequence)
    }

    fn end(&mut self, entry: u64, sequence: u64, how: &str) -> Option<()> {
        self.open.remove(entry)?;
        let cells = [number(entry), number(sequence), Cell::Text(how.as_bytes())];
        self.say(place::ENTRIES, 1, cells);
        Some(())
    }

    fn reserve(&mut self, sequence: u64, authority: u64, number: CrlNumber) -> Option<()> {
        let issuer = self.issuer(authority)?;
        let before = self.crl_numbers.insert((issuer, number), [false; 2]);
        before.is_none().then_some(())?;
        let octets = Cell::Blob(number.octets());
        let cells = [self::number(issuer), octets, self::number(sequence)];
        self.say(place::CRL_NUMBERS, 0, cells);
        Some(())
    }

    fn change(
        &mut self,
        sequence: u64,
        authority: u64,
        serial: &SerialNumber,
        did: Did,
        [reason, revoked, invalidity_date]: [Cell<'_>; 3],
    ) -> Option<()> {
        let certificate = [number(authority), Cell::Blob(serial.octets())];
        let [first, second] = certificate;
        let row = [first, second, reason, revoked, invalidity_date, number(sequence)];
        let statement = self.hasher.hash(place::REVOCATIONS, 0, row);
        // No table has this index, so the hash differs from those of rows.
        let certificate = self.hasher.hash(TABLES.len(), 0, certificate);
        self.changes.add(certificate, sequence, did, statement)
    }
}

fn number(number: u64) -> Cell<'static> {
    Cell::number(number)
}
