//! The days on which a ceremony may run. People approve all of them together, because a safe that does not open moves the ceremony to another day.

use toml::{Spanned, Table};

use super::text::{self, SessionText};
use super::{CeremonyFileError, names};
use crate::values::UnixTime;

/// A day, with the hours in which the token may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// The first second. Everything signed in the session is dated by it.
    pub begins: UnixTime,
    /// The last second.
    pub ends: UnixTime,
}

/// BR 7.1.2.1.1: a root's notBefore is at most one day before the signature.
const LONGEST: u64 = 24 * 60 * 60;

pub(super) fn read(text: &str, tables: Vec<Spanned<Table>>) -> Result<Vec<Session>, CeremonyFileError> {
    let mut sessions: Vec<Session> = Vec::new();
    for (index, table) in tables.into_iter().enumerate() {
        let line = text::line_of(text, table.span().start);
        let place = format!("session {}", index + 1);
        let read: SessionText = text::read_table(table.into_inner(), &place, line)?;
        let place = format!("session {:?}", read.name);
        let wrong = |reason: String| CeremonyFileError::at(&place, Some(line), reason);
        names::check("name", &place, &read.name, Some(line))?;
        let (Some(date), None, None) = (read.date.date, read.date.time, read.date.offset) else {
            return Err(wrong("date must be a date alone, such as 2026-12-01".to_owned()));
        };
        let at = |hour: &str| -> Result<UnixTime, CeremonyFileError> {
            let form =
                "hours must be two times with Z or an offset from UTC, such as [\"08:00Z\", \"18:00Z\"]";
            let (clock, offset) = hour.split_at_checked(5).ok_or_else(|| wrong(form.to_owned()))?;
            format!("{date}T{clock}:00{offset}")
                .parse()
                .map_err(|error| wrong(format!("{form}: {hour:?}: {error}")))
        };
        let [begins, end] = &read.hours;
        let (begins, end) = (at(begins)?, at(end)?);
        if end <= begins {
            return Err(wrong("it ends before it begins".to_owned()));
        }
        if end.0 - begins.0 > LONGEST {
            return Err(wrong("it is longer than one day".to_owned()));
        }
        let session = Session {
            name: read.name,
            begins,
            ends: end.before(),
        };
        if let Some(before) = sessions.last() {
            if sessions.iter().any(|other| other.name == session.name) {
                return Err(wrong("another session has the same name".to_owned()));
            }
            if session.begins <= before.ends {
                return Err(wrong(format!(
                    "it begins before session {:?} ends; write the sessions in order",
                    before.name
                )));
            }
        }
        sessions.push(session);
    }
    if sessions.is_empty() {
        let reason = "no [[session]]: say on which day it runs";
        return Err(CeremonyFileError::at("the file", None, reason));
    }
    Ok(sessions)
}
