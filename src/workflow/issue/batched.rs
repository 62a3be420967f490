//! A signing job as a batch.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::draft::{Draft, NewDraft, Outline};
use super::retry::Source;
use super::{RequestSource, SigningJob};
use crate::ledger::{Authority, DeliveryState, EntryId, LedgerError};
use crate::signer::RandomSource;
use crate::workflow::batch::{Admitted, Batch, Found, Work};
use crate::workflow::delivery::Slot;
use crate::workflow::pipeline::Completed;
use crate::workflow::record::{Renewed, authority_of};
use crate::workflow::recorded::reread_certificate;
use crate::workflow::{Delivered, Finished, Recorder, Step, WorkflowError};
use crate::x509::{Checked, ExtensionText, Role};

/// A signing job, and the outlines that its linter has checked.
pub(super) struct Signing<'a, R: RequestSource> {
    job: &'a SigningJob<R>,
    authority: Authority,
    outlines: BTreeMap<usize, Outline>,
    /// The number of certificates to sign.
    count_new: usize,
}

impl<'a, R: RequestSource> Signing<'a, R> {
    pub(super) fn of(
        job: &'a SigningJob<R>,
        outlines: BTreeMap<usize, Outline>,
    ) -> Result<Self, WorkflowError> {
        let is_new = |source: Source| matches!(source, Source::New);
        Ok(Self {
            authority: authority_of(&job.terms.authority.value)?,
            count_new: job.items.iter().filter(|item| is_new(item.source)).count(),
            job,
            outlines,
        })
    }
}

/// What the result of a request shows besides the certificate.
pub(super) struct Memo {
    pub(super) asked: Vec<ExtensionText>,
    pub(super) renews: Option<Renewed>,
    pub(super) retried: bool,
}

/// A certificate that was signed before.
pub(super) enum Known {
    /// It goes to this place now.
    Recorded { slot: Slot, source: Source },
    /// Its file exists.
    There { entry: EntryId, path: PathBuf },
}

impl<R: RequestSource> Batch for Signing<'_, R> {
    type Object = Checked;
    type Error = R::Error;
    type Draft = Draft;
    type Memo = Memo;
    type Known = Known;

    fn count(&self) -> usize {
        self.job.items.len()
    }

    fn count_new(&self) -> usize {
        self.count_new
    }

    fn keeps_going(&self) -> bool {
        self.job.options.keep_going
    }

    fn draft(&self, index: usize, random: &dyn RandomSource) -> Result<Option<Draft>, R::Error> {
        self.job.draft(index, random, self.outlines.get(&index))
    }

    fn admit(&self, recorder: &mut Recorder, draft: Draft) -> Result<Admitted<Self>, WorkflowError> {
        let (asked, known) = match draft {
            Draft::New(new) => return self.admit_new(recorder, *new),
            Draft::Again { asked, slot, source } => (asked, Known::Recorded { slot, source }),
            Draft::There { asked, entry, path } => (asked, Known::There { entry, path }),
        };
        Ok(Admitted {
            memo: Memo {
                asked,
                renews: None,
                retried: true,
            },
            work: Work::Deliver(known),
        })
    }

    fn find(
        &self,
        recorder: &mut Recorder,
        known: Known,
        entries: &[EntryId],
    ) -> Result<Option<Found<Checked>>, WorkflowError> {
        let entry = match &known {
            Known::There { entry, .. } => Some(*entry),
            Known::Recorded { source, .. } => match source {
                Source::Earlier(earlier) => entries.get(*earlier).copied(),
                Source::Recorded(entry) => Some(*entry),
                _ => None,
            },
        };
        let Some(entry) = entry.filter(|entry| *entry != EntryId(0)) else {
            return Ok(None);
        };
        let found = recorder.ledger().entry(entry)?;
        let found = found.ok_or(LedgerError::NoEntry { entry })?;
        let object = reread_certificate(&found, &self.job.terms.authority_key)?;
        Ok(Some(match known {
            Known::Recorded { slot, .. } => Found::Recorded(Completed::recorded(object, slot, entry)),
            Known::There { path, .. } => {
                let delivered = Delivered::File(path);
                if found.delivery == DeliveryState::Undelivered {
                    recorder.note_deliveries([(entry, &delivered)]);
                }
                Found::There(Finished {
                    object,
                    entry,
                    delivered,
                })
            }
        }))
    }

    fn step(&self, number: usize) -> Step<'static> {
        Step::SignCertificate {
            number,
            count: self.count_new,
        }
    }
}

impl<R: RequestSource> Signing<'_, R> {
    fn admit_new(&self, recorder: &mut Recorder, new: NewDraft) -> Result<Admitted<Self>, WorkflowError> {
        let NewDraft { asked, held, request } = new;
        let content = held.planned().checked().content();
        if let (Some(request), Some(given)) = (request, &content.key_identifier) {
            recorder.tell_other_identifier(&request, given)?;
        }
        let terms = &self.job.terms;
        let renews = match terms.profile.role {
            Role::Leaf => recorder.find_renewed(&self.authority, &terms.profile.name, content)?,
            _ => None,
        };
        Ok(Admitted {
            memo: Memo {
                asked,
                renews,
                retried: false,
            },
            work: Work::Sign(Box::new(held)),
        })
    }
}
