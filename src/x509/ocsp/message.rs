//! A request or a response, distinguished by its content.

use super::{OcspRequest, OcspResponse, decode};
use crate::x509::{X509Error, pem};

/// A message of OCSP.
#[derive(Clone, Debug)]
pub enum OcspMessage {
    /// A request.
    Request(Box<OcspRequest>),
    /// A response.
    Response(Box<OcspResponse>),
}

impl OcspMessage {
    /// Reads either, in DER or PEM. A response begins with an ENUMERATED, a request with a SEQUENCE.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn read(input: &[u8]) -> Result<Self, X509Error> {
        let is_response = match decode(input, pem::OCSP_RESPONSE) {
            Ok(der) => begins_with_enumerated(&der),
            Err(_) => false,
        };
        Ok(match is_response {
            true => Self::Response(Box::new(OcspResponse::read(input)?)),
            false => Self::Request(Box::new(OcspRequest::read(input).map_err(name_both)?)),
        })
    }
}

/// Another PEM block is neither a request nor a response.
fn name_both(error: X509Error) -> X509Error {
    match error {
        X509Error::WrongPem { found, .. } => X509Error::WrongPem {
            expected: "OCSP REQUEST\" or \"OCSP RESPONSE",
            found,
        },
        other => other,
    }
}

/// The first tag in a SEQUENCE, after a length of any form.
fn begins_with_enumerated(der: &[u8]) -> bool {
    let octets = match der.get(1) {
        Some(long) if *long > 0x80 => usize::from(long & 0x7f),
        _ => 0,
    };
    der.get(2 + octets) == Some(&0x0a)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_told_what_is_expected() {
        let certificate = b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
        let said = OcspMessage::read(certificate).unwrap_err().to_string();
        assert_eq!(
            said,
            "a PEM block \"CERTIFICATE\" where \"OCSP REQUEST\" or \"OCSP RESPONSE\" is expected"
        );
    }
}
