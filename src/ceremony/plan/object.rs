//! An object that a step signs in one session.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::PlanError;
use super::hole::{self, Hole, Keys};
use crate::ceremony::{Digest, Octets};

/// The type of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ObjectKind {
    /// A `TBSCertificate`.
    Certificate,
    /// A `TBSCertList`.
    Crl,
}

/// The verdict of a rule about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// The object satisfies the rule.
    Passed,
    /// The rule is waived for this step, as the plan's `waived` says.
    Waived,
    /// The ledger decides before the signature.
    AtSigning,
}

/// An object that a step signs in one session: its exact bytes, with zeros in the holes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PlannedObject {
    /// The session.
    pub session: String,
    /// The step.
    pub step: String,
    /// Its type.
    pub is: ObjectKind,
    /// The name of its file in `out`.
    pub out: String,
    /// The signing key: the step that makes it, or the input with its certificate or public key.
    pub key: String,
    /// DER of the `AlgorithmIdentifier`. It is the same inside and outside the signed bytes.
    pub algorithm: Octets,
    /// Whether the same bytes always give the same signature (RSA PKCS#1 v1.5, Ed25519).
    pub deterministic: bool,
    /// DER of the `TBSCertificate` or `TBSCertList`, with zeros in the holes.
    pub tbs: Octets,
    /// SHA-256 of `tbs`.
    pub sha256: Digest,
    /// The holes that keys fill, in order.
    pub holes: Vec<Hole>,
    /// The serial number of a certificate, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The serial number to use if a signature is lost, for a certificate with a randomised signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spare: Option<Spare>,
    /// Its content, line by line, for people.
    pub shown: Vec<String>,
    /// The verdict of each rule.
    pub verdicts: BTreeMap<String, Verdict>,
}

/// The name of the spare serial number in the script and on the screen.
pub const SPARE_SERIAL: &str = "spare serial number of the plan";

/// Another serial number for the same certificate. It is used when a randomised signature may exist but was not kept, and people choose it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spare {
    /// In hex, as long as the first one.
    pub serial: String,
    /// The offset of the serial number's octets in `tbs`.
    pub at: usize,
}

impl PlannedObject {
    /// The bytes to sign, with the octets of the keys in the holes.
    ///
    /// # Errors
    /// [`PlanError::Hole`] if a key is missing or its octets have the wrong length.
    pub fn completed(&self, keys: &Keys) -> Result<Vec<u8>, PlanError> {
        let mut tbs = self.tbs.0.clone();
        for hole in &self.holes {
            let octets = keys
                .octets_of(hole)
                .map_err(|reason| self.hole_error(hole, reason))?;
            let place = tbs.get_mut(hole.at..hole.at.saturating_add(hole.len));
            match place.filter(|place| place.len() == octets.len()) {
                Some(place) => place.copy_from_slice(octets),
                None => {
                    let reason = format!("{} octets, where {} fit", octets.len(), hole.len);
                    return Err(self.hole_error(hole, reason));
                }
            }
        }
        Ok(tbs)
    }

    /// The same object with the spare serial number.
    ///
    /// # Errors
    /// [`PlanError::Object`] if it has no spare serial number.
    pub fn with_spare(&self) -> Result<Self, PlanError> {
        let none = || PlanError::object(self, "it has no spare serial number");
        let spare = self.spare.as_ref().ok_or_else(none)?;
        let octets = hex::decode(&spare.serial).map_err(|_| none())?;
        let mut other = self.clone();
        let place = other
            .tbs
            .0
            .get_mut(spare.at..spare.at.saturating_add(octets.len()));
        place.ok_or_else(none)?.copy_from_slice(&octets);
        other.sha256 = Digest::of(&other.tbs.0);
        other.serial = Some(spare.serial.clone());
        other.spare = None;
        Ok(other)
    }

    /// Whether these keys fill every hole.
    #[must_use]
    pub fn is_complete_with(&self, keys: &Keys) -> bool {
        self.completed(keys).is_ok()
    }

    fn hole_error(&self, hole: &Hole, reason: impl Into<String>) -> PlanError {
        PlanError::Hole {
            step: self.step.clone(),
            key: hole.key.clone(),
            reason: reason.into(),
        }
    }

    pub(super) fn check(&self) -> Result<(), PlanError> {
        if Digest::of(&self.tbs.0) != self.sha256 {
            return Err(PlanError::object(self, "its bytes have another SHA-256"));
        }
        if self.serial.is_some() != (self.is == ObjectKind::Certificate) {
            return Err(PlanError::object(
                self,
                "a certificate has a serial number, and a CRL has none",
            ));
        }
        if self.spare.is_some() && self.serial.is_none() {
            return Err(PlanError::object(
                self,
                "only a certificate has a spare serial number",
            ));
        }
        hole::check(&self.holes, &self.tbs.0).map_err(|reason| PlanError::object(self, reason))?;
        if let (Some(spare), Some(serial)) = (&self.spare, &self.serial) {
            let own = hex::decode(serial).unwrap_or_default();
            let found = self.tbs.0.get(spare.at..spare.at.saturating_add(own.len()));
            let is_fit = spare.serial != *serial && spare.serial.len() == serial.len();
            if found != Some(own.as_slice()) || !is_fit {
                return Err(PlanError::object(self, "its spare serial number does not fit"));
            }
            self.with_spare()?;
        }
        Ok(())
    }
}
