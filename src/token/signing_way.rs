//! The mechanism with which a token makes a signature, chosen from its list before anything is recorded.

use super::mechanism::{MechanismNumber, MechanismUse};
use super::{Token, TokenError};
use crate::signer::{Hash, KeyAlgorithm, Pss, SignatureAlgorithm};

/// What computes the digest of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Digest {
    /// This process; the token gets the digest. Most tokens support it: SoftHSM 2.6.1 has no hashed ECDSA, and CloudHSM lists the raw mechanisms as
    /// single-part ones.
    Here,
    /// The token, which gets the message: it is in strict FIPS mode and signs no foreign digests, or its algorithm includes the hash.
    Token,
}

/// A mechanism that makes a kind of signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SigningWay {
    pub(super) mechanism: MechanismNumber,
    pub(super) digest: Digest,
}

/// The mechanisms that make signatures of this kind, the preferred one first.
fn ways(algorithm: SignatureAlgorithm) -> Vec<SigningWay> {
    let (here, token) = match algorithm {
        SignatureAlgorithm::RsaPkcs1(hash) => (
            Some(MechanismNumber::RSA_PKCS),
            match hash {
                Hash::Sha224 => MechanismNumber::SHA224_RSA_PKCS,
                Hash::Sha256 => MechanismNumber::SHA256_RSA_PKCS,
                Hash::Sha384 => MechanismNumber::SHA384_RSA_PKCS,
                Hash::Sha512 => MechanismNumber::SHA512_RSA_PKCS,
            },
        ),
        SignatureAlgorithm::RsaPss(Pss { hash, .. }) => (
            Some(MechanismNumber::RSA_PKCS_PSS),
            match hash {
                Hash::Sha224 => MechanismNumber::SHA224_RSA_PKCS_PSS,
                Hash::Sha256 => MechanismNumber::SHA256_RSA_PKCS_PSS,
                Hash::Sha384 => MechanismNumber::SHA384_RSA_PKCS_PSS,
                Hash::Sha512 => MechanismNumber::SHA512_RSA_PKCS_PSS,
            },
        ),
        SignatureAlgorithm::Ecdsa(hash) => (
            Some(MechanismNumber::ECDSA),
            match hash {
                Hash::Sha224 => MechanismNumber::ECDSA_SHA224,
                Hash::Sha256 => MechanismNumber::ECDSA_SHA256,
                Hash::Sha384 => MechanismNumber::ECDSA_SHA384,
                Hash::Sha512 => MechanismNumber::ECDSA_SHA512,
            },
        ),
        SignatureAlgorithm::Ed25519 => (None, MechanismNumber::EDDSA),
        SignatureAlgorithm::MlDsa(_) => (None, MechanismNumber::ML_DSA),
    };
    let here = here.map(|mechanism| SigningWay {
        mechanism,
        digest: Digest::Here,
    });
    let token = SigningWay {
        mechanism: token,
        digest: Digest::Token,
    };
    here.into_iter().chain([token]).collect()
}

impl Token {
    /// The listed mechanisms that make signatures of this kind, the preferred one first.
    ///
    /// # Errors
    /// [`TokenError::NoMechanism`], [`TokenError::Call`]
    pub(super) fn signing_ways(&self, algorithm: SignatureAlgorithm) -> Result<Vec<SigningWay>, TokenError> {
        let listed = self.mechanisms()?;
        let (open, lacking) = self.sort_ways(listed, algorithm)?;
        if open.is_empty() {
            return Err(TokenError::NoMechanism {
                token: self.description.label.clone(),
                signature: algorithm.to_string(),
                lacking,
            });
        }
        Ok(open)
    }

    /// The mechanism for this kind of signature that is tried first.
    ///
    /// # Errors
    /// [`TokenError::NoMechanism`], [`TokenError::Call`]
    pub fn signing_mechanism(&self, algorithm: SignatureAlgorithm) -> Result<MechanismNumber, TokenError> {
        let ways = self.signing_ways(algorithm)?;
        let first = ways.first().ok_or(TokenError::Software {
            what: "choosing a mechanism",
        })?;
        Ok(first.mechanism)
    }

    /// What is missing for this kind of signature; `None` if a mechanism is listed.
    pub(super) fn lacks_for_signing(
        &self,
        listed: &[MechanismNumber],
        algorithm: SignatureAlgorithm,
    ) -> Result<Option<String>, TokenError> {
        let (open, lacking) = self.sort_ways(listed, algorithm)?;
        Ok(open.is_empty().then_some(lacking))
    }

    /// The mechanisms that are listed, and what is missing if none is. The second is only looked up if the first is missing: each look-up is a
    /// call.
    fn sort_ways(
        &self,
        listed: &[MechanismNumber],
        algorithm: SignatureAlgorithm,
    ) -> Result<(Vec<SigningWay>, String), TokenError> {
        let (mut open, mut missing) = (Vec::new(), None);
        for way in ways(algorithm) {
            if !open.is_empty() {
                // Used only if the token refuses the first one.
                open.extend(listed.contains(&way.mechanism).then_some(way));
                continue;
            }
            match (self.lacks(listed, way.mechanism, MechanismUse::Sign)?, &missing) {
                (None, _) => open.push(way),
                (Some(lacking), None) => missing = Some(lacking),
                (Some(_), Some(raw)) => missing = Some(format!("{raw}, with or without the hash")),
            }
        }
        Ok((open, missing.unwrap_or_default()))
    }

    /// What the token signs with for RSA and for ECDSA, as `CKM_RSA_PKCS`; and what it lacks if it signs with neither.
    ///
    /// # Errors
    /// [`TokenError::Call`]
    pub fn signs_with(&self) -> Result<(Vec<String>, Vec<String>), TokenError> {
        let listed = self.mechanisms()?;
        let (mut present, mut missing) = (Vec::new(), Vec::new());
        for (name, algorithm) in [
            ("RSA", KeyAlgorithm::Rsa { bits: 2048 }.default_signature()),
            ("ECDSA", SignatureAlgorithm::Ecdsa(Hash::Sha256)),
        ] {
            let (open, lacking) = self.sort_ways(listed, algorithm)?;
            match open.first() {
                Some(way) if way.digest == Digest::Here => {
                    present.push(format!("{name} ({})", way.mechanism))
                }
                Some(way) => present.push(format!(
                    "{name} ({}, the token computes the digest)",
                    way.mechanism
                )),
                None => missing.push(lacking),
            }
        }
        Ok((present, missing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_mechanism_comes_first_and_the_hash_is_that_of_the_signature() {
        for (hash, name) in [
            (Hash::Sha256, "CKM_SHA256_RSA_PKCS"),
            (Hash::Sha384, "CKM_SHA384_RSA_PKCS"),
            (Hash::Sha512, "CKM_SHA512_RSA_PKCS"),
        ] {
            let [raw, hashed] = ways(SignatureAlgorithm::RsaPkcs1(hash))[..] else {
                panic!("{hash}")
            };
            assert_eq!(
                (raw.mechanism.to_string().as_str(), raw.digest),
                ("CKM_RSA_PKCS", Digest::Here)
            );
            assert_eq!(
                (hashed.mechanism.to_string().as_str(), hashed.digest),
                (name, Digest::Token)
            );
        }
        let [_, hashed] = ways(SignatureAlgorithm::Ecdsa(Hash::Sha384))[..] else {
            panic!("ECDSA")
        };
        assert_eq!(hashed.mechanism.to_string(), "CKM_ECDSA_SHA384");
        let [eddsa] = ways(SignatureAlgorithm::Ed25519)[..] else {
            panic!("Ed25519")
        };
        assert_eq!(
            (eddsa.mechanism, eddsa.digest),
            (MechanismNumber::EDDSA, Digest::Token)
        );
    }
}
