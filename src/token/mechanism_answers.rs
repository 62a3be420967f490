//! What the token reports about its mechanisms, requested once.

use std::sync::{Mutex, OnceLock, PoisonError};

use cryptoki::mechanism::MechanismInfo;

use super::mechanism::{MechanismNumber, MechanismUse};
use super::{Token, TokenError};

/// The answers so far. A token keeps its mechanisms while a program uses it; on AWS CloudHSM each request is a round trip. If a mechanism
/// disappears anyway, the call that uses it fails: the token has the last word on everything that these answers decide. An error is not stored as
/// an answer, so the next caller asks again.
#[derive(Debug, Default)]
pub(super) struct MechanismAnswers {
    listed: OnceLock<Vec<MechanismNumber>>,
    described: Mutex<Vec<(MechanismNumber, MechanismInfo)>>,
}

impl Token {
    /// Every mechanism that the token lists (`C_GetMechanismList`), vendors' own included.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn mechanisms(&self) -> Result<&[MechanismNumber], TokenError> {
        let listed = &self.mechanism_answers.listed;
        if let Some(known) = listed.get() {
            return Ok(known);
        }
        let doing = format!("listing the mechanisms of \"{}\"", self.description.label);
        let answer = self.module.native().mechanisms(self.slot);
        let answer = answer
            .map_err(TokenError::during(&doing))?
            .map_err(TokenError::absurd(&doing))?;
        Ok(listed.get_or_init(|| answer))
    }

    /// Why the token cannot do `purpose` with `mechanism`; `None` if it says that it can.
    pub(super) fn lacks(
        &self,
        listed: &[MechanismNumber],
        mechanism: MechanismNumber,
        purpose: MechanismUse,
    ) -> Result<Option<String>, TokenError> {
        if !listed.contains(&mechanism) {
            return Ok(Some(mechanism.to_string()));
        }
        let info = self.describe_mechanism(mechanism)?;
        Ok((!purpose.is_in(&info)).then(|| format!("{mechanism} that can {purpose}")))
    }

    /// `C_GetMechanismInfo` (PKCS#11 v2.40 section 5.5).
    fn describe_mechanism(&self, mechanism: MechanismNumber) -> Result<MechanismInfo, TokenError> {
        // A thread that panicked leaves no incomplete entry.
        let mut described = self
            .mechanism_answers
            .described
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((_, info)) = described.iter().find(|(known, _)| *known == mechanism) {
            return Ok(*info);
        }
        let info = self
            .module
            .pkcs11()
            .get_mechanism_info(self.slot, mechanism.into())
            .map_err(TokenError::during(format!(
                "asking \"{}\" for {mechanism}",
                self.description.label
            )))?;
        described.push((mechanism, info));
        Ok(info)
    }
}
