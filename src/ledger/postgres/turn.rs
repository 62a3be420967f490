//! One turn to write: what others appended is read, the change is decided by it, and what comes of it is appended and committed.

use std::thread;
use std::time::{Duration, Instant};

use super::super::rules::Recording;
use super::super::sqlite::{Failure, Turn};
use super::super::{LedgerError, Stamp};
use super::failure::Trouble;
use super::replica::Replica;
use super::server::{Committed, Server, StoredEvent};
use super::{PAUSE, named};

/// [`Trouble::Lost`] says that nothing was recorded: the caller may try again.
pub(super) fn take<T>(
    server: &mut Server,
    replica: &mut Replica,
    stamp: &Stamp,
    change: &impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    patience: Duration,
) -> Result<T, Trouble> {
    let taken = replica.follow(|first, each| server.take_turn(first, each));
    if let Err(trouble) = taken {
        server.give_up_turn();
        return Err(trouble);
    }
    let draft = match replica.draft(stamp, change) {
        Ok(draft) if draft.events.is_empty() => {
            server.give_up_turn();
            return Ok(draft.keep()?);
        }
        Ok(draft) => draft,
        Err(failure) => {
            server.give_up_turn();
            return Err(failure.into());
        }
    };
    match server.append(&draft.events) {
        Ok(Committed::Yes) => Ok(draft.keep()?),
        Ok(Committed::Unknown(found)) => match resolve(server, &draft.events, &found, patience)? {
            true => Ok(draft.keep()?),
            false => Err(Trouble::Lost(
                "the server lost the connection before it committed".to_owned(),
            )),
        },
        Err(trouble) => {
            server.give_up_turn();
            Err(trouble)
        }
    }
}

/// Whether the server has committed these, when its answer was lost: it is asked. The question takes a turn itself, so whatever still goes
/// on for the lost connection has ended when the answer comes.
pub(super) fn resolve(
    server: &mut Server,
    events: &[StoredEvent],
    lost: &str,
    patience: Duration,
) -> Result<bool, Trouble> {
    let start = Instant::now();
    loop {
        server.disconnect();
        let last = match ask(server, events) {
            Ok(found) => return Ok(found),
            // A refusal does not answer the question either.
            Err(Trouble::Lost(found) | Trouble::Refused { found, .. } | Trouble::Certificate(found)) => found,
            Err(other) => return Err(other),
        };
        if start.elapsed() >= patience {
            return Err(LedgerError::Unresolved {
                place: named(server.place()),
                found: format!("{lost}; then {last}"),
            }
            .into());
        }
        thread::sleep(PAUSE);
    }
}

fn ask(server: &mut Server, events: &[StoredEvent]) -> Result<bool, Trouble> {
    let Some(first) = events.first() else {
        return Ok(false);
    };
    let sequence = u64::try_from(first.sequence).map_err(|_| LedgerError::Range)?;
    let mut found = None;
    server.take_turn(sequence, &mut |event| {
        found.get_or_insert(event);
        Ok(())
    })?;
    // The chain's hash at this place stands for these bytes and for all before them.
    let is_there = found.is_some_and(|found| found == *first);
    server.settle()?;
    Ok(is_there)
}
