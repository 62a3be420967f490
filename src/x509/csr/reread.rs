//! The second decoder: `x509-parser`, which shares no code with the builder of the request, not even the PEM reader.

use x509_parser::certification_request::{X509CertificationRequest, X509CertificationRequestInfo};
use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use super::CertificationRequest;
use crate::x509::reread::cannot_read;

/// Reads a written file and compares every field with the request.
pub(super) fn compare(written: &[u8], issued: &CertificationRequest) -> Result<(), String> {
    let block;
    let der = if written.starts_with(b"-----BEGIN") {
        let (rest, pem) = parse_x509_pem(written).map_err(|error| format!("PEM: {error}"))?;
        if !rest.is_empty() {
            return Err("bytes follow the PEM block".to_owned());
        }
        block = pem;
        block.contents.as_slice()
    } else {
        written
    };
    let (rest, read) = X509CertificationRequest::from_der(der).map_err(|error| format!("DER: {error}"))?;
    let info = &read.certification_request_info;
    let same = [
        ("end of the structure", rest.is_empty()),
        ("bytes", der == issued.der()),
        ("version", info.version.0 == 0),
        ("subject", info.subject.as_raw() == issued.subject().der()),
        (
            "subjectPKInfo",
            issued
                .public_key()
                .is_ok_and(|key| key.der() == info.subject_pki.raw),
        ),
        (
            "number of attributes",
            info.attributes().len() == issued.attributes().len(),
        ),
    ];
    match same.iter().find(|(_, equal)| !equal) {
        Some((field, _)) => Err(format!("a second decoder reads a different {field}")),
        None => read_attributes(info),
    }
}

/// Reads a CertificationRequestInfo that is about to be signed.
pub(super) fn read_info(der: &[u8]) -> Result<(), String> {
    let (rest, read) = X509CertificationRequestInfo::from_der(der).map_err(|error| error.to_string())?;
    match rest {
        [] => read_attributes(&read),
        _ => Err("a second decoder does not read it to its end".to_owned()),
    }
}

/// Makes sure that the only attribute is an extensionRequest, and that the second decoder knows every extension and decodes it without an error.
fn read_attributes(info: &X509CertificationRequestInfo<'_>) -> Result<(), String> {
    for attribute in info.attributes() {
        let ParsedCriAttribute::ExtensionRequest(request) = attribute.parsed_attribute() else {
            return Err("a second decoder finds an attribute that is not an extensionRequest".to_owned());
        };
        for extension in &request.extensions {
            match extension.parsed_extension() {
                ParsedExtension::UnsupportedExtension { .. } | ParsedExtension::ParseError { .. } => {
                    return Err(cannot_read(extension));
                }
                _ => {}
            }
        }
    }
    Ok(())
}
