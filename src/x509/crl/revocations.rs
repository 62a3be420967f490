//! The revocations of a CA in the order of a CRL, in few bytes each, because there can be a million.

use std::fmt;

use super::Revocation;
use crate::x509::{CrlReason, SerialNumber, UnixTime};

/// The longest serial number that is accepted: two octets more than RFC 5280 section 4.1.2.2 allows.
const LONGEST_SERIAL: usize = 22;

/// Revocations, in ascending order of their serial numbers, shorter before longer; each serial number once.
#[derive(Clone, Debug, Default)]
pub struct Revocations {
    rows: Vec<Row>,
}

#[derive(Clone, Debug)]
struct Row {
    length: u8,
    serial: [u8; LONGEST_SERIAL],
    reason: CrlReason,
    revoked_at: UnixTime,
    invalid_since: Option<UnixTime>,
}

impl Row {
    fn serial(&self) -> &[u8] {
        &self.serial[..usize::from(self.length)]
    }

    fn order(&self) -> (u8, &[u8]) {
        (self.length, self.serial())
    }
}

/// Why a list of revocations is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationsError {
    /// A serial number of more than 22 octets.
    LongSerial,
    /// A serial number that occurs twice.
    Twice(SerialNumber),
}

impl fmt::Display for RevocationsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LongSerial => write!(f, "a serial number has more than {LONGEST_SERIAL} octets"),
            Self::Twice(serial) => write!(f, "serial number {serial} occurs twice"),
        }
    }
}

impl std::error::Error for RevocationsError {}

impl Revocations {
    /// Adds one, in any order; [`sorted`](Self::sorted) sorts them.
    ///
    /// # Errors
    /// [`RevocationsError::LongSerial`]
    pub fn push(&mut self, revocation: &Revocation) -> Result<(), RevocationsError> {
        let octets = revocation.serial.octets();
        let mut serial = [0; LONGEST_SERIAL];
        let kept = serial
            .get_mut(..octets.len())
            .ok_or(RevocationsError::LongSerial)?;
        kept.copy_from_slice(octets);
        self.rows.push(Row {
            length: u8::try_from(octets.len()).unwrap_or(u8::MAX),
            serial,
            reason: revocation.reason,
            revoked_at: revocation.revoked_at,
            invalid_since: revocation.invalid_since,
        });
        Ok(())
    }

    /// All of them, in order.
    ///
    /// # Errors
    /// [`RevocationsError::Twice`]
    pub fn sorted(mut self) -> Result<Self, RevocationsError> {
        self.rows.sort_unstable_by(|a, b| a.order().cmp(&b.order()));
        match self.rows.array_windows().find(|[a, b]| a.serial() == b.serial()) {
            Some([twice, _]) => Err(RevocationsError::Twice(SerialNumber::from_octets(twice.serial()))),
            None => Ok(self),
        }
    }

    /// How many certificates are revoked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if no certificate is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether this certificate is revoked.
    #[must_use]
    pub fn contains(&self, serial: &SerialNumber) -> bool {
        let octets = serial.octets();
        self.rows
            .binary_search_by(|row| (row.serial().len(), row.serial()).cmp(&(octets.len(), octets)))
            .is_ok()
    }

    /// All revocations.
    pub fn iter(&self) -> impl Iterator<Item = Revocation> {
        self.rows.iter().map(|row| Revocation {
            serial: SerialNumber::from_octets(row.serial()),
            revoked_at: row.revoked_at,
            reason: row.reason,
            invalid_since: row.invalid_since,
        })
    }
}
