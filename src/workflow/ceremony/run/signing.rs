//! Makes one signature over the approved bytes: journals it before `C_SignInit`, verifies it, then writes it to the ledger and to disk.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::files::{failed, write_once};
use super::resume::check_time;
use super::signers::{RecordedSignature, Remembering};
use super::{CeremonyRun, RunError, Told};
use crate::ceremony::{Digest, Event, Octets, PlannedObject, Step, StepAction};
use crate::ledger::{CrlNumber, EntryFilter, EntryId, EntryState, Object, RevocationRecord};
use crate::signer::{KeyStore, Signer};
use crate::token::Session;
use crate::workflow::ceremony::objects::{Made, signing_key};
use crate::workflow::ceremony::regular_file::read_file;
use crate::workflow::ceremony::waivers::waived_in_ledger;
use crate::workflow::ceremony::{CeremonyError, CompletedObject};
use crate::workflow::pipeline::{Begun, Planned, Signable};
use crate::workflow::record::revocation;
use crate::workflow::{Delivered, WorkflowError, authority_of};
use crate::x509::{Certificate, CheckedCrl, Revocation, SerialNumber};

impl CeremonyRun<'_> {
    pub(super) fn sign_crl(
        &mut self,
        step: &Step,
        checked: CheckedCrl,
        sessions: &BTreeMap<String, &Session>,
        made: &Made,
    ) -> Result<(), WorkflowError> {
        let authority = checked.authority().clone();
        let StepAction::Crl(crl) = &step.action else {
            return Err(self.cannot(&step.id, "it is not a CRL").into());
        };
        if self.course.borrow().step(&step.id).begun.is_none() {
            self.check_revocations(&step.id, &authority, made.revocations.get(&crl.issuer))?;
        }
        self.sign(step, checked, sessions).map(drop)
    }

    /// Every certificate that is revoked in the ledger must be on the planned CRL.
    fn check_revocations(
        &mut self,
        step: &str,
        authority: &Certificate,
        planned: Option<&Vec<Revocation>>,
    ) -> Result<(), WorkflowError> {
        let issuer = authority_of(authority)?;
        let mut missing: Option<SerialNumber> = None;
        let given_up = self.given_up();
        let recorder = self.recorder()?;
        recorder
            .ledger()
            .revocations(&issuer, None, &mut |found: RevocationRecord| {
                let is_planned = planned
                    .into_iter()
                    .flatten()
                    .any(|planned| planned.serial == found.serial);
                if !is_planned && !given_up.contains(&found.serial) && revocation(&found).is_some() {
                    missing = Some(found.serial);
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            })?;
        match missing {
            Some(serial) => {
                let reason =
                    format!("the ledger has certificate {serial} as revoked, and the approved CRL does not");
                Err(self.cannot(step, reason).into())
            }
            None => Ok(()),
        }
    }

    /// Reserves exactly the approved number, once it is sure that this is the ledger that the token knows.
    fn reserve_number(
        &mut self,
        step: &str,
        store: &dyn KeyStore,
        authority: &Certificate,
        number: CrlNumber,
    ) -> Result<(), WorkflowError> {
        let recorder = self.recorder()?;
        if recorder.has_crl_number(authority, number)? {
            return Ok(());
        }
        recorder.compare_with_store(store, authority)?;
        let passed = recorder
            .highest_crl_number(authority)?
            .filter(|highest| *highest >= number);
        let at = match passed {
            Some(highest) => highest,
            None => match recorder.reserve_crl_number(authority, number.previous())?.number {
                reserved if reserved == number => return Ok(()),
                reserved => reserved,
            },
        };
        let reason = format!("CRL number {number} was approved, and the ledger is at {at}");
        Err(self.cannot(step, reason).into())
    }

    /// Signs, or continues where an interrupted run stopped.
    pub(super) fn sign<T: Signable>(
        &mut self,
        step: &Step,
        checked: T,
        sessions: &BTreeMap<String, &Session>,
    ) -> Result<T::Signed, WorkflowError> {
        let (id, session) = (step.id.as_str(), self.session);
        let course = self.course.borrow().step(id);
        let object = self.object(id)?;
        let sha256 = Digest::of(checked.to_sign());
        let approved = {
            let completed = object.completed(&self.key_octets());
            Digest::of(&completed.map_err(CeremonyError::from)?)
        };
        if sha256 != approved {
            let (step, found) = (id.to_owned(), sha256);
            return Err(RunError::OtherBytes {
                step,
                approved,
                found,
            }
            .into());
        }
        let (file, key) = (&self.request.source.file, checked.signing_key().clone());
        let key_name = signing_key(file, step).unwrap_or_default().to_owned();
        if let Some(signature) = &course.signature {
            // The token is not used.
            if let Some(written) = course.written {
                let signed = checked.sign(&RecordedSignature::new(key, &signature.0))?;
                return self.compare_with_written::<T>(id, signed, written);
            }
            let entry = course.begun.map(|begun| begun.entry).unwrap_or_default();
            let begun = self.rejoin(id, checked, EntryId(entry))?;
            return self.finish(id, begun, &RecordedSignature::new(key, &signature.0), None);
        }
        let token = self.token_of(step, &key_name)?;
        let store = self.session_of(id, &token, sessions)?;
        let signer = store.signer_for(&key).map_err(WorkflowError::from)?;
        signer.check(checked.algorithm()).map_err(WorkflowError::from)?;
        let shown = CompletedObject::read(&object, checked.to_sign())?;
        let shown = match self.spare.borrow().contains(id) {
            true => shown.with_spare_serial(),
            false => shown,
        };
        self.room.tell(&Told::ToSign { object: &shown });
        if course.begun.is_none() {
            self.check_budget(&key_name)?;
        }
        self.type_words(id)?;
        // Only now: a run that stops at the words leaves no file that no line of the transcript names.
        self.remove_bytes_of_other_session(id)?;
        write_once(&self.tbs_path(id), checked.to_sign())?;
        let begun = match course.begun {
            Some(begun) if begun.sha256 == sha256 => self.rejoin(id, checked, EntryId(begun.entry))?,
            // With the spare serial number, the ledger has another entry.
            _ => self.begin_signature(id, checked, store)?,
        };
        check_time(session, self.request)?;
        self.record(Event::SignBegin {
            step: id.to_owned(),
            key: key_name,
            sha256,
            entry: begun.entry().0,
            spare: self.spare.borrow().contains(id),
        })?;
        let signer = Remembering::new(signer);
        let remembered = || signer.signature();
        self.finish(id, begun, &signer, Some(&remembered))
    }

    /// Signs once, records the signature, and delivers the object. `signature` returns the octets if the transcript does not have them yet.
    fn finish<T: Signable>(
        &mut self,
        id: &str,
        begun: Begun<T>,
        signer: &dyn Signer,
        signature: Option<&dyn Fn() -> Vec<u8>>,
    ) -> Result<T::Signed, WorkflowError> {
        // If this fails, the entry stays begun, because the token may have made a signature.
        let signed = begun
            .sign(signer)
            .map_err(|failed| WorkflowError::from(failed.cause))?;
        if let Some(signature) = signature {
            self.record(Event::SignEnd {
                step: id.to_owned(),
                signature: Octets(signature()),
            })?;
        }
        let octets = self.course.borrow().step(id).signature.unwrap_or_default();
        write_once(&self.sig_path(id), &octets.0)?;
        let unfinished = |cause: WorkflowError| RunError::Unfinished {
            step: id.to_owned(),
            cause: Box::new(cause),
        };
        let completed = self.recorder()?.complete(vec![signed]).map_err(unfinished)?.pop();
        let completed = completed.ok_or_else(|| self.cannot(id, "nothing was completed"))?;
        let finished = self.recorder()?.deliver(completed).map_err(unfinished)?;
        let der = T::signed_der(&finished.object);
        if let Delivered::Content(content) = &finished.delivered {
            self.compare_with_file(id, content)?;
        }
        let sha256 = Digest::of(der);
        if self.course.borrow().step(id).written.is_none() {
            let step = id.to_owned();
            self.record(Event::Written { step, sha256 })?;
        }
        self.room.tell(&Told::Signed { step: id, sha256 });
        Ok(finished.object)
    }

    /// Checks the result of an earlier run.
    fn compare_with_written<T: Signable>(
        &self,
        id: &str,
        signed: T::Signed,
        written: Digest,
    ) -> Result<T::Signed, WorkflowError> {
        let der = T::signed_der(&signed);
        if Digest::of(der) != written {
            return Err(self
                .cannot(id, "the transcript has another SHA-256 of what was signed")
                .into());
        }
        self.compare_with_file(id, der)?;
        Ok(signed)
    }

    /// Checks that the file of an interrupted run has the same bytes.
    fn compare_with_file(&self, id: &str, content: &[u8]) -> Result<(), WorkflowError> {
        let path = self.der_path(id);
        let found = read_file(&path).map_err(|cause| failed(&path, cause))?;
        if found != content {
            let cause = std::io::Error::other("it is not what was signed");
            return Err(failed(&path, cause).into());
        }
        Ok(())
    }

    fn begin_signature<T: Signable>(
        &mut self,
        id: &str,
        checked: T,
        store: &dyn KeyStore,
    ) -> Result<Begun<T>, WorkflowError> {
        let waivers = waived_in_ledger(&self.request.source.file, id);
        let planned = Planned::new(checked)?.waiving(waivers);
        let left = self.find_left(&planned)?;
        let held = planned.hold(&self.delivery(id))?;
        match left {
            // An interrupted run began this entry, and the transcript shows that nothing was signed.
            Some(entry) => self.recorder()?.rejoin(held, entry),
            None => {
                let planned = held.planned();
                if let (Object::Crl { number, .. }, Some(authority)) =
                    (&planned.intent().object, planned.checked().authority())
                {
                    self.reserve_number(id, store, authority, *number)?;
                }
                self.recorder()?.begin_one(held, store)
            }
        }
    }

    fn rejoin<T: Signable>(
        &mut self,
        id: &str,
        checked: T,
        entry: EntryId,
    ) -> Result<Begun<T>, WorkflowError> {
        let held = Planned::new(checked)?.hold(&self.delivery(id))?;
        self.recorder()?.rejoin(held, entry)
    }

    /// Finds an entry for the same bytes that was begun but not ended.
    fn find_left<T: Signable>(&mut self, planned: &Planned<T>) -> Result<Option<EntryId>, WorkflowError> {
        let (wanted, authority) = (planned.sha256(), planned.intent().authority.clone());
        let filter = EntryFilter {
            authority: Some(authority),
            open: true,
            ..Default::default()
        };
        let mut left = None;
        self.recorder()?.ledger().entries(&filter, &mut |entry| {
            if entry.tbs_sha256 == Some(wanted) && entry.state == EntryState::Begun {
                left = Some(entry.id);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(left)
    }

    pub(super) fn authority(&self, name: &str, made: &Made) -> Result<Certificate, CeremonyError> {
        match made.certificates.get(name) {
            Some(certificate) => Ok(certificate.clone()),
            None => self.request.source.inputs.certificate(name),
        }
    }

    fn object(&self, id: &str) -> Result<PlannedObject, WorkflowError> {
        let object = self.plan.object(&self.session.name, id);
        let object = object.ok_or_else(|| self.cannot(id, "the plan has no object for it"))?;
        match self.spare.borrow().contains(id) {
            true => Ok(object.with_spare().map_err(CeremonyError::from)?),
            false => Ok(object.clone()),
        }
    }

    /// Checks that the plan permits one more signature.
    fn check_budget(&self, key: &str) -> Result<(), RunError> {
        let planned = self.plan.budget.iter().find(|budget| budget.key == key);
        let planned = planned.map_or(0, |budget| budget.signatures);
        let course = self.course.borrow();
        let steps = self.plan.objects_of(&self.session.name);
        let begun = steps.filter(|object| object.key == key && course.step(&object.step).signatures > 0);
        if u64::try_from(begun.count()).unwrap_or(u64::MAX) < planned {
            return Ok(());
        }
        Err(RunError::OverBudget { key: key.to_owned() })
    }

    fn token_of(&self, step: &Step, key: &str) -> Result<String, WorkflowError> {
        let made = self
            .request
            .source
            .file
            .step(key)
            .and_then(|made| made.action.token());
        let token = step.action.token().or(made);
        match token {
            Some(token) => Ok(token.to_owned()),
            None => Err(self.cannot(&step.id, "no token has its key").into()),
        }
    }
}
