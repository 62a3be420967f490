//! Guards stop a recorder whose ledger is the wrong one or incomplete, or whose clock is wrong.

use std::ops::ControlFlow;

use super::Recorder;
use crate::ledger::{
    Authority, Digest, EntryFilter, EntryId, GivenUpHead, Head, Intent, LedgerError, VerifyReport,
};
use crate::signer::{KeyStore, NoteKeeper};
use crate::workflow::kept_head::{self, HeadKept, HeadPlace, KeptHead, KeptHeadError, ON_TOKEN};
use crate::workflow::{WorkflowError, authority_of, require_head};
use crate::x509::Certificate;

/// The difference in seconds that is allowed between the clocks of two users of one ledger.
pub(in crate::workflow) const SKEW: u64 = 300;

/// The waived rule that is recorded when the operator confirms the clock.
pub(in crate::workflow) const CLOCK: &str = "clock";

const NO_TOKEN: &str = "the key is not on a token";

fn not_on_token(reason: &str) -> WorkflowError {
    let (place, reason) = (ON_TOKEN.to_owned(), reason.to_owned());
    KeptHeadError::Unwritable { place, reason }.into()
}

/// The checks that a recorder applies to its ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// Where the ledger's head is kept.
    pub place: HeadPlace,
    /// A head that the user kept. The ledger must contain it.
    pub head: Option<Head>,
    /// The operator confirms the clock, although it is behind the newest event.
    pub clock_is_right: bool,
}

impl Recorder {
    /// The same recorder with guards. What they can refuse without a token is refused here.
    ///
    /// # Errors
    /// [`WorkflowError::KeptHead`]
    pub fn guarded(mut self, guards: Guards) -> Result<Self, WorkflowError> {
        if let Some(head) = &guards.head {
            require_head(self.ledger(), head)?;
        }
        if let HeadPlace::File(path) = &guards.place {
            let place = kept_head::place_of(path);
            match kept_head::in_file(path)? {
                Some(kept) => kept_head::check(self.ledger(), &kept, &place)?,
                None if self.has_entries()? => return Err(KeptHeadError::Missing { place }.into()),
                // The first entry makes the file.
                None => {}
            }
        }
        self.guards = guards;
        Ok(self)
    }

    fn has_entries(&self) -> Result<bool, LedgerError> {
        let newest = EntryFilter {
            limit: Some(1),
            ..EntryFilter::default()
        };
        let mut found = false;
        self.ledger().entries(&newest, &mut |_| {
            found = true;
            ControlFlow::Break(())
        })?;
        Ok(found)
    }

    /// The same recorder with guards; what they refuse can be accepted ([`accept_ledger`](Self::accept_ledger)).
    #[must_use]
    pub fn to_accept(self, guards: Guards) -> Self {
        Self { guards, ..self }
    }

    /// Adds a notice to the result of the command.
    pub(in super::super) fn notice(&mut self, notice: String) {
        self.notices.push(notice);
    }

    /// The notices for the result of the command.
    #[must_use]
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// The waived rules that are recorded now: none, or the clock.
    ///
    /// # Errors
    /// [`WorkflowError::ClockBehind`]
    pub(super) fn waived_now(&self) -> Result<Vec<String>, WorkflowError> {
        let now = self.now();
        let newest = self.ledger().newest_time()?;
        match newest.filter(|newest| now.0.saturating_add(SKEW) < newest.0) {
            None => Ok(Vec::new()),
            Some(_) if self.guards.clock_is_right => Ok(vec![CLOCK.to_owned()]),
            Some(newest) => Err(WorkflowError::ClockBehind { now, newest }),
        }
    }

    /// Refuses a clock that is behind the ledger, unless the operator confirmed it.
    ///
    /// # Errors
    /// [`WorkflowError::ClockBehind`]
    pub(in super::super) fn refuse_clock_behind(&self) -> Result<(), WorkflowError> {
        self.waived_now().map(drop)
    }

    /// The checks of [`begin_guarded`](Self::begin_guarded) that come before its entries, for a job that records something before them.
    ///
    /// # Errors
    /// [`WorkflowError::ClockBehind`], [`WorkflowError::KeptHead`]
    pub(in super::super) fn compare_with_store(
        &self,
        store: &dyn KeyStore,
        authority: &Certificate,
    ) -> Result<(), WorkflowError> {
        self.refuse_clock_behind()?;
        self.heads_on_token(store, &authority_of(authority)?).map(drop)
    }

    /// The heads on the token for the key that will sign. Checks that the ledger contains every head that the token keeps for it, whichever
    /// key signed then. If the key has only another ledger's head, it signs only for a ledger that adopted its CA.
    fn heads_on_token(
        &self,
        store: &dyn KeyStore,
        authority: &Authority,
    ) -> Result<Vec<KeptHead>, WorkflowError> {
        if !self.guards.place.is_token() {
            return Ok(Vec::new());
        }
        let Some(keeper) = store.note_keeper() else {
            return match self.guards.place {
                HeadPlace::Token => Err(not_on_token(NO_TOKEN)),
                _ => Ok(Vec::new()),
            };
        };
        // Read before the ledger: another process may sign now.
        let kept = kept_head::all_on_token(keeper)?;
        let ledger = self.ledger().hash_of(1)?;
        let (own, others): (Vec<_>, Vec<_>) = kept.into_iter().partition(|one| Some(one.ledger) == ledger);
        for one in &own {
            kept_head::check(self.ledger(), one, ON_TOKEN)?;
        }
        let is_of_key = |one: &KeptHead| one.key_sha256 == authority.key_sha256;
        let own: Vec<_> = own.into_iter().filter(is_of_key).collect();
        match others.iter().find(|one| is_of_key(one)) {
            Some(other) if own.is_empty() && !self.has_adopted(authority)? => {
                kept_head::check(self.ledger(), other, ON_TOKEN)?;
            }
            _ => {}
        }
        if own.is_empty() && self.guards.place == HeadPlace::Token {
            return self.try_token(keeper, authority.key_sha256);
        }
        Ok(own)
    }

    /// Keeps the present head for a key that has none yet, if the token must keep one. A token that cannot is found before anything is recorded.
    fn try_token(&self, keeper: &dyn NoteKeeper, key: Digest) -> Result<Vec<KeptHead>, WorkflowError> {
        let now = kept_head::current(self.ledger(), key)?;
        match kept_head::raise_on_token(keeper, &now, &[]) {
            HeadKept::There => Ok(vec![now]),
            HeadKept::Refused(reason) => Err(not_on_token(&reason)),
        }
    }

    fn has_adopted(&self, authority: &Authority) -> Result<bool, LedgerError> {
        let known = self.ledger().authority_certificates_like(authority)?;
        Ok(known
            .iter()
            .any(|known| known.certificate.authority.is(authority)))
    }

    /// Checks that this is the ledger that the token knows, records what begins, and puts the new head on the token before anything is signed.
    /// Once for all signatures of a command: their results follow on the same chain.
    pub(in super::super) fn begin_guarded(
        &mut self,
        store: &dyn KeyStore,
        mut intents: Vec<Intent>,
    ) -> Result<Vec<EntryId>, WorkflowError> {
        let waived = self.waived_now()?;
        for intent in &mut intents {
            intent.waived.extend(waived.iter().cloned());
        }
        let Some(authority) = intents.first().map(|intent| intent.authority.clone()) else {
            return Ok(Vec::new());
        };
        let key = authority.key_sha256;
        let before = self.heads_on_token(store, &authority)?;
        let stamp = self.stamp();
        let entries = self.ledger.begin_many(&intents, &stamp).map_err(super::refused)?;
        let kept = self.keep_head(store, key, &before);
        if let Err(error) = &kept {
            self.abandon(&entries, &error.to_string());
        }
        kept.map(|()| entries)
    }

    fn keep_head(
        &mut self,
        store: &dyn KeyStore,
        key: Digest,
        before: &[KeptHead],
    ) -> Result<(), WorkflowError> {
        if !self.guards.place.is_token() {
            return self.keep_head_in_file();
        }
        let Some(keeper) = store.note_keeper() else {
            return self.not_kept(NO_TOKEN);
        };
        let now = kept_head::current(self.ledger(), key)?;
        match kept_head::raise_on_token(keeper, &now, before) {
            HeadKept::There => Ok(()),
            HeadKept::Refused(reason) => self.not_kept(&reason),
        }
    }

    /// Says that no head is kept, unless the caller gave one.
    fn not_kept(&mut self, reason: &str) -> Result<(), WorkflowError> {
        if self.guards.head.is_none() {
            let notice = format!(
                "the ledger's head is not kept on the token ({reason}): an older copy of the ledger would not be \
                 noticed. Keep it in a file instead, or choose to keep none"
            );
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        match self.guards.place {
            HeadPlace::Token => Err(not_on_token(reason)),
            _ => Ok(()),
        }
    }

    /// Raises the head in a file after a change that needed no key.
    pub(super) fn keep_head_in_file(&self) -> Result<(), WorkflowError> {
        if let HeadPlace::File(path) = &self.guards.place {
            let now = kept_head::current(self.ledger(), Head::EMPTY.hash)?;
            kept_head::raise_in_file(path, &now)?;
        }
        Ok(())
    }

    /// Accepts this ledger although it does not contain a kept head. The ledger is verified, the acceptance is recorded, and from then on its
    /// own head is kept. `token` has the store and the key, if the head is on a token.
    ///
    /// # Errors
    /// [`WorkflowError`]; [`KeptHeadError::Unsound`] for a ledger that does not verify.
    pub fn accept_ledger(
        &mut self,
        token: Option<(&dyn KeyStore, Digest)>,
    ) -> Result<(Vec<GivenUpHead>, VerifyReport), WorkflowError> {
        let report = self.ledger().verify(None)?;
        if !report.passed() {
            return Err(KeptHeadError::Unsound.into());
        }
        let keeper = match token {
            Some((store, key)) => store.note_keeper().map(|keeper| (keeper, key)),
            None => None,
        };
        let ledger = self.ledger().hash_of(1)?;
        let mut on_token = match keeper {
            Some((keeper, _)) => kept_head::all_on_token(keeper)?,
            None => Vec::new(),
        };
        // Those of this ledger for every key, and those of other ledgers for this key.
        on_token
            .retain(|one| Some(one.ledger) == ledger || keeper.is_some_and(|(_, key)| one.key_sha256 == key));
        let mut kept: Vec<_> = on_token.iter().map(|one| (ON_TOKEN.to_owned(), *one)).collect();
        if let HeadPlace::File(path) = &self.guards.place {
            kept.extend(kept_head::in_file(path)?.map(|one| (kept_head::place_of(path), one)));
        }
        let (mut given_up, mut outdated) = (Vec::new(), Vec::new());
        for (place, one) in kept {
            if kept_head::check(self.ledger(), &one, &place).is_ok() {
                continue;
            }
            outdated.push(one);
            let lost = GivenUpHead {
                place,
                ledger: one.ledger,
                head: one.head,
            };
            let stamp = self.checked_stamp()?;
            self.ledger.give_up_head(&lost, &stamp)?;
            given_up.push(lost);
        }
        if given_up.is_empty() {
            // A missing file is made.
            self.keep_head_in_file()?;
            return Ok((given_up, report));
        }
        if let Some((keeper, key)) = keeper {
            let now = kept_head::current(self.ledger(), key)?;
            outdated.extend(on_token.into_iter().filter(|one| one.key_sha256 == key));
            let outdated: Vec<_> = outdated.iter().map(|one| one.to_string().into_bytes()).collect();
            keeper.keep(now.to_string().as_bytes(), &outdated)?;
        }
        if let HeadPlace::File(path) = &self.guards.place {
            let now = kept_head::current(self.ledger(), Head::EMPTY.hash)?;
            kept_head::replace_file(path, &now)?;
        }
        Ok((given_up, report))
    }
}
