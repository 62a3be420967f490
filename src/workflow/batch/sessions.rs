//! How many threads and sessions a batch uses.

use std::num::NonZeroUsize;
use std::thread;

use rustix::process::{Resource, getrlimit};

use crate::signer::Signer;
use crate::token::TokenError;
use crate::workflow::{Recorder, WorkflowError};

/// From this number of signatures on, one session for each processor pays off.
const MANY: usize = 16;

/// The number of threads: one for a few pieces, otherwise one for each processor.
pub(in crate::workflow) fn threads_for(count: usize) -> usize {
    const FEW: usize = 8;
    match count {
        0..FEW => 1,
        _ => thread::available_parallelism().map_or(1, NonZeroUsize::get),
    }
}

/// The number of sessions that sign at the same time.
pub(super) fn sessions_for(count: usize, jobs: Option<NonZeroUsize>) -> usize {
    let usual = if count < MANY { 1 } else { threads_for(count) };
    jobs.map_or(usual, NonZeroUsize::get).min(count)
}

/// Opens signers for the other threads; the first one stays on this thread. Opens as many as the token allows. If more were
/// requested, the result says so.
///
/// # Errors
/// Errors of the token, except that it has no more sessions.
pub(super) fn open_others<'s>(
    signer: &'s dyn Signer,
    wanted: usize,
    is_asked: bool,
    recorder: &mut Recorder,
) -> Result<Vec<Box<dyn Signer + 's>>, WorkflowError> {
    let mut others = Vec::with_capacity(wanted);
    while others.len() < wanted {
        match signer.open_another() {
            Ok(Some(other)) => others.push(other),
            Ok(None) => break,
            Err(error) => match error.cause() {
                Some(TokenError::SessionLimit { .. } | TokenError::NoLocks { .. }) => {
                    let sign = others.len().max(1);
                    if is_asked {
                        recorder.notice(format!(
                            "{wanted} sessions were requested, and {sign} signed: {error}"
                        ));
                    }
                    break;
                }
                _ => return Err(error.into()),
            },
        }
    }
    Ok(others)
}

/// The limit on groups in progress: each held output is an open file, and the rest of the process needs some too.
pub(super) fn most_held_groups(group_size: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let files = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    (files / 2 / group_size).max(2)
}
