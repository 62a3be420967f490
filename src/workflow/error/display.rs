//! Messages about jobs that were not done.

use std::fmt;

use super::{LeftBehind, WorkflowError};

impl fmt::Display for LeftBehind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NothingImported => f.write_str("nothing was put on the token"),
            Self::Destroyed => f.write_str("the new objects were destroyed"),
            Self::StillThere { reason } => write!(f, "{reason}"),
            Self::Untouched => f.write_str("the key was left on the token"),
        }
    }
}

impl fmt::Display for WorkflowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kms(error) => error.fmt(f),
            Self::CloudHsm(error) => error.fmt(f),
            Self::Transparency(error) => error.fmt(f),
            Self::CheckpointKey { subject } => write!(
                f,
                "the checkpoint is not signed: this key is that of the CA \"{subject}\", which signs only what the ledger records"
            ),
            Self::Ed25519Key(error) => error.fmt(f),
            Self::Initialize(error) => error.fmt(f),
            Self::Ledger(error) => error.fmt(f),
            Self::Unrecorded {
                entry,
                others: 0,
                cause,
            } => write!(
                f,
                "entry {entry} was signed, but the ledger could not record that, so nothing was written: {cause}"
            ),
            Self::Unrecorded { entry, others, cause } => write!(
                f,
                "entry {entry} and {others} more were signed, but the ledger could not record that, so none of them was written: {cause}"
            ),
            Self::RepeatsRefused => {
                f.write_str("the same request occurs earlier in this batch, and was refused there")
            }
            Self::SomeUndelivered {
                entry,
                count: 1,
                cause,
            } => write!(
                f,
                "entry {entry} was signed and recorded, but not written: {cause}"
            ),
            Self::SomeUndelivered { entry, count, cause } => {
                let others = count.saturating_sub(1);
                write!(
                    f,
                    "entry {entry} and {others} more were signed and recorded, but not written: {cause}"
                )
            }
            Self::Undelivered { entry, cause } => {
                write!(
                    f,
                    "it was signed and recorded as entry {entry}, but not written: {cause}"
                )
            }
            Self::Overtaken { entry, path, found } => write!(
                f,
                "it was signed and recorded as entry {entry}, but not written: {} has {found}",
                path.display()
            ),
            Self::NotDeliverable(error) => error.fmt(f),
            Self::UnrecordedKey { label, cause, left } => write!(
                f,
                "the key \"{label}\" was made, but the ledger could not record it: {cause}; {left}"
            ),
            Self::UnrecordedDeletion { cause } => write!(
                f,
                "the key was deleted, but the ledger could not record that; its entry stays open: {cause}"
            ),
            Self::Generate(error) => error.fmt(f),
            Self::KeyLock(error) => error.fmt(f),
            Self::InAnswer { field, cause } => write!(f, "CloudHSM DescribeClusters: {field}: {cause}"),
            Self::IdentityNotVerified { first, failed: 1 } => {
                write!(f, "the HSM's identity is not verified: {first}")
            }
            Self::IdentityNotVerified { first, failed } => {
                write!(
                    f,
                    "the HSM's identity is not verified: {first} ({failed} steps failed)"
                )
            }
            Self::OtherHsm => f.write_str(
                "the request is not that of the HSM whose identity was verified: it has a different key",
            ),
            Self::Token(error) => error.fmt(f),
            Self::PlannedFile(error) => error.fmt(f),
            Self::Publication(error) => error.fmt(f),
            Self::Bench(error) => error.fmt(f),
            Self::Ceremony(error) => error.fmt(f),
            Self::UnknownAuthority(unknown) => unknown.fmt(f),
            Self::X509(error) => error.fmt(f),
            Self::Output(error) => error.fmt(f),
            Self::Memory(error) => error.fmt(f),
            Self::PrivateKey(error) => write!(f, "{error}; nothing was put on the token"),
            Self::LabelTaken { label, found } => {
                write!(
                    f,
                    "the label \"{label}\" belongs to another key on the token: {found}"
                )
            }
            Self::OtherLabel { label, found } => {
                write!(
                    f,
                    "the key for \"{label}\" is already on the token, under another label: {found}"
                )
            }
            Self::Unproven { unproven, left } => write!(f, "{unproven}; {left}"),
            Self::ImportedTwice { label, left } => write!(
                f,
                "the key \"{label}\" was imported by another process at the same time; {left}"
            ),
            Self::Interrupted => f.write_str("interrupted: what was signed is recorded and delivered"),
            Self::InputChanged { name } => write!(
                f,
                "{name} changed while the job ran: what was checked first is not what would be signed"
            ),
            Self::InInput { name, cause } => write!(f, "{name}: {cause}"),
            Self::Partly { done, cause } => {
                const NAMED: usize = 3;
                let named = done.iter().take(NAMED).map(|path| path.display().to_string());
                let more = match done.len().saturating_sub(NAMED) {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                let named = named.collect::<Vec<_>>().join(", ");
                write!(f, "{cause} (delivered before that: {named}{more})")
            }
            Self::Choice(unfit) => unfit.fmt(f),
            Self::NoAttestation => f.write_str("the sealed route needs an attestation document"),
            Self::UselessAttestation { route } => {
                write!(
                    f,
                    "an attestation document is for the sealed route; {route} does not use it"
                )
            }
            Self::NoRecipientKey => f.write_str("the token has no recipient key"),
            Self::RecipientLeft { cause, imported } => {
                write!(
                    f,
                    "{cause}; the imported key is on the token and proven: {imported}"
                )
            }
            Self::LeftOnToken { cause, found } => {
                write!(f, "{cause}; the key is on the token anyway, not proven: {found}")
            }
            Self::MayBeOnToken { cause, label } => {
                write!(
                    f,
                    "{cause}; it is not known whether a key \"{label}\" is on the token now"
                )
            }
            Self::Linter(error) => error.fmt(f),
            Self::KeptHead(error) => error.fmt(f),
            Self::ClockBehind { now, newest } => write!(
                f,
                "the clock says {now}, but the ledger's newest event is dated {newest}: the clock was set back, \
                 or was ahead when that event was recorded"
            ),
            Self::SameOutput { path, first } => write!(
                f,
                "its certificate and that of {first} would both be written to {}",
                path.display()
            ),
            Self::Rig { doing, path, cause } => write!(f, "cannot {doing} {}: {cause}", path.display()),
            Self::RigExists { path } => write!(f, "{} already exists and was not changed", path.display()),
            Self::RigPath { path } => {
                write!(
                    f,
                    "{path:?} cannot be used in a token's configuration: use a path of at most 480 bytes without '#', '=', quotes and control characters"
                )
            }
            Self::RigToken { reason } => write!(f, "the token could not be initialised: {reason}"),
        }
    }
}

impl std::error::Error for WorkflowError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Kms(error) => error.source(),
            Self::CloudHsm(error) => error.source(),
            Self::Transparency(error) => error.source(),
            Self::Ed25519Key(error) => error.source(),
            Self::Initialize(error) => error.source(),
            Self::InAnswer { cause, .. } => cause.source(),
            Self::Token(error) => error.source(),
            Self::Ledger(error)
            | Self::Unrecorded { cause: error, .. }
            | Self::UnrecordedKey { cause: error, .. }
            | Self::UnrecordedDeletion { cause: error } => error.source(),
            Self::Undelivered { cause, .. } | Self::SomeUndelivered { cause, .. } => cause.source(),
            Self::NotDeliverable(error) => error.source(),
            Self::Generate(error) => error.source(),
            Self::RecipientLeft { cause, .. }
            | Self::LeftOnToken { cause, .. }
            | Self::MayBeOnToken { cause, .. } => cause.source(),
            Self::Unproven { unproven, .. } => unproven.source(),
            Self::X509(error) => error.source(),
            Self::Output(error) => error.source(),
            Self::Memory(error) => error.source(),
            Self::PrivateKey(error) => error.source(),
            Self::InInput { cause, .. } | Self::Partly { cause, .. } => cause.source(),
            Self::Rig { cause, .. } => cause.source(),
            Self::Linter(error) => error.source(),
            Self::Bench(error) => error.source(),
            Self::Publication(error) => error.source(),
            Self::Ceremony(error) => error.source(),
            Self::KeyLock(error) => error.source(),
            Self::KeptHead(error) => error.source(),
            _ => None,
        }
    }
}
