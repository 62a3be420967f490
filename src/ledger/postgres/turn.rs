//! One turn to write: reads what others have appended, decides the change, then appends and commits its events.

use std::thread;

use super::super::rules::Recording;
use super::super::sqlite::{Failure, Turn};
use super::super::waiting::Wait;
use super::super::{LedgerError, Stamp};
use super::failure::Trouble;
use super::replica::Replica;
use super::server::{Committed, Server, StoredEvent};
use super::{PAUSE, named};

/// [`Trouble::Lost`] means that nothing was recorded: the caller may try again.
pub(super) fn take<T>(
    server: &mut Server,
    replica: &mut Replica,
    stamp: &Stamp,
    change: &impl Fn(&mut Recording<'_, Turn<'_>>) -> Result<T, Failure>,
    wait: &Wait,
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
        Ok(Committed::Unknown(found)) => match resolve(server, &draft.events, &found, wait)? {
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

/// Asks the server whether it has committed these events, after its answer was lost. The query waits for a turn itself, so the lost
/// connection's transaction has ended before it is answered.
pub(super) fn resolve(
    server: &mut Server,
    events: &[StoredEvent],
    lost: &str,
    wait: &Wait,
) -> Result<bool, Trouble> {
    loop {
        server.disconnect();
        let last = match ask(server, events) {
            Ok(found) => return Ok(found),
            // A refusal leaves the question open too.
            Err(
                Trouble::Lost(found)
                | Trouble::Refused { found, .. }
                | Trouble::Certificate(found)
                | Trouble::ServerCertificate(found),
            ) => found,
            Err(other) => return Err(other),
        };
        if wait.is_over() {
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
    // The chain's hash at this event covers these bytes and all events before them.
    let is_there = found.is_some_and(|found| found == *first);
    server.settle()?;
    Ok(is_there)
}
