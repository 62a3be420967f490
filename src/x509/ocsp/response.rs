//! `OCSPResponse` (RFC 6960 section 4.2.1): our own and other people's.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6960::ID_PKIX_OCSP_BASIC;
use der::asn1::{Any, OctetString};
use der::{Decode, Sequence, Tag};

use super::{BasicResponse, RESPONSE, decode, refused};
use crate::signer::{Hex, sha256};
use crate::x509::name::describe_oid;
use crate::x509::{X509Error, pem};

/// The longest response that is read.
const LONGEST: usize = 1024 * 1024;

#[derive(Clone, Debug, Sequence)]
pub(super) struct OcspResponseDer {
    /// An ENUMERATED.
    pub(super) response_status: Any,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) response_bytes: Option<ResponseBytes>,
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct ResponseBytes {
    pub(super) response_type: ObjectIdentifier,
    pub(super) response: OctetString,
}

/// `OCSPResponseStatus`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseStatus {
    /// The response has an answer.
    Successful,
    /// malformedRequest
    MalformedRequest,
    /// internalError
    InternalError,
    /// tryLater
    TryLater,
    /// sigRequired
    SigRequired,
    /// unauthorized
    Unauthorized,
}

impl ResponseStatus {
    /// The value of the ENUMERATED; 4 is not used.
    pub(super) const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Successful,
            1 => Self::MalformedRequest,
            2 => Self::InternalError,
            3 => Self::TryLater,
            5 => Self::SigRequired,
            6 => Self::Unauthorized,
            _ => return None,
        })
    }
}

impl fmt::Display for ResponseStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Successful => "successful",
            Self::MalformedRequest => "malformedRequest",
            Self::InternalError => "internalError",
            Self::TryLater => "tryLater",
            Self::SigRequired => "sigRequired",
            Self::Unauthorized => "unauthorized",
        })
    }
}

/// A decoded response. Nothing about it is verified yet.
#[derive(Clone, Debug)]
pub struct OcspResponse {
    der: Vec<u8>,
    status: ResponseStatus,
    basic: Option<BasicResponse>,
}

impl OcspResponse {
    /// Reads one response in DER, as it is sent, or PEM.
    ///
    /// # Errors
    /// [`X509Error`]: it is longer than a mebibyte, not DER, of a type that is not basic, or successful without an answer.
    pub fn read(input: &[u8]) -> Result<Self, X509Error> {
        if input.len() > LONGEST {
            return refused(RESPONSE, "it exceeds the 1 MiB limit");
        }
        Self::from_der(decode(input, pem::OCSP_RESPONSE)?)
    }

    pub(super) fn from_der(der: Vec<u8>) -> Result<Self, X509Error> {
        let fields = OcspResponseDer::from_der(&der).map_err(X509Error::malformed(RESPONSE))?;
        let any = &fields.response_status;
        let status = match any.value() {
            [code] if any.header().tag() == Tag::Enumerated => ResponseStatus::from_code(*code),
            _ => None,
        };
        let Some(status) = status else {
            return refused(RESPONSE, "a responseStatus that does not exist");
        };
        let basic = match (status, fields.response_bytes) {
            (ResponseStatus::Successful, None) => {
                return refused(RESPONSE, "it is successful, but has no answer");
            }
            // Section 4.2.1: "If the value of responseStatus is one of the error conditions, the responseBytes field is not set."
            (error, Some(_)) if error != ResponseStatus::Successful => {
                return refused(RESPONSE, format!("it says {error}, but has an answer"));
            }
            (_, None) => None,
            (_, Some(bytes)) if bytes.response_type != ID_PKIX_OCSP_BASIC => {
                let name = describe_oid(bytes.response_type);
                return refused(RESPONSE, format!("its type is {name}, which is not supported"));
            }
            (_, Some(bytes)) => Some(BasicResponse::from_der(bytes.response.as_bytes())?),
        };
        Ok(Self { der, status, basic })
    }

    /// The DER bytes it was read from.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER bytes, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Hex(&sha256(&self.der)).to_string()
    }

    /// `responseStatus`
    #[must_use]
    pub const fn status(&self) -> ResponseStatus {
        self.status
    }

    /// The answer, if the response is successful.
    #[must_use]
    pub const fn basic(&self) -> Option<&BasicResponse> {
        self.basic.as_ref()
    }
}
