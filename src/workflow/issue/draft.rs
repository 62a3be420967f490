//! Makes the exact bytes of one certificate and reserves the place of its output. Any thread can do this.

use super::retry::Source;
use super::{RequestSource, SigningJob, everything_asked};
use crate::ledger::{Digest, EntryId};
use crate::signer::RandomSource;
use crate::workflow::delivery::Slot;
use crate::workflow::lint::Rehearsals;
use crate::workflow::named::refusal_of;
use crate::workflow::{Held, Planned, WorkflowError};
use crate::x509::{Checked, ExtensionText, Role, SerialNumber, VerifiedRequest};

/// Enough of a certificate to rebuild the exact bytes that a linter checked.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    serial: SerialNumber,
    sha256: Digest,
}

/// One request, prepared without the ledger and the key.
pub(super) enum Draft {
    /// To be signed.
    New(Box<NewDraft>),
    /// Signed before, in an earlier run or earlier in this job. The place of its output is held.
    Again {
        asked: Vec<ExtensionText>,
        slot: Slot,
        source: Source,
    },
    /// Signed before, and its output exists.
    There {
        asked: Vec<ExtensionText>,
        entry: EntryId,
        path: std::path::PathBuf,
    },
}

pub(super) struct NewDraft {
    pub(super) asked: Vec<ExtensionText>,
    pub(super) held: Held<Checked>,
    /// The request, for a CA certificate: its identifiers are compared with the ledger's.
    pub(super) request: Option<VerifiedRequest>,
}

impl<R: RequestSource> SigningJob<R> {
    /// The outline of the certificate that the profile's linter checks.
    pub(super) fn outline(
        &self,
        index: usize,
        random: &dyn RandomSource,
        rehearsals: &Rehearsals<'_>,
    ) -> Result<Outline, R::Error> {
        let (request, _) = self.read_again(index)?;
        let planned = self.terms.plan(random, rehearsals, &request, &());
        let planned = planned.map_err(|error| refusal_of(&self.requests.name(index), error))?;
        Ok(Outline {
            sha256: planned.sha256(),
            serial: planned.checked().content().serial.clone(),
        })
    }

    /// The draft of one request; `None` if it was refused.
    pub(super) fn draft(
        &self,
        index: usize,
        random: &dyn RandomSource,
        outline: Option<&Outline>,
    ) -> Result<Option<Draft>, R::Error> {
        let source = self.items.get(index).map_or(Source::Refused, |item| item.source);
        if matches!(source, Source::Refused) {
            return Ok(None);
        }
        let (request, delivery) = self.read_again(index)?;
        let asked = everything_asked(&request);
        let draft = match source {
            Source::New => {
                let name = self.requests.name(index);
                let planned = self.plan(&request, random, outline);
                let planned = planned.map_err(|error| refusal_of(&name, error))?.named(&name);
                let planned = match self.looked_at.filter(|_| !self.terms.again) {
                    Some(since) => planned.read_at(since),
                    None => planned,
                };
                let is_authority = self.terms.profile.role == Role::Intermediate;
                Draft::New(Box::new(NewDraft {
                    asked,
                    held: planned.hold(&delivery)?,
                    request: is_authority.then_some(request),
                }))
            }
            Source::There(entry) => Draft::There {
                asked,
                entry,
                path: delivery.path().cloned().unwrap_or_default(),
            },
            source => Draft::Again {
                asked,
                slot: delivery.reserve().map_err(WorkflowError::from)?,
                source,
            },
        };
        Ok(Some(draft))
    }

    /// The bytes that the linter checked. Without a linter, bytes that passed every rule.
    fn plan(
        &self,
        request: &VerifiedRequest,
        random: &dyn RandomSource,
        outline: Option<&Outline>,
    ) -> Result<Planned<Checked>, WorkflowError> {
        let Some(Outline { serial, sha256 }) = outline else {
            return self
                .terms
                .plan(random, &Rehearsals::without_linter(), request, &());
        };
        let checked = self.terms.check(request, serial)?;
        let planned = Planned::new(checked)?.waiving(self.terms.waivers);
        match planned.sha256() == *sha256 {
            true => Ok(planned),
            false => Err(WorkflowError::InputChanged {
                name: "the request".to_owned(),
            }),
        }
    }
}
