//! Every object of every session, built with stand-in keys and held against every rule.
//!
//! A stand-in has the kind of the key that it stands for, so a drafted object differs from the final one only in the key's own octets and in what
//! follows from them: the key identifiers, and the signature. No rule depends on those. Serial numbers are drawn for the draft only.

use std::collections::BTreeMap;
use std::sync::Arc;

use const_oid::db::rfc5280::ID_CE_EXT_KEY_USAGE;

use super::stand_in::StandIn;
use super::{CeremonyError, CeremonyInputs};
use crate::ceremony::{
    CeremonyFile, CreateCa, Crl, CrossSign, DestroyKey, GenerateKey, ImportKey, NotAfter, NotBefore, Revoke,
    Session, SignCsr, Step, StepAction,
};
use crate::signer::{Hash, KeyAlgorithm, PublicKey, RandomSource, SignatureAlgorithm, SignatureChoice};
use crate::workflow::lint::Rehearsals;
use crate::workflow::{Progress, WorkflowError};
use crate::x509::{
    AskedValidity, Certificate, CertificateRevocationList, Checked, CrlContent, CrlKind, CrlNumber,
    CrlReason, CrlScope, CrlTbs, Issuer, Name, Original, Period, Profile, ProfileExtension, Purpose, RULES,
    Revocation, Revocations, SerialNumber, Tbs, ThrowawayKey, UnixTime, Validity, ValidityEnd, X509Error,
};

/// A ceremony whose every object passed every rule, with stand-in keys.
#[derive(Clone, Debug)]
pub struct CeremonyDraft {
    /// One for each session of the file.
    pub sessions: Vec<DraftedSession>,
    /// How often each key signs, at most and at least.
    pub budget: Vec<KeyBudget>,
}

/// What one session would make.
#[derive(Clone, Debug)]
pub struct DraftedSession {
    /// Its name.
    pub name: String,
    /// Its objects, in the order of the steps.
    pub objects: Vec<DraftObject>,
}

/// An object that a step would make.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DraftObject {
    /// A certificate.
    Certificate {
        /// The step.
        step: String,
        /// Its file.
        out: String,
        /// Subject.
        subject: Name,
        /// Issuer.
        issuer: Name,
        /// The key that it certifies.
        key: KeyAlgorithm,
        /// Validity.
        validity: Validity,
        /// How it is signed.
        signature: SignatureAlgorithm,
    },
    /// A CRL.
    Crl {
        /// The step.
        step: String,
        /// Its file.
        out: String,
        /// Issuer.
        issuer: Name,
        /// `cRLNumber`
        number: CrlNumber,
        /// `thisUpdate`
        this_update: UnixTime,
        /// `nextUpdate`
        next_update: UnixTime,
        /// How many certificates are on it.
        entries: usize,
    },
}

/// How often a key signs in one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBudget {
    /// The step that makes the key, or the input with its public half or certificate.
    pub key: String,
    /// Its token.
    pub token: String,
    /// Signatures over certificates and CRLs.
    pub signatures: usize,
    /// The signature that proves a new key.
    pub proofs: usize,
}

/// Builds and checks every object of every session. `profiles` has each profile that the file names.
///
/// # Errors
/// [`WorkflowError::Ceremony`]: the first step that breaks a rule, with the rule.
pub fn draft_ceremony(
    file: &CeremonyFile,
    inputs: &CeremonyInputs,
    profiles: &BTreeMap<String, Arc<Profile>>,
    random: &dyn RandomSource,
    progress: &dyn Progress,
) -> Result<CeremonyDraft, WorkflowError> {
    let mut draft = Draft {
        file,
        inputs,
        profiles,
        random,
        progress,
        keys: BTreeMap::new(),
    };
    draft.check_waivers()?;
    draft.make_stand_ins()?;
    let sessions = file.sessions.iter().map(|session| draft.session(session));
    Ok(CeremonyDraft {
        sessions: sessions.collect::<Result<_, _>>()?,
        budget: budget(file),
    })
}

struct Draft<'a> {
    file: &'a CeremonyFile,
    inputs: &'a CeremonyInputs,
    profiles: &'a BTreeMap<String, Arc<Profile>>,
    random: &'a dyn RandomSource,
    progress: &'a dyn Progress,
    /// By the step that makes the key, or the input that has its public half.
    keys: BTreeMap<String, StandIn>,
}

/// What a session has made so far.
#[derive(Default)]
struct Made {
    certificates: BTreeMap<String, Certificate>,
    revocations: BTreeMap<String, Vec<Revocation>>,
    objects: Vec<DraftObject>,
}

/// The CA that signs.
struct Authority<'a> {
    certificate: Certificate,
    key: PublicKey,
    /// `None` where the CA is older than this ceremony: nothing has to verify under its key in a draft.
    stand_in: Option<&'a ThrowawayKey>,
}

/// The end of a validity, and what it may not outlive.
struct End<'a> {
    days: Option<u32>,
    not_after: Option<&'a NotAfter>,
}

impl<'a> Draft<'a> {
    fn check_waivers(&self) -> Result<(), CeremonyError> {
        for waiver in &self.file.close.waivers {
            let reason = match RULES.iter().find(|rule| rule.name == waiver.rule) {
                None => "there is no rule of that name",
                Some(rule) if !rule.can_be_waived => "this rule cannot be waived",
                Some(_) => continue,
            };
            return Err(value(&waiver.step, "waive", format!("{}: {reason}", waiver.rule)));
        }
        Ok(())
    }

    fn make_stand_ins(&mut self) -> Result<(), WorkflowError> {
        for step in &self.file.steps {
            let (name, stand_in) = match &step.action {
                StepAction::GenerateKey(GenerateKey { key_type, .. }) => {
                    let kind = key_type.parse::<KeyAlgorithm>();
                    let kind = kind.map_err(|error| value(&step.id, "type", error.to_string()))?;
                    (&step.id, StandIn::of(kind)?)
                }
                StepAction::ImportKey(ImportKey { pair, .. }) => {
                    let known = self.inputs.pair(pair)?.public_key;
                    (&step.id, self.stand_in_for(pair, known)?)
                }
                StepAction::CreateCa(CreateCa { key, .. })
                | StepAction::DestroyKey(DestroyKey { key, .. })
                    if self.inputs.has(key) =>
                {
                    (key, self.stand_in_for(key, self.inputs.public_key(key)?)?)
                }
                _ => continue,
            };
            self.keys.insert(name.clone(), stand_in);
        }
        Ok(())
    }

    fn stand_in_for(&self, input: &str, known: PublicKey) -> Result<StandIn, WorkflowError> {
        for (other, stand_in) in &self.keys {
            if other != input && stand_in.known.as_ref() == Some(&known) {
                let reason = format!("it has the same key as {other:?}");
                let name = input.to_owned();
                return Err(CeremonyError::InputContent { name, reason }.into());
            }
        }
        if let Some(fault) = known.find_fault() {
            let (name, reason) = (input.to_owned(), fault.to_string());
            return Err(CeremonyError::InputContent { name, reason }.into());
        }
        Ok(StandIn::for_known(known)?)
    }

    fn session(&self, session: &Session) -> Result<DraftedSession, WorkflowError> {
        let mut made = Made::default();
        for step in &self.file.steps {
            self.step(step, session, &mut made)
                .map_err(|error| in_step(step, session, error))?;
        }
        Ok(DraftedSession {
            name: session.name.clone(),
            objects: made.objects,
        })
    }

    fn step(&self, step: &Step, session: &Session, made: &mut Made) -> Result<(), WorkflowError> {
        match &step.action {
            StepAction::CreateCa(create) => self.create_ca(step, create, session, made),
            StepAction::SignCsr(sign) => self.sign_csr(step, sign, session, made),
            StepAction::CrossSign(cross) => self.cross_sign(step, cross, session, made),
            StepAction::Revoke(revoke) => self.revoke(step, revoke, session, made),
            StepAction::Crl(crl) => self.crl(step, crl, session, made),
            _ => Ok(()),
        }
    }

    fn create_ca(
        &self,
        step: &Step,
        create: &CreateCa,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let stand_in = self.keys.get(&create.key);
        let stand_in = stand_in.ok_or_else(|| value(&step.id, "key", "it does not exist".to_owned()))?;
        let key = &stand_in.public_key;
        let profile = self.profile(step, &create.profile)?;
        let end = End {
            days: create.days,
            not_after: create.not_after.as_ref(),
        };
        if end.not_after == Some(&NotAfter::Issuer) {
            let reason = "a self-signed certificate has no other issuer that it could end with".to_owned();
            return Err(value(&step.id, "not-after", reason).into());
        }
        let validity = self.validity(step, &create.not_before, &end, &profile, &[], session)?;
        let subject = Name::from_rfc4514(&create.subject)?;
        let signature = self.signature(step, create.hash.as_deref(), key)?;
        let serial = SerialNumber::random(self.random)?;
        let tbs = Tbs::self_signed(Arc::clone(&profile), key, &subject, &serial, validity, signature)?;
        let checked = tbs.check(Issuer::Itself, session.begins)?;
        let issuer = Issuer::Itself;
        self.judge(&checked, issuer, &profile, key, session)?;
        let certificate = checked
            .rehearse(&stand_in.key, issuer, session.begins)?
            .certificate()
            .clone();
        made.take(step, &create.out, certificate, signature)
    }

    fn sign_csr(
        &self,
        step: &Step,
        sign: &SignCsr,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let authority = self.authority(&sign.issuer, session, made)?;
        let request = self.inputs.request(&sign.csr)?;
        let is_of_ceremony = |stand_in: &StandIn| stand_in.known.as_ref() == Some(request.public_key());
        if let Some((name, _)) = self.keys.iter().find(|(_, stand_in)| is_of_ceremony(stand_in)) {
            let reason = format!("it is for the key {name:?}, which signs in this ceremony");
            let name = sign.csr.clone();
            return Err(CeremonyError::InputContent { name, reason }.into());
        }
        let profile = self.profile(step, &sign.profile)?;
        let end = End {
            days: sign.days,
            not_after: sign.not_after.as_ref(),
        };
        let ends = [authority.certificate.validity().not_after];
        let validity = self.validity(step, &sign.not_before, &end, &profile, &ends, session)?;
        let signature = self.signature(step, sign.hash.as_deref(), &authority.key)?;
        let serial = SerialNumber::random(self.random)?;
        let issuer = &authority.certificate;
        let tbs = Tbs::for_request(
            Arc::clone(&profile),
            &request,
            issuer,
            &serial,
            validity,
            signature,
        )?;
        self.issue(step, &sign.out, tbs, &authority, &profile, session, made)
    }

    fn cross_sign(
        &self,
        step: &Step,
        cross: &CrossSign,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let authority = self.authority(&cross.issuer, session, made)?;
        let original = self.certificate(&cross.subject_of, made)?;
        let signed_by = cross
            .signed_by
            .as_ref()
            .map(|name| self.certificate(name, made))
            .transpose()?;
        let original = Original::verify(original, signed_by.as_ref(), session.begins)?;
        let profile = Arc::new(self.cross_profile(step, cross, &original)?);
        let end = End {
            days: cross.days,
            not_after: cross.not_after.as_ref(),
        };
        let ends = [&authority.certificate, original.certificate()].map(|one| one.validity().not_after);
        let validity = self.validity(step, &cross.not_before, &end, &profile, &ends, session)?;
        let signature = self.signature(step, cross.hash.as_deref(), &authority.key)?;
        let serial = SerialNumber::random(self.random)?;
        let issuer = &authority.certificate;
        let tbs = Tbs::cross(
            Arc::clone(&profile),
            &original,
            issuer,
            &serial,
            validity,
            signature,
        )?;
        self.issue(step, &cross.out, tbs, &authority, &profile, session, made)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one certificate")]
    fn issue(
        &self,
        step: &Step,
        out: &str,
        tbs: Tbs,
        authority: &Authority<'_>,
        profile: &Profile,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let issuer = Issuer::Authority(&authority.certificate);
        let checked = tbs.check(issuer, session.begins)?;
        self.judge(&checked, issuer, profile, &authority.key, session)?;
        let signature = checked.signature();
        let own;
        let key = match authority.stand_in {
            Some(key) => key,
            None => {
                own = ThrowawayKey::like(&authority.key)?;
                &own
            }
        };
        let rehearsal = checked.rehearse(key, issuer, session.begins)?;
        made.take(step, out, rehearsal.certificate().clone(), signature)
    }

    fn revoke(
        &self,
        step: &Step,
        revoke: &Revoke,
        session: &Session,
        made: &mut Made,
    ) -> Result<(), WorkflowError> {
        let authority = self.authority(&revoke.issuer, session, made)?;
        let certificate = self.certificate(&revoke.certificate, made)?;
        if certificate.issuer() != authority.certificate.subject() {
            let reason = format!(
                "\"{}\" issued it, not \"{}\"",
                certificate.issuer(),
                authority.certificate.subject()
            );
            return Err(value(&step.id, "certificate", reason).into());
        }
        if authority.stand_in.is_none() {
            certificate.verify_signature(&authority.key)?;
        }
        let reason: CrlReason =
            (revoke.reason.parse()).map_err(|error| value(&step.id, "reason", format!("{error}")))?;
        if reason == CrlReason::RemoveFromCrl {
            let reason = "only a delta CRL has this reason, and a ceremony makes complete ones".to_owned();
            return Err(value(&step.id, "reason", reason).into());
        }
        let invalid_since = revoke
            .invalid_since
            .as_ref()
            .map(|text| time(step, "invalid-since", text))
            .transpose()?;
        if invalid_since.is_some_and(|since| since > session.begins) {
            return Err(value(
                &step.id,
                "invalid-since",
                "it is after the session begins".to_owned(),
            )
            .into());
        }
        let revocation = Revocation {
            serial: certificate.serial_number(),
            revoked_at: session.begins,
            reason,
            invalid_since,
        };
        let revocations = made.revocations.entry(revoke.issuer.clone()).or_default();
        if revocations.iter().any(|other| other.serial == revocation.serial) {
            return Err(value(&step.id, "certificate", "an earlier step revokes it".to_owned()).into());
        }
        revocations.push(revocation);
        Ok(())
    }

    fn crl(&self, step: &Step, crl: &Crl, session: &Session, made: &mut Made) -> Result<(), WorkflowError> {
        let authority = self.authority(&crl.issuer, session, made)?;
        let number = number(step, crl.number)?;
        let mut revocations: Vec<_> = made.revocations.get(&crl.issuer).cloned().unwrap_or_default();
        if let Some(previous) = crl.previous.as_ref().filter(|name| self.inputs.has(name)) {
            let previous = self.inputs.crl(previous)?;
            continue_crl(step, &previous, &authority, number, &mut revocations)?;
        }
        let mut sorted = Revocations::default();
        let twice = |error| {
            value(
                &step.id,
                "previous",
                format!("its entries cannot be repeated: {error:?}"),
            )
        };
        for revocation in &revocations {
            sorted.push(revocation).map_err(twice)?;
        }
        let sorted = sorted.sorted().map_err(twice)?;
        let signature = self.signature(step, crl.hash.as_deref(), &authority.key)?;
        let next_update = Period::Days(crl.days).after(session.begins)?;
        let content = CrlContent {
            number,
            this_update: session.begins,
            next_update,
            scope: CrlScope::All,
            distribution_point: None,
            kind: CrlKind::Full { freshest: None },
        };
        let issuer = &authority.certificate;
        let entries = sorted.iter().map(Ok::<_, X509Error>);
        let checked =
            CrlTbs::build(content, issuer, signature, entries)?.check(issuer, None, session.begins)?;
        made.objects.push(DraftObject::Crl {
            step: step.id.clone(),
            out: crl.out.clone(),
            issuer: issuer.subject().clone(),
            number,
            this_update: session.begins,
            next_update,
            entries: checked.entries(),
        });
        // What is on a CRL stays on the next one.
        made.revocations.insert(crl.issuer.clone(), revocations);
        Ok(())
    }

    /// Reads the certificate back at both ends of the session, and has the profile's linter look at it.
    fn judge(
        &self,
        checked: &Checked,
        issuer: Issuer<'_>,
        profile: &Profile,
        issuer_key: &PublicKey,
        session: &Session,
    ) -> Result<(), WorkflowError> {
        let rehearsals = Rehearsals::of(profile, issuer_key)?;
        rehearsals.judge(
            checked,
            issuer,
            session.begins,
            crate::workflow::Linted::Draft,
            self.progress,
        )?;
        Ok(checked.read_back(issuer, session.ends)?)
    }

    fn authority(&self, name: &str, session: &Session, made: &Made) -> Result<Authority<'_>, WorkflowError> {
        let certificate = self.certificate(name, made)?;
        for time in [session.begins, session.ends] {
            certificate.check_authority(time)?;
        }
        certificate.check_self_signature()?;
        let key = certificate.public_key()?;
        let of_step = self.file.step(name).and_then(|step| match &step.action {
            StepAction::CreateCa(create) => self.keys.get(&create.key),
            _ => None,
        });
        Ok(Authority {
            stand_in: of_step.map(|stand_in| &stand_in.key),
            certificate,
            key,
        })
    }

    fn certificate(&self, name: &str, made: &Made) -> Result<Certificate, CeremonyError> {
        match made.certificates.get(name) {
            Some(certificate) => Ok(certificate.clone()),
            None => self.inputs.certificate(name),
        }
    }

    fn profile(&self, step: &Step, name: &str) -> Result<Arc<Profile>, CeremonyError> {
        let found = self.profiles.get(name);
        let found =
            found.ok_or_else(|| value(&step.id, "profile", format!("there is no profile {name:?}")))?;
        Ok(Arc::new(self.waived(step, found.as_ref().clone())))
    }

    /// The profile with the rules that the file waives for this step.
    fn waived(&self, step: &Step, mut profile: Profile) -> Profile {
        let waivers = self
            .file
            .close
            .waivers
            .iter()
            .filter(|waiver| waiver.step == step.id);
        profile
            .waived
            .extend(waivers.map(|waiver| waiver.rule.clone().into()));
        profile
    }

    /// What the cross-certificate holds: what the original says, the issuer's own profile, and the purposes that the step adds.
    fn cross_profile(
        &self,
        step: &Step,
        cross: &CrossSign,
        original: &Original,
    ) -> Result<Profile, WorkflowError> {
        const FIELD: &str = "extended-key-usage";
        let own = cross
            .profile
            .as_ref()
            .map(|name| self.profile(step, name))
            .transpose()?;
        let mut profile = Profile::cross(original, own.as_deref())?;
        let mut purposes = Vec::new();
        for word in &cross.extended_key_usage {
            let purpose = Purpose::parse(word).map_err(|reason| value(&step.id, FIELD, reason))?;
            if purposes.contains(&purpose) {
                return Err(value(&step.id, FIELD, format!("{word} is there twice")).into());
            }
            purposes.push(purpose);
        }
        if !purposes.is_empty() {
            let is_said = |found: &ProfileExtension| match found {
                ProfileExtension::ExtendedKeyUsage(_) => true,
                ProfileExtension::Carried(carried) => carried.identifier == ID_CE_EXT_KEY_USAGE,
                _ => false,
            };
            if profile.extensions.iter().any(is_said) {
                let reason =
                    "the original or the profile has purposes already, and those are kept".to_owned();
                return Err(value(&step.id, FIELD, reason).into());
            }
            let purposes = ProfileExtension::ExtendedKeyUsage(purposes.into());
            profile.extensions.insert(0, purposes);
        }
        Ok(self.waived(step, profile))
    }

    fn validity(
        &self,
        step: &Step,
        not_before: &NotBefore,
        end: &End<'_>,
        profile: &Profile,
        ends: &[UnixTime],
        session: &Session,
    ) -> Result<Validity, WorkflowError> {
        let not_before = match not_before {
            NotBefore::Session => session.begins,
            NotBefore::At(text) => time(step, "not-before", text)?,
        };
        let end = match (end.days, end.not_after) {
            (Some(_), Some(_)) => {
                return Err(value(&step.id, "days", "give days or not-after, not both".to_owned()).into());
            }
            (Some(days), None) => Some(ValidityEnd::After(Period::Days(days))),
            (None, Some(NotAfter::At(text))) => {
                let last = UnixTime::parse_last_second(text);
                let last = last.map_err(|error| value(&step.id, "not-after", error.to_string()))?;
                Some(ValidityEnd::At(last))
            }
            // The first of them: what signs. The original's end comes after it.
            (None, Some(NotAfter::Issuer)) => ends.first().map(|end| ValidityEnd::At(*end)),
            (None, None) => {
                let reason = "days or not-after is missing: a plan leaves no date open".to_owned();
                return Err(value(&step.id, "days", reason).into());
            }
        };
        let asked = AskedValidity {
            not_before: Some(not_before),
            end,
        };
        Ok(asked.choose(profile.default_days, ends, session.begins)?)
    }

    fn signature(
        &self,
        step: &Step,
        hash: Option<&str>,
        key: &PublicKey,
    ) -> Result<SignatureAlgorithm, WorkflowError> {
        let hash = match hash {
            None => None,
            Some("sha256") => Some(Hash::Sha256),
            Some("sha384") => Some(Hash::Sha384),
            Some("sha512") => Some(Hash::Sha512),
            Some(other) => {
                let reason = format!("{other:?} must be sha256, sha384 or sha512");
                return Err(value(&step.id, "hash", reason).into());
            }
        };
        let choice = SignatureChoice { hash, pss: false };
        Ok(key.algorithm().choose(choice)?)
    }
}

impl Made {
    fn take(
        &mut self,
        step: &Step,
        out: &str,
        certificate: Certificate,
        signature: SignatureAlgorithm,
    ) -> Result<(), WorkflowError> {
        self.objects.push(DraftObject::Certificate {
            step: step.id.clone(),
            out: out.to_owned(),
            subject: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            key: certificate.public_key()?.algorithm(),
            validity: certificate.validity(),
            signature,
        });
        self.certificates.insert(step.id.clone(), certificate);
        Ok(())
    }
}

/// Holds the new CRL against the one before it: the same CA, a higher number, and every entry again.
fn continue_crl(
    step: &Step,
    previous: &CertificateRevocationList,
    authority: &Authority<'_>,
    number: CrlNumber,
    revocations: &mut Vec<Revocation>,
) -> Result<(), WorkflowError> {
    previous.verify_undated(&authority.certificate)?;
    match previous.number()? {
        Some(before) if number <= before => {
            let reason = format!("{number} is not above the number of the CRL before it, {before}");
            return Err(value(&step.id, "number", reason).into());
        }
        Some(_) => {}
        None => return Err(value(&step.id, "previous", "it has no cRLNumber".to_owned()).into()),
    }
    for entry in previous.entries() {
        let entry = entry.to_revocation();
        if revocations.iter().any(|new| new.serial == entry.serial) {
            let reason = format!("certificate {} is revoked on it already", entry.serial);
            return Err(value(&step.id, "previous", reason).into());
        }
        revocations.push(entry);
    }
    Ok(())
}

fn number(step: &Step, number: u64) -> Result<CrlNumber, CeremonyError> {
    let octets = number.to_be_bytes();
    CrlNumber::from_octets(&octets)
        .ok_or_else(|| value(&step.id, "number", "it is not a CRL number".to_owned()))
}

fn time(step: &Step, field: &'static str, text: &str) -> Result<UnixTime, CeremonyError> {
    text.parse()
        .map_err(|error| value(&step.id, field, format!("{error}")))
}

fn value(step: &str, field: &'static str, reason: String) -> CeremonyError {
    CeremonyError::Value {
        step: step.to_owned(),
        field,
        reason,
    }
}

/// A rule that a step breaks is told with the session; what is wrong in every session is not.
fn in_step(step: &Step, session: &Session, error: WorkflowError) -> WorkflowError {
    match error {
        WorkflowError::Ceremony(_) | WorkflowError::Linter(_) => error,
        cause => CeremonyError::Step {
            step: step.id.clone(),
            session: session.name.clone(),
            cause: Box::new(cause),
        }
        .into(),
    }
}

/// The signatures of each key, the same in each session.
fn budget(file: &CeremonyFile) -> Vec<KeyBudget> {
    let mut budget: Vec<KeyBudget> = Vec::new();
    for step in &file.steps {
        let (key, token) = match &step.action {
            StepAction::GenerateKey(GenerateKey { token, .. })
            | StepAction::ImportKey(ImportKey { token, .. }) => {
                budget.push(KeyBudget {
                    key: step.id.clone(),
                    token: token.clone(),
                    signatures: 0,
                    proofs: 1,
                });
                continue;
            }
            StepAction::CreateCa(CreateCa { key, token, .. }) => (key.as_str(), token),
            StepAction::SignCsr(SignCsr { issuer, token, .. })
            | StepAction::CrossSign(CrossSign { issuer, token, .. })
            | StepAction::Crl(Crl { issuer, token, .. }) => (key_of(file, issuer), token),
            _ => continue,
        };
        match budget.iter_mut().find(|known| known.key == key) {
            Some(known) => known.signatures += 1,
            None => budget.push(KeyBudget {
                key: key.to_owned(),
                token: token.clone().unwrap_or_default(),
                signatures: 1,
                proofs: 0,
            }),
        }
    }
    budget
}

/// The key of a CA that this ceremony makes; the input itself for one that it does not.
fn key_of<'a>(file: &'a CeremonyFile, issuer: &'a str) -> &'a str {
    match file.step(issuer).map(|step| &step.action) {
        Some(StepAction::CreateCa(create)) => &create.key,
        _ => issuer,
    }
}
