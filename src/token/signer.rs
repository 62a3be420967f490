//! Signing on the token.

use std::borrow::{Borrow, Cow};
use std::cell::RefCell;

use cryptoki::mechanism::dsa::{HedgeType, SignAdditionalContext};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::vendor_defined::VendorDefinedMechanism;
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::types::Ulong;
use der::asn1::UintRef;
use der::{Encode, Sequence};

use super::authentication::sign_by_cryptoki;
use super::signing_way::{Digest, SigningWay};
use super::{PrivateKey, Session, TokenError};
use crate::signer::{Hash, KeyAlgorithm, Pss, PublicKey, SignError, SignatureAlgorithm, Signer};

/// A private key on the token, and the session that it signs in: a session shared with other calls, or its own.
#[derive(Debug)]
pub struct TokenSigner<S = Session> {
    session: S,
    key: PrivateKey,
    /// The mechanisms for the kind of signature that was used last, so that the token's list is read once.
    ways: RefCell<Option<(SignatureAlgorithm, Vec<SigningWay>)>>,
}

/// `Ecdsa-Sig-Value` of RFC 3279 section 2.2.3.
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

impl<S: Borrow<Session>> TokenSigner<S> {
    /// Signs with `key` in `session`.
    #[must_use]
    pub const fn new(session: S, key: PrivateKey) -> Self {
        Self {
            session,
            key,
            ways: RefCell::new(None),
        }
    }

    /// How the token makes such signatures, according to its list of mechanisms.
    fn ways(&self, algorithm: SignatureAlgorithm) -> Result<Vec<SigningWay>, TokenError> {
        let known = self.ways.borrow().clone();
        match known {
            Some((known, ways)) if known == algorithm => Ok(ways),
            _ => {
                let ways = self.session.borrow().token().signing_ways(algorithm)?;
                self.ways.replace(Some((algorithm, ways.clone())));
                Ok(ways)
            }
        }
    }

    pub(super) fn sign_on_token(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let mut ways = self.ways(algorithm)?.into_iter().peekable();
        let mut signature = None;
        while let Some(way) = ways.next() {
            match self.sign_by(way, algorithm, message) {
                // C_SignInit has refused the mechanism for this key, so nothing is signed yet.
                Err(TokenError::Call { function, value, .. })
                    if function == "C_SignInit"
                        && value == "CKR_MECHANISM_INVALID"
                        && ways.peek().is_some() => {}
                answer => {
                    signature = Some(answer?);
                    break;
                }
            }
        }
        let signature = signature.ok_or(TokenError::Software {
            what: "choosing a mechanism",
        })?;
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

    /// One signature with one mechanism. The message is hashed here if the mechanism takes a digest.
    fn sign_by(
        &self,
        way: SigningWay,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let description = &self.key.description;
        let parameterless =
            || Mechanism::VendorDefined(VendorDefinedMechanism::new::<()>(way.mechanism.into(), None));
        let pss;
        let mechanism = match algorithm {
            SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::Ecdsa(_) => parameterless(),
            SignatureAlgorithm::RsaPss(parameters) => {
                pss = pss_parameters(parameters);
                Mechanism::VendorDefined(VendorDefinedMechanism::new(way.mechanism.into(), Some(&pss)))
            }
            SignatureAlgorithm::Ed25519 => Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)),
            // RFC 9881 section 3: pure ML-DSA with an empty context. Hedged if the token can, as FIPS 204 section 3.4 prefers.
            SignatureAlgorithm::MlDsa(_) => {
                Mechanism::MlDsa(SignAdditionalContext::new(HedgeType::Preferred, None))
            }
        };
        let input = match (way.digest, algorithm) {
            (Digest::Here, SignatureAlgorithm::RsaPkcs1(hash)) => {
                Cow::Owned([hash.digest_info_prefix(), hash.digest(message).as_slice()].concat())
            }
            (
                Digest::Here,
                SignatureAlgorithm::RsaPss(Pss { hash, .. }) | SignatureAlgorithm::Ecdsa(hash),
            ) => Cow::Owned(hash.digest(message)),
            _ => Cow::Borrowed(message),
        };
        let session = self.session.borrow();
        let _turn = session.wait_for_turn(description);
        let authentication = session.authentication(description)?;
        let doing = format!("signing with the key \"{}\"", description.label);
        let key = self.key.handle;
        let call = session.cryptoki();
        let signed = session.token().module().native().bounded(
            |native| native.sign(call.handle(), &mechanism, key, authentication, &input),
            || sign_by_cryptoki(&call, &mechanism, key, authentication, &input),
        );
        drop(call);
        signed
            .map_err(|error| session.refused_signature(description, &doing, error))?
            .map_err(TokenError::absurd(&doing))
    }
}

impl<S: Borrow<Session> + Send> Signer for TokenSigner<S> {
    fn public_key(&self) -> &PublicKey {
        &self.key.public_key
    }

    fn check(&self, algorithm: SignatureAlgorithm) -> Result<(), SignError> {
        self.ways(algorithm).map(drop).map_err(SignError::new)
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        self.sign_on_token(algorithm, message).map_err(SignError::new)
    }

    fn was_busy(&self, error: &SignError) -> bool {
        let token = self.session.borrow().token();
        let answer = error.cause::<TokenError>();
        answer.is_some_and(|answer| token.says_busy(answer).unwrap_or(false))
    }

    fn open_another(&self) -> Result<Option<Box<dyn Signer + '_>>, SignError> {
        // An object has one handle in all sessions of a process (PKCS#11 v2.40 section 3.4, CK_OBJECT_HANDLE).
        let session = self.session.borrow().open_another().map_err(SignError::new)?;
        Ok(Some(Box::new(TokenSigner::new(session, self.key.clone()))))
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
