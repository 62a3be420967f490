//! Signing on the token.

use std::borrow::Cow;

use cryptoki::mechanism::dsa::{HedgeType, SignAdditionalContext};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::types::Ulong;
use der::asn1::UintRef;
use der::{Encode, Sequence};

use super::{PrivateKey, Session, TokenError};
use crate::signer::{Hash, KeyAlgorithm, Pss, PublicKey, SignError, SignatureAlgorithm, Signer};

/// A private key on the token.
#[derive(Debug)]
pub struct TokenSigner<'a> {
    session: &'a Session,
    key: PrivateKey,
}

/// `Ecdsa-Sig-Value` of RFC 3279 section 2.2.3.
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl<'a> TokenSigner<'a> {
    /// Signs with `key` in `session`.
    #[must_use]
    pub const fn new(session: &'a Session, key: PrivateKey) -> Self {
        Self { session, key }
    }

    /// The message is hashed in software and signed by the raw mechanism, `CKM_RSA_PKCS` over a `DigestInfo`, `CKM_RSA_PKCS_PSS` or
    /// `CKM_ECDSA` over the digest: the one choice that every token has. SoftHSM 2.6.1 has no hashed ECDSA, and CloudHSM lists the
    /// raw ones as single-part mechanisms.
    pub(super) fn sign_on_token(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let label = &self.key.description.label;
        let (mechanism, input) = match algorithm {
            SignatureAlgorithm::RsaPkcs1(hash) => (
                Mechanism::RsaPkcs,
                Cow::Owned([hash.digest_info_prefix(), hash.digest(message).as_slice()].concat()),
            ),
            SignatureAlgorithm::RsaPss(pss) => (
                Mechanism::RsaPkcsPss(pss_parameters(pss)),
                Cow::Owned(pss.hash.digest(message)),
            ),
            SignatureAlgorithm::Ecdsa(hash) => (Mechanism::Ecdsa, Cow::Owned(hash.digest(message))),
            // Ed25519 hashes the message twice itself (RFC 8032 section 5.1.6).
            SignatureAlgorithm::Ed25519 => (
                Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
                Cow::Borrowed(message),
            ),
            // RFC 9881 section 3: pure ML-DSA with an empty context. Hedged where the token can, as FIPS 204 section 3.4 has it.
            SignatureAlgorithm::MlDsa(_) => (
                Mechanism::MlDsa(SignAdditionalContext::new(HedgeType::Preferred, None)),
                Cow::Borrowed(message),
            ),
        };
        self.session.token().check_signs(algorithm)?;
        let doing = format!("signing with the key \"{label}\"");
        let (session, key) = (&self.session.session, self.key.handle);
        let signature = self
            .session
            .token()
            .module()
            .native()
            .bounded(
                |native| native.sign(session.handle(), &mechanism, key, &input),
                || session.sign(&mechanism, key, &input).map(Ok),
            )
            .map_err(TokenError::during(&doing))?
            .map_err(TokenError::absurd(&doing))?;
        match self.key.public_key.algorithm() {
            KeyAlgorithm::Rsa { .. }
            | KeyAlgorithm::RsaPss { .. }
            | KeyAlgorithm::Ed25519
            | KeyAlgorithm::MlDsa(_) => Ok(signature),
            KeyAlgorithm::Ec(curve) => {
                encode_ecdsa(&signature, curve.field_bytes()).ok_or(TokenError::Software {
                    what: "reading the token's ECDSA signature, which is not r and s of the curve's length,",
                })
            }
        }
    }
}

impl Signer for TokenSigner<'_> {
    fn public_key(&self) -> &PublicKey {
        &self.key.public_key
    }

    fn check(&self, algorithm: SignatureAlgorithm) -> Result<(), SignError> {
        let token = self.session.token();
        token.check_signs(algorithm).map_err(SignError::new)
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_on_token(algorithm, message).map_err(SignError::new)
    }
}

/// `CK_RSA_PKCS_PSS_PARAMS` (PKCS#11 v2.40 mechanisms section 2.1.9).
fn pss_parameters(pss: Pss) -> PkcsPssParams {
    let (hash_alg, mgf) = match pss.hash {
        Hash::Sha224 => (MechanismType::SHA224, PkcsMgfType::MGF1_SHA224),
        Hash::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        Hash::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        Hash::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
    };
    PkcsPssParams {
        hash_alg,
        mgf,
        s_len: Ulong::from(u64::from(pss.salt_bytes)),
    }
}

/// PKCS#11's `r ‖ s` (v2.40 mechanisms section 2.3.1) as DER.
fn encode_ecdsa(signature: &[u8], field_bytes: usize) -> Option<Vec<u8>> {
    if signature.len() != 2 * field_bytes {
        return None;
    }
    let (r, s) = signature.split_at(field_bytes);
    EcdsaSigValue {
        r: UintRef::new(r).ok()?,
        s: UintRef::new(s).ok()?,
    }
    .to_der()
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_positive_and_minimal() {
        let mut signature = vec![0; 64];
        signature[0] = 0x80;
        signature[63] = 1;
        let der = encode_ecdsa(&signature, 32).unwrap();
        assert_eq!(&der[..5], [0x30, 0x26, 0x02, 0x21, 0x00]);
        assert_eq!(&der[der.len() - 3..], [0x02, 0x01, 0x01]);
        assert_eq!(encode_ecdsa(&signature, 48), None);
    }
}
