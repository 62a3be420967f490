//! Recording: one transaction, in which events are appended and the tables follow.

use std::collections::HashMap;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::super::event::{Event, FORMAT, What};
use super::super::value::first_element_digest;
use super::super::{
    Adoption, Authority, CrlNumber, CrlNumberProblem, Der, Digest, EntryId, GivenUpHead, Head, Intent,
    LedgerError, Number, Object, Outcome, SerialNumber, Stamp, UnixTime,
};
use super::failure::{Failure, column, natural};
use super::projection::project;
use super::read;
use crate::signer::fill_random;

/// A CRL up to this size is kept; of a larger one, the hash. CRLs repeat each other, and a ledger grows for years.
pub(super) const LARGEST_CRL_KEPT: usize = 64 * 1024;

/// A transaction that holds the ledger's only turn to write.
pub(super) struct Writer<'a> {
    pub(super) db: Transaction<'a>,
    stamp: &'a Stamp,
    head: Head,
}

impl<'a> Writer<'a> {
    pub(super) fn start(db: &'a mut Connection, stamp: &'a Stamp) -> Result<Self, Failure> {
        let db = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let head = read::head(&db)?;
        Ok(Self { db, stamp, head })
    }

    /// How far the ledger goes then.
    pub(super) fn commit(self) -> Result<Head, Failure> {
        self.db.commit()?;
        Ok(self.head)
    }

    /// The first event.
    pub(super) fn create(&mut self) -> Result<(), Failure> {
        let mut random = [0; 32];
        fill_random(&mut random)
            .map_err(|_| Failure::contradiction("this machine's random number generator failed"))?;
        self.append(What::Created {
            format: FORMAT,
            ledger: Digest(random),
        })
        .map(drop)
    }

    /// Appends one event, its hash, and what follows from it.
    pub(super) fn append(&mut self, what: What) -> Result<u64, Failure> {
        let sequence = self.head.count.checked_add(1).ok_or(LedgerError::Range)?;
        let event = Event::new(sequence, self.stamp, what);
        let body = event
            .encode()
            .map_err(|error| Failure::contradiction(error.to_string()))?;
        let head = self.head.after(body.as_bytes());
        self.db
            .prepare_cached("INSERT INTO events (sequence, body, hash) VALUES (?1, ?2, ?3)")?
            .execute(params![column(sequence)?, body, head.hash.0])?;
        project(&self.db, &event)?;
        self.head = head;
        Ok(sequence)
    }

    /// The event that introduced this authority, now if it is new.
    pub(super) fn authority(&mut self, authority: &Authority) -> Result<u64, Failure> {
        match read::authority_id(&self.db, authority)? {
            Some(id) => Ok(id),
            None => self.append(What::Authority(authority.clone())),
        }
    }

    pub(super) fn begin(&mut self, intent: &Intent) -> Result<EntryId, Failure> {
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

    fn refuse_used(&self, authority: u64, serial: &SerialNumber) -> Result<(), Failure> {
        match read::entry_of_serial(&self.db, authority, serial)? {
            Some(entry) => Err(LedgerError::SerialUsed {
                serial: serial.clone(),
                entry,
            }
            .into()),
            None => Ok(()),
        }
    }

    /// RFC 5280 section 5.2.3: one sequence for complete and delta CRLs, and one of each may share a number if they are issued at
    /// the same time.
    fn check_crl_number(
        &self,
        authority: u64,
        number: Number,
        base: Option<Number>,
        this_update: UnixTime,
    ) -> Result<(), Failure> {
        let refuse = |problem| Err(LedgerError::CrlNumber { number, problem }.into());
        let numbers = self.crl_numbers(authority, number, base)?;
        let Some((complete, delta)) = numbers.get(&number).copied() else {
            return refuse(CrlNumberProblem::NotReserved);
        };
        let (own, other) = if base.is_some() {
            (delta, complete)
        } else {
            (complete, delta)
        };
        if own.is_some() {
            return refuse(CrlNumberProblem::Used);
        }
        if let Some(other) = other {
            let at_the_same_time = matches!(
                read::event(&self.db, other)?.map(|event| event.event),
                Some(What::Begun { object: Object::Crl { this_update: other, .. }, .. }) if other == this_update
            );
            if !at_the_same_time {
                return refuse(CrlNumberProblem::OtherTime);
            }
        }
        let passed = numbers
            .iter()
            .any(|(other, used)| *other > number && *used != (None, None));
        if passed {
            return refuse(CrlNumberProblem::Passed);
        }
        let Some(base) = base else { return Ok(()) };
        // RFC 5280 section 5.2.4: the base is a complete CRL that was issued. A number that nobody reserved here is of a CRL from before
        // this ledger, which the caller has verified.
        let signed = match numbers.get(&base) {
            None => true,
            Some((Some(entry), _)) => {
                read::ended(&self.db, EntryId(*entry))?.is_some_and(|(_, how)| how != "abandoned")
            }
            Some((None, _)) => false,
        };
        if base >= number || !signed {
            return refuse(CrlNumberProblem::Base);
        }
        Ok(())
    }

    /// The numbers from `number` on, and `base`: the entries of their complete and delta CRLs.
    fn crl_numbers(
        &self,
        authority: u64,
        number: Number,
        base: Option<Number>,
    ) -> Result<CrlNumbers, Failure> {
        let mut select = self.db.prepare_cached(
            "SELECT number, complete, delta FROM crl_numbers
             WHERE issuer = (SELECT issuer FROM authorities WHERE id = ?1) AND (number >= ?2 OR number = ?3)",
        )?;
        let base = base.as_ref().map(Number::octets);
        let mut rows = select.query(params![column(authority)?, number.octets(), base])?;
        let mut numbers = HashMap::new();
        while let Some(row) = rows.next()? {
            let entry = |index| -> Result<Option<u64>, Failure> {
                row.get::<_, Option<i64>>(index)?.map(natural).transpose()
            };
            numbers.insert(read::number_of(row, 0)?, (entry(1)?, entry(2)?));
        }
        Ok(numbers)
    }

    pub(super) fn complete(&mut self, outcome: &Outcome<'_>) -> Result<(), Failure> {
        let Outcome { entry, signed } = *outcome;
        let Some(What::Begun {
            tbs_sha256, object, ..
        }) = read::begun(&self.db, entry)?
        else {
            return Err(LedgerError::NoEntry { entry }.into());
        };
        let sha256 = Digest::of(signed);
        if let Some((ending, _)) = read::ended(&self.db, entry)? {
            return match ending.event {
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
        // An answer of a moment ago is of no use to anybody: the next request gets a new one.
        let to_deliver = !matches!(object, Object::OcspResponse { .. });
        self.append(What::Signed {
            entry,
            sha256,
            der,
            to_deliver,
        })
        .map(drop)
    }

    pub(super) fn deliver(&mut self, entry: EntryId) -> Result<(), Failure> {
        match read::ended(&self.db, entry)? {
            Some((_, how)) if how != "abandoned" => self.append(What::Delivered { entry }).map(drop),
            _ => Err(LedgerError::NoEntry { entry }.into()),
        }
    }

    pub(super) fn give_up_head(&mut self, given_up: &GivenUpHead) -> Result<(), Failure> {
        self.append(What::HeadGivenUp {
            place: given_up.place.clone(),
            ledger: given_up.ledger,
            head: given_up.head.to_string(),
        })
        .map(drop)
    }

    pub(super) fn abandon(&mut self, entry: EntryId, reason: &str) -> Result<(), Failure> {
        if !matches!(read::begun(&self.db, entry)?, Some(What::Begun { .. })) {
            return Err(LedgerError::NoEntry { entry }.into());
        }
        if let Some((ending, _)) = read::ended(&self.db, entry)? {
            let signed = matches!(ending.event, What::Signed { .. });
            let state = if signed { "signed" } else { "abandoned" };
            return Err(LedgerError::Ended { entry, state }.into());
        }
        self.append(What::Abandoned {
            entry,
            reason: reason.to_owned(),
        })
        .map(drop)
    }

    pub(super) fn adopt(&mut self, adoption: &Adoption) -> Result<EntryId, Failure> {
        let Object::Certificate { serial, .. } = &adoption.object else {
            return Err(LedgerError::NotACertificate.into());
        };
        let authority = self.authority(&adoption.authority)?;
        if !self.is_bare_number(authority, serial)? {
            self.refuse_used(authority, serial)?;
        }
        self.append_adoption(authority, adoption).map(EntryId)
    }

    pub(super) fn append_adoption(&mut self, authority: u64, adoption: &Adoption) -> Result<u64, Failure> {
        self.append(What::Adopted {
            authority,
            sha256: Some(Digest::of(&adoption.certificate)),
            object: adoption.object.clone(),
            der: Some(Der(adoption.certificate.clone())),
        })
    }

    /// Whether nothing but this serial number is known of a certificate of this authority.
    pub(super) fn is_bare_number(&self, authority: u64, serial: &SerialNumber) -> Result<bool, Failure> {
        let Some(entry) = read::entry_of_serial(&self.db, authority, serial)? else {
            return Ok(false);
        };
        Ok(matches!(
            read::begun(&self.db, entry)?,
            Some(What::Adopted { authority: found, object: Object::SerialNumber { .. }, .. }) if found == authority
        ))
    }

    pub(super) fn reserve_crl_number(
        &mut self,
        authority: &Authority,
        above: Option<Number>,
    ) -> Result<CrlNumber, Failure> {
        let authority = self.authority(authority)?;
        let highest = self.highest_crl_number(authority)?.max(above);
        let number = highest.unwrap_or(Number::ZERO).next()?;
        let event = self.append(What::CrlNumber { authority, number })?;
        Ok(CrlNumber { number, event })
    }

    pub(super) fn highest_crl_number(&self, authority: u64) -> Result<Option<Number>, Failure> {
        let mut select = self.db.prepare_cached(
            "SELECT number FROM crl_numbers WHERE issuer = (SELECT issuer FROM authorities WHERE id = ?1)
             ORDER BY number DESC LIMIT 1",
        )?;
        let mut rows = select.query([column(authority)?])?;
        rows.next()?.map(|row| read::number_of(row, 0)).transpose()
    }
}

/// By number: the entry of its complete CRL, and that of its delta CRL.
type CrlNumbers = HashMap<Number, (Option<u64>, Option<u64>)>;
