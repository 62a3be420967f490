//! What keeps a recorder from going on with a ledger that is not the one, or not all of it, and with a wrong clock.

use super::Recorder;
use crate::ledger::{Authority, Digest, EntryId, GivenUpHead, Head, Intent, LedgerError, VerifyReport};
use crate::signer::KeyStore;
use crate::workflow::kept_head::{self, HeadKept, HeadPlace, KeptHead, KeptHeadError, ON_TOKEN};
use crate::workflow::{WorkflowError, require_head};

/// Seconds that the clocks of two who use one ledger may differ.
const SKEW: u64 = 300;

/// What is recorded where the operator says that the clock is right.
pub(in crate::workflow) const CLOCK: &str = "clock";

/// What a recorder holds its ledger against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guards {
    /// Where the ledger's head is kept.
    pub place: HeadPlace,
    /// A head that its user kept: the ledger must contain it.
    pub head: Option<Head>,
    /// The operator says that the clock is right, though it is behind the last event.
    pub clock_is_right: bool,
}

impl Recorder {
    /// The same, with guards: what they refuse without a token is refused here.
    ///
    /// # Errors
    /// [`WorkflowError::KeptHead`]
    pub fn guarded(mut self, guards: Guards) -> Result<Self, WorkflowError> {
        if let Some(head) = &guards.head {
            require_head(self.ledger(), head)?;
        }
        if let HeadPlace::File(path) = &guards.place
            && let Some(kept) = kept_head::in_file(path)?
        {
            kept_head::check(self.ledger(), &kept, &kept_head::place_of(path))?;
        }
        self.guards = guards;
        Ok(self)
    }

    /// The same, with guards that are given up where they refuse ([`accept_ledger`](Self::accept_ledger)).
    #[must_use]
    pub fn to_accept(self, guards: Guards) -> Self {
        Self { guards, ..self }
    }

    /// Has the result of the command say this.
    pub(in super::super) fn notice(&mut self, notice: String) {
        self.notices.push(notice);
    }

    /// What the result of the command has to say of it.
    #[must_use]
    pub fn take_notices(&mut self) -> Vec<String> {
        std::mem::take(&mut self.notices)
    }

    /// The rules that the operator waives for what is recorded now: none, or the clock.
    ///
    /// # Errors
    /// [`WorkflowError::ClockBehind`]
    pub(super) fn waived_now(&self) -> Result<Vec<String>, WorkflowError> {
        let now = self.now();
        let last = self.ledger().last_time()?;
        match last.filter(|last| now.0.saturating_add(SKEW) < last.0) {
            None => Ok(Vec::new()),
            Some(_) if self.guards.clock_is_right => Ok(vec![CLOCK.to_owned()]),
            Some(last) => Err(WorkflowError::ClockBehind { now, last }),
        }
    }

    /// The heads of this ledger on the token for the key that will sign; the ledger contains them. A key that has the head of another
    /// ledger only signs for one that adopted its CA.
    fn heads_on_token(
        &self,
        store: &dyn KeyStore,
        authority: &Authority,
    ) -> Result<Vec<KeptHead>, WorkflowError> {
        let Some(keeper) = self
            .guards
            .place
            .is_token()
            .then(|| store.note_keeper())
            .flatten()
        else {
            return Ok(Vec::new());
        };
        let ledger = self.ledger().hash_of(1)?;
        let kept = kept_head::on_token(keeper, authority.key_sha256)?;
        let (own, others): (Vec<_>, Vec<_>) = kept.into_iter().partition(|one| Some(one.ledger) == ledger);
        for one in &own {
            kept_head::check(self.ledger(), one, ON_TOKEN)?;
        }
        match others.first() {
            Some(other) if own.is_empty() && !self.has_adopted(authority)? => {
                kept_head::check(self.ledger(), other, ON_TOKEN)?;
            }
            _ => {}
        }
        Ok(own)
    }

    fn has_adopted(&self, authority: &Authority) -> Result<bool, LedgerError> {
        let known = self.ledger().authority_certificates_like(authority)?;
        Ok(known
            .iter()
            .any(|known| known.certificate.authority.is(authority)))
    }

    /// Before a signature begins: the ledger is the one that the token knows. After: the token knows that it began. That is once for
    /// all signatures of a command; what they come to follows on the same chain.
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
            return self.not_kept("the key is not on a token");
        };
        let now = kept_head::current(self.ledger(), key)?;
        match kept_head::raise_on_token(keeper, &now, before) {
            HeadKept::There => Ok(()),
            HeadKept::Refused(reason) => {
                self.notices.push(format!(
                    "the ledger's head is not kept on the token ({reason}): an older copy of the ledger \
                     would not be noticed. Have it kept in a file, or nowhere"
                ));
                self.not_kept(&reason)
            }
        }
    }

    fn not_kept(&self, reason: &str) -> Result<(), WorkflowError> {
        match self.guards.place {
            HeadPlace::Token => Err(KeptHeadError::Unwritable {
                place: ON_TOKEN.to_owned(),
                reason: reason.to_owned(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// After a change that no key had to sign.
    pub(super) fn keep_head_in_file(&self) -> Result<(), WorkflowError> {
        if let HeadPlace::File(path) = &self.guards.place {
            let now = kept_head::current(self.ledger(), Head::EMPTY.hash)?;
            kept_head::raise_in_file(path, &now)?;
        }
        Ok(())
    }

    /// Goes on with this ledger though it does not contain what was kept of it: it is verified, that is recorded, and from here on
    /// its own head is kept. `store` and the key where the head is on a token.
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
        let on_token = match keeper {
            Some((keeper, key)) => kept_head::on_token(keeper, key)?,
            None => Vec::new(),
        };
        let mut kept: Vec<_> = on_token.iter().map(|one| (ON_TOKEN.to_owned(), *one)).collect();
        if let HeadPlace::File(path) = &self.guards.place {
            kept.extend(kept_head::in_file(path)?.map(|one| (kept_head::place_of(path), one)));
        }
        let mut given_up = Vec::new();
        for (place, one) in kept {
            if kept_head::check(self.ledger(), &one, &place).is_ok() {
                continue;
            }
            let lost = GivenUpHead {
                place,
                ledger: one.ledger,
                head: one.head,
            };
            let stamp = self.stamp();
            self.ledger.give_up_head(&lost, &stamp)?;
            given_up.push(lost);
        }
        if given_up.is_empty() {
            return Ok((given_up, report));
        }
        if let Some((keeper, key)) = keeper {
            let now = kept_head::current(self.ledger(), key)?;
            let outdated: Vec<_> = on_token.iter().map(|one| one.to_string().into_bytes()).collect();
            keeper.keep(now.to_string().as_bytes(), &outdated)?;
        }
        if let HeadPlace::File(path) = &self.guards.place {
            let now = kept_head::current(self.ledger(), Head::EMPTY.hash)?;
            kept_head::replace_file(path, &now)?;
        }
        Ok((given_up, report))
    }
}
