//! The changes since a CRL: the entries of a delta CRL (RFC 5280 section 5.2.4).

use std::cmp::Ordering;
use std::iter::Peekable;

use super::{CertificateRevocationList, CrlEntry, Revocation};
use crate::x509::CrlReason;

impl CertificateRevocationList {
    /// The entries of a delta CRL to this one: entries of `revocations`, the current full list, that this list lacks or has with other values; and
    /// removeFromCRL for a certificate on hold that is no longer on the current list. `revocations` may have removeFromCRL for other holds that
    /// ended.
    ///
    /// A certificate that was revoked for good and is no longer on the current list may have expired, or its record may be lost: it is left out,
    /// and stays revoked for everyone who has this list.
    pub fn changes<E>(
        &self,
        revocations: impl IntoIterator<Item = Result<Revocation, E>>,
    ) -> impl Iterator<Item = Result<Revocation, E>> {
        Changes {
            before: self.in_order().peekable(),
            now: revocations.into_iter().peekable(),
        }
    }

    /// The entries in ascending order of their serial numbers, as in the lists that are made here; if a certificate has several entries, the last.
    fn in_order(&self) -> Box<dyn Iterator<Item = CrlEntry<'_>> + '_> {
        if self
            .entries()
            .is_sorted_by(|a, b| order(a.serial, b.serial).is_lt())
        {
            return Box::new(self.entries());
        }
        let mut entries: Vec<_> = self.entries().collect();
        entries.reverse();
        entries.sort_by(|a, b| order(a.serial, b.serial));
        entries.dedup_by(|a, b| a.serial == b.serial);
        Box::new(entries.into_iter())
    }
}

/// The entry for a hold of the base that ended.
fn removal_of(hold: &CrlEntry<'_>) -> Revocation {
    Revocation {
        reason: CrlReason::RemoveFromCrl,
        invalid_since: None,
        ..hold.to_revocation()
    }
}

fn order(a: &[u8], b: &[u8]) -> Ordering {
    (a.len(), a).cmp(&(b.len(), b))
}

struct Changes<B: Iterator, N: Iterator> {
    before: Peekable<B>,
    now: Peekable<N>,
}

impl<'a, E, B, N> Iterator for Changes<B, N>
where
    B: Iterator<Item = CrlEntry<'a>>,
    N: Iterator<Item = Result<Revocation, E>>,
{
    type Item = Result<Revocation, E>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let ordering = match (self.before.peek(), self.now.peek()) {
                (None, None) => return None,
                (None, Some(_)) | (_, Some(Err(_))) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(before), Some(Ok(now))) => order(before.serial, now.serial.octets()),
            };
            match ordering {
                Ordering::Less => {
                    let gone = self.before.next()?;
                    if gone.reason == CrlReason::CertificateHold {
                        return Some(Ok(removal_of(&gone)));
                    }
                }
                Ordering::Equal => {
                    let before = self.before.next()?;
                    match self.now.next()? {
                        Ok(now) if now.reason == CrlReason::RemoveFromCrl => {
                            return Some(Ok(removal_of(&before)));
                        }
                        Ok(now) if now == before.to_revocation() => {}
                        now => return Some(now),
                    }
                }
                Ordering::Greater => return self.now.next(),
            }
        }
    }
}
