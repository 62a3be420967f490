//! Certificates and requests from others, kept as files.

use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::parse_x509_certificate;
use x509_parser::prelude::FromDer;

use super::{CERTIFICATE, CERTIFICATE_REQUEST, Certificate, CertificationRequest, X509Error, decode_one};
use crate::output::{Encoding, Sealed, Verified, encode_pem};

/// A well-formed certificate or request, to be written unchanged. It need not be trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignFile {
    label: &'static str,
    der: Vec<u8>,
}

impl ForeignFile {
    /// A certificate.
    #[must_use]
    pub fn certificate(certificate: &Certificate) -> Self {
        Self {
            label: CERTIFICATE,
            der: certificate.der().to_vec(),
        }
    }

    /// A request.
    #[must_use]
    pub fn request(request: &CertificationRequest) -> Self {
        Self {
            label: CERTIFICATE_REQUEST,
            der: request.der().to_vec(),
        }
    }

    fn read_again(&self, written: &[u8]) -> Result<(), X509Error> {
        let der = decode_one(written, self.label)?;
        let differs = |reason: &str| X509Error::Malformed {
            what: self.label,
            reason: reason.to_owned(),
        };
        if der != self.der {
            return Err(differs("the bytes differ"));
        }
        let is_read = if self.label == CERTIFICATE {
            parse_x509_certificate(&der).is_ok_and(|(rest, _)| rest.is_empty())
        } else {
            X509CertificationRequest::from_der(&der).is_ok_and(|(rest, _)| rest.is_empty())
        };
        if is_read {
            Ok(())
        } else {
            Err(differs("a second decoder does not read it"))
        }
    }
}

impl Sealed for ForeignFile {}

impl Verified for ForeignFile {
    fn content(&self, encoding: Encoding) -> Vec<u8> {
        match encoding {
            Encoding::Der => self.der.clone(),
            Encoding::Pem => encode_pem(self.label, &self.der).into_bytes(),
        }
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        self.read_again(written).map_err(|error| error.to_string())
    }
}
