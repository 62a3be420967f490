//! `BasicOCSPResponse` (RFC 6960 section 4.2.1): the answer, and its signer.

use der::asn1::{Any, BitString};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;

use super::data::ResponseData;
use super::{RESPONSE, ResponderId, SingleResponse, refused};
use crate::signer::{PublicKey, SignatureAlgorithm};
use crate::x509::signed::whole_octets;
use crate::x509::{Certificate, ExtensionText, UnixTime, X509Error, algorithm, extension};

/// Limit on the certificates in a response: one, the signer's, is enough.
const MOST_CERTIFICATES: usize = 16;

#[derive(Clone, Debug, Sequence)]
pub(super) struct BasicResponseDer {
    pub(super) tbs_response_data: Any,
    pub(super) signature_algorithm: AlgorithmIdentifierOwned,
    pub(super) signature: BitString,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) certs: Option<Vec<Any>>,
}

/// The answer in a successful response.
#[derive(Clone, Debug)]
pub struct BasicResponse {
    der: Vec<u8>,
    pub(super) tbs: Vec<u8>,
    pub(super) data: ResponseData,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
    certificates: Vec<Certificate>,
}

impl BasicResponse {
    pub(super) fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed(RESPONSE);
        let fields = BasicResponseDer::from_der(der).map_err(&malformed)?;
        let tbs = fields.tbs_response_data.to_der().map_err(&malformed)?;
        let certs = fields.certs.unwrap_or_default();
        if certs.len() > MOST_CERTIFICATES {
            return refused(
                RESPONSE,
                format!(
                    "it has {} certificates; the limit is {MOST_CERTIFICATES}",
                    certs.len()
                ),
            );
        }
        let certificate = |any: &Any| Certificate::from_der(&any.to_der().map_err(&malformed)?);
        Ok(Self {
            data: ResponseData::read(&tbs)?,
            tbs,
            algorithm: fields.signature_algorithm,
            signature: fields.signature,
            certificates: certs.iter().map(certificate).collect::<Result<_, _>>()?,
            der: der.to_vec(),
        })
    }

    /// The DER bytes of the `BasicOCSPResponse`.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The signer, according to the response.
    #[must_use]
    pub const fn responder(&self) -> &ResponderId {
        &self.data.responder
    }

    /// `producedAt`
    #[must_use]
    pub fn produced_at(&self) -> UnixTime {
        self.data.produced_at()
    }

    /// The answer about each certificate.
    #[must_use]
    pub fn responses(&self) -> &[SingleResponse] {
        &self.data.responses
    }

    /// The nonce, if the response has one.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.data.nonce.as_deref()
    }

    /// The certificates in the response.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// The signature algorithm's name, known or not.
    #[must_use]
    pub fn describe_signature(&self) -> String {
        algorithm::describe(&self.algorithm)
    }

    /// The response's extensions in words.
    #[must_use]
    pub fn describe_extensions(&self) -> Vec<ExtensionText> {
        extension::describe_all(self.data.extensions())
    }

    /// Whether it consists of exactly this content and this signature by this algorithm.
    pub(super) fn is_signed_content(
        &self,
        content: &[u8],
        algorithm: SignatureAlgorithm,
        signature: &[u8],
    ) -> Result<bool, X509Error> {
        Ok(self.tbs == content
            && whole_octets(self.signature.as_bytes(), RESPONSE)? == signature
            && algorithm::recognise(&self.algorithm, RESPONSE)? == algorithm)
    }

    /// Verifies the signature under `key`; a weak hash is refused before any arithmetic.
    ///
    /// # Errors
    /// [`X509Error::Signature`], [`X509Error::WeakSignature`], [`X509Error::UnknownSignature`]
    pub fn verify_signature(&self, key: &PublicKey) -> Result<SignatureAlgorithm, X509Error> {
        let algorithm = algorithm::recognise(&self.algorithm, RESPONSE)?;
        let signature = whole_octets(self.signature.as_bytes(), RESPONSE)?;
        key.verify(algorithm, &self.tbs, signature)
            .map_err(|cause| X509Error::Signature {
                what: RESPONSE,
                cause,
            })?;
        Ok(algorithm)
    }
}
