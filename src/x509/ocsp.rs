//! OCSP (RFC 6960): reading requests, and building, checking, signing and reading responses.
//!
//! [`OcspRequest`] → [`OcspRequest::accept`] → [`OcspTbs`] → [`OcspTbs::check`] → [`CheckedOcsp`] → [`CheckedOcsp::sign`] → [`IssuedOcsp`], as for
//! certificates. A request comes from a stranger: it decides which certificates the answer is about, and nothing else.

mod accept;
mod basic;
mod cert_id;
mod check;
mod data;
mod delegate;
mod index;
mod issue;
mod message;
mod nonce;
mod request;
mod reread;
mod response;
pub(crate) mod rules;
mod status;
mod tbs;
#[cfg(test)]
mod tests;
mod verify;

use std::collections::BTreeSet;

use x509_cert::ext::Extension;

use super::name::describe_oid;
use super::{X509Error, pem};

pub use accept::AcceptedOcspRequest;
pub use basic::BasicResponse;
pub use cert_id::{CertId, CertIdHash};
pub use check::CheckedOcsp;
pub use data::{ResponderId, SingleResponse};
pub use index::IndexStatuses;
pub use issue::IssuedOcsp;
pub use message::OcspMessage;
pub use request::OcspRequest;
pub use response::{OcspResponse, ResponseStatus};
pub use rules::OCSP_RULES;
pub use status::CertificateStatus;
pub use tbs::{OcspContent, OcspTbs, Responder, ResponderIdKind};

/// What errors call them.
const REQUEST: &str = "OCSP request";
const RESPONSE: &str = "OCSP response";

/// The DER bytes of a message. Most are short, and their length alone does not distinguish DER from text: truncated DER is reported as DER.
fn decode(input: &[u8], label: &'static str) -> Result<Vec<u8>, X509Error> {
    let is_text = input.windows(BEGIN.len()).any(|window| window == BEGIN);
    match input.first() {
        Some(0x30) if !is_text => Ok(input.to_vec()),
        _ => pem::decode_one(input, label),
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";

fn refused<T>(what: &'static str, reason: impl Into<String>) -> Result<T, X509Error> {
    Err(X509Error::Malformed {
        what,
        reason: reason.into(),
    })
}

/// RFC 5280 section 4.2, where `Extensions` is defined: no extension twice.
fn refuse_twice(what: &'static str, extensions: Option<&[Extension]>) -> Result<(), X509Error> {
    let mut kinds = BTreeSet::new();
    let mut extensions = extensions.unwrap_or_default().iter();
    match extensions.find(|extension| !kinds.insert(extension.extn_id)) {
        Some(twice) => refused(
            what,
            format!("the extension {} occurs twice", describe_oid(twice.extn_id)),
        ),
        None => Ok(()),
    }
}
