//! Reads one of the two files, and prepares its text for AWS.

use super::{InitializeClusterError, WhichCertificate};
use crate::cloudhsm::{LONGEST_CERTIFICATE, check_characters};
use crate::output::encode_pem;
use crate::x509::{CERTIFICATE, Certificate, X509Error};

const FIRST_LINE: &str = "-----BEGIN CERTIFICATE-----";
const LAST_LINE: &str = "-----END CERTIFICATE-----";

/// Some editors put it before UTF-8. It is invisible, and AWS would not accept it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The certificate in a file, and the PEM text for AWS: a PEM file unchanged, DER converted.
pub(super) fn read(
    which: WhichCertificate,
    input: &[u8],
) -> Result<(Certificate, String), InitializeClusterError> {
    let input = input.strip_prefix(BYTE_ORDER_MARK).unwrap_or(input);
    let certificates = Certificate::read_all(input).map_err(|cause| match cause {
        X509Error::WrongPem { found, .. } if found.ends_with("PRIVATE KEY") => {
            InitializeClusterError::PrivateKey { which }
        }
        X509Error::WrongPem { found, .. } if found.ends_with("CERTIFICATE REQUEST") => {
            InitializeClusterError::Request { which }
        }
        cause => InitializeClusterError::Unreadable { which, cause },
    })?;
    let [certificate] = certificates.as_slice() else {
        return Err(InitializeClusterError::Several {
            which,
            count: certificates.len(),
        });
    };
    let pem = if certificate.der() == input {
        encode_pem(CERTIFICATE, input)
    } else {
        read_pem(which, input, certificate)?
    };
    let characters = pem.chars().count();
    if characters > LONGEST_CERTIFICATE {
        return Err(InitializeClusterError::TooLong { which, characters });
    }
    Ok((certificate.clone(), pem))
}

fn read_pem(
    which: WhichCertificate,
    input: &[u8],
    certificate: &Certificate,
) -> Result<String, InitializeClusterError> {
    let text = String::from_utf8_lossy(input);
    let refused = |found: String| InitializeClusterError::Text { which, found };
    check_characters(&text).map_err(|(character, line)| {
        refused(format!(
            "text in addition to the PEM block ({character:?} in line {line})"
        ))
    })?;
    // Text of only such characters would pass AWS's pattern, but how its parser handles it is not documented.
    let block = text.trim_ascii();
    if !block.starts_with("-----BEGIN ") {
        return Err(refused("text before the PEM block".to_owned()));
    }
    if !block.ends_with("-----") {
        return Err(refused("text after the PEM block".to_owned()));
    }
    // RFC 7468 section 5.1: readers may accept other labels, but writers must use this one.
    if block.starts_with(FIRST_LINE) && block.ends_with(LAST_LINE) {
        Ok(text.into_owned())
    } else {
        Ok(encode_pem(CERTIFICATE, certificate.der()))
    }
}
