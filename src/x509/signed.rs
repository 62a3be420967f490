//! The common frame of certificates, requests and CRLs: content, algorithm, signature.

use der::asn1::{Any, BitString};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;

use super::{X509Error, algorithm, rules};
use crate::signer::{Curve, KeyAlgorithm, PublicKey, SignatureAlgorithm, Signer};

/// The smallest accepted RSA key, in bits: CloudHSM, the CA/B Forum and NIST SP 800-131A agree on it.
pub(super) const SMALLEST_RSA: usize = 2048;

/// `SIGNED{}` of X.509: RFC 5280 section 4.1 and RFC 2986 section 4.2 have the same three fields.
#[derive(Clone, Debug, Sequence)]
pub(super) struct Signed {
    content: Any,
    pub(super) algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

impl Signed {
    pub(super) fn from_der(der: &[u8], what: &'static str) -> Result<Self, X509Error> {
        let signed = <Self as Decode<'_>>::from_der(der).map_err(X509Error::malformed(what))?;
        whole_octets(signed.signature.as_bytes(), what)?;
        Ok(signed)
    }

    /// Joins a signature and its content.
    pub(super) fn assemble(
        content: &[u8],
        algorithm: SignatureAlgorithm,
        signature: &[u8],
    ) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed("signed structure");
        Ok(Self {
            content: Any::from_der(content).map_err(&malformed)?,
            algorithm: algorithm::identifier(algorithm)?,
            signature: BitString::from_bytes(signature).map_err(&malformed)?,
        })
    }

    pub(super) fn to_der(&self) -> Result<Vec<u8>, X509Error> {
        Encode::to_der(self).map_err(X509Error::malformed("signed structure"))
    }

    /// The octets of the signature.
    pub(super) fn signature_octets(&self, what: &'static str) -> Result<&[u8], X509Error> {
        whole_octets(self.signature.as_bytes(), what)
    }

    /// The DER with other content and another signature. The algorithm keeps its encoding.
    pub(super) fn with(&self, content: &[u8], signature: &[u8]) -> Result<Vec<u8>, X509Error> {
        let malformed = X509Error::malformed("signed structure");
        let other = Self {
            content: Any::from_der(content).map_err(&malformed)?,
            algorithm: self.algorithm.clone(),
            signature: BitString::from_bytes(signature).map_err(&malformed)?,
        };
        other.to_der()
    }

    /// The signed bytes. DER has only one encoding of tag and length, so they are the original bytes.
    pub(super) fn content(&self, what: &'static str) -> Result<Vec<u8>, X509Error> {
        Encode::to_der(&self.content).map_err(X509Error::malformed(what))
    }

    /// Verifies the signature. Refuses a weak hash before any arithmetic.
    pub(super) fn verify(
        &self,
        key: &PublicKey,
        what: &'static str,
    ) -> Result<SignatureAlgorithm, X509Error> {
        let algorithm = algorithm::recognise(&self.algorithm, what)?;
        let signature = whole_octets(self.signature.as_bytes(), what)?;
        // AWS-LC does not verify signatures of shorter keys. They are refused as short, not as wrong.
        if key.algorithm().rsa_bits().is_some_and(|bits| bits < SMALLEST_RSA) {
            return Err(X509Error::WeakKey {
                found: key.algorithm(),
            });
        }
        key.verify(algorithm, &self.content(what)?, signature)
            .map_err(|cause| X509Error::Signature { what, cause })?;
        Ok(algorithm)
    }
}

/// Every signature is a whole number of octets: RFC 4055 section 5, RFC 3279 section 2.2.3, RFC 8410 section 6.
pub(super) fn whole_octets<'a>(
    signature: Option<&'a [u8]>,
    what: &'static str,
) -> Result<&'a [u8], X509Error> {
    signature.ok_or_else(|| X509Error::Malformed {
        what,
        reason: "signatureValue has unused bits".to_owned(),
    })
}

/// Joins the three parts to the DER of a certificate, a request or a CRL. Verifies nothing.
///
/// # Errors
/// [`X509Error::Malformed`]
pub fn join_signature(
    content: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<Vec<u8>, X509Error> {
    Signed::assemble(content, algorithm, signature)?.to_der()
}

/// The signed bytes in the DER of a certificate, a request or a CRL: the reverse of [`join_signature`]. Verifies nothing.
///
/// # Errors
/// [`X509Error::Malformed`]
pub fn signed_content(der: &[u8]) -> Result<Vec<u8>, X509Error> {
    const WHAT: &str = "signed structure";
    Signed::from_der(der, WHAT)?.content(WHAT)
}

/// Has `signer` sign `content`, once, and verifies the signature under the issuer's public key, in software.
///
/// # Errors
/// [`X509Error::Rule`] if the signer has another key; [`X509Error::Signer`] if it does not sign; [`X509Error::TokenSignature`] if its signature
/// does not verify. A fault in an RSA computation can reveal the key, so such a signature is dropped, and signing is not tried again.
pub(super) fn sign_once(
    signer: &dyn Signer,
    issuer_key: &PublicKey,
    algorithm: SignatureAlgorithm,
    content: &[u8],
) -> Result<Vec<u8>, X509Error> {
    // The token does not report that an RSA key is only for RSASSA-PSS.
    if !signer.public_key().has_numbers_of(issuer_key) {
        return Err(X509Error::broken(
            rules::SIGNING_KEY,
            "the signing key is not the issuer's",
        ));
    }
    let signature = signer.sign(algorithm, content).map_err(X509Error::Signer)?;
    issuer_key
        .verify(algorithm, content, &signature)
        .map_err(|_| X509Error::TokenSignature)?;
    Ok(signature)
}

/// The maximum length in bytes of a DER structure with a signed part of this length and a signature by this key.
pub(super) const fn longest_signed(content: usize, key: KeyAlgorithm) -> usize {
    // A header, the algorithm with its parameters, a header.
    const FRAME_BYTES: usize = 128;
    content + FRAME_BYTES + longest_signature(key)
}

/// The maximum length of `signatureValue` in bytes: the modulus, or two INTEGERs of one field element each, with headers.
pub(super) const fn longest_signature(key: KeyAlgorithm) -> usize {
    match key {
        KeyAlgorithm::Rsa { bits } | KeyAlgorithm::RsaPss { bits, .. } => bits.div_ceil(8),
        KeyAlgorithm::Ec(Curve::P521) => 2 * (66 + 3) + 3,
        KeyAlgorithm::Ec(curve) => 2 * (curve.field_bytes() + 3) + 2,
        // RFC 8032 section 5.1.6
        KeyAlgorithm::Ed25519 => 64,
        KeyAlgorithm::MlDsa(parameters) => parameters.signature_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::Certificate;
    use crate::x509::fixture::{SoftwareKey, authority};

    /// In DER, the unused bits of a BIT STRING are zero (X.690 section 11.2.1), and a second decoder refuses others. Signatures have no unused
    /// bits.
    #[test]
    fn a_signature_with_unused_bits_is_refused() {
        let mut signed = Signed::from_der(authority(&SoftwareKey::generate()).der(), "certificate").unwrap();
        let mut bits = signed.signature.raw_bytes().to_vec();
        *bits.last_mut().unwrap() &= 0xfe;
        signed.signature = BitString::new(1, bits).unwrap();
        let refused = Certificate::from_der(&signed.to_der().unwrap());
        assert!(matches!(refused, Err(X509Error::Malformed { .. })), "{refused:?}");
    }
}
