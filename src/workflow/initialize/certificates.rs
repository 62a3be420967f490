//! The two certificates for `InitializeCluster`, checked against AWS's requirements before the call.

use super::{InitializeClusterError, WhichCertificate, file};
use crate::signer::{Curve, KeyAlgorithm, PublicKey, PublicKeyError, SignatureAlgorithm};
use crate::x509::{Certificate, PathPolicy, TlsEnd, UnixTime, X509Error, verify_path};

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
    /// [`InitializeClusterError`]
    pub fn check(signed: &[u8], anchor: &[u8], now: UnixTime) -> Result<Self, InitializeClusterError> {
        let (signed, signed_pem) = file::read(WhichCertificate::Signed, signed)?;
        let (anchor, anchor_pem) = file::read(WhichCertificate::Anchor, anchor)?;
        check_roles(&signed, &anchor)?;
        check_anchor(&anchor, now)?;
        check_time(WhichCertificate::Anchor, &anchor, now)?;
        check_issued(&signed, &anchor)?;
        check_time(WhichCertificate::Signed, &signed, now)?;
        check_use(&signed, &anchor, now)?;
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

    /// What AWS accepts, but the operator may not have intended.
    #[must_use]
    pub fn doubts(&self, now: UnixTime) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.signed.check_authority(now).is_ok() {
            doubts.push(
                "the signed certificate is a CA certificate itself: the HSM could issue others".to_owned(),
            );
        }
        // The guide makes the CA first, and both for as long: the CA ends first, which is not suspicious by itself.
        let [signed, anchor] = [&self.signed, &self.anchor].map(|one| one.validity());
        let (which, validity) = if anchor.not_after < signed.not_after {
            (WhichCertificate::Anchor, anchor)
        } else {
            (WhichCertificate::Signed, signed)
        };
        let days = validity.days_left(now);
        if days < SHORT {
            doubts.push(format!(
                "{which} ends in {days} days, on {}, and a cluster cannot change its certificates",
                validity.not_after
            ));
        }
        doubts
    }

    pub(super) fn signed_pem(&self) -> &str {
        &self.signed_pem
    }

    pub(super) fn anchor_pem(&self) -> &str {
        &self.anchor_pem
    }
}

/// Days. AWS's guide makes both for ten years, its workshop for half a year at least.
const SHORT: i64 = 180;

/// Detects swapped files, or the same certificate in both.
fn check_roles(signed: &Certificate, anchor: &Certificate) -> Result<(), InitializeClusterError> {
    if signed.der() == anchor.der() {
        return Err(InitializeClusterError::Same);
    }
    if signed.is_self_issued() && !anchor.is_self_issued() && anchor.issuer() == signed.subject() {
        return Err(InitializeClusterError::Swapped);
    }
    Ok(())
}

/// User Guide: "must be a self-signed certificate"; "If using X509v3 extensions, the X509v3 Basic Constraints extension must be
/// present"; "Extension values must not conflict with each other".
fn check_anchor(anchor: &Certificate, now: UnixTime) -> Result<(), InitializeClusterError> {
    if !anchor.is_self_issued() {
        return Err(InitializeClusterError::NotSelfSigned {
            subject: anchor.subject().to_string(),
            issuer: anchor.issuer().to_string(),
        });
    }
    let which = WhichCertificate::Anchor;
    let key = usable_key(which, anchor)?;
    check_signature(which, anchor, &key)?.map_err(|()| InitializeClusterError::SelfSignature {
        subject: anchor.subject().to_string(),
    })?;
    // A v1 certificate has no extensions that could conflict.
    if anchor.version() == 1 && anchor.describe_extensions().is_empty() {
        return Ok(());
    }
    match anchor.check_authority(now) {
        // Its validity is looked at next.
        Ok(()) | Err(X509Error::IssuerNotValid { .. }) => Ok(()),
        Err(X509Error::NotAnAuthority { reason, .. }) => Err(InitializeClusterError::Anchor {
            reason: reason.to_owned(),
        }),
        Err(cause) => Err(InitializeClusterError::Unreadable { which, cause }),
    }
}

fn check_issued(signed: &Certificate, anchor: &Certificate) -> Result<(), InitializeClusterError> {
    if signed.issuer() != anchor.subject() {
        let how = match signed.issuer().is_like(anchor.subject()) {
            true => ": the same name in another spelling or string type, so the bytes differ",
            false => "",
        };
        return Err(InitializeClusterError::NotIssued {
            reason: format!(
                "its issuer is \"{}\", the trust anchor is \"{}\"{how}",
                signed.issuer(),
                anchor.subject()
            ),
        });
    }
    let which = WhichCertificate::Signed;
    usable_key(which, signed)?;
    let key = usable_key(WhichCertificate::Anchor, anchor)?;
    check_signature(which, signed, &key)?.map_err(|()| InitializeClusterError::NotIssued {
        reason: "the signature does not verify under the trust anchor's key, which has the issuer's name"
            .to_owned(),
    })
}

fn check_time(
    which: WhichCertificate,
    certificate: &Certificate,
    now: UnixTime,
) -> Result<(), InitializeClusterError> {
    let validity = certificate.validity();
    if validity.covers(now) {
        return Ok(());
    }
    Err(InitializeClusterError::NotValid {
        which,
        not_before: validity.not_before,
        not_after: validity.not_after,
    })
}

/// What every client of the cluster asks of it at every connection. User Guide, as a step of its own: `openssl verify -purpose
/// sslserver`; AWS itself does not ask for it.
fn check_use(
    signed: &Certificate,
    anchor: &Certificate,
    now: UnixTime,
) -> Result<(), InitializeClusterError> {
    signed
        .check_purpose(TlsEnd::Server)
        .map_err(|reason| InitializeClusterError::Useless { reason })?;
    let policy = PathPolicy {
        version_1_authorities: true,
        outlived: None,
    };
    for checked in verify_path(&[signed, anchor], policy, now) {
        if let Some(step) = checked.steps.iter().find(|step| !step.finding.is_fine()) {
            return Err(InitializeClusterError::Useless {
                reason: format!("{}, {}: {}", checked.subject, step.what, step.finding.text()),
            });
        }
    }
    Ok(())
}

/// User Guide: "RSA PKCS#1v1.5 2048/3072/4096", "RSA-PSS 2048/3072/4096", "ECDSA prime256v1/secp384r1/secp521r1".
fn usable_key(
    which: WhichCertificate,
    certificate: &Certificate,
) -> Result<PublicKey, InitializeClusterError> {
    let refused = |found| Err(InitializeClusterError::Algorithm { which, found });
    match certificate.public_key() {
        Ok(key) => match key.algorithm() {
            KeyAlgorithm::Rsa {
                bits: 2048 | 3072 | 4096,
            }
            | KeyAlgorithm::RsaPss {
                bits: 2048 | 3072 | 4096,
                ..
            }
            | KeyAlgorithm::Ec(Curve::P256 | Curve::P384 | Curve::P521) => Ok(key),
            other => refused(format!("the key is {other}")),
        },
        Err(X509Error::Key(PublicKeyError::Unsupported { .. })) => {
            refused(format!("the key is {}", certificate.describe_key()))
        }
        Err(cause) => Err(InitializeClusterError::Unreadable { which, cause }),
    }
}

/// User Guide: RSA and ECDSA with SHA-224, 256, 384 or 512. The inner error: the signature is not that key's.
fn check_signature(
    which: WhichCertificate,
    certificate: &Certificate,
    key: &PublicKey,
) -> Result<Result<(), ()>, InitializeClusterError> {
    let refused = |found| Err(InitializeClusterError::Algorithm { which, found });
    match certificate.verify_signature(key) {
        Ok(other @ (SignatureAlgorithm::Ed25519 | SignatureAlgorithm::MlDsa(_))) => {
            refused(format!("it is signed with {other}"))
        }
        Ok(_) => Ok(Ok(())),
        Err(X509Error::Signature { .. }) => Ok(Err(())),
        Err(X509Error::WeakSignature { algorithm, .. }) => {
            refused(format!("it is signed with {algorithm}, which can be forged"))
        }
        Err(X509Error::UnknownSignature { .. } | X509Error::SignatureParameters { .. }) => {
            refused(format!("it is signed with {}", certificate.describe_signature()))
        }
        Err(cause) => Err(InitializeClusterError::Unreadable { which, cause }),
    }
}
