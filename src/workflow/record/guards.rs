//! Guards stop a recorder whose ledger is the wrong one or incomplete, or whose clock is wrong.

use std::ops::ControlFlow;

use super::Recorder;
use crate::ledger::{Digest, EntryFilter, EntryId, GivenUpHead, Head, Intent, LedgerError, VerifyReport};
use crate::signer::KeyStore;
use crate::workflow::kept_head::{self, HeadPlace, KeptHeadError, ON_TOKEN};
use crate::workflow::{WorkflowError, require_head};

/// The difference in seconds that is allowed between the clocks of two users of one ledger.
pub(in crate::workflow) const SKEW: u64 = 300;

/// The waived rule that is recorded when the operator confirms the clock.
pub(in crate::workflow) const CLOCK: &str = "clock";

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
        let before = self.heads_to_raise(store, &authority)?;
        let stamp = self.stamp();
        let entries = self.ledger.begin_many(&intents, &stamp).map_err(super::refused)?;
        let kept = self.keep_head(store, key, &before);
        if let Err(error) = &kept {
            self.abandon(&entries, &error.to_string());
        }
        kept.map(|()| entries)
    }

    /// Raises the head in a file after a change that needed no signature, and returns whether it was raised there. The change is recorded and
    /// stands, so an error is only a notice.
    pub(super) fn raise_head_in_file(&mut self) -> bool {
        let raised = self.keep_head_in_file();
        if let Err(error) = &raised {
            self.notice(format!(
                "the change is recorded, but an older copy of the ledger without it would not be noticed: {error}"
            ));
        }
        raised.is_ok() && matches!(self.guards.place, HeadPlace::File(_))
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
