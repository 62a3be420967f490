//! Checks every rule for a planned response before it is signed. As for certificates, the rules read the encoded bytes.

use der::Encode;

use super::data::{ResponderId, ResponseData};
use super::{CertificateStatus, OcspContent, OcspTbs, RESPONSE, ResponderIdKind, delegate, reread};
use crate::signer::{PublicKey, SignatureAlgorithm};
use crate::x509::{CrlReason, Rule, UnixTime, X509Error, rules};

/// A planned response that passed every rule: the only thing that can be signed.
#[derive(Clone, Debug)]
pub struct CheckedOcsp(pub(super) OcspTbs);

impl CheckedOcsp {
    /// The DER bytes that will be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The key that will sign.
    #[must_use]
    pub const fn signer_key(&self) -> &PublicKey {
        &self.0.signer_key
    }

    /// How it will be signed.
    #[must_use]
    pub const fn signature(&self) -> SignatureAlgorithm {
        self.0.signature
    }

    /// Its content and its signer.
    #[must_use]
    pub const fn plan(&self) -> &OcspContent {
        &self.0.plan
    }
}

fn broken<T>(rule: &Rule, found: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::broken(rule, found))
}

impl OcspTbs {
    /// Checks the response against its plan, its request, its signer and RFC 6960.
    ///
    /// # Errors
    /// [`X509Error`]: the first rule that is broken.
    pub fn check(self, now: UnixTime) -> Result<CheckedOcsp, X509Error> {
        let data = ResponseData::read(&self.der)?;
        let planned = Planned {
            data: &data,
            of: &self,
            now,
        };
        planned.check_encoding()?;
        planned.check_signer()?;
        planned.check_signature_algorithm()?;
        planned.check_responder_id()?;
        planned.check_certificates()?;
        planned.check_statuses()?;
        planned.check_times()?;
        planned.check_extensions()?;
        // A second opinion on the bytes, before a signature is spent on them.
        if let Err(found) = reread::read_data(&self.der, &data) {
            return broken(rules::SECOND_DECODER, found);
        }
        Ok(CheckedOcsp(self))
    }
}

struct Planned<'a> {
    data: &'a ResponseData,
    of: &'a OcspTbs,
    now: UnixTime,
}

impl Planned<'_> {
    /// X.690 section 11.5: default values are omitted, such as version 1.
    fn check_encoding(&self) -> Result<(), X509Error> {
        let again = self
            .data
            .fields
            .to_der()
            .map_err(X509Error::malformed(RESPONSE))?;
        if again == self.of.der {
            return Ok(());
        }
        broken(rules::OCSP_ENCODING, "it is not encoded as hsm-ca encodes it")
    }

    /// RFC 6960 section 4.2.2.2
    fn check_signer(&self) -> Result<(), X509Error> {
        let responder = &self.of.plan.responder;
        responder.authority.check_authority(self.now)?;
        let key = responder.certificate().public_key()?;
        if key.algorithm().rsa_bits().is_some_and(|bits| bits < 2048) {
            return Err(X509Error::WeakKey {
                found: key.algorithm(),
            });
        }
        let Some(signer) = &responder.delegate else {
            return Ok(());
        };
        delegate::check_authorized(signer, &responder.authority, self.now)?;
        delegate::check_no_check(signer)
    }

    /// Hash and key as in FIPS 186-5 section 6.1.1.
    fn check_signature_algorithm(&self) -> Result<(), X509Error> {
        let (key, found) = (self.of.signer_key.algorithm(), self.of.signature);
        if key.makes(found) {
            return Ok(());
        }
        broken(rules::SIGNATURE_ALGORITHM, format!("{found} with an {key} key"))
    }

    /// RFC 6960 section 4.2.2.3: "the information MUST correspond to the certificate that was used to sign the
    /// response".
    fn check_responder_id(&self) -> Result<(), X509Error> {
        let signer = self.of.plan.responder.certificate();
        let wanted = match self.of.plan.responder_id {
            ResponderIdKind::Name => ResponderId::Name(signer.subject().clone()),
            ResponderIdKind::Key => ResponderId::Key(signer.public_key()?.key_identifier()),
        };
        if self.data.responder != wanted || signer.public_key()? != self.of.signer_key {
            return broken(rules::OCSP_RESPONDER_ID, "it is not the signer's key or name");
        }
        if signer.subject().is_empty() && self.of.plan.responder_id == ResponderIdKind::Name {
            return broken(
                rules::OCSP_RESPONDER_ID,
                "the signer has no name: identify it by its key",
            );
        }
        Ok(())
    }

    /// RFC 6960 section 4.2.2.3: "MUST include a SingleResponse for each certificate in the request", and no other; here in the same order, byte
    /// for byte.
    fn check_certificates(&self) -> Result<(), X509Error> {
        let asked = self.of.plan.request.certificates().map(|(id, _)| id);
        if self.data.responses.iter().map(|single| &single.id).eq(asked) {
            return Ok(());
        }
        broken(rules::OCSP_CERT_IDS, "not the CertIDs of the request")
    }

    /// RFC 6960 section 2.2
    fn check_statuses(&self) -> Result<(), X509Error> {
        let plan = &self.of.plan;
        if !self
            .data
            .responses
            .iter()
            .map(|single| single.status)
            .eq(plan.statuses.iter().copied())
        {
            return broken(rules::OCSP_STATUS, "not the statuses of the plan");
        }
        for ((id, is_ours), single) in plan.request.certificates().zip(&self.data.responses) {
            let serial = id.serial_number();
            if !is_ours && single.status != CertificateStatus::Unknown {
                return broken(
                    rules::OCSP_STATUS,
                    format!("{serial} is another CA's certificate, so its status must be unknown"),
                );
            }
            let CertificateStatus::Revoked { revoked_at, reason } = single.status else {
                continue;
            };
            if revoked_at > single.this_update {
                return broken(
                    rules::OCSP_REVOCATION,
                    format!("{serial} would be revoked only on {revoked_at}"),
                );
            }
            // RFC 5280 section 5.3.1: removeFromCRL is for delta CRLs.
            if reason == CrlReason::RemoveFromCrl {
                return broken(
                    rules::OCSP_REVOCATION,
                    format!("{serial} is revoked for {reason}, which is not a revocation reason"),
                );
            }
        }
        Ok(())
    }

    /// RFC 6960 sections 2.4 and 4.2.2.1. A verifier cannot use an answer that outlives its signer.
    fn check_times(&self) -> Result<(), X509Error> {
        let plan = &self.of.plan;
        let produced_at = self.data.produced_at();
        if produced_at != plan.produced_at || produced_at > self.now {
            return broken(
                rules::OCSP_TIMES,
                format!("producedAt, {produced_at}, is in the future"),
            );
        }
        let not_after = plan.responder.not_after();
        for single in &self.data.responses {
            let this_update = single.this_update;
            if this_update != produced_at {
                return broken(
                    rules::OCSP_TIMES,
                    format!("thisUpdate, {this_update}, is not producedAt"),
                );
            }
            match single.next_update {
                Some(next) if next == plan.next_update && next > this_update => {}
                Some(next) => {
                    let found = format!("it is {next}, and thisUpdate is {this_update}");
                    return broken(rules::OCSP_NEXT_UPDATE, found);
                }
                None => return broken(rules::OCSP_NEXT_UPDATE, "the response has none"),
            }
            if plan.next_update > not_after {
                let found = format!(
                    "nextUpdate would be {}, but the signer's certificate, or its CA's, ends on {not_after}",
                    plan.next_update
                );
                return broken(rules::OCSP_NESTING, found);
            }
        }
        Ok(())
    }

    /// The nonce of the request (RFC 9654 section 2.1), and nothing else.
    fn check_extensions(&self) -> Result<(), X509Error> {
        let wanted = self.of.plan.request.request().nonce();
        if self.data.nonce.as_deref() != wanted {
            return broken(rules::OCSP_NONCE, "it is not the request's");
        }
        let is_plain = self.data.extensions().len() == usize::from(wanted.is_some())
            && self.data.extensions().iter().all(|found| !found.critical)
            && self.data.single_extensions().next().is_none();
        if is_plain {
            return Ok(());
        }
        broken(
            rules::OCSP_EXTENSIONS,
            "an extension that was not planned, or is critical",
        )
    }
}
