//! The trait that every store of a ledger implements.

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::{
    Adoption, Authority, CompromisedKey, CrlNumber, Der, Digest, Entry, EntryFilter, EntryId, Evidence,
    GivenUpHead, Head, Intent, KeyEntry, KeyFilter, KeyIntent, KeyRecord, KnownAuthority, KnownCertificate,
    LedgerError, Outcome, ReservedCrlNumber, RevocationRecord, RevocationRequest, SerialNumber,
    SoleCertificate, Stamp, TakenOver, Takeover, Unfinished, UnixTime, VerifyReport,
};

/// The record of a CA.
///
/// A signature goes [`begin`](Self::begin), sign, verify, [`complete`](Self::complete). Each call that changes something is one
/// transaction, and is on the disk when it returns. If it returns an error or the process dies during the call, either all of it is
/// recorded or nothing: after a disk error, call [`entry`](Self::entry) or [`certificate`](Self::certificate) to find out which.
/// Several processes may use one ledger; they take turns. Changes take `&mut self` and reads take `&self`, so a callback of a read cannot change the ledger.
pub trait Ledger: Send {
    /// From now on, waits for other processes or for a server end soon after this flag is set. A change that needs no wait is still recorded.
    fn end_waits_when(&mut self, interrupted: Arc<AtomicBool>);

    /// Records signatures that are about to be made, all or none, in one transaction: a batch costs one sync of the disk.
    /// Their serial numbers are used from here on, even if nothing is signed.
    ///
    /// # Errors
    /// [`LedgerError::SerialUsed`] if this issuer name has ever used a serial number, [`LedgerError::CrlNumber`] if a CRL number was not
    /// reserved or a higher one has been used, or that the ledger cannot be written. Then nothing may be signed.
    fn begin_many(&mut self, intents: &[Intent], stamp: &Stamp) -> Result<Vec<EntryId>, LedgerError>;

    /// Records signatures that were made and verified, all or none, in one transaction. A second call with the same bytes changes
    /// nothing.
    ///
    /// # Errors
    /// [`LedgerError::OtherBytes`] if the signed bytes differ from those that were begun, [`LedgerError::Ended`],
    /// [`LedgerError::NoEntry`], or that the ledger cannot be written. The signature exists all the same; do not use it, because the
    /// ledger would have no trace of it.
    fn complete_many(&mut self, outcomes: &[Outcome<'_>], stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records that these entries will not be signed, and why: all or none, in one transaction. Their serial numbers stay used.
    ///
    /// # Errors
    /// [`LedgerError::Ended`], [`LedgerError::NoEntry`], or that the ledger cannot be written.
    fn abandon_many(&mut self, entries: &[EntryId], reason: &str, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records that signed objects have reached their files or their caller, all or none. Every later copy is recorded too.
    ///
    /// This is the only change that is not synced. After a power failure all of these events may be missing, but none before them, and
    /// the objects count as undelivered again. The next change, by any process, syncs these events as well.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`] if nothing was signed, or that the ledger cannot be written.
    fn deliver_many(&mut self, entries: &[EntryId], stamp: &Stamp) -> Result<(), LedgerError>;

    /// Calls `place` in this process's turn to write, which no other process of this ledger has at the same time, and records the delivery
    /// of `entry`, as [`deliver_many`](Self::deliver_many) does, if `place` returns true. So of several processes that replace one file, each
    /// sees what the others have put there. Others wait meanwhile: `place` must be short.
    ///
    /// A store that loses its turn begins again, and calls `place` again. After an error, `place` may have been called.
    ///
    /// # Errors
    /// Those of `deliver_many`.
    fn deliver_in_turn(
        &mut self,
        entry: EntryId,
        stamp: &Stamp,
        place: &mut dyn FnMut() -> bool,
    ) -> Result<(), LedgerError>;

    /// Records that a key is about to be generated on a token, imported, or deleted.
    ///
    /// # Errors
    /// That the ledger cannot be written. Then nothing may be done to the key.
    fn begin_key(&mut self, intent: &KeyIntent, stamp: &Stamp) -> Result<EntryId, LedgerError>;

    /// Records that this succeeded, with the key's attributes as they were read back.
    ///
    /// # Errors
    /// [`LedgerError::NoEntry`], [`LedgerError::Ended`], or that the ledger cannot be written.
    fn complete_key(&mut self, begun: EntryId, key: &KeyRecord, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records that this failed, and why.
    ///
    /// # Errors
    /// Those of [`complete_key`](Self::complete_key).
    fn fail_key(&mut self, begun: EntryId, reason: &str, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Records a certificate that was signed without this ledger, so that it can be revoked and its serial number is not used again.
    ///
    /// # Errors
    /// [`LedgerError::SerialUsed`], [`LedgerError::NotACertificate`], or that the ledger cannot be written.
    fn adopt(&mut self, adoption: &Adoption, stamp: &Stamp) -> Result<EntryId, LedgerError>;

    /// Records a CA that was kept elsewhere, with its known certificates and revocations: all or nothing, in one transaction. It skips
    /// what the ledger already has, so a later call can add more. What the ledger has revoked stays revoked.
    ///
    /// # Errors
    /// [`LedgerError::SerialUsed`] if another certificate has one of the serial numbers, [`LedgerError::NotACertificate`], or that the
    /// ledger cannot be written.
    fn take_over(&mut self, takeover: &Takeover, stamp: &Stamp) -> Result<TakenOver, LedgerError>;

    /// Reserves the next CRL number of this issuer's name, for complete and delta CRLs alike (RFC 5280 section 5.2.3): higher than every
    /// earlier one and than `above`. One complete and one delta CRL with the same `thisUpdate` may use it, until a CRL with a higher
    /// number is begun. An unused number leaves a gap, which is allowed.
    ///
    /// Read [`revocations`](Self::revocations) after that, or make sure that none has changed since they were read: a certificate that is
    /// revoked in between is then on this CRL and again on the next delta CRL, never on neither.
    ///
    /// # Errors
    /// That the ledger cannot be written.
    fn reserve_crl_number(
        &mut self,
        authority: &Authority,
        above: Option<CrlNumber>,
        stamp: &Stamp,
    ) -> Result<ReservedCrlNumber, LedgerError>;

    /// Revokes certificates, or changes their reasons where [`RevocationReason::may_become`](super::RevocationReason::may_become) allows it: all or none, in one transaction.
    ///
    /// # Errors
    /// [`LedgerError::UnknownCertificate`] (see [`adopt`](Self::adopt)), [`LedgerError::AlreadyRevoked`], or that the ledger cannot
    /// be written.
    fn revoke_many(
        &mut self,
        authority: &Authority,
        requests: &[RevocationRequest],
        stamp: &Stamp,
    ) -> Result<(), LedgerError>;

    /// Ends a hold.
    ///
    /// # Errors
    /// [`LedgerError::NotOnHold`], or that the ledger cannot be written.
    fn release(
        &mut self,
        authority: &Authority,
        serial: &SerialNumber,
        stamp: &Stamp,
    ) -> Result<(), LedgerError>;

    /// One entry.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn entry(&self, id: EntryId) -> Result<Option<Entry>, LedgerError>;

    /// The entry of a certificate.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn certificate(&self, authority: &Authority, serial: &SerialNumber)
    -> Result<Option<Entry>, LedgerError>;

    /// Passes entries to `each`, newest first, until it breaks.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn entries(
        &self,
        filter: &EntryFilter,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// Passes the signed certificates for a request to `each`, newest first, until it breaks.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn certificates_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
        each: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// The first certificate for a request that was begun or signed after event `after`, perhaps by another process, and not abandoned.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn begun_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
        after: u64,
    ) -> Result<Option<EntryId>, LedgerError>;

    /// The entry of each of these for whose request another certificate was signed after its `since`, and the entry of the last other one.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn second_certificates(&self, sole: &[SoleCertificate]) -> Result<Vec<(EntryId, EntryId)>, LedgerError>;

    /// The first certificate for a request that was begun, and neither signed nor abandoned: its process died, or is about to sign it. A revoked
    /// one does not count, and neither does one that was begun before a certificate for the same request that is signed.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn open_for(
        &self,
        authority: &Authority,
        request_sha256: &Digest,
    ) -> Result<Option<EntryId>, LedgerError>;

    /// Whether another process has this ledger open to record in it. If not, an entry that was begun before this call, and that a later read
    /// shows as open, was left by a process that ended. Call it with nothing begun.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn others_record(&self) -> Result<bool, LedgerError>;

    /// The authority's own certificates: those it issued under its own name, and those that [`take_over`](Self::take_over) recorded.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn own_certificates(&self, authority: &Authority) -> Result<Vec<Der>, LedgerError>;

    /// What an authority has signed or begun that still needs attention. See [`Unfinished`].
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn unfinished(&self, authority: &Authority, now: UnixTime) -> Result<Unfinished, LedgerError>;

    /// Passes what happened to keys to `each`, newest first, until it breaks.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn keys(
        &self,
        filter: &KeyFilter,
        each: &mut dyn FnMut(KeyEntry) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// What happened to one key.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn key(&self, id: EntryId) -> Result<Option<KeyEntry>, LedgerError>;

    /// The authorities in the ledger, signers and requesters, that have the same name or the same key as this one.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn authorities_like(&self, authority: &Authority) -> Result<Vec<Authority>, LedgerError>;

    /// Every authority in the ledger, as a name and a key: those that signed and those that requested a certificate.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn authorities(&self) -> Result<Vec<Authority>, LedgerError>;

    /// The CA certificates recorded by [`take_over`](Self::take_over) that have this authority's name or key.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn authority_certificates_like(&self, authority: &Authority) -> Result<Vec<KnownAuthority>, LedgerError>;

    /// A reserved CRL number. A delta CRL names one as its base.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn crl_number(
        &self,
        authority: &Authority,
        number: CrlNumber,
    ) -> Result<Option<ReservedCrlNumber>, LedgerError>;

    /// The highest CRL number of this issuer's name, used or only reserved.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn highest_crl_number(&self, authority: &Authority) -> Result<Option<CrlNumber>, LedgerError>;

    /// Passes revocations to `each` in the order of their serial numbers, without holding them in memory. Without `changed_after`, those
    /// of today, for a complete CRL; with it, every change after that event, releases included, for a delta CRL.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn revocations(
        &self,
        authority: &Authority,
        changed_after: Option<u64>,
        each: &mut dyn FnMut(RevocationRecord) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// The latest revocation or release of one certificate.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn revocation(
        &self,
        authority: &Authority,
        serial: &SerialNumber,
    ) -> Result<Option<RevocationRecord>, LedgerError>;

    /// Passes this authority's certificates that expire at `not_before` or later to `each`, until it breaks: the signed and adopted
    /// ones, and revoked ones of which only the serial number is known.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn certificates_until(
        &self,
        authority: &Authority,
        not_before: UnixTime,
        each: &mut dyn FnMut(KnownCertificate) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// Records that the operator continues with this ledger although it does not contain a kept head.
    ///
    /// # Errors
    /// That the ledger cannot be written.
    fn give_up_head(&mut self, given_up: &GivenUpHead, stamp: &Stamp) -> Result<(), LedgerError>;

    /// Every revocation for keyCompromise or cACompromise, of every authority.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn compromised(&self, each: &mut dyn FnMut(CompromisedKey) -> ControlFlow<()>)
    -> Result<(), LedgerError>;

    /// The hash of an event. The hash of the first event identifies the ledger.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn hash_of(&self, sequence: u64) -> Result<Option<Digest>, LedgerError>;

    /// The newest time of all events, which is not always that of the last one.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn newest_time(&self) -> Result<Option<UnixTime>, LedgerError>;

    /// The number of events and the hash of the last. Keep it elsewhere, and pass it to [`verify`](Self::verify) later.
    ///
    /// # Errors
    /// That the ledger cannot be read.
    fn head(&self) -> Result<Head, LedgerError>;

    /// Checks every event, the chain, and every table that is derived from the events. It can detect missing events at the end, or a chain
    /// that was rewritten, only against an earlier head or checkpoint that was kept elsewhere.
    ///
    /// # Errors
    /// That the ledger cannot be read. Faults of its contents are in the report.
    fn verify_against(&self, kept: &Evidence) -> Result<VerifyReport, LedgerError> {
        self.verify_watched(kept, &mut |_| ())
    }

    /// [`verify_against`](Self::verify_against) with progress: `seen` gets the number of events that were read. It starts again at 1 if
    /// the sums of the tables differ from those of the events, because the events are then read a second time.
    ///
    /// # Errors
    /// Those of `verify_against`.
    fn verify_watched(&self, kept: &Evidence, seen: &mut dyn FnMut(u64))
    -> Result<VerifyReport, LedgerError>;

    /// Passes the bytes of every event to `each`, in order, until it breaks. Up to there, the chain is verified.
    ///
    /// # Errors
    /// [`LedgerError::Damaged`] where the chain breaks, or that the ledger cannot be read.
    fn events(&self, each: &mut dyn FnMut(&Head, &[u8]) -> ControlFlow<()>) -> Result<(), LedgerError>;

    /// Writes every event and its hash as a line of JSON. `docs/ledger.md` describes how to check it with other software.
    ///
    /// # Errors
    /// That the ledger cannot be read, or [`LedgerError::Export`].
    fn export(&self, to: &mut dyn Write) -> Result<Head, LedgerError>;

    /// [`verify_against`](Self::verify_against) with a kept head, or with nothing.
    ///
    /// # Errors
    /// Those of `verify_against`.
    fn verify(&self, kept: Option<&Head>) -> Result<VerifyReport, LedgerError> {
        let (head, checkpoint) = (kept.copied(), None);
        self.verify_against(&Evidence { head, checkpoint })
    }

    /// [`begin_many`](Self::begin_many) with one intent.
    ///
    /// # Errors
    /// Those of `begin_many`.
    fn begin(&mut self, intent: &Intent, stamp: &Stamp) -> Result<EntryId, LedgerError> {
        let begun = self.begin_many(std::slice::from_ref(intent), stamp)?.pop();
        begun.ok_or(LedgerError::NoEntry { entry: EntryId(0) })
    }

    /// [`deliver_many`](Self::deliver_many) with one entry.
    ///
    /// # Errors
    /// Those of `deliver_many`.
    fn deliver(&mut self, entry: EntryId, stamp: &Stamp) -> Result<(), LedgerError> {
        self.deliver_many(&[entry], stamp)
    }

    /// [`complete_many`](Self::complete_many) with one outcome.
    ///
    /// # Errors
    /// Those of `complete_many`.
    fn complete(&mut self, entry: EntryId, signed: &[u8], stamp: &Stamp) -> Result<(), LedgerError> {
        self.complete_many(&[Outcome { entry, signed }], stamp)
    }

    /// [`abandon_many`](Self::abandon_many) with one entry.
    ///
    /// # Errors
    /// Those of `abandon_many`.
    fn abandon(&mut self, entry: EntryId, reason: &str, stamp: &Stamp) -> Result<(), LedgerError> {
        self.abandon_many(&[entry], reason, stamp)
    }

    /// [`revoke_many`](Self::revoke_many) with one request.
    ///
    /// # Errors
    /// Those of `revoke_many`.
    fn revoke(
        &mut self,
        authority: &Authority,
        request: &RevocationRequest,
        stamp: &Stamp,
    ) -> Result<(), LedgerError> {
        self.revoke_many(authority, std::slice::from_ref(request), stamp)
    }
}
