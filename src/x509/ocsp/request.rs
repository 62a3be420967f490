//! `OCSPRequest` (RFC 6960 section 4.1.1), read strictly: its bytes are a stranger's.

use base64ct::{Base64, Encoding as _};
use der::asn1::Any;
use der::{Decode, Encode, Sequence};
use x509_cert::ext::Extension;

use super::{CertId, CertIdHash, REQUEST, decode, nonce, refuse_twice, refused};
use crate::signer::{Hex, sha256};
use crate::x509::{Certificate, ExtensionText, SerialNumber, X509Error, extension, pem};

/// The longest request that is read. A request about one certificate has about a hundred bytes.
const LONGEST: usize = 64 * 1024;

/// The most certificates that one request may ask about.
const MOST_CERTIFICATES: usize = 256;

#[derive(Clone, Debug, Sequence)]
pub(super) struct OcspRequestDer {
    pub(super) tbs_request: TbsRequestDer,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) optional_signature: Option<Any>,
}

const fn v1() -> u8 {
    0
}

#[derive(Clone, Debug, Sequence)]
pub(super) struct TbsRequestDer {
    #[asn1(context_specific = "0", default = "v1")]
    pub(super) version: u8,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) requestor_name: Option<Any>,
    pub(super) request_list: Vec<SingleRequestDer>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) request_extensions: Option<Vec<Extension>>,
}

/// `Request`
#[derive(Clone, Debug, Sequence)]
pub(super) struct SingleRequestDer {
    pub(super) req_cert: Any,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) single_request_extensions: Option<Vec<Extension>>,
}

/// A decoded request. [`accept`](Self::accept) decides whether it is answered.
#[derive(Clone, Debug)]
pub struct OcspRequest {
    der: Vec<u8>,
    pub(super) fields: OcspRequestDer,
    pub(super) certificates: Vec<CertId>,
    nonce: Option<Vec<u8>>,
}

impl OcspRequest {
    /// Reads one request in DER, as it is sent, or PEM.
    ///
    /// # Errors
    /// [`X509Error`]: it is longer than 64 KiB, not DER, asks about no certificate or about more than 256, or has a nonce that RFC 9654 forbids.
    pub fn read(input: &[u8]) -> Result<Self, X509Error> {
        if input.len() > 2 * LONGEST {
            return too_long();
        }
        let der = decode(input, pem::OCSP_REQUEST)?;
        if der.len() > LONGEST {
            return too_long();
        }
        let fields = OcspRequestDer::from_der(&der).map_err(X509Error::malformed(REQUEST))?;
        let tbs = &fields.tbs_request;
        if tbs.version != v1() {
            return Err(X509Error::Version {
                what: REQUEST,
                found: tbs.version.into(),
            });
        }
        match tbs.request_list.len() {
            1..=MOST_CERTIFICATES => {}
            0 => return refused(REQUEST, "it asks about no certificate"),
            count => {
                return refused(
                    REQUEST,
                    format!("it asks about {count} certificates; the limit is {MOST_CERTIFICATES}"),
                );
            }
        }
        refuse_twice(REQUEST, tbs.request_extensions.as_deref())?;
        let nonce = nonce::find(tbs.request_extensions.as_deref().unwrap_or_default(), REQUEST)?;
        let mut certificates = Vec::with_capacity(tbs.request_list.len());
        for single in &tbs.request_list {
            refuse_twice(REQUEST, single.single_request_extensions.as_deref())?;
            certificates.push(CertId::read(single.req_cert.clone(), REQUEST)?);
        }
        Ok(Self {
            der,
            certificates,
            nonce,
            fields,
        })
    }

    /// A request about certificates of `authority`, without a nonce, as a client makes it.
    ///
    /// # Errors
    /// [`X509Error`]: none, or more than 256 serial numbers; one that cannot be encoded.
    pub fn about(
        authority: &Certificate,
        serials: &[SerialNumber],
        hash: CertIdHash,
    ) -> Result<Self, X509Error> {
        let requests = serials.iter().map(|serial| {
            Ok::<_, X509Error>(SingleRequestDer {
                req_cert: CertId::of(authority, serial, hash)?,
                single_request_extensions: None,
            })
        });
        let fields = OcspRequestDer {
            tbs_request: TbsRequestDer {
                version: v1(),
                requestor_name: None,
                request_list: requests.collect::<Result<_, _>>()?,
                request_extensions: None,
            },
            optional_signature: None,
        };
        Self::read(&fields.to_der().map_err(X509Error::malformed(REQUEST))?)
    }

    /// The DER bytes it was read from.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The request in base64, which follows the responder's URL and a slash in a GET request, after URL encoding (RFC 6960 appendix A.1): `/`, `+`
    /// and `=` become `%2F`, `%2B` and `%3D`, although some clients leave them unchanged.
    #[must_use]
    pub fn to_base64(&self) -> String {
        Base64::encode_string(&self.der)
    }

    /// SHA-256 of the DER bytes, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Hex(&sha256(&self.der)).to_string()
    }

    /// The certificates that the request asks about.
    #[must_use]
    pub fn certificates(&self) -> &[CertId] {
        &self.certificates
    }

    /// The nonce, if the request has one.
    #[must_use]
    pub fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    /// Whether the requester signed it.
    #[must_use]
    pub const fn is_signed(&self) -> bool {
        self.fields.optional_signature.is_some()
    }

    /// The request's extensions in words.
    #[must_use]
    pub fn describe_extensions(&self) -> Vec<ExtensionText> {
        extension::describe_all(self.extensions())
    }

    /// requestExtensions
    pub(super) fn extensions(&self) -> &[Extension] {
        let tbs = &self.fields.tbs_request;
        tbs.request_extensions.as_deref().unwrap_or_default()
    }

    /// singleRequestExtensions of all certificates.
    pub(super) fn single_extensions(&self) -> impl Iterator<Item = &Extension> {
        let list = self.fields.tbs_request.request_list.iter();
        list.flat_map(|single| single.single_request_extensions.iter().flatten())
    }
}

fn too_long<T>() -> Result<T, X509Error> {
    refused(REQUEST, format!("it exceeds the {} KiB limit", LONGEST / 1024))
}
