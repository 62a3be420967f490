//! The ledger's head on the token, or in a file: compared before a change, and raised after it.

use super::Recorder;
use crate::ledger::{Authority, Digest, Head};
use crate::signer::{KeyStore, NoteKeeper};
use crate::workflow::kept_head::{self, HeadKept, HeadPlace, KeptHead, KeptHeadError, ON_TOKEN};
use crate::workflow::{WorkflowError, authority_of};
use crate::x509::Certificate;

const NO_TOKEN: &str = "the key is not on a token";

fn not_on_token(reason: &str) -> WorkflowError {
    let (place, reason) = (ON_TOKEN.to_owned(), reason.to_owned());
    KeptHeadError::Unwritable { place, reason }.into()
}

impl Recorder {
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
        self.heads_to_raise(store, &authority_of(authority)?).map(drop)
    }

    /// Raises the head on the token after a change that needed no signature, if the token keeps one of this ledger for the CA's key. Returns
    /// whether it is there now. The change is recorded and stands, so an error is only a notice.
    pub fn raise_head_on_token(&mut self, store: &dyn KeyStore, authority: &Certificate) -> bool {
        let notices = self.notices.len();
        let raised = self.raise_if_kept(store, authority);
        if let Err(error) = &raised {
            self.notice(format!("the ledger's head on the token was not raised: {error}"));
        }
        raised.is_ok_and(|is_kept| is_kept && self.notices.len() == notices)
    }

    /// Keeps a head of this ledger beside those that other ledgers keep for the CA's key, so that the key signs for this one too. The caller has
    /// logged in and proven that the token has the key. Without another ledger's head, the first signature does it.
    ///
    /// # Errors
    /// [`WorkflowError::KeptHead`]; errors of the token.
    pub fn keep_head_beside_others(
        &mut self,
        store: &dyn KeyStore,
        authority: &Certificate,
    ) -> Result<(), WorkflowError> {
        let key = authority_of(authority)?.key_sha256;
        let Some(keeper) = store.note_keeper().filter(|_| self.guards.place.is_token()) else {
            return Ok(());
        };
        let mut kept = kept_head::all_on_token(keeper)?;
        kept.retain(|one| one.key_sha256 == key);
        let ledger = self.ledger().hash_of(1)?;
        if kept.iter().all(|one| Some(one.ledger) == ledger) {
            return Ok(());
        }
        kept.retain(|one| Some(one.ledger) == ledger);
        self.keep_head(store, key, &kept)
    }

    fn raise_if_kept(
        &mut self,
        store: &dyn KeyStore,
        authority: &Certificate,
    ) -> Result<bool, WorkflowError> {
        let authority = authority_of(authority)?;
        let before = self.heads_on_token(store, &authority)?;
        if before.is_empty() {
            return Ok(false);
        }
        self.keep_head(store, authority.key_sha256, &before)?;
        Ok(true)
    }

    /// The heads on the token for the key that will sign.
    pub(super) fn heads_to_raise(
        &self,
        store: &dyn KeyStore,
        authority: &Authority,
    ) -> Result<Vec<KeptHead>, WorkflowError> {
        let own = self.heads_on_token(store, authority)?;
        match store.note_keeper() {
            Some(keeper) if own.is_empty() && self.guards.place == HeadPlace::Token => {
                self.try_token(keeper, authority.key_sha256)
            }
            _ => Ok(own),
        }
    }

    /// The heads of this ledger on the token for a CA's key. Checks that the ledger contains every head that the token keeps of it, whichever
    /// key signed then. If the key has only another ledger's head, this ledger is refused: anyone who can write a file can make it.
    ///
    /// # Errors
    /// [`WorkflowError::KeptHead`]; errors of the token.
    pub(in super::super) fn heads_on_token(
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
            Some(other) if own.is_empty() => kept_head::check(self.ledger(), other, ON_TOKEN)?,
            _ => {}
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

    pub(super) fn keep_head(
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
}
