//! What became of each step, and the certificates they are about.

use super::dates;
use super::{Missing, TlsRole};
use crate::x509::{Certificate, UnixTime};

/// How a step ended, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepState {
    /// Nothing is wrong.
    Passed,
    /// Information, neither good nor bad.
    Noted,
    /// It works, but the operator should act.
    Warning,
    /// Not checked: a piece is missing, or its kind is not supported.
    NotChecked,
    /// Something is wrong.
    Failed,
}

/// One check.
#[derive(Clone, Debug)]
pub struct TlsStep {
    /// Which part of the path it is about.
    pub role: TlsRole,
    /// What was checked.
    pub name: &'static str,
    /// How it ended.
    pub state: StepState,
    /// What was found.
    pub found: String,
    /// How to get what is missing.
    pub obtain: Option<String>,
    /// The certificate it is about, by its place in [`TlsReport::certificates`].
    pub certificate: Option<usize>,
}

/// A certificate that protects traffic.
#[derive(Clone, Debug)]
pub struct TlsCertificate {
    /// What it is for.
    pub role: TlsRole,
    /// Where it comes from.
    pub source: String,
    /// The certificate.
    pub certificate: Certificate,
    /// Whether its end has no effect: AWS's own client certificate.
    pub may_expire: bool,
}

/// Everything that was found.
#[derive(Clone, Debug)]
pub struct TlsReport {
    /// The steps, from the outside to the inside.
    pub steps: Vec<TlsStep>,
    /// The certificates.
    pub certificates: Vec<TlsCertificate>,
    /// The time of the check.
    pub now: UnixTime,
    pub(super) warn_days: u32,
}

impl TlsReport {
    pub(super) const fn new(warn_days: u32, now: UnixTime) -> Self {
        Self {
            steps: Vec::new(),
            certificates: Vec::new(),
            now,
            warn_days,
        }
    }

    /// False if a step failed, true if every step was checked, and `None` if nothing failed but something was not checked.
    #[must_use]
    pub fn fits(&self) -> Option<bool> {
        match self.steps.iter().map(|step| step.state).max() {
            Some(StepState::Failed) => Some(false),
            Some(StepState::NotChecked) | None => None,
            Some(_) => Some(true),
        }
    }

    /// The steps with this result.
    pub fn in_state(&self, state: StepState) -> impl Iterator<Item = &TlsStep> {
        self.steps.iter().filter(move |step| step.state == state)
    }

    /// Takes a certificate into the list; the steps about it carry what is returned.
    pub(super) fn add_certificate(
        &mut self,
        role: TlsRole,
        source: &str,
        certificate: &Certificate,
    ) -> usize {
        self.certificates.push(TlsCertificate {
            role,
            source: source.to_owned(),
            certificate: certificate.clone(),
            may_expire: false,
        });
        self.certificates.len() - 1
    }

    pub(super) fn step(
        &mut self,
        role: TlsRole,
        certificate: Option<usize>,
        name: &'static str,
        state: StepState,
        found: impl Into<String>,
    ) {
        self.steps.push(TlsStep {
            role,
            name,
            state,
            found: found.into(),
            obtain: None,
            certificate,
        });
    }

    /// A step that is not possible at the moment.
    pub(super) fn not_checked(
        &mut self,
        role: TlsRole,
        certificate: Option<usize>,
        name: &'static str,
        missing: Missing,
    ) {
        self.steps.push(TlsStep {
            role,
            name,
            state: StepState::NotChecked,
            found: missing.why,
            obtain: Some(missing.obtain).filter(|obtain| !obtain.is_empty()),
            certificate,
        });
    }

    /// Whether the certificate is valid now, and for how much longer.
    pub(super) fn check_validity(&mut self, at: usize) {
        let listed = &self.certificates[at];
        let (role, validity) = (listed.role, listed.certificate.validity());
        let (state, found) = if self.now < validity.not_before {
            (
                StepState::Failed,
                format!("not valid before {}", validity.not_before),
            )
        } else if self.now > validity.not_after {
            (StepState::Failed, format!("expired on {}", validity.not_after))
        } else if dates::is_near(&validity, self.now, self.warn_days) {
            (StepState::Warning, dates::until(&validity, self.now))
        } else {
            (StepState::Passed, dates::until(&validity, self.now))
        };
        let state = match state {
            StepState::Failed | StepState::Warning if listed.may_expire => StepState::Noted,
            state => state,
        };
        self.step(role, Some(at), "validity", state, found);
    }
}
