//! Every check that needs neither the ledger nor the token.

use std::collections::{BTreeMap, HashMap};
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::retry::Source;
use super::terms::Terms;
use super::{
    BatchOptions, GivenRequest, Item, PLACEHOLDER, Refusals, RequestSource, SigningJob, SigningRequest,
};
use crate::ledger::Digest;
use crate::output::{OutputError, TriedDirectories};
use crate::workflow::batch::threads_for;
use crate::workflow::named::in_input;
use crate::workflow::ordered::in_order;
use crate::workflow::record::remembered_by;
use crate::workflow::{Clock, VerifiedIdentity, WorkflowError};

/// The number of requests a thread takes at once: small enough to keep several threads busy, large enough that they rarely contend.
const TAKEN: usize = 16;

/// What is common to the examination of all requests.
struct Examination<'a> {
    identity: Option<&'a VerifiedIdentity>,
    tried: TriedDirectories,
    /// Whether to wait for the search for key faults. With a single key, the search runs while the token logs in.
    confirms_keys: bool,
}

/// A request that passed, and the file for its certificate.
struct Passed {
    item: Item,
    path: Option<PathBuf>,
}

impl<R: RequestSource> SigningJob<R> {
    /// Checks the CA certificate, the validity and every output. Checks certificates with the same fields, except for the serial numbers,
    /// against every rule. Leaves nothing behind: a PIN prompt may follow, and the user may walk away from it.
    ///
    /// # Errors
    /// Errors of the requests; [`WorkflowError`]. With [`BatchOptions::keep_going`], only errors that concern the whole job.
    pub fn prepare(
        request: SigningRequest,
        requests: R,
        options: BatchOptions,
        clock: &Clock,
    ) -> Result<Self, R::Error> {
        let identity = request.identity.clone();
        let count = requests.count();
        let mut job = Self {
            terms: Terms::choose(request, clock)?,
            requests,
            options,
            items: Vec::with_capacity(count),
            refused: BTreeMap::new(),
            looked_at: None,
        };
        let (mut items, mut refused) = (Vec::with_capacity(count), BTreeMap::new());
        let mut failed = None;
        let (threads, mut paths) = (threads_for(count), HashMap::new());
        let examination = Examination {
            identity: identity.as_ref(),
            tried: TriedDirectories::default(),
            confirms_keys: threads > 1,
        };
        let examine = |taken: usize| {
            let indices = taken * TAKEN..count.min((taken + 1) * TAKEN);
            indices
                .map(|index| job.examine(index, &examination))
                .collect::<Vec<_>>()
        };
        in_order(threads, count.div_ceil(TAKEN), examine, |taken, examined| {
            for (place, passed) in examined.into_iter().enumerate() {
                let index = taken * TAKEN + place;
                let passed = passed.and_then(|passed| {
                    let Some(path) = passed.path else {
                        return Ok(passed.item);
                    };
                    match *paths
                        .entry(Digest::of(path.as_os_str().as_bytes()))
                        .or_insert(index)
                    {
                        first if first == index => Ok(passed.item),
                        first => {
                            let first = job.requests.name(first);
                            let error = WorkflowError::SameOutput { path, first };
                            Err(in_input(&job.requests.name(index), error).into())
                        }
                    }
                });
                match passed {
                    Ok(item) => items.push(item),
                    Err(error) if options.keep_going => {
                        refused.insert(items.len(), error);
                        items.push(Item::REFUSED);
                    }
                    // The others are examined too: they may have faults that can be repaired at the same time.
                    Err(error) => {
                        let (first, number) = failed.take().unwrap_or((error, 0));
                        failed = Some((first, number + 1));
                    }
                }
            }
            ControlFlow::Continue(())
        });
        if let Some((first, count)) = failed {
            // The ledger and the linter may refuse others.
            let are_all = count == job.requests.count();
            return Err(job.requests.none_signed(first, Refusals { count, are_all }));
        }
        (job.items, job.refused) = (items, refused);
        Ok(job)
    }

    fn examine(&self, index: usize, examination: &Examination<'_>) -> Result<Passed, R::Error> {
        let GivenRequest { request, delivery } = self.requests.read(index)?;
        let name = self.requests.name(index);
        let request = request.verify().map_err(|error| in_input(&name, error))?;
        let is_other = |identity: &VerifiedIdentity| request.public_key() != identity.key();
        if examination.identity.is_some_and(is_other) {
            return Err(in_input(&name, WorkflowError::OtherHsm).into());
        }
        let is_occupied = match delivery.check_among(&examination.tried) {
            Err(OutputError::Exists { .. }) if self.options.resume => true,
            Err(error) if self.requests.count() > 1 => return Err(in_input(&name, error).into()),
            other => other.map(|()| false).map_err(WorkflowError::from)?,
        };
        let checked = self.terms.check(&request, &PLACEHOLDER);
        let checked = checked.map_err(|error| in_input(&name, error))?;
        if examination.confirms_keys {
            checked.confirm_key().map_err(|error| in_input(&name, error))?;
        }
        Ok(Passed {
            item: Item {
                hash: Some(request.verified_hash()),
                key: remembered_by(request.public_key()),
                source: Source::New,
                is_occupied,
            },
            path: delivery.path().cloned(),
        })
    }
}

impl Item {
    const REFUSED: Self = Self {
        hash: None,
        key: Digest([0; 32]),
        source: Source::Refused,
        is_occupied: false,
    };
}
