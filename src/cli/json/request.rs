//! `csr`.

use serde::Serialize;

use super::Output;
use super::certificate::{Extension, Issued};
use super::common::Fingerprint;
use super::error::ErrorBody;

/// `csr show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CsrShow {
    pub(in crate::cli) subject: String,
    /// The attributes of the subject, each as TYPE=VALUE.
    pub(in crate::cli) subject_parts: Vec<String>,
    /// For example "RSA 2048" or "EC P-256".
    pub(in crate::cli) key_type: String,
    /// The public exponent of an RSA key.
    pub(in crate::cli) key_exponent: Option<u32>,
    /// The fault of the key, for which nothing should be signed.
    pub(in crate::cli) key_problem: Option<String>,
    /// The SHA-1 of the public key, by RFC 5280 section 4.2.1.2 (1).
    pub(in crate::cli) key_identifier: Option<String>,
    pub(in crate::cli) signature_algorithm: String,
    /// Whether its own key signed it.
    pub(in crate::cli) signature_verified: bool,
    pub(in crate::cli) problem: Option<String>,
    /// Names that `csr sign` refuses.
    pub(in crate::cli) name_problems: Vec<String>,
    pub(in crate::cli) requested_extensions: Vec<Extension>,
    pub(in crate::cli) other_attributes: Vec<Attribute>,
    /// The SHA-256 of the request's DER.
    pub(in crate::cli) sha256: Fingerprint,
    /// The same in words of the PGP word list.
    pub(in crate::cli) sha256_words: String,
    /// The SHA-256 of the key's SubjectPublicKeyInfo; null if its type is not supported.
    pub(in crate::cli) public_key_sha256: Option<Fingerprint>,
    /// The first 24 octets of that in words of the PGP word list, as the script of a ceremony has them.
    pub(in crate::cli) public_key_sha256_words: Option<String>,
}

/// An attribute of a request other than the requested extensions.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Attribute {
    pub(in crate::cli) name: String,
    pub(in crate::cli) value: String,
}

impl Output for CsrShow {
    const NAME: &'static str = "csr-show";
}

/// `csr create`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CsrCreate {
    /// Null if it went to stdout.
    pub(in crate::cli) file: Option<String>,
    pub(in crate::cli) pem: String,
    pub(in crate::cli) sha256: Fingerprint,
    pub(in crate::cli) subject: String,
    /// For example "RSA 2048" or "EC P-256".
    pub(in crate::cli) key_type: String,
    /// The SHA-1 of the public key, by RFC 5280 section 4.2.1.2 (1).
    pub(in crate::cli) key_identifier: String,
    pub(in crate::cli) signature_algorithm: String,
    pub(in crate::cli) requested_extensions: Vec<Extension>,
}

impl Output for CsrCreate {
    const NAME: &'static str = "csr-create";
    const HAS_CONTENT: bool = true;
}

/// `csr sign` with one request.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CsrSign {
    /// The certificate that was signed or delivered again.
    pub(in crate::cli) certificates: Vec<Issued>,
}

impl Output for CsrSign {
    const NAME: &'static str = "csr-sign";
    const HAS_CONTENT: bool = true;
}

/// One line of `csr sign` with several requests.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "result", rename_all = "kebab-case")]
pub(in crate::cli) enum CsrSignLine {
    /// A certificate was signed.
    Issued(Box<SignedRequest>),
    /// A certificate that was signed earlier for the same request.
    DeliveredAgain(Box<SignedRequest>),
    /// Nothing was signed for this request.
    Refused { request: String, error: ErrorBody },
    /// The last line.
    Summary {
        issued: usize,
        delivered_again: usize,
        refused: usize,
        seconds: f64,
    },
}

/// A request, and its certificate.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SignedRequest {
    /// The request's file, or its number on stdin.
    pub(in crate::cli) request: String,
    #[serde(flatten)]
    pub(in crate::cli) issued: Issued,
}

impl Output for CsrSignLine {
    const NAME: &'static str = "csr-sign-line";
}
