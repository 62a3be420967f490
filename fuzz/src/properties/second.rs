//! The second decoder, which shares no code with the library's own.

use hsm_ca::signer::{Hash, SignatureAlgorithm};
use hsm_ca::x509::{Certificate, CertificateRevocationList, CertificationRequest, ExtensionText};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::error::X509Error;
use x509_parser::nom::Err::Error;
use x509_parser::prelude::{FromDer, X509Extension};
use x509_parser::{parse_x509_certificate, parse_x509_crl};

/// What the library accepts as a certificate, the second decoder accepts too, and finds the same in it. Only a key whose BIT STRING has unused
/// bits, which the library shows but does not read, stops the second decoder.
pub(super) fn reads_certificate(ours: &Certificate) {
    let (rest, theirs) = match parse_x509_certificate(ours.der()) {
        Err(Error(X509Error::InvalidSPKI)) if ours.public_key().is_err() => return,
        parsed => parsed.expect("the second decoder parses it"),
    };
    assert!(rest.is_empty());
    assert_eq!(theirs.version().0 + 1, u32::from(ours.version()));
    assert_eq!(theirs.raw_serial(), ours.serial_number().octets());
    assert_eq!(theirs.issuer().as_raw(), ours.issuer().der());
    assert_eq!(theirs.subject().as_raw(), ours.subject().der());
    let seconds = |time: i64| u64::try_from(time).ok();
    let validity = ours.validity();
    assert_eq!(
        seconds(theirs.validity().not_before.timestamp()),
        Some(validity.not_before.0)
    );
    assert_eq!(
        seconds(theirs.validity().not_after.timestamp()),
        Some(validity.not_after.0)
    );
    same_extensions(&ours.describe_extensions(), theirs.extensions());
    if let Ok(key) = ours.public_key() {
        let info = theirs.public_key();
        assert_eq!(info.subject_public_key.data.as_ref(), key.subject_public_key());
        // If the signature verifies, it is over the bytes that the second decoder finds.
        if let Ok(algorithm) = ours.verify_signature(&key) {
            let (signed, signature) = (theirs.tbs_certificate.as_ref(), &theirs.signature_value.data);
            assert_eq!(key.verify(algorithm, signed, signature), Ok(()));
        }
    }
}

/// As for certificates, except for the content of attributes.
pub(super) fn reads_request(ours: &CertificationRequest) {
    let Ok((rest, theirs)) = X509CertificationRequest::from_der(ours.der()) else {
        // It parses attributes, which are opaque here until a profile needs them.
        return assert!(!ours.other_attributes().is_empty() || !ours.requested_extensions().is_empty());
    };
    assert!(rest.is_empty());
    let info = &theirs.certification_request_info;
    assert_eq!(info.subject.as_raw(), ours.subject().der());
    let Ok(key) = ours.public_key() else { return };
    assert_eq!(
        info.subject_pki.subject_public_key.data.as_ref(),
        key.subject_public_key()
    );
    if ours.clone().verify().is_ok() && key.algorithm().rsa_bits().is_none() {
        let verifies = |algorithm| {
            key.verify(algorithm, info.raw, &theirs.signature_value.data)
                .is_ok()
        };
        let hashes = Hash::ALL.map(SignatureAlgorithm::Ecdsa);
        assert!(hashes.into_iter().any(verifies) || verifies(key.algorithm().default_signature()));
    }
}

/// As for certificates, with every entry.
pub(super) fn reads_crl(ours: &CertificateRevocationList) {
    let (rest, theirs) = parse_x509_crl(ours.der()).expect("the second decoder parses it");
    assert!(rest.is_empty());
    assert_eq!(theirs.issuer().as_raw(), ours.issuer().der());
    let mut entries = ours.entries();
    for entry in theirs.iter_revoked_certificates() {
        let same = entries.next().expect("the same number of entries");
        assert_eq!(entry.raw_serial(), same.serial);
        assert_eq!(
            u64::try_from(entry.revocation_date.timestamp()).ok(),
            Some(same.revoked_at.0)
        );
    }
    assert!(entries.next().is_none());
    assert_eq!(theirs.extensions().len(), ours.describe_extensions().len());
}

fn same_extensions(ours: &[ExtensionText], theirs: &[X509Extension<'_>]) {
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert_eq!(ours.critical, theirs.critical);
    }
}
