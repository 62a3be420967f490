//! The way through the chain: it is computed again on one thread, while another plays the events again.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::super::super::event::{Event, What};
use super::super::super::tree::CheckpointWatch;
use super::super::super::{Digest, Fault, Head, KeptHead};
use super::super::failure::Failure;
use super::super::projection::project;
use super::{FAULTS_TOLD, Findings};
use crate::transparency::leaf_hash;

/// Events that are handed over at once, and how many such batches wait: a thread that is behind does not let them pile up.
const BATCH: usize = 64;
const WAITING: usize = 4;

/// What one of the two threads found, each with the row of the table of events where it was.
#[derive(Default)]
struct Found {
    faults: Vec<(u64, Fault)>,
    more: u64,
}

impl Found {
    fn add(&mut self, row: u64, fault: Fault) {
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push((row, fault));
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

type Batch = Vec<(u64, Event)>;

/// Goes through the chain, and plays the events again.
pub(super) fn walk(
    db: &Connection,
    again: &mut Connection,
    kept: Option<&Head>,
    watch: &mut Option<CheckpointWatch<'_>>,
    findings: &mut Findings,
) -> Result<(Head, Option<KeptHead>), Failure> {
    let mut chained = Found::default();
    let (walked, played) = thread::scope(|scope| {
        let (sender, receiver) = sync_channel(WAITING);
        let player = scope.spawn(move || play(again, &receiver));
        let walked = follow(db, kept, watch, &mut chained, sender);
        let played = player
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (walked, played)
    });
    let played = played?;
    // In the order of the events, as if one thread had found them.
    let mut faults = chained.faults;
    faults.extend(played.faults);
    faults.sort_by_key(|(row, _)| *row);
    faults.into_iter().for_each(|(_, fault)| findings.add(fault));
    findings.more = findings
        .more
        .saturating_add(chained.more)
        .saturating_add(played.more);
    let (head, kept_hash) = walked?;
    let Some(kept) = kept else { return Ok((head, None)) };
    let how = match kept_hash {
        Some(hash) if hash == kept.hash => KeptHead::OnTheChain {
            later: head.count.saturating_sub(kept.count),
        },
        Some(_) => KeptHead::Another,
        None => KeptHead::Missing,
    };
    if !matches!(how, KeptHead::OnTheChain { .. }) {
        findings.add(Fault::Kept { kept: *kept, how });
    }
    Ok((head, Some(how)))
}

/// Computes the chain again, and hands each event on that is written as this program writes it. Returns the head, and the hash of the event
/// that the kept head is of.
fn follow(
    db: &Connection,
    kept: Option<&Head>,
    watch: &mut Option<CheckpointWatch<'_>>,
    found: &mut Found,
    sender: SyncSender<Batch>,
) -> Result<(Head, Option<Digest>), Failure> {
    let mut select = db.prepare("SELECT sequence, body, hash FROM events ORDER BY sequence")?;
    let mut rows = select.query([])?;
    let mut head = Head::EMPTY;
    let mut kept_hash = kept.filter(|kept| kept.count == 0).map(|_| Head::EMPTY.hash);
    let mut batch = Batch::with_capacity(BATCH);
    let mut number = 0_u64;
    while let Some(row) = rows.next()? {
        number = number.saturating_add(1);
        let stored: i64 = row.get(0)?;
        let expected = head.count.saturating_add(1);
        let Some(sequence) = u64::try_from(stored)
            .ok()
            .filter(|sequence| *sequence >= expected)
        else {
            found.add(number, Fault::Misplaced { sequence: stored });
            continue;
        };
        let body = match row.get_ref(1)? {
            ValueRef::Text(body) | ValueRef::Blob(body) => body,
            _ => b"",
        };
        let hash = row.get::<_, [u8; 32]>(2).map(Digest).unwrap_or(Head::EMPTY.hash);
        if sequence > expected {
            let gap = Fault::Gap {
                first: expected,
                last: sequence.saturating_sub(1),
            };
            found.add(number, gap);
        } else if head.after(body).hash != hash {
            found.add(number, Fault::Hash { sequence });
        }
        // From here on as stored, so that one change is reported once.
        head = Head {
            count: sequence,
            hash,
        };
        if let Some(watch) = watch {
            watch.push(&head, leaf_hash(body));
        }
        if kept.is_some_and(|kept| kept.count == sequence) {
            kept_hash = Some(hash);
        }
        match read_strictly(body, sequence) {
            Err(reason) => found.add(
                number,
                Fault::Body {
                    sequence,
                    found: reason,
                },
            ),
            Ok(event) => batch.push((number, event)),
        }
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Batch::with_capacity(BATCH));
            // Only a player that failed takes no more, and it says why.
            if sender.send(full).is_err() {
                break;
            }
        }
    }
    let _ = sender.send(batch);
    Ok((head, kept_hash))
}

/// Plays the events again, as they come.
fn play(again: &mut Connection, batches: &Receiver<Batch>) -> Result<Found, Failure> {
    let mut found = Found::default();
    let again = again.transaction()?;
    for (row, event) in batches.iter().flatten() {
        match project(&again, &event) {
            Ok(()) => {}
            Err(Failure::Sqlite(error))
                if error.sqlite_error_code() != Some(rusqlite::ErrorCode::ConstraintViolation) =>
            {
                return Err(error.into());
            }
            Err(failure) => {
                let sequence = event.sequence;
                let reason = failure.text();
                found.add(
                    row,
                    Fault::Event {
                        sequence,
                        found: reason,
                    },
                );
            }
        }
    }
    again.commit()?;
    Ok(found)
}

/// The event, if its bytes are those that this program writes for it.
fn read_strictly(body: &[u8], sequence: u64) -> Result<Event, String> {
    let text = std::str::from_utf8(body).map_err(|error| format!("it is not UTF-8 text: {error}"))?;
    let event: Event = Event::decode(text).map_err(|error| format!("it cannot be read: {error}"))?;
    if event.sequence != sequence {
        return Err(format!("it says that it is event {}", event.sequence));
    }
    let other_object = match &event.event {
        What::Signed {
            sha256,
            der: Some(der),
            ..
        }
        | What::AuthorityCertificate { sha256, der, .. }
        | What::Adopted {
            sha256: Some(sha256),
            der: Some(der),
            ..
        } => Digest::of(&der.0) != *sha256,
        _ => false,
    };
    if other_object {
        return Err("the object in it has a different SHA-256".to_owned());
    }
    match event.encode() {
        Ok(again) if again == text => Ok(event),
        _ => Err("it is not encoded as this program encodes it".to_owned()),
    }
}
