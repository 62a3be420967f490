//! Whether the existing answer is still current.

use super::{Certified, PublicationError, PublicationJob};
use crate::signer::PublicKey;
use crate::workflow::WorkflowError;
use crate::x509::{
    BasicResponse, CertIdHash, OcspRequest, OcspResponse, SingleResponse, UnixTime, X509Error, rules,
};

/// What to do about one answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nothing.
    Current,
    /// It must be signed.
    Due(AnswerReason),
}

/// Why an answer is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnswerReason {
    /// None exists.
    New,
    /// The status has changed.
    Status,
    /// Half of its validity is over.
    Age,
    /// A different key signs now.
    Signer,
    /// It was signed with another algorithm, or for another validity than the requested one.
    Terms,
    /// Another file has its path, and is replaced as requested.
    Replaced,
}

impl AnswerReason {
    /// Whether it replaces a file.
    pub(super) fn replaces(self) -> bool {
        self != Self::New
    }
}

impl PublicationJob {
    /// Reads the file of an answer. It counts only if this CA, or a signer of this CA, signed it for exactly this request, and not in the
    /// future.
    pub(super) fn stand(
        &self,
        certificate: &Certified,
        hash: CertIdHash,
        signer_key: &PublicKey,
        now: UnixTime,
    ) -> Result<Standing, WorkflowError> {
        let request = self.request(&certificate.serial, hash)?;
        let place = self.places.of(&request, false);
        let Some(content) = place.read()? else {
            return Ok(Standing::Due(AnswerReason::New));
        };
        let answer = match self.verify_earlier(&content, &request, now) {
            Ok(answer) => answer,
            Err(_) if self.replaces_others => return Ok(Standing::Due(AnswerReason::Replaced)),
            Err(cause) => {
                return Err(PublicationError::OtherFile {
                    path: place.path().to_owned(),
                    serial: certificate.serial.clone(),
                    cause: Box::new(cause),
                }
                .into());
            }
        };
        let [single] = answer.responses() else {
            return Ok(Standing::Due(AnswerReason::Status));
        };
        let is_current = |next: UnixTime| !is_half_over(single.this_update, next, now);
        Ok(if single.status != certificate.status {
            Standing::Due(AnswerReason::Status)
        } else if let Some(reason) = self.differs_in_terms(&answer, single, signer_key) {
            Standing::Due(reason)
        } else if !single.next_update.is_some_and(is_current) {
            Standing::Due(AnswerReason::Age)
        } else {
            Standing::Current
        })
    }

    /// Whether the answer would be signed in another way now.
    fn differs_in_terms(
        &self,
        answer: &BasicResponse,
        single: &SingleResponse,
        signer_key: &PublicKey,
    ) -> Option<AnswerReason> {
        let Ok(algorithm) = answer.verify_signature(signer_key) else {
            return Some(AnswerReason::Signer);
        };
        let next = single.next_update?;
        let is_alike = self.terms.would_choose(algorithm, single.this_update, next);
        (!is_alike).then_some(AnswerReason::Terms)
    }

    /// An answer of this CA to this request, from any time up to now.
    fn verify_earlier(
        &self,
        content: &[u8],
        request: &OcspRequest,
        now: UnixTime,
    ) -> Result<BasicResponse, X509Error> {
        let response = OcspResponse::read(content)?;
        let malformed = |reason: &str| X509Error::Malformed {
            what: "OCSP response",
            reason: reason.to_owned(),
        };
        if response.der() != content {
            return Err(malformed("it is PEM, not DER"));
        }
        let Some(answer) = response.basic() else {
            return Err(malformed("it has no answer"));
        };
        let made = answer.produced_at();
        if made > now {
            let found = format!("it is from {made}, which is in the future: check the clock");
            return Err(X509Error::broken(rules::OCSP_TIMES, found));
        }
        // Verified for the time when it was signed, because the signer may have expired since.
        response.verify(self.terms.authority(), made)?;
        response.verify_answers(request)?;
        match answer.responses().len() {
            1 => Ok(answer.clone()),
            count => Err(malformed(&format!("it is about {count} certificates"))),
        }
    }
}

/// Whether no more than half of an answer's validity is left.
const fn is_half_over(this_update: UnixTime, next_update: UnixTime, now: UnixTime) -> bool {
    let life = next_update.0.saturating_sub(this_update.0);
    let left = next_update.0.saturating_sub(now.0);
    left.saturating_mul(2) <= life
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_current_until_half_of_its_validity_is_over() {
        let is_over = |now| is_half_over(UnixTime(1000), UnixTime(2000), UnixTime(now));
        for (now, over) in [
            (0, false),
            (1000, false),
            (1499, false),
            (1500, true),
            (2000, true),
            (9999, true),
        ] {
            assert_eq!(is_over(now), over, "{now}");
        }
        assert!(is_half_over(UnixTime(5), UnixTime(5), UnixTime(5)));
    }
}
