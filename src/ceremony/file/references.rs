//! Checks the references between the parts of the file. A step uses only inputs and the results of earlier steps, everything declared is used, and no
//! two steps write the same thing.

use std::collections::BTreeSet;

use super::steps::check_sign_by;
use super::{
    CeremonyFile, CeremonyFileError, CreateCa, Crl, CrossSign, DestroyKey, GenerateKey, ImportKey, Revoke,
    SignCsr, Step, StepAction, names,
};
use crate::ceremony::CeremonyKind;

/// What a reference may name, besides an input.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// A step that makes a key.
    Key,
    /// A step that makes a CA certificate with a key of the ceremony.
    Authority,
    /// A step that makes a certificate.
    Certificate,
    /// A step that makes a CRL.
    Crl,
    /// No step: only an input.
    Input,
}

impl Wanted {
    const fn words(self) -> &'static str {
        match self {
            Self::Key => "a step that makes a key, or an input with its public key",
            Self::Authority => "a create-ca step, or an input with a CA's certificate",
            Self::Certificate => "a step that makes a certificate, or an input with one",
            Self::Crl => "a crl step of the same issuer, or an input with a CRL",
            Self::Input => "an input",
        }
    }

    const fn fits(self, action: &StepAction) -> bool {
        match self {
            Self::Key => matches!(action, StepAction::GenerateKey(_) | StepAction::ImportKey(_)),
            Self::Authority => matches!(action, StepAction::CreateCa(_)),
            Self::Certificate => matches!(
                action,
                StepAction::CreateCa(_) | StepAction::SignCsr(_) | StepAction::CrossSign(_)
            ),
            Self::Crl => matches!(action, StepAction::Crl(_)),
            Self::Input => false,
        }
    }
}

/// The names used so far.
#[derive(Default)]
struct Used<'a> {
    inputs: BTreeSet<&'a str>,
    tokens: BTreeSet<&'a str>,
    outputs: BTreeSet<&'a str>,
    /// Pairs of token and label.
    labels: BTreeSet<(&'a str, &'a str)>,
    destroyed: BTreeSet<&'a str>,
}

impl CeremonyFile {
    pub(super) fn check_references(&self) -> Result<(), CeremonyFileError> {
        if self.kind == CeremonyKind::Production && self.quorum.threshold < 2 {
            let reason = "approve-threshold is 1: no single person may decide over a production ceremony";
            return Err(CeremonyFileError::at("people", None, reason));
        }
        let mut used = Used::default();
        for (index, step) in self.steps.iter().enumerate() {
            if self.inputs.contains_key(&step.id) {
                return Err(step.refuse("an input has the same name"));
            }
            let earlier = self.steps.get(..index).unwrap_or_default();
            self.check_step(step, earlier, &mut used)?;
        }
        self.check_unused(&used)?;
        for waiver in &self.close.waivers {
            let Some(step) = self.step(&waiver.step) else {
                let reason = format!("waive names step {:?}, which does not exist", waiver.step);
                return Err(CeremonyFileError::at("close", None, reason));
            };
            if !Wanted::Certificate.fits(&step.action) {
                return Err(step.refuse("close waives a rule for it, but it makes no certificate"));
            }
        }
        for role in &self.close.attest {
            if self.quorum.attend.get(role).is_none_or(|count| *count == 0) {
                let reason = format!(
                    "attest names role {0}, but attend does not ask for any {0}",
                    role.word()
                );
                return Err(CeremonyFileError::at("close", None, reason));
            }
        }
        Ok(())
    }

    fn check_unused(&self, used: &Used<'_>) -> Result<(), CeremonyFileError> {
        if let Some(name) = self
            .tokens
            .keys()
            .find(|name| !used.tokens.contains(name.as_str()))
        {
            let reason = "no step uses it";
            return Err(CeremonyFileError::at(&format!("token {name:?}"), None, reason));
        }
        // The plan itself reads the ledger's export.
        let is_used = |name: &str| name == "ledger" || used.inputs.contains(name);
        if let Some(name) = self.inputs.keys().find(|name| !is_used(name.as_str())) {
            let reason = "no step uses it";
            return Err(CeremonyFileError::at(&format!("input {name:?}"), None, reason));
        }
        Ok(())
    }

    fn check_step<'a>(
        &'a self,
        step: &'a Step,
        earlier: &[Step],
        used: &mut Used<'a>,
    ) -> Result<(), CeremonyFileError> {
        if let Some(token) = step.action.token() {
            if !self.tokens.contains_key(token) {
                return Err(step.refuse(format!("token {token:?} is not declared")));
            }
            used.tokens.insert(token);
        }
        if let Some(out) = step.action.out() {
            names::check("out", &step.place(), out, Some(step.line))?;
            if !used.outputs.insert(out) {
                return Err(step.refuse(format!("an earlier step writes {out:?} too")));
            }
        }
        if let Some(profile) = step.action.profile() {
            step.check_profile(profile)?;
        }
        match &step.action {
            StepAction::Manual(_) => Ok(()),
            StepAction::Confirm(confirm) => {
                check_sign_by(&confirm.sign_by, &self.people).map_err(|reason| step.refuse(reason))
            }
            StepAction::GenerateKey(GenerateKey { token, label, .. }) => step.check_label(token, label, used),
            StepAction::ImportKey(ImportKey {
                token, label, pair, ..
            }) => {
                self.find(step, "pair", pair, Wanted::Input, earlier, used)?;
                step.check_label(token, label, used)
            }
            StepAction::CreateCa(CreateCa { key, token, .. }) => {
                let is_step = self.find(step, "key", key, Wanted::Key, earlier, used)?;
                step.check_token("key", is_step, token.as_deref())
            }
            StepAction::SignCsr(SignCsr {
                issuer, token, csr, ..
            }) => {
                self.find(step, "csr", csr, Wanted::Input, earlier, used)?;
                self.find_issuer(step, issuer, token.as_deref(), earlier, used)
            }
            StepAction::CrossSign(CrossSign {
                issuer,
                token,
                subject_of,
                signed_by,
                ..
            }) => {
                self.find(step, "subject-of", subject_of, Wanted::Certificate, earlier, used)?;
                if let Some(name) = signed_by {
                    self.find(step, "signed-by", name, Wanted::Authority, earlier, used)?;
                }
                if issuer == subject_of {
                    return Err(step.refuse("issuer and subject-of are the same certificate"));
                }
                self.find_issuer(step, issuer, token.as_deref(), earlier, used)
            }
            StepAction::Revoke(Revoke {
                issuer, certificate, ..
            }) => {
                self.find(step, "issuer", issuer, Wanted::Authority, earlier, used)?;
                self.find(
                    step,
                    "certificate",
                    certificate,
                    Wanted::Certificate,
                    earlier,
                    used,
                )?;
                let is_told = self
                    .steps
                    .iter()
                    .skip(earlier.len())
                    .any(|later| matches!(&later.action, StepAction::Crl(crl) if crl.issuer == *issuer));
                if is_told {
                    return Ok(());
                }
                Err(step.refuse("no later crl step of that issuer tells anybody that it is revoked"))
            }
            StepAction::Crl(crl) => self.check_crl(step, crl, earlier, used),
            StepAction::DestroyKey(DestroyKey { key, .. }) => {
                self.find(step, "key", key, Wanted::Key, earlier, used)?;
                used.destroyed.insert(key);
                Ok(())
            }
        }
    }

    /// CRL numbers only increase (RFC 5280 section 5.2.3). So the file must name the previous CRL, or say that none exists.
    fn check_crl<'a>(
        &'a self,
        step: &Step,
        crl: &'a Crl,
        earlier: &[Step],
        used: &mut Used<'a>,
    ) -> Result<(), CeremonyFileError> {
        self.find_issuer(step, &crl.issuer, crl.token.as_deref(), earlier, used)?;
        let before = earlier.iter().rev().find_map(|step| match &step.action {
            StepAction::Crl(other) if other.issuer == crl.issuer => Some((step, other)),
            _ => None,
        });
        match (&crl.previous, before) {
            (Some(previous), Some((before, _))) if *previous != before.id => {
                Err(step.refuse(format!("previous is {previous:?}, but step {:?} makes a CRL before it", before.id)))
            }
            (_, Some((before, other))) if crl.number <= other.number => Err(step.refuse(format!(
                "number is {}, but the CRL of step {:?} has {}: numbers must increase",
                crl.number, before.id, other.number
            ))),
            (_, Some(_)) => Ok(()),
            (Some(previous), None) if previous == "none" => Ok(()),
            (Some(previous), None) => {
                self.find(step, "previous", previous, Wanted::Crl, earlier, used).map(drop)
            }
            // A CA made in this ceremony has no CRL yet.
            (None, None) if !self.inputs.contains_key(&crl.issuer) => Ok(()),
            (None, None) => Err(step.refuse(
                "previous is missing: name the input with the last CRL of this CA, or write \"none\" if no CRL exists",
            )),
        }
    }

    /// Whether `name` is a step. If it is not, it must be an input.
    fn find<'a>(
        &'a self,
        step: &Step,
        field: &str,
        name: &'a str,
        wanted: Wanted,
        earlier: &[Step],
        used: &mut Used<'a>,
    ) -> Result<bool, CeremonyFileError> {
        if used.destroyed.contains(name) {
            return Err(step.refuse(format!(
                "{field} is {name:?}, a key that an earlier step destroys"
            )));
        }
        if self.inputs.contains_key(name) {
            used.inputs.insert(name);
            return Ok(false);
        }
        let found = earlier.iter().find(|other| other.id == name);
        if found.is_some_and(|found| wanted.fits(&found.action)) {
            return Ok(true);
        }
        let what = match (found, self.step(name)) {
            (Some(found), _) => format!("which is a {} step", found.action.word()),
            (None, Some(_)) => "which comes later".to_owned(),
            (None, None) => "which does not exist".to_owned(),
        };
        Err(step.refuse(format!(
            "{field} is {name:?}, {what}; it must be {}",
            wanted.words()
        )))
    }

    fn find_issuer<'a>(
        &'a self,
        step: &Step,
        issuer: &'a str,
        token: Option<&str>,
        earlier: &[Step],
        used: &mut Used<'a>,
    ) -> Result<(), CeremonyFileError> {
        let is_step = self.find(step, "issuer", issuer, Wanted::Authority, earlier, used)?;
        let key = earlier.iter().find_map(|step| match &step.action {
            StepAction::CreateCa(create) if step.id == issuer => Some(create.key.as_str()),
            _ => None,
        });
        if let Some(key) = key.filter(|key| used.destroyed.contains(key)) {
            return Err(step.refuse(format!(
                "its issuer's key is {key:?}, which an earlier step destroys"
            )));
        }
        step.check_token("issuer", is_step, token)
    }
}

impl Step {
    /// How errors name the step.
    #[must_use]
    pub fn place(&self) -> String {
        format!("step {:?}", self.id)
    }

    fn refuse(&self, reason: impl Into<String>) -> CeremonyFileError {
        CeremonyFileError::at(&self.place(), Some(self.line), reason)
    }

    /// If an input provides the key, the step must name its token; the key of a step is on the token of that step. A profile file must be below the
    /// ceremony file's directory: only such a file is copied into the ceremony and pinned by the plan.
    fn check_profile(&self, profile: &str) -> Result<(), CeremonyFileError> {
        match profile.strip_prefix("./") {
            Some(file) => names::check_path(&self.place(), file),
            None if profile.contains('/') || profile.ends_with(".toml") => Err(self.refuse(format!(
                "profile is {profile:?}; the path of a profile's file begins with ./ and is below the ceremony file's directory"
            ))),
            None => Ok(()),
        }
    }

    fn check_token(&self, field: &str, is_step: bool, token: Option<&str>) -> Result<(), CeremonyFileError> {
        match (is_step, token) {
            (true, Some(_)) => Err(self.refuse(format!(
                "token must be left out, because {field} is a step and its key is on that step's token"
            ))),
            (false, None) => {
                Err(self.refuse(format!("token is missing: say which one has the key of {field}")))
            }
            _ => Ok(()),
        }
    }

    fn check_label<'a>(
        &self,
        token: &'a str,
        label: &'a str,
        used: &mut Used<'a>,
    ) -> Result<(), CeremonyFileError> {
        names::check_text("label", &self.place(), label, Some(self.line))?;
        if used.labels.insert((token, label)) {
            return Ok(());
        }
        Err(self.refuse(format!(
            "an earlier step makes a key with label {label:?} on the same token"
        )))
    }
}
