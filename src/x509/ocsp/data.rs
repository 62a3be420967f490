//! `ResponseData` (RFC 6960 section 4.2.1): the signed part of a response.

use std::fmt;

use der::asn1::{Any, GeneralizedTime, OctetString};
use der::{Choice, Decode, Sequence};
use x509_cert::ext::Extension;

use super::status::StatusDer;
use super::{CertId, CertificateStatus, RESPONSE, nonce, refuse_twice, refused};
use crate::signer::Hex;
use crate::x509::{Name, UnixTime, X509Error};

/// `Version ::= INTEGER { v1(0) }`: the only version, encoded by omitting it.
pub(super) const fn v1() -> u8 {
    0
}

/// The structure itself, for reading and for writing.
#[derive(Clone, Debug, Sequence)]
pub(super) struct ResponseDataDer {
    #[asn1(context_specific = "0", default = "v1")]
    pub(super) version: u8,
    pub(super) responder_id: ResponderIdDer,
    pub(super) produced_at: GeneralizedTime,
    pub(super) responses: Vec<SingleResponseDer>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) response_extensions: Option<Vec<Extension>>,
}

/// `ResponderID`
#[derive(Clone, Debug, PartialEq, Eq, Choice)]
pub(super) enum ResponderIdDer {
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", constructed = "true")]
    ByName(Any),
    /// SHA-1 of the value of the BIT STRING subjectPublicKey.
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", constructed = "true")]
    ByKey(OctetString),
}

/// `SingleResponse`. The CertID stays opaque: its bytes are copied and never rebuilt.
#[derive(Clone, Debug, Sequence)]
pub(super) struct SingleResponseDer {
    pub(super) cert_id: Any,
    pub(super) cert_status: StatusDer,
    pub(super) this_update: GeneralizedTime,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) next_update: Option<GeneralizedTime>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) single_extensions: Option<Vec<Extension>>,
}

/// The signer of a response, according to the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResponderId {
    /// byName: the subject of the signer's certificate.
    Name(Name),
    /// byKey: SHA-1 of its public key.
    Key(Vec<u8>),
}

impl fmt::Display for ResponderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => name.fmt(f),
            Self::Key(hash) => write!(f, "key {}", Hex(hash)),
        }
    }
}

/// The answer about one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleResponse {
    /// Which certificate.
    pub id: CertId,
    /// Its status.
    pub status: CertificateStatus,
    /// The time of this status.
    pub this_update: UnixTime,
    /// When newer information will be available.
    pub next_update: Option<UnixTime>,
}

/// A structure that was read, as values.
#[derive(Clone, Debug)]
pub(super) struct ResponseData {
    pub(super) fields: ResponseDataDer,
    pub(super) responder: ResponderId,
    pub(super) responses: Vec<SingleResponse>,
    pub(super) nonce: Option<Vec<u8>>,
}

impl ResponseData {
    pub(super) fn read(der: &[u8]) -> Result<Self, X509Error> {
        let fields = ResponseDataDer::from_der(der).map_err(X509Error::unread(RESPONSE, der))?;
        if fields.version != v1() {
            return Err(X509Error::Version {
                what: RESPONSE,
                found: fields.version.into(),
            });
        }
        let responder = match &fields.responder_id {
            ResponderIdDer::ByName(name) => ResponderId::Name(Name::from_any(name, RESPONSE)?),
            ResponderIdDer::ByKey(hash) => ResponderId::Key(hash.as_bytes().to_vec()),
        };
        refuse_twice(RESPONSE, fields.response_extensions.as_deref())?;
        let nonce = nonce::find(
            fields.response_extensions.as_deref().unwrap_or_default(),
            RESPONSE,
        )?;
        let responses: Vec<_> = fields
            .responses
            .iter()
            .map(read_single)
            .collect::<Result<_, _>>()?;
        if responses.is_empty() {
            return refused(RESPONSE, "it covers no certificate");
        }
        Ok(Self {
            fields,
            responder,
            responses,
            nonce,
        })
    }

    pub(super) fn produced_at(&self) -> UnixTime {
        UnixTime::from_generalized_time(&self.fields.produced_at)
    }

    pub(super) fn extensions(&self) -> &[Extension] {
        self.fields.response_extensions.as_deref().unwrap_or_default()
    }

    pub(super) fn single_extensions(&self) -> impl Iterator<Item = &Extension> {
        let list = self.fields.responses.iter();
        list.flat_map(|single| single.single_extensions.iter().flatten())
    }
}

fn read_single(single: &SingleResponseDer) -> Result<SingleResponse, X509Error> {
    refuse_twice(RESPONSE, single.single_extensions.as_deref())?;
    Ok(SingleResponse {
        id: CertId::read(single.cert_id.clone(), RESPONSE)?,
        status: CertificateStatus::read(&single.cert_status)?,
        this_update: UnixTime::from_generalized_time(&single.this_update),
        next_update: single.next_update.as_ref().map(UnixTime::from_generalized_time),
    })
}
