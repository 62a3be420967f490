//! The start of a run: the transcript and the session.

use super::{RunError, RunRequest};
use crate::ceremony::{Course, Session, TranscriptError, TranscriptFile};
use crate::workflow::WorkflowError;

/// Opens the transcript, or creates it. Unless this is the first run, an earlier one must be in it: what only the first run checks was not checked.
pub(super) fn open_transcript(
    request: &RunRequest,
    is_first: bool,
) -> Result<(TranscriptFile, Course), WorkflowError> {
    let path = request.ceremony.directory.transcript();
    let file = TranscriptFile::resume(&path, request.ceremony.identity.hash).map_err(RunError::from)?;
    let course = Course::of(file.transcript()).map_err(RunError::Event)?;
    match course.runs == 0 && !is_first {
        true => Err(RunError::from(TranscriptError::Changed { path }).into()),
        false => Ok((file, course)),
    }
}

/// The requested or current session, if it can be held: no other session has signed anything, and it is the right time.
pub(super) fn choose_session<'a>(
    request: &'a RunRequest,
    course: &Course,
) -> Result<&'a Session, WorkflowError> {
    if let Some((because, _)) = &course.aborted {
        let because = because.clone();
        return Err(RunError::Aborted { because }.into());
    }
    let now = request.clock.now();
    let sessions = &request.source.file.sessions;
    if let (Some(_), Some(bound)) = (&course.closed, &course.bound)
        && let Some(session) = sessions.iter().find(|session| session.name == *bound)
    {
        return Ok(session);
    }
    let session = match &request.session {
        Some(name) => sessions.iter().find(|session| session.name == *name),
        None => sessions
            .iter()
            .find(|session| session.begins <= now && now <= session.ends),
    };
    let session = session.ok_or_else(|| RunError::NoSession {
        wanted: request.session.clone(),
        now,
    })?;
    if let Some(bound) = course.bound.as_ref().filter(|bound| **bound != session.name) {
        return Err(RunError::OtherSession {
            bound: bound.clone(),
            wanted: session.name.clone(),
        }
        .into());
    }
    check_time(session, request)?;
    Ok(session)
}

/// Refuses a time outside the session. Every signature checks this again.
pub(super) fn check_time(session: &Session, request: &RunRequest) -> Result<(), RunError> {
    let now = request.clock.now();
    if session.begins <= now && now <= session.ends {
        return Ok(());
    }
    Err(RunError::OtherTime {
        session: session.name.clone(),
        begins: session.begins,
        ends: session.ends,
        now,
    })
}
