//! A planned response, built by hand.

use der::Encode;
use der::asn1::OctetString;

use super::data::{ResponderId, ResponderIdDer, ResponseData, ResponseDataDer, SingleResponseDer, v1};
use super::{AcceptedOcspRequest, CertificateStatus, RESPONSE, nonce};
use crate::signer::{PublicKey, SignatureAlgorithm};
use crate::x509::reopen::refuse_other_bytes;
use crate::x509::{Certificate, UnixTime, X509Error, extension, rules};

/// The signer: the CA itself, or a signer that it certified for this (RFC 6960 section 4.2.2.2).
#[derive(Clone, Debug)]
pub struct Responder {
    pub(super) authority: Certificate,
    pub(super) delegate: Option<Certificate>,
}

impl Responder {
    /// The CA, with its own key.
    #[must_use]
    pub const fn authority(authority: Certificate) -> Self {
        Self {
            authority,
            delegate: None,
        }
    }

    /// The holder of `delegate`, a certificate of the profile `ocsp-signer`.
    #[must_use]
    pub const fn delegated(authority: Certificate, delegate: Certificate) -> Self {
        Self {
            authority,
            delegate: Some(delegate),
        }
    }

    /// The certificate of the key that signs.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        self.delegate.as_ref().unwrap_or(&self.authority)
    }

    /// The CA certificate.
    #[must_use]
    pub const fn issuer(&self) -> &Certificate {
        &self.authority
    }

    /// Whether the signer is not the CA itself.
    #[must_use]
    pub const fn is_delegated(&self) -> bool {
        self.delegate.is_some()
    }

    /// Whether the signer's keyUsage allows signatures other than on certificates and CRLs (RFC 5280 section 4.2.1.3). A client may refuse a CA
    /// certificate without digitalSignature as a signer of responses; most do not check.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn says_digital_signature(&self) -> Result<bool, X509Error> {
        let usage = extension::find_key_usage(self.certificate().extensions())?;
        Ok(usage.is_none_or(|usage| usage.digital_signature()))
    }

    /// The last second in which both certificates are valid.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        let ends = [&self.authority, self.certificate()].map(|one| one.validity().not_after);
        ends[0].min(ends[1])
    }
}

/// How a response names its signer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponderIdKind {
    /// By SHA-1 of its key, which is shorter.
    Key,
    /// By its subject: GnuTLS finds a CA that signs its own responses only by name.
    Name,
}

/// The content of a response.
#[derive(Clone, Debug)]
pub struct OcspContent {
    /// The request that it answers.
    pub request: AcceptedOcspRequest,
    /// The status of each certificate, in the request's order.
    pub statuses: Vec<CertificateStatus>,
    /// The signer.
    pub responder: Responder,
    /// How the response names the signer.
    pub responder_id: ResponderIdKind,
    /// producedAt, and thisUpdate of every answer, because the statuses were looked up now.
    pub produced_at: UnixTime,
    /// nextUpdate of every answer.
    pub next_update: UnixTime,
}

/// A planned response, not checked yet.
#[derive(Clone, Debug)]
pub struct OcspTbs {
    pub(super) der: Vec<u8>,
    pub(super) plan: OcspContent,
    pub(super) signer_key: PublicKey,
    pub(super) signature: SignatureAlgorithm,
}

impl OcspTbs {
    /// Writes the fields. CertIDs are the request's, byte for byte, and so is the nonce, if it has one.
    ///
    /// # Errors
    /// [`X509Error`] if a field cannot be encoded or the signer's key cannot be used.
    pub fn build(plan: OcspContent, signature: SignatureAlgorithm) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed(RESPONSE);
        let signer = plan.responder.certificate();
        let signer_key = signer.public_key()?;
        let responder_id = match plan.responder_id {
            ResponderIdKind::Name => ResponderIdDer::ByName(signer.subject().to_any()?),
            ResponderIdKind::Key => {
                ResponderIdDer::ByKey(OctetString::new(signer_key.key_identifier()).map_err(&malformed)?)
            }
        };
        let produced_at = plan.produced_at.to_generalized_time()?;
        let next_update = plan.next_update.to_generalized_time()?;
        let answers = plan.request.certificates().zip(&plan.statuses);
        let responses = answers.map(|((id, _), status)| {
            Ok::<_, X509Error>(SingleResponseDer {
                cert_id: id.any().clone(),
                cert_status: status.to_der_form()?,
                this_update: produced_at,
                next_update: Some(next_update),
                single_extensions: None,
            })
        });
        let nonce = plan.request.request().nonce().map(nonce::build).transpose()?;
        let data = ResponseDataDer {
            version: v1(),
            responder_id,
            produced_at,
            responses: responses.collect::<Result<_, _>>()?,
            response_extensions: nonce.map(|nonce| vec![nonce]),
        };
        Ok(Self {
            der: data.to_der().map_err(&malformed)?,
            plan,
            signer_key,
            signature,
        })
    }

    /// Reads a planned response back from its bytes: takes times, statuses and the name of the signer from its fields, and builds it again. Its
    /// rules are not checked yet: [`check`](Self::check) does that, as for a new one.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]; the rule `planned-bytes` if fields, request and responder make other bytes.
    pub fn reopen(
        der: &[u8],
        request: AcceptedOcspRequest,
        responder: Responder,
        signature: SignatureAlgorithm,
    ) -> Result<Self, X509Error> {
        let data = ResponseData::read(der)?;
        let next_update = data.responses.iter().find_map(|response| response.next_update);
        let none = || X509Error::broken(rules::PLANNED_BYTES, "the response has no nextUpdate");
        let content = OcspContent {
            request,
            statuses: data.responses.iter().map(|response| response.status).collect(),
            responder,
            responder_id: match data.responder {
                ResponderId::Name(_) => ResponderIdKind::Name,
                ResponderId::Key(_) => ResponderIdKind::Key,
            },
            produced_at: data.produced_at(),
            next_update: next_update.ok_or_else(none)?,
        };
        let again = Self::build(content, signature)?;
        refuse_other_bytes(der, again.der())?;
        Ok(again)
    }

    /// The DER bytes that would be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}
