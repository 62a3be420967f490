//! The two certificates that `InitializeCluster` takes, held against AWS's demands before AWS is asked.

use std::fmt;

use super::InitializeError;
use crate::cloudhsm::{LONGEST_CERTIFICATE, check_characters};
use crate::output::encode_pem;
use crate::signer::{Curve, KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::x509::{CERTIFICATE, Certificate, UnixTime, X509Error};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichCertificate {
    /// `SignedCert`: the cluster's.
    Signed,
    /// `TrustAnchor`: the CA's.
    Anchor,
}

impl fmt::Display for WhichCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signed => "the signed certificate",
            Self::Anchor => "the trust anchor",
        })
    }
}

/// Two certificates that passed every check, as AWS gets them.
#[derive(Clone, Debug)]
pub struct ClusterCertificates {
    signed: Certificate,
    signed_pem: String,
    anchor: Certificate,
    anchor_pem: String,
}

impl ClusterCertificates {
    /// Checks the two files: AWS CloudHSM User Guide, "Initialize the cluster", and API reference, `InitializeCluster`.
    ///
    /// # Errors
    /// [`InitializeError`]
    pub fn check(signed: &[u8], anchor: &[u8], now: UnixTime) -> Result<Self, InitializeError> {
        let (anchor, anchor_pem) = read(WhichCertificate::Anchor, anchor)?;
        let (signed, signed_pem) = read(WhichCertificate::Signed, signed)?;
        check_anchor(&anchor, now)?;
        check_time(WhichCertificate::Anchor, &anchor, now)?;
        check_issued(&signed, &anchor)?;
        check_time(WhichCertificate::Signed, &signed, now)?;
        Ok(Self {
            signed,
            signed_pem,
            anchor,
            anchor_pem,
        })
    }

    /// The cluster's certificate.
    #[must_use]
    pub const fn signed(&self) -> &Certificate {
        &self.signed
    }

    /// The CA's certificate.
    #[must_use]
    pub const fn anchor(&self) -> &Certificate {
        &self.anchor
    }

    pub(super) fn signed_pem(&self) -> &str {
        &self.signed_pem
    }

    pub(super) fn anchor_pem(&self) -> &str {
        &self.anchor_pem
    }
}

/// Reads one file, and what of it goes to AWS: the bytes of a PEM file as they are, DER as PEM.
fn read(which: WhichCertificate, input: &[u8]) -> Result<(Certificate, String), InitializeError> {
    let unreadable = |cause| InitializeError::Unreadable { which, cause };
    let certificates = Certificate::read_all(input).map_err(unreadable)?;
    let [certificate] = certificates.as_slice() else {
        return Err(InitializeError::Several {
            which,
            count: certificates.len(),
        });
    };
    let pem = match std::str::from_utf8(input) {
        Ok(text) if text.contains("-----BEGIN") => text.to_owned(),
        _ => encode_pem(CERTIFICATE, certificate.der()),
    };
    check_characters(&pem).map_err(|(character, line)| InitializeError::Text {
        which,
        found: format!("text besides the PEM block (the character {character:?} in line {line})"),
    })?;
    // A dump without such characters is none of AWS's business, but nothing that belongs there either.
    if !pem.trim_start().starts_with("-----BEGIN") {
        let found = "text before the PEM block".to_owned();
        return Err(InitializeError::Text { which, found });
    }
    let characters = pem.chars().count();
    if characters > LONGEST_CERTIFICATE {
        return Err(InitializeError::TooLong { which, characters });
    }
    Ok((certificate.clone(), pem))
}

/// User Guide: "must be a self-signed certificate"; "If using X509v3 extensions, the X509v3 Basic Constraints extension must be
/// present"; "Extension values must not conflict with each other".
fn check_anchor(anchor: &Certificate, now: UnixTime) -> Result<(), InitializeError> {
    if !anchor.is_self_issued() {
        return Err(InitializeError::NotSelfSigned {
            subject: anchor.subject().to_string(),
            issuer: anchor.issuer().to_string(),
        });
    }
    let which = WhichCertificate::Anchor;
    let key = usable_key(which, anchor)?;
    check_signature(which, anchor, &key)?;
    // A v1 certificate has no extensions that could conflict.
    if anchor.version() == 1 && anchor.describe_extensions().is_empty() {
        return Ok(());
    }
    match anchor.check_authority(now) {
        // Its validity is looked at next.
        Ok(()) | Err(X509Error::IssuerNotValid { .. }) => Ok(()),
        Err(X509Error::NotAnAuthority { reason, .. }) => Err(InitializeError::Anchor {
            reason: reason.to_owned(),
        }),
        Err(cause) => Err(InitializeError::Unreadable { which, cause }),
    }
}

fn check_issued(signed: &Certificate, anchor: &Certificate) -> Result<(), InitializeError> {
    if signed.issuer() != anchor.subject() {
        return Err(InitializeError::NotIssued {
            reason: format!(
                "its issuer is \"{}\", the trust anchor is \"{}\"",
                signed.issuer(),
                anchor.subject()
            ),
        });
    }
    let which = WhichCertificate::Signed;
    usable_key(which, signed)?;
    let key = usable_key(WhichCertificate::Anchor, anchor)?;
    match check_signature(which, signed, &key) {
        Err(InitializeError::Unreadable {
            cause: X509Error::Signature { .. },
            ..
        }) => Err(InitializeError::NotIssued {
            reason: "the signature does not verify under the trust anchor's key, which has the issuer's name"
                .to_owned(),
        }),
        other => other,
    }
}

fn check_time(
    which: WhichCertificate,
    certificate: &Certificate,
    now: UnixTime,
) -> Result<(), InitializeError> {
    let validity = certificate.validity();
    if validity.covers(now) {
        return Ok(());
    }
    Err(InitializeError::NotValid {
        which,
        not_before: validity.not_before,
        not_after: validity.not_after,
    })
}

/// User Guide: "RSA PKCS#1v1.5 2048/3072/4096", "RSA-PSS 2048/3072/4096", "ECDSA prime256v1/secp384r1/secp521r1".
fn usable_key(which: WhichCertificate, certificate: &Certificate) -> Result<PublicKey, InitializeError> {
    let key = certificate
        .public_key()
        .map_err(|cause| InitializeError::Unreadable { which, cause })?;
    match key.algorithm() {
        KeyAlgorithm::Rsa {
            bits: 2048 | 3072 | 4096,
        }
        | KeyAlgorithm::RsaPss {
            bits: 2048 | 3072 | 4096,
            ..
        }
        | KeyAlgorithm::Ec(Curve::P256 | Curve::P384 | Curve::P521) => Ok(key),
        other => Err(InitializeError::Algorithm {
            which,
            found: format!("the key is {other}"),
        }),
    }
}

/// User Guide: RSA and ECDSA with SHA-224, 256, 384 or 512. A weak hash is refused by the verification itself.
fn check_signature(
    which: WhichCertificate,
    certificate: &Certificate,
    key: &PublicKey,
) -> Result<(), InitializeError> {
    let algorithm = certificate
        .verify_signature(key)
        .map_err(|cause| InitializeError::Unreadable { which, cause })?;
    if algorithm == SignatureAlgorithm::Ed25519 {
        return Err(InitializeError::Algorithm {
            which,
            found: format!("it is signed with {algorithm}"),
        });
    }
    Ok(())
}
