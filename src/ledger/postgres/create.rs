//! Creates a ledger on a server: its schema and its first events in one transaction.

use std::ops::ControlFlow;

use super::super::sqlite::verify::verify_rows;
use super::super::{Access, Evidence, Head, Ledger, LedgerError, Stamp};
use super::failure::Trouble;
use super::server::{Committed, MOST_ROWS, Server, StoredEvent};
use super::{PostgresLedger, PostgresPlace, State, schema, turn};

impl PostgresLedger {
    /// Creates a new ledger, atomically, and opens it for recording. Its [writer](PostgresPlace::with_writer) may read and append from then
    /// on, and so may the role that creates it.
    ///
    /// # Errors
    /// [`LedgerError::Exists`] if the database already has one.
    pub fn create(place: &PostgresPlace, stamp: &Stamp) -> Result<Self, LedgerError> {
        let ledger = Self::connect(place)?;
        ledger.make(place.writer.as_deref(), |State { server, replica, .. }| {
            let events = replica.draft(stamp, |recording| recording.create())?.events;
            server.insert(&events)?;
            Ok(events)
        })?;
        Self::open(place, Access::Record)
    }

    /// Creates a ledger with the events of another one, atomically. They are verified before they are committed.
    pub(in crate::ledger) fn copy(
        place: &PostgresPlace,
        source: &dyn Ledger,
        head: Head,
    ) -> Result<(), LedgerError> {
        let ledger = Self::connect(place)?;
        ledger.make(place.writer.as_deref(), |State { server, .. }| {
            let first = insert_all(server, source)?;
            let kept = Evidence {
                head: Some(head),
                checkpoint: None,
            };
            let mut trouble = None;
            let report = verify_rows(
                |each| {
                    let read = server.events_from(0, &mut |event| {
                        Ok(each(event.sequence, event.body.as_bytes(), event.hash)?)
                    });
                    trouble = read.err();
                    Ok(())
                },
                &kept,
                Vec::new(),
            )?;
            if let Some(trouble) = trouble {
                return Err(trouble);
            }
            let place = super::named(server.place());
            let sound = report.require(head);
            sound.map_err(|found| LedgerError::Damaged { place, found })?;
            Ok(first)
        })
    }

    /// Creates the schema, then inserts the events, and commits both. `insert` returns the event to look for if the answer to the commit is
    /// lost.
    fn make(
        &self,
        writer: Option<&str>,
        insert: impl FnOnce(&mut State) -> Result<Vec<StoredEvent>, Trouble>,
    ) -> Result<(), LedgerError> {
        let mut state = self.state.borrow_mut();
        let wait = self.wait_limits.begin();
        let made = || -> Result<(), Trouble> {
            if state.server.find_ledger()?.is_some() {
                return Err(LedgerError::Exists {
                    place: self.place.clone(),
                }
                .into());
            }
            state.server.create(&schema::statements(writer))?;
            let events = insert(&mut state)?;
            let committed = match state.server.append(&[])? {
                Committed::Yes => true,
                Committed::Unknown(found) => turn::resolve(&mut state.server, &events, &found, &wait)?,
            };
            match committed {
                true => Ok(()),
                false => Err(Trouble::Lost(
                    "the server lost the connection before it committed".to_owned(),
                )),
            }
        };
        let made: Result<(), Trouble> = made();
        made.map_err(|trouble| match trouble {
            // Another process was faster.
            Trouble::Refused { code, .. } if code == DUPLICATE_SCHEMA => LedgerError::Exists {
                place: self.place.clone(),
            },
            other => other.of(&self.place),
        })
    }
}

const DUPLICATE_SCHEMA: &str = "42P06";

/// The first event.
fn insert_all(server: &mut Server, source: &dyn Ledger) -> Result<Vec<StoredEvent>, Trouble> {
    let (mut waiting, mut first, mut trouble) = (Vec::new(), Vec::new(), None);
    source.events(&mut |head, body| {
        let (Ok(sequence), Ok(body)) = (i64::try_from(head.count), String::from_utf8(body.to_vec())) else {
            trouble = Some(Trouble::from(LedgerError::Range));
            return ControlFlow::Break(());
        };
        let hash = head.hash;
        waiting.push(StoredEvent { sequence, body, hash });
        if first.is_empty() {
            first = waiting.clone();
        }
        if waiting.len() >= MOST_ROWS {
            if let Err(error) = server.insert(&waiting) {
                trouble = Some(error);
                return ControlFlow::Break(());
            }
            waiting.clear();
        }
        ControlFlow::Continue(())
    })?;
    match trouble {
        Some(trouble) => Err(trouble),
        None => server.insert(&waiting).map(|()| first),
    }
}
