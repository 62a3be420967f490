//! The nonce of RFC 9654, which ties a response to a request.

use const_oid::db::rfc6960::ID_PKIX_OCSP_NONCE;
use der::asn1::OctetString;
use der::{Decode, Encode};
use x509_cert::ext::Extension;

use super::refused;
use crate::x509::X509Error;

/// RFC 9654 section 2.1: "Nonce ::= OCTET STRING(SIZE(1..128))"; a request with another length is answered with malformedRequest.
const LONGEST: usize = 128;

/// Finds the nonce.
pub(super) fn find(extensions: &[Extension], what: &'static str) -> Result<Option<Vec<u8>>, X509Error> {
    let mut found = extensions.iter();
    let Some(found) = found.find(|extension| extension.extn_id == ID_PKIX_OCSP_NONCE) else {
        return Ok(None);
    };
    let Ok(nonce) = OctetString::from_der(found.extn_value.as_bytes()) else {
        return refused(what, "a nonce that is not an OCTET STRING");
    };
    match nonce.as_bytes().len() {
        1..=LONGEST => Ok(Some(nonce.as_bytes().to_vec())),
        length => refused(
            what,
            format!("a nonce of {length} octets; RFC 9654 allows 1 to 128"),
        ),
    }
}

/// RFC 9654 section 2.1, as in the request: not critical.
pub(super) fn build(nonce: &[u8]) -> Result<Extension, X509Error> {
    let malformed = X509Error::malformed("nonce");
    let value = OctetString::new(nonce)
        .and_then(|nonce| nonce.to_der())
        .map_err(&malformed)?;
    Ok(Extension {
        extn_id: ID_PKIX_OCSP_NONCE,
        critical: false,
        extn_value: OctetString::new(value).map_err(&malformed)?,
    })
}
