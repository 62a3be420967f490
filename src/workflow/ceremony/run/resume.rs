//! The start of a run: the transcript and the session.

use super::files::write_once;
use super::{RunError, RunRequest};
use crate::ceremony::{Course, Session, TranscriptError, TranscriptFile};
use crate::workflow::WorkflowError;

/// Opens the transcript, or creates it in the first run. A torn last line is kept in a file and cut off; the returned text says so.
pub(super) fn open_transcript(
    request: &RunRequest,
    is_first: bool,
) -> Result<(TranscriptFile, Option<String>), WorkflowError> {
    let path = request.ceremony.directory.transcript();
    let plan = request.ceremony.identity.hash;
    if is_first {
        let made = TranscriptFile::create(&path, plan).map_err(RunError::from)?;
        return Ok((made, None));
    }
    match TranscriptFile::open(&path, plan) {
        Ok(file) => Ok((file, None)),
        Err(TranscriptError::Torn(torn)) => {
            let name = format!("torn-{}", torn.at);
            write_once(&request.ceremony.directory.run().join(&name), &torn.bytes)?;
            let file = TranscriptFile::cut(&path, &torn).map_err(RunError::from)?;
            let text = format!(
                "the last line of the transcript was torn: {} bytes of it are in run/{name}",
                torn.bytes.len()
            );
            Ok((file, Some(text)))
        }
        Err(error) => Err(RunError::from(error).into()),
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
