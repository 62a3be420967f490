//! The ledger's head at the last signature. It is kept where a copy of the ledger does not take it along: on the token with the CA's key, or in
//! a file. So a restored older copy, or a different ledger, is found before anything is signed.

mod file;

pub(super) use file::{in_file, place_of, raise_in_file, replace_file, try_file};

use std::fmt;
use std::path::PathBuf;

use super::{Guards, WorkflowError};
use crate::ledger::{Digest, Head, Ledger, LedgerError};
use crate::signer::{KeyStore, NoteKeeper};

/// Where the head is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HeadPlace {
    /// On the token with the CA's key, if that is a token and it accepts data objects.
    #[default]
    TokenIfPossible,
    /// On the token with the CA's key. If that is not possible, nothing is signed.
    Token,
    /// In this file.
    File(PathBuf),
    /// Nowhere: the caller keeps it.
    Nowhere,
}

impl HeadPlace {
    /// Whether the token is used.
    #[must_use]
    pub const fn is_token(&self) -> bool {
        matches!(self, Self::Token | Self::TokenIfPossible)
    }

    /// Reads `token`, `none` or `file:PATH`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "token" => Some(Self::Token),
            "none" => Some(Self::Nowhere),
            other => {
                let path = other.strip_prefix("file:").filter(|path| !path.is_empty())?;
                Some(Self::File(PathBuf::from(path)))
            }
        }
    }
}

/// The kept content: the ledger, its end, and, on a token, the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeptHead {
    /// SHA-256 of the key's SubjectPublicKeyInfo. Zeros in a file, which covers one ledger and all of its keys.
    pub(super) key_sha256: Digest,
    /// The hash of the ledger's first event.
    pub(super) ledger: Digest,
    pub(super) head: Head,
}

/// The first word of the kept text, which names the format.
const FORM: &str = "hsm-ca-head-1";
/// A read limit; real content is shorter.
const LONGEST: u64 = 1024;

impl fmt::Display for KeptHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{FORM} {} {} {}", self.key_sha256, self.ledger, self.head)
    }
}

impl KeptHead {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(bytes).ok()?.trim_end().split(' ');
        let kept = (words.next()? == FORM).then_some(Self {
            key_sha256: words.next()?.parse().ok()?,
            ledger: words.next()?.parse().ok()?,
            head: words.next()?.parse().ok()?,
        })?;
        words.next().is_none().then_some(kept)
    }
}

/// Why a kept head refuses a ledger, or could not be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeptHeadError {
    /// The ledger ends before the head, or has a different event there.
    Older {
        /// Where the head is kept.
        place: String,
        /// The head.
        kept: Head,
        /// The end of the ledger in use.
        found: Head,
    },
    /// The head belongs to another ledger.
    OtherLedger {
        /// Where the head is kept.
        place: String,
    },
    /// The file that should keep the head is not there, although the ledger has entries.
    Missing {
        /// Where the head should be.
        place: String,
    },
    /// The kept bytes were not written by this program.
    Unreadable {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
    /// The ledger does not verify, so it must not be used.
    Unsound,
    /// It cannot be written.
    Unwritable {
        /// Where.
        place: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for KeptHeadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Older { place, kept, found } => write!(
                f,
                "the ledger does not contain the head {kept} that was kept {place}; it goes to {found}. An older copy of it was \
                 restored, or its last events were removed or rewritten"
            ),
            Self::OtherLedger { place } => {
                write!(
                    f,
                    "the head that was kept {place} belongs to another ledger, not the one in use"
                )
            }
            Self::Missing { place } => {
                write!(
                    f,
                    "no head of this ledger is kept {place}, although the ledger has entries: without it, an older copy of the ledger would \
                     not be noticed"
                )
            }
            Self::Unreadable { place, reason } => {
                write!(
                    f,
                    "the ledger's head that was kept {place} cannot be read: {reason}"
                )
            }
            Self::Unsound => f.write_str("the ledger does not verify, so it cannot be accepted"),
            Self::Unwritable { place, reason } => {
                write!(f, "the ledger's head cannot be kept {place}: {reason}")
            }
        }
    }
}

impl std::error::Error for KeptHeadError {}

/// Whether the head is kept now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum HeadKept {
    /// It is.
    There,
    /// The token refused it, with this reason.
    Refused(String),
}

pub(super) const ON_TOKEN: &str = "on the token";

/// Refuses a ledger that does not contain its kept head.
pub(super) fn check(ledger: &dyn Ledger, kept: &KeptHead, place: &str) -> Result<(), WorkflowError> {
    if ledger.hash_of(1)? != Some(kept.ledger) {
        return Err(KeptHeadError::OtherLedger {
            place: place.to_owned(),
        }
        .into());
    }
    check_head(ledger, &kept.head, place)
}

/// Refuses a ledger that does not contain a head that its user kept.
///
/// # Errors
/// [`KeptHeadError::Older`]
pub fn require_head(ledger: &dyn Ledger, head: &Head) -> Result<(), WorkflowError> {
    check_head(ledger, head, "elsewhere")
}

/// Refuses a ledger that does not contain this head.
fn check_head(ledger: &dyn Ledger, head: &Head, place: &str) -> Result<(), WorkflowError> {
    if ledger.hash_of(head.count)? == Some(head.hash) {
        return Ok(());
    }
    Err(KeptHeadError::Older {
        place: place.to_owned(),
        kept: *head,
        found: ledger.head()?,
    }
    .into())
}

/// The head of the current ledger.
pub(super) fn current(ledger: &dyn Ledger, key_sha256: Digest) -> Result<KeptHead, LedgerError> {
    Ok(KeptHead {
        key_sha256,
        ledger: ledger.hash_of(1)?.unwrap_or(Head::EMPTY.hash),
        head: ledger.head()?,
    })
}

/// The heads on the token that were kept for this key, of any ledger.
fn of_key(keeper: &dyn NoteKeeper, key_sha256: Digest) -> Result<Vec<KeptHead>, WorkflowError> {
    let mut found = all_on_token(keeper)?;
    found.retain(|kept| kept.key_sha256 == key_sha256);
    Ok(found)
}

/// The heads on the token, of any key and any ledger.
pub(super) fn all_on_token(keeper: &dyn NoteKeeper) -> Result<Vec<KeptHead>, WorkflowError> {
    let read = |note: Vec<u8>| {
        KeptHead::parse(&note).ok_or_else(|| {
            let unreadable = KeptHeadError::Unreadable {
                place: ON_TOKEN.to_owned(),
                reason: "it is not in the form that this program writes".to_owned(),
            };
            unreadable.into()
        })
    };
    keeper.notes()?.into_iter().map(read).collect()
}

/// Every head that the token keeps: one for each ledger and key that signed.
///
/// # Errors
/// Errors of the token; [`KeptHeadError::Unreadable`]
pub fn heads_on_token(keeper: &dyn NoteKeeper) -> Result<Vec<Head>, WorkflowError> {
    let kept = all_on_token(keeper)?;
    Ok(kept.into_iter().map(|kept| kept.head).collect())
}

/// Finds the kept head of this ledger: in the guards' file, or on the token of `store`. The token has one for each key that signed. If the
/// ledger lacks any of them, returns such a head, so that [`Ledger::verify`] reports it; otherwise the highest.
///
/// # Errors
/// [`KeptHeadError::OtherLedger`] if the file has the head of another ledger; the place cannot be read.
pub fn find_kept_head(
    ledger: &dyn Ledger,
    place: &HeadPlace,
    store: Option<&dyn KeyStore>,
) -> Result<Option<Head>, WorkflowError> {
    let first = ledger.hash_of(1)?;
    if let HeadPlace::File(path) = place {
        return match in_file(path)? {
            Some(kept) if Some(kept.ledger) != first => Err(KeptHeadError::OtherLedger {
                place: place_of(path),
            }
            .into()),
            kept => Ok(kept.map(|kept| kept.head)),
        };
    }
    let Some(keeper) = store.and_then(KeyStore::note_keeper) else {
        return Ok(None);
    };
    let mut highest: Option<Head> = None;
    for KeptHead { head, .. } in all_on_token(keeper)?
        .into_iter()
        .filter(|kept| Some(kept.ledger) == first)
    {
        if ledger.hash_of(head.count)? != Some(head.hash) {
            return Ok(Some(head));
        }
        if highest.is_none_or(|highest| highest.count < head.count) {
            highest = Some(head);
        }
    }
    Ok(highest)
}

/// Before a ledger is created: refuses a place that keeps the head of another one, or a file that could not keep the head of the new one.
///
/// # Errors
/// [`KeptHeadError::OtherLedger`], [`KeptHeadError::Unreadable`], [`KeptHeadError::Unwritable`]
pub fn refuse_without_ledger(guards: &Guards) -> Result<(), WorkflowError> {
    let other = |place: String| Err(KeptHeadError::OtherLedger { place }.into());
    match &guards.place {
        HeadPlace::File(path) if in_file(path)?.is_some() => other(place_of(path)),
        _ if guards.head.is_some() => other("elsewhere".to_owned()),
        HeadPlace::File(path) => try_file(path),
        _ => Ok(()),
    }
}

/// Also refuses a key for which the token keeps a ledger's head.
pub(super) fn refuse_kept_head(
    guards: &Guards,
    store: &dyn KeyStore,
    key_sha256: Digest,
) -> Result<(), WorkflowError> {
    refuse_without_ledger(guards)?;
    let Some(keeper) = guards.place.is_token().then(|| store.note_keeper()).flatten() else {
        return Ok(());
    };
    match of_key(keeper, key_sha256)?.is_empty() {
        true => Ok(()),
        false => Err(KeptHeadError::OtherLedger {
            place: ON_TOKEN.to_owned(),
        }
        .into()),
    }
}

/// Writes a head to the token, and removes the heads that it replaces. Several processes may do this at once: a lower head never removes a
/// higher one, and the highest counts.
pub(super) fn raise_on_token(keeper: &dyn NoteKeeper, now: &KeptHead, before: &[KeptHead]) -> HeadKept {
    if before.contains(now) {
        return HeadKept::There;
    }
    let lower = before.iter().filter(|kept| kept.head.count < now.head.count);
    let outdated: Vec<_> = lower.map(|kept| kept.to_string().into_bytes()).collect();
    match keeper.keep(now.to_string().as_bytes(), &outdated) {
        Ok(()) => HeadKept::There,
        Err(error) => HeadKept::Refused(error.to_string()),
    }
}

/// Whether the token keeps a ledger's head for this key: then a ledger records what the key signed.
///
/// # Errors
/// Errors of the token; [`KeptHeadError::Unreadable`]
pub fn keeps_head_of(store: &dyn KeyStore, key_sha256: Digest) -> Result<bool, WorkflowError> {
    match store.note_keeper() {
        Some(keeper) => Ok(!of_key(keeper, key_sha256)?.is_empty()),
        None => Ok(false),
    }
}

/// Removes a key's head from its token, after the key was deleted.
///
/// # Errors
/// Errors of the token.
pub fn forget_kept_head(store: &dyn KeyStore, key_sha256: Digest) -> Result<(), WorkflowError> {
    let Some(keeper) = store.note_keeper() else {
        return Ok(());
    };
    let notes = of_key(keeper, key_sha256)?;
    let notes: Vec<_> = notes.iter().map(|kept| kept.to_string().into_bytes()).collect();
    Ok(keeper.forget(&notes)?)
}

#[cfg(test)]
mod tests;
