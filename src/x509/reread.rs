//! The second decoder: `x509-parser`, which shares no code with the builder of the certificate, not even the PEM reader.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc6960::ID_PKIX_OCSP_NOCHECK;
use x509_parser::certificate::TbsCertificate;
use x509_parser::extensions::X509Extension;
use x509_parser::parse_x509_certificate;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use super::Certificate;
use super::extension::extension_name;

/// Reads a written file and compares every field with the issued certificate.
pub(super) fn compare(written: &[u8], issued: &Certificate) -> Result<(), String> {
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
    let (rest, read) = parse_x509_certificate(der).map_err(|error| format!("DER: {error}"))?;
    let validity = issued.validity();
    let seconds = |time: i64| u64::try_from(time).unwrap_or(u64::MAX);
    let same = [
        ("end of the structure", rest.is_empty()),
        ("bytes", der == issued.der()),
        ("version", read.version().0 + 1 == u32::from(issued.version())),
        (
            "serialNumber",
            read.raw_serial() == issued.serial_number().octets(),
        ),
        ("issuer", read.issuer().as_raw() == issued.issuer().der()),
        ("subject", read.subject().as_raw() == issued.subject().der()),
        (
            "notBefore",
            seconds(read.validity().not_before.timestamp()) == validity.not_before.0,
        ),
        (
            "notAfter",
            seconds(read.validity().not_after.timestamp()) == validity.not_after.0,
        ),
        (
            "subjectPublicKeyInfo",
            issued
                .public_key()
                .is_ok_and(|key| key.der() == read.public_key().raw),
        ),
        (
            "number of extensions",
            read.extensions().len() == issued.extensions().len(),
        ),
    ];
    match same.iter().find(|(_, equal)| !equal) {
        Some((field, _)) => Err(format!("a second decoder reads a different {field}")),
        None => read_extensions(read.extensions()),
    }
}

/// Reads a TBSCertificate that is about to be signed, names included.
pub(super) fn read_tbs(der: &[u8]) -> Result<(), String> {
    let (rest, read) = TbsCertificate::from_der(der).map_err(|error| error.to_string())?;
    match rest {
        [] => read_extensions(read.extensions()),
        _ => Err("a second decoder does not read it to its end".to_owned()),
    }
}

/// Makes sure that the second decoder understands every extension, or names the one that it does not understand.
fn read_extensions(extensions: &[X509Extension<'_>]) -> Result<(), String> {
    match extensions.iter().find(|extension| !is_understood(extension)) {
        None => Ok(()),
        Some(extension) => Err(cannot_read(extension)),
    }
}

/// The sentence about an extension that the second decoder does not understand.
pub(super) fn cannot_read(extension: &X509Extension<'_>) -> String {
    let name = ObjectIdentifier::from_bytes(extension.oid.as_bytes()).map(extension_name);
    let name = name.unwrap_or_else(|_| extension.oid.to_id_string());
    format!("a second decoder cannot read the value of {name}")
}

/// The signed part of a certificate, as the second decoder finds it.
pub(super) fn tbs_of(der: &[u8]) -> Option<Vec<u8>> {
    let (_, read) = parse_x509_certificate(der).ok()?;
    Some(read.tbs_certificate.as_ref().to_vec())
}

/// Whether the second decoder knows it and decodes it without an error; `id-pkix-ocsp-nocheck`, which it does not know, is NULL.
fn is_understood(extension: &X509Extension<'_>) -> bool {
    let parsed = extension.parsed_extension();
    if parsed.unsupported() {
        return extension.oid.as_bytes() == ID_PKIX_OCSP_NOCHECK.as_bytes() && extension.value == [5, 0];
    }
    parsed.error().is_none()
}

#[cfg(test)]
mod tests {
    use const_oid::db::rfc5280::{ID_CE_INHIBIT_ANY_POLICY, ID_CE_POLICY_CONSTRAINTS};
    use der::{Decode, Encode};

    use super::*;
    use crate::x509::fixture::{SoftwareKey, authority_plan, extension};
    use crate::x509::tbs::TbsCertificate as TbsDer;

    #[test]
    fn a_certificate_that_is_cut_or_has_trailing_bytes_is_not_read() {
        let plan = authority_plan(&SoftwareKey::generate());
        assert_eq!(read_tbs(plan.der()), Ok(()));
        assert!(read_tbs(&plan.der()[..plan.der().len() - 1]).is_err());
        assert!(read_tbs(&[plan.der(), &[0]].concat()).is_err());
        assert!(read_tbs(&[0x30, 0]).is_err());
    }

    #[test]
    fn an_extension_that_is_not_read_is_named() {
        let plan = authority_plan(&SoftwareKey::generate());
        for (name, value) in [
            (ID_CE_POLICY_CONSTRAINTS, &b"\x30\x03\x80\x01\xff"[..]),
            (ID_CE_INHIBIT_ANY_POLICY, b"\x02\x01\xff"),
            (ObjectIdentifier::new_unwrap("1.2.3.4"), b"\x05\x00"),
        ] {
            let mut tbs = TbsDer::from_der(plan.der()).unwrap();
            let extensions = tbs.extensions.as_mut().unwrap();
            extensions.push(extension(name, true, value));
            let found = read_tbs(&tbs.to_der().unwrap()).unwrap_err();
            let wanted = format!("cannot read the value of {}", extension_name(name));
            assert!(found.ends_with(&wanted), "{found}");
        }
    }
}
