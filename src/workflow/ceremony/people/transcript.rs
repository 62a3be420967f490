//! Adds to the transcript while no run is open: notes, deviations, and an abort.

use super::opened::{make_directory, refuse_ended};
use super::{OpenedCeremony, PeopleError};
use crate::ceremony::{
    AbortNotice, Ending, Event, PROGRAM, TranscriptFile, TranscriptHead, is_plain_line, login_author,
};
use crate::file_trust;
use crate::output::{Destination, OutputError};
use crate::values::UnixTime;
use crate::workflow::WorkflowError;

/// A remark to record.
#[derive(Clone, Debug)]
pub struct Remark {
    /// The text.
    pub text: String,
    /// A name from the plan. If it is `None`, the login of the command counts.
    pub by: Option<String>,
    /// The time of the machine's clock.
    pub time: UnixTime,
    /// People compared the clock with another one and confirmed it, although the transcript is ahead of it.
    pub clock_is_right: bool,
}

/// Adds a note or a deviation. Returns the new head.
///
/// # Errors
/// [`PeopleError`]; [`TranscriptError::InUse`](crate::ceremony::TranscriptError::InUse) while `run` has the transcript open.
pub fn note_in_transcript(
    ceremony: &OpenedCeremony,
    remark: &Remark,
    is_deviation: bool,
) -> Result<TranscriptHead, PeopleError> {
    let by = check(ceremony, remark, "the note")?;
    if ceremony.transcript()?.is_none() {
        return Err(PeopleError::NotBegun);
    }
    let mut file = open(ceremony, remark)?;
    let text = remark.text.clone();
    let event = match is_deviation {
        true => Event::Deviation { text, by },
        false => Event::Note { text, by },
    };
    Ok(file.append(remark.time, &event)?)
}

/// Aborts the ceremony for good, and writes a notice into its directory. Nothing is deleted.
///
/// # Errors
/// [`WorkflowError`]; [`PeopleError::Ended`] if it has already ended.
pub fn abort_ceremony(ceremony: &OpenedCeremony, remark: &Remark) -> Result<TranscriptHead, WorkflowError> {
    let by = check(ceremony, remark, "the reason")?;
    if let Some(head) = finish_notice(ceremony)? {
        return Ok(head);
    }
    // Reserve the file before the transcript records the abort.
    let place = Destination::new(ceremony.directory.aborted()).reserve()?;
    make_directory(&ceremony.directory.run())?;
    let mut file = open(ceremony, remark)?;
    let event = Event::Aborted {
        because: remark.text.clone(),
        by: by.clone(),
    };
    let head = file.append(remark.time, &event).map_err(PeopleError::from)?;
    place.commit(&AbortNotice::new(
        &ceremony.identity,
        &remark.text,
        &by,
        remark.time,
    ))?;
    Ok(head)
}

/// If the program stopped between the transcript's last line and the notice, write the notice now.
fn finish_notice(ceremony: &OpenedCeremony) -> Result<Option<TranscriptHead>, WorkflowError> {
    let Some(transcript) = ceremony.transcript()? else {
        return Ok(None);
    };
    let Some(Ending::Aborted { because, by }) = OpenedCeremony::course_of(Some(&transcript))?.ending() else {
        return Ok(None);
    };
    let time = transcript
        .records()
        .last()
        .and_then(crate::ceremony::Record::time);
    let notice = AbortNotice::new(&ceremony.identity, &because, &by, time.unwrap_or(UnixTime(0)));
    let place = match Destination::new(ceremony.directory.aborted()).reserve() {
        Ok(place) => place,
        Err(OutputError::Exists { .. }) => return Err(PeopleError::Ended { how: "aborted" }.into()),
        Err(cause) => return Err(cause.into()),
    };
    place.commit(&notice)?;
    Ok(Some(transcript.head()))
}

/// Determines the author: a person of the plan, or the login.
fn check(ceremony: &OpenedCeremony, remark: &Remark, what: &'static str) -> Result<String, PeopleError> {
    if !is_plain_line(&remark.text) {
        return Err(PeopleError::Text { what });
    }
    match &remark.by {
        Some(name) if ceremony.plan.people.person(name).is_some() => Ok(name.clone()),
        Some(name) => Err(PeopleError::UnknownName { name: name.clone() }),
        None => {
            let login = file_trust::Owner::of(rustix::process::geteuid().as_raw());
            Ok(login_author(&login.to_string()))
        }
    }
}

/// Opens the transcript of a ceremony that has not ended, or creates it. A torn last line is kept in a separate file and removed, and a deviation
/// records it.
fn open(ceremony: &OpenedCeremony, remark: &Remark) -> Result<TranscriptFile, PeopleError> {
    let path = ceremony.directory.transcript();
    let trusted = file_trust::check_directory(&ceremony.directory.run());
    trusted.map_err(|cause| PeopleError::Trust { cause })?;
    let mut file = TranscriptFile::resume(&path, ceremony.identity.hash)?;
    refuse_ended(&OpenedCeremony::course_of(Some(file.transcript()))?)?;
    let last = file.transcript().records().last();
    let last = last.and_then(crate::ceremony::Record::time);
    let mut deviations = Vec::new();
    if let Some(last) = last.filter(|last| *last > remark.time) {
        if !remark.clock_is_right {
            return Err(PeopleError::ClockBehind {
                now: remark.time,
                last,
            });
        }
        let text = format!(
            "the clock says {}, before the transcript's last line; it was said to be right",
            remark.time
        );
        let by = PROGRAM.to_owned();
        deviations.push(Event::Deviation { text, by });
    }
    deviations.extend(file.torn_deviations()?);
    for deviation in deviations {
        file.append(remark.time, &deviation)?;
    }
    Ok(file)
}
