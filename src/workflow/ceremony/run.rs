//! Carries out a ceremony step by step. It journals each action before, and verifies it after. An interrupted ceremony continues from its transcript.
//!
//! Every decision follows from the plan and the transcript; no other state is kept. Nothing is done twice, and people decide what the program cannot
//! know.

mod answers;
mod closing;
mod error;
mod files;
mod gate;
mod given_up;
mod import;
mod keys;
mod lost;
mod object_files;
mod preflight;
mod remarks;
mod request;
mod resume;
mod revoking;
mod room;
mod signers;
mod signing;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

pub use self::error::RunError;
use self::files::ensure_directory;
pub use self::request::{Machine, RunRequest};
pub use self::room::{CeremonyRoom, Question, Told};
use super::CeremonyError;
use super::objects::{Built, Made, ObjectBuilder, SerialSource, in_step};
use super::plan::PlannedSerials;
use crate::ceremony::{
    CeremonyPlan, Course, Digest, Event, KeyOctets, Keys, PROGRAM, PlannedStep, Session, Step, StepAction,
    TranscriptFile, TranscriptHead, UnlistedRevocation,
};
use crate::signer::PublicKey;
use crate::token;
use crate::values::UnixTime;
use crate::workflow::{Progress, Recorder, WorkflowError};
use crate::x509::SerialNumber;

/// An opened ceremony: everyone is present, and the opening words were typed.
pub struct CeremonyRun<'a> {
    request: &'a RunRequest,
    plan: &'a CeremonyPlan,
    hash: Digest,
    session: &'a Session,
    transcript: RefCell<TranscriptFile>,
    course: RefCell<Course>,
    /// `None` while a key is made or destroyed.
    recorder: Option<Recorder>,
    room: &'a dyn CeremonyRoom,
    progress: &'a dyn Progress,
    /// The keys that this ceremony made.
    made_keys: BTreeMap<String, PublicKey>,
    /// The steps that sign with the spare serial number.
    spare: RefCell<BTreeSet<String>>,
    /// The clock is behind the transcript, and people must confirm it.
    may_go_back: Cell<bool>,
    /// SHA-256 of each file that this run has read, by its path relative to the ceremony's directory.
    files: BTreeMap<String, Digest>,
}

/// The result of opening a ceremony.
pub enum Opening<'a> {
    /// The ceremony can be carried out now.
    Run(Box<CeremonyRun<'a>>),
    /// The ceremony was closed, but the closing run was interrupted. The missing files are written now.
    Closed(RunSummary),
}

/// The result of a run.
#[derive(Clone, Debug)]
pub struct RunSummary {
    /// The transcript's head.
    pub head: TranscriptHead,
    /// SHA-256 of each result.
    pub out: BTreeMap<String, Digest>,
    /// What was revoked in the ledger, and is on no CRL of the ceremony.
    pub unlisted: Vec<UnlistedRevocation>,
    /// What the ledger could not do besides recording: keep its head.
    pub notices: Vec<String>,
}

impl<'a> CeremonyRun<'a> {
    /// Tries everything that can fail before any operation on a token, opens the transcript, and asks who attends.
    ///
    /// # Errors
    /// [`WorkflowError`]
    pub fn open(
        request: &'a RunRequest,
        recorder: Recorder,
        room: &'a dyn CeremonyRoom,
        progress: &'a dyn Progress,
    ) -> Result<Opening<'a>, WorkflowError> {
        let checked = preflight::check(request, &recorder, progress)?;
        let directory = &request.ceremony.directory;
        for made in [directory.run(), directory.objects(), directory.gates()] {
            ensure_directory(&made)?;
        }
        let hash = request.ceremony.identity.hash;
        let (transcript, course) = resume::open_transcript(request, checked.is_first)?;
        let torn = transcript.torn_deviations().map_err(RunError::from)?;
        let is_closed = course.closed.is_some();
        let session = resume::choose_session(request, &course)?;
        let mut run = Self {
            request,
            plan: &request.ceremony.plan,
            hash,
            session,
            transcript: RefCell::new(transcript),
            course: RefCell::new(course),
            recorder: Some(recorder),
            room,
            progress,
            made_keys: BTreeMap::new(),
            spare: RefCell::default(),
            may_go_back: Cell::new(false),
            files: checked.files,
        };
        if is_closed {
            return run.finish_closing().map(Opening::Closed);
        }
        run.refuse_results_there()?;
        run.check_ledger()?;
        run.check_new_keys()?;
        // The cut of a torn line is recorded as soon as possible, even if nobody answers after it.
        if torn.is_empty() {
            room.expect_answers()?;
        }
        let begun = run.begin(&checked.approved_by, torn);
        begun
            .and_then(|()| run.end_other_sessions())
            .map_err(|error| run.stop(error))?;
        Ok(Opening::Run(Box::new(run)))
    }

    /// Records why the run stops. Nothing may follow the end of a closed ceremony: the next run writes the missing files.
    pub fn note_stop(&self, error: &dyn std::error::Error) {
        if self.course.borrow().closed.is_some() {
            return;
        }
        let because = one_line(&error.to_string());
        let _ = self.record(Event::Stopped { because });
    }

    /// Carries out all remaining steps on the logged-in sessions, and closes the ceremony.
    ///
    /// # Errors
    /// [`WorkflowError`]; the transcript shows how far the run came.
    pub fn carry_out(
        mut self,
        sessions: &BTreeMap<String, &token::Session>,
    ) -> Result<RunSummary, WorkflowError> {
        let mut made = Made::default();
        let outcome = self.steps(sessions, &mut made).and_then(|()| self.close());
        let summary = outcome.map_err(|error| self.stop(error))?;
        let notices = self.recorder.as_mut().map(Recorder::take_notices);
        Ok(RunSummary {
            notices: notices.unwrap_or_default(),
            ..summary
        })
    }

    fn steps(
        &mut self,
        sessions: &BTreeMap<String, &token::Session>,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        self.refuse_keys_there(sessions)?;
        let (plan, steps) = (self.plan, &self.request.source.file.steps);
        for (index, (step, planned)) in steps.iter().zip(&plan.steps).enumerate() {
            let number = index + 1;
            let of = plan.steps.len();
            if self.course.borrow().step(&step.id).is_done(&step.action) {
                self.room.tell(&Told::AlreadyDone {
                    number,
                    step: planned,
                });
            } else {
                self.room.tell(&Told::Step {
                    number,
                    of,
                    step: planned,
                });
            }
            self.step(step, planned, sessions, made)?;
        }
        Ok(())
    }

    /// Carries out the step, or takes over the result of an earlier run.
    fn step(
        &mut self,
        step: &Step,
        planned: &PlannedStep,
        sessions: &BTreeMap<String, &token::Session>,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        match &step.action {
            StepAction::Manual(manual) => self.manual(&step.id, manual),
            StepAction::GenerateKey(generate) => self.generate_key(&step.id, generate, sessions),
            StepAction::ImportKey(import) => self.import_key(&step.id, import, sessions),
            StepAction::Confirm(confirm) => self.gate(&step.id, confirm),
            StepAction::DestroyKey(destroy) => self.destroy_key(&step.id, destroy, sessions),
            _ => self.build_and_sign(step, planned, sessions, made),
        }
    }

    fn build_and_sign(
        &mut self,
        step: &Step,
        planned: &PlannedStep,
        sessions: &BTreeMap<String, &token::Session>,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let request = self.request;
        self.settle_lost_signature(step, made)?;
        let keys = self.all_keys()?;
        let built = {
            let builder = ObjectBuilder {
                file: &request.source.file,
                inputs: &request.source.inputs,
                profiles: &request.source.profiles,
                refused_keys: request.source.refused_keys.as_ref(),
                serials: &RunSerials {
                    plan: self.plan,
                    spare: &self.spare,
                },
                known: keys.clone(),
                keys,
            };
            builder.build(step, self.session, made)
        };
        let built = built.map_err(|error| in_step(self.plan.kind, step, self.session, error))?;
        match built {
            Some(Built::Certificate(checked)) => {
                let issued = self.sign(step, *checked, sessions)?;
                made.certificates
                    .insert(step.id.clone(), issued.certificate().clone());
                Ok(())
            }
            Some(Built::Crl(checked)) => self.sign_crl(step, *checked, sessions, made),
            Some(Built::Revocation) => self.revoke(step, made),
            None => Err(RunError::CannotDo {
                step: planned.id.clone(),
                reason: format!("{} is not known", planned.action.word()),
            }
            .into()),
        }
    }

    /// The keys that this ceremony made, and the input keys that steps sign with.
    fn all_keys(&self) -> Result<BTreeMap<String, PublicKey>, CeremonyError> {
        let mut keys = self.made_keys.clone();
        for step in &self.request.source.file.steps {
            if let StepAction::CreateCa(create) = &step.action
                && self.request.source.inputs.has(&create.key)
            {
                let key = self.request.source.inputs.public_key(&create.key)?;
                keys.insert(create.key.clone(), key);
            }
        }
        Ok(keys)
    }

    /// The octets of the keys made so far, for the holes.
    fn key_octets(&self) -> Keys {
        let octets = |(name, key): (&String, &PublicKey)| (name.clone(), KeyOctets::of(key));
        Keys(self.made_keys.iter().map(octets).collect())
    }

    /// Records an event, and returns only when it is on disk. Time must not go back, unless people are being asked to confirm the clock.
    fn record(&self, event: Event) -> Result<(), WorkflowError> {
        let now = self.now();
        if let Some(last) = self.course.borrow().latest.filter(|last| *last > now)
            && !self.may_go_back.get()
        {
            return Err(RunError::ClockBehind { last, now }.into());
        }
        self.transcript
            .borrow_mut()
            .append(now, &event)
            .map_err(RunError::from)?;
        self.course.borrow_mut().add(event, Some(now));
        Ok(())
    }

    fn note(&self, text: impl Into<String>) -> Result<(), WorkflowError> {
        let by = PROGRAM.to_owned();
        self.record(Event::Note {
            text: text.into(),
            by,
        })
    }

    fn deviation(&self, text: impl Into<String>) -> Result<(), WorkflowError> {
        let by = PROGRAM.to_owned();
        self.record(Event::Deviation {
            text: text.into(),
            by,
        })
    }

    /// Records that the run stops. If this cannot be written either, the next run sees an interruption.
    fn stop(&self, error: WorkflowError) -> WorkflowError {
        self.note_stop(&error);
        error
    }

    fn now(&self) -> UnixTime {
        self.request.clock.now()
    }

    fn recorder(&mut self) -> Result<&mut Recorder, WorkflowError> {
        self.recorder.as_mut().ok_or_else(|| {
            RunError::CannotDo {
                step: String::new(),
                reason: "the ledger is not open".to_owned(),
            }
            .into()
        })
    }
}

/// The text of an error as one line for the transcript.
fn one_line(text: &str) -> String {
    let words: Vec<_> = text.split(char::is_control).collect();
    words.join(" ")
}

/// The serial numbers of the plan, or the spare ones where people chose them.
struct RunSerials<'a> {
    plan: &'a CeremonyPlan,
    spare: &'a RefCell<BTreeSet<String>>,
}

impl SerialSource for RunSerials<'_> {
    fn serial(&self, session: &str, step: &str) -> Result<SerialNumber, WorkflowError> {
        use super::draft::PlanSerials;
        let planned = PlannedSerials(self.plan);
        match self.spare.borrow().contains(step) {
            true => planned.spare(session, step),
            false => planned.serial(session, step),
        }
    }
}
