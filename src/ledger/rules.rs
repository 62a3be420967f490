//! What may be recorded after what: a serial number is used once, CRL numbers increase, an entry ends once, with the bytes that it began with.
//! These rules are the same on every database ([`Store`]).

mod crl_numbers;
mod keys;
mod revoke;
mod takeover;

use super::event::{Event, FORMAT, What};
use super::store::{Contradiction, Store};
use super::value::first_element_digest;
use super::{
    Adoption, Authority, Der, Digest, EntryId, GivenUpHead, Head, Intent, LedgerError, Object, Outcome,
    SerialNumber, Stamp,
};
use crate::signer::fill_random;

/// The ledger keeps CRLs up to this size, and only the hash of a larger one: CRLs repeat each other, and a ledger grows for years.
const LARGEST_CRL_KEPT: usize = 64 * 1024;

/// One turn to write: checks new events against the earlier ones, and appends them.
pub(super) struct Recording<'a, S> {
    store: S,
    stamp: &'a Stamp,
    head: Head,
}

impl<'a, S: Store> Recording<'a, S> {
    pub(super) fn start(store: S, stamp: &'a Stamp) -> Result<Self, S::Error> {
        let head = store.head()?;
        Ok(Self { store, stamp, head })
    }

    pub(super) const fn store(&self) -> &S {
        &self.store
    }

    /// The store, to be committed, and the head that the ledger then has.
    pub(super) fn finish(self) -> (S, Head) {
        (self.store, self.head)
    }

    /// The first event.
    pub(super) fn create(&mut self) -> Result<(), S::Error> {
        let mut random = [0; 32];
        fill_random(&mut random)
            .map_err(|_| Contradiction("this machine's random number generator failed".to_owned()))?;
        self.append(What::Created {
            format: FORMAT,
            ledger: Digest(random),
        })
        .map(drop)
    }

    /// Appends one event, its hash, and the rows that are derived from it.
    pub(super) fn append(&mut self, what: What) -> Result<u64, S::Error> {
        let sequence = self.head.count.checked_add(1).ok_or(LedgerError::Range)?;
        let event = Event::new(sequence, self.stamp, what);
        let body = event.encode().map_err(|error| Contradiction(error.to_string()))?;
        let head = self.head.after(body.as_bytes());
        self.store.append(&event, &body, head.hash)?;
        self.head = head;
        Ok(sequence)
    }

    /// The number of the event that introduced this authority. Appends that event if the authority is new.
    pub(super) fn authority(&mut self, authority: &Authority) -> Result<u64, S::Error> {
        match self.store.authority(authority)? {
            Some(id) => Ok(id),
            None => self.append(What::Authority(authority.clone())),
        }
    }

    pub(super) fn begin(&mut self, intent: &Intent) -> Result<EntryId, S::Error> {
        let authority = self.authority(&intent.authority)?;
        match &intent.object {
            Object::Certificate { serial, .. } => self.refuse_used(authority, serial)?,
            Object::Crl {
                number,
                base,
                this_update,
                ..
            } => {
                self.check_crl_number(authority, *number, *base, *this_update)?;
            }
            Object::OcspResponse { .. } | Object::Request { .. } => {}
            Object::SerialNumber { .. } => return Err(LedgerError::NotACertificate.into()),
        }
        let what = What::Begun {
            authority,
            tbs_sha256: intent.tbs_sha256,
            object: intent.object.clone(),
            waived: intent.waived.clone(),
        };
        self.append(what).map(EntryId)
    }

    fn refuse_used(&self, authority: u64, serial: &SerialNumber) -> Result<(), S::Error> {
        match self.store.entry_of_serial(authority, serial)? {
            Some(entry) => Err(LedgerError::SerialUsed {
                serial: serial.clone(),
                entry,
            }
            .into()),
            None => Ok(()),
        }
    }

    pub(super) fn complete(&mut self, outcome: &Outcome<'_>) -> Result<(), S::Error> {
        let Outcome { entry, signed } = *outcome;
        let Some(What::Begun {
            tbs_sha256, object, ..
        }) = self.begun(entry)?
        else {
            return Err(LedgerError::NoEntry { entry }.into());
        };
        let sha256 = Digest::of(signed);
        if let Some(ending) = self.ended(entry)? {
            return match ending {
                What::Signed { sha256: before, .. } if before == sha256 => Ok(()),
                What::Signed { .. } => Err(LedgerError::Ended {
                    entry,
                    state: "signed",
                }
                .into()),
                _ => Err(LedgerError::Ended {
                    entry,
                    state: "abandoned",
                }
                .into()),
            };
        }
        if first_element_digest(signed) != Some(tbs_sha256) {
            return Err(LedgerError::OtherBytes { entry }.into());
        }
        let kept = match object {
            Object::Certificate { .. } | Object::Request { .. } => true,
            Object::Crl { .. } => signed.len() <= LARGEST_CRL_KEPT,
            Object::OcspResponse { .. } | Object::SerialNumber { .. } => false,
        };
        let der = kept.then(|| Der(signed.to_vec()));
        // An OCSP response need not be delivered later: the next request gets a new one.
        let to_deliver = !matches!(object, Object::OcspResponse { .. });
        self.append(What::Signed {
            entry,
            sha256,
            der,
            to_deliver,
        })
        .map(drop)
    }

    pub(super) fn deliver(&mut self, entry: EntryId) -> Result<(), S::Error> {
        match self.ended(entry)? {
            Some(What::Signed { .. } | What::Adopted { .. }) => {
                self.append(What::Delivered { entry }).map(drop)
            }
            _ => Err(LedgerError::NoEntry { entry }.into()),
        }
    }

    pub(super) fn give_up_head(&mut self, given_up: &GivenUpHead) -> Result<(), S::Error> {
        self.append(What::HeadGivenUp {
            place: given_up.place.clone(),
            ledger: given_up.ledger,
            head: given_up.head.to_string(),
        })
        .map(drop)
    }

    pub(super) fn abandon(&mut self, entry: EntryId, reason: &str) -> Result<(), S::Error> {
        if !matches!(self.begun(entry)?, Some(What::Begun { .. })) {
            return Err(LedgerError::NoEntry { entry }.into());
        }
        if let Some(ending) = self.ended(entry)? {
            let signed = matches!(ending, What::Signed { .. });
            let state = if signed { "signed" } else { "abandoned" };
            return Err(LedgerError::Ended { entry, state }.into());
        }
        self.append(What::Abandoned {
            entry,
            reason: reason.to_owned(),
        })
        .map(drop)
    }

    pub(super) fn adopt(&mut self, adoption: &Adoption) -> Result<EntryId, S::Error> {
        let Object::Certificate { serial, .. } = &adoption.object else {
            return Err(LedgerError::NotACertificate.into());
        };
        let authority = self.authority(&adoption.authority)?;
        if !self.is_bare_number(authority, serial)? {
            self.refuse_used(authority, serial)?;
        }
        self.append_adoption(authority, adoption).map(EntryId)
    }

    pub(super) fn append_adoption(&mut self, authority: u64, adoption: &Adoption) -> Result<u64, S::Error> {
        self.append(What::Adopted {
            authority,
            sha256: Some(Digest::of(&adoption.certificate)),
            object: adoption.object.clone(),
            der: Some(Der(adoption.certificate.clone())),
        })
    }

    /// The event that began an entry.
    fn begun(&self, entry: EntryId) -> Result<Option<What>, S::Error> {
        let found = self.store.event(entry.0)?.map(|event| event.event);
        Ok(found.filter(|what| matches!(what, What::Begun { .. } | What::Adopted { .. })))
    }

    /// The event that ended an entry.
    fn ended(&self, entry: EntryId) -> Result<Option<What>, S::Error> {
        let Some(end) = self.store.end_of_entry(entry)? else {
            return Ok(None);
        };
        match self.store.event(end)? {
            Some(event) => Ok(Some(event.event)),
            None => Err(Contradiction(format!("the end of entry {entry} is missing")).into()),
        }
    }

    /// Whether the ledger knows only the serial number of this certificate of this authority.
    pub(super) fn is_bare_number(&self, authority: u64, serial: &SerialNumber) -> Result<bool, S::Error> {
        let Some(entry) = self.store.entry_of_serial(authority, serial)? else {
            return Ok(false);
        };
        Ok(matches!(
            self.begun(entry)?,
            Some(What::Adopted { authority: found, object: Object::SerialNumber { .. }, .. }) if found == authority
        ))
    }
}
