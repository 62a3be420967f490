//! `ocsp`.

use hsm_ca::signer::Hex as HexOf;
use hsm_ca::workflow::{AnswerReason, AnswerSummary};
use hsm_ca::x509::{CertificateStatus, OcspRequest, OcspResponse};
use serde::Serialize;

use super::Output;
use super::common::{FileName, Fingerprint, Reason, Time};
use super::error::ErrorBody;

/// A certificate as named in a request or response (RFC 6960 section 4.1.1).
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CertId {
    serial_number: String,
    /// The hash by which the client names the CA: `sha1`, `sha256`, or the name of another one.
    hash_algorithm: String,
    issuer_name_hash: String,
    issuer_key_hash: String,
    /// Whether the CA of --ca issued it; null without --ca.
    of_this_ca: Option<bool>,
}

impl CertId {
    fn of(id: &hsm_ca::x509::CertId, of_this_ca: Option<bool>) -> Self {
        let [issuer_name_hash, issuer_key_hash] = id.issuer_hashes();
        Self {
            serial_number: id.serial_number().to_string(),
            hash_algorithm: id.describe_hash(),
            issuer_name_hash,
            issuer_key_hash,
            of_this_ca,
        }
    }
}

/// The status of a certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "status", rename_all = "kebab-case")]
pub(in crate::cli) enum Status {
    Good,
    Revoked {
        revoked_at: Time,
        /// The reason, by its name in RFC 5280.
        reason: Reason,
    },
    Unknown,
}

impl Status {
    fn of(status: CertificateStatus) -> Self {
        match status {
            CertificateStatus::Good => Self::Good,
            CertificateStatus::Revoked { revoked_at, reason } => Self::Revoked {
                revoked_at: Time::of(revoked_at),
                reason: Reason::of(reason),
            },
            CertificateStatus::Unknown => Self::Unknown,
        }
    }
}

/// A request.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Request {
    certificates: Vec<CertId>,
    /// In hex.
    nonce: Option<String>,
    /// Whether the client signed it.
    signed: bool,
    sha256: Fingerprint,
}

impl Request {
    /// `is_of` tells whether the compared CA issued a certificate.
    pub(in crate::cli) fn of(
        request: &OcspRequest,
        is_of: impl Fn(&hsm_ca::x509::CertId) -> Option<bool>,
    ) -> Self {
        let ids = request.certificates().iter();
        Self {
            certificates: ids.map(|id| CertId::of(id, is_of(id))).collect(),
            nonce: request.nonce().map(|nonce| HexOf(nonce).to_string()),
            signed: request.is_signed(),
            sha256: Fingerprint::new(request.fingerprint()),
        }
    }
}

/// A response.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Response {
    /// The status by its name in RFC 6960.
    #[cfg_attr(test, schemars(extend("enum" = RESPONSE_STATUSES.map(|status| status.to_string()))))]
    response_status: String,
    sha256: Fingerprint,
    /// The signed part; absent in an error response.
    #[serde(flatten)]
    signed: Option<SignedResponse>,
}

/// The signed part of a response.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SignedResponse {
    responder: String,
    produced_at: Time,
    signature_algorithm: String,
    /// In hex.
    nonce: Option<String>,
    /// The subjects of the included certificates.
    signers: Vec<String>,
    certificates: Vec<SingleResponse>,
}

/// The answer about one certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct SingleResponse {
    #[serde(flatten)]
    id: CertId,
    #[serde(flatten)]
    status: Status,
    this_update: Time,
    next_update: Option<Time>,
}

impl Response {
    /// `is_of` tells whether the compared CA issued a certificate.
    pub(in crate::cli) fn of(
        response: &OcspResponse,
        is_of: impl Fn(&hsm_ca::x509::CertId) -> Option<bool>,
    ) -> Self {
        let signed = response.basic().map(|basic| SignedResponse {
            responder: basic.responder().to_string(),
            produced_at: Time::of(basic.produced_at()),
            signature_algorithm: basic.describe_signature(),
            nonce: basic.nonce().map(|nonce| HexOf(nonce).to_string()),
            signers: basic
                .certificates()
                .iter()
                .map(|certificate| certificate.subject().to_string())
                .collect(),
            certificates: basic
                .responses()
                .iter()
                .map(|single| SingleResponse {
                    id: CertId::of(&single.id, is_of(&single.id)),
                    status: Status::of(single.status),
                    this_update: Time::of(single.this_update),
                    next_update: single.next_update.map(Time::of),
                })
                .collect(),
        });
        Self {
            response_status: response.status().to_string(),
            sha256: Fingerprint::new(response.fingerprint()),
            signed,
        }
    }
}

/// `ocsp respond`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct OcspRespond {
    #[serde(flatten)]
    pub(in crate::cli) response: Response,
    /// Null if it went to stdout.
    pub(in crate::cli) file: Option<FileName>,
}

impl Output for OcspRespond {
    const NAME: &'static str = "ocsp-respond";
    const HAS_CONTENT: bool = true;
}

/// `ocsp show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct OcspShow {
    #[serde(flatten)]
    pub(in crate::cli) message: Message,
    /// With --ca or --request: whether it verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) verified: Option<bool>,
    /// Why it does not verify.
    pub(in crate::cli) problem: Option<String>,
}

/// A request or a response.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "message_kind", rename_all = "kebab-case")]
pub(in crate::cli) enum Message {
    Request(Request),
    Response(Response),
}

impl Output for OcspShow {
    const NAME: &'static str = "ocsp-show";
}

/// One line of `ocsp publish`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(in crate::cli) enum OcspPublish {
    /// An answer was signed.
    Signed(Box<PublishedAnswer>),
    /// Nothing was signed for this file.
    Refused { file: FileName, error: ErrorBody },
    /// The last line.
    Summary {
        signed: usize,
        unchanged: usize,
        refused: usize,
        seconds: f64,
    },
}

/// An answer in its file.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct PublishedAnswer {
    file: FileName,
    serial_number: String,
    /// The hash by which clients name the CA: `sha1` or `sha256`.
    hash_algorithm: &'static str,
    #[serde(flatten)]
    status: Status,
    because: Because,
    this_update: Time,
    next_update: Time,
    /// The number of the ledger's entry.
    entry: u64,
}

/// Why an answer was due.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum Because {
    /// No answer existed.
    New,
    StatusChanged,
    /// Half of its validity is over.
    HalfExpired,
    /// A different key signs now.
    AnotherSigner,
    /// The file had other contents.
    AnotherFile,
    Other,
}

impl PublishedAnswer {
    pub(in crate::cli) fn of(answer: &AnswerSummary) -> Self {
        Self {
            file: FileName::of(&answer.path),
            serial_number: answer.serial.to_string(),
            hash_algorithm: answer.hash.name(),
            status: Status::of(answer.status),
            because: match answer.reason {
                AnswerReason::New => Because::New,
                AnswerReason::Status => Because::StatusChanged,
                AnswerReason::Age => Because::HalfExpired,
                AnswerReason::Signer => Because::AnotherSigner,
                AnswerReason::Replaced => Because::AnotherFile,
                _ => Because::Other,
            },
            this_update: Time::of(answer.this_update),
            next_update: Time::of(answer.next_update),
            entry: answer.entry.0,
        }
    }
}

/// Every status of a response.
#[cfg(test)]
const RESPONSE_STATUSES: [hsm_ca::x509::ResponseStatus; 6] = {
    use hsm_ca::x509::ResponseStatus;
    [
        ResponseStatus::Successful,
        ResponseStatus::MalformedRequest,
        ResponseStatus::InternalError,
        ResponseStatus::TryLater,
        ResponseStatus::SigRequired,
        ResponseStatus::Unauthorized,
    ]
};

impl Output for OcspPublish {
    const NAME: &'static str = "ocsp-publish";
}
