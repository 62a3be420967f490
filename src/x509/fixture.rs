//! For the unit tests: keys in software, which sign well or badly.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

use super::{Issuer, Name, Profile, SerialNumber, Tbs, UnixTime, Validity};
use crate::signer::{Curve, KeyStore, PublicKey, SignError, SignatureAlgorithm, Signer};

/// 2026-11-21T00:00:00Z
pub(super) const NOW: UnixTime = UnixTime(1_795_219_200);

/// A P-256 key.
pub(super) struct SoftwareKey {
    pair: EcdsaKeyPair,
    public_key: PublicKey,
    signs_wrongly: bool,
}

impl SoftwareKey {
    pub(super) fn generate() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let public_key = PublicKey::from_ec_point(Curve::P256, pair.public_key().as_ref()).unwrap();
        Self {
            pair,
            public_key,
            signs_wrongly: false,
        }
    }

    pub(super) fn that_signs_wrongly(self) -> Self {
        Self {
            signs_wrongly: true,
            ..self
        }
    }
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, _: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self.pair.sign(&SystemRandom::new(), message).unwrap();
        let mut signature = signature.as_ref().to_vec();
        if self.signs_wrongly {
            *signature.last_mut().unwrap() ^= 1;
        }
        Ok(signature)
    }
}

/// Random numbers that are all the same byte.
pub(super) struct Constant(pub(super) u8);

impl KeyStore for Constant {
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
        buffer.fill(self.0);
        Ok(())
    }

    fn signer_for(&self, _: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        unimplemented_store()
    }

    fn signer_named(&self, _: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        unimplemented_store()
    }
}

fn unimplemented_store<T>() -> Result<T, SignError> {
    Err(SignError::new(std::io::Error::other(
        "a store of random numbers only",
    )))
}

pub(super) fn serial() -> SerialNumber {
    SerialNumber::random(&Constant(0x5a)).unwrap()
}

/// A sound plan for a CA certificate of ten years.
pub(super) fn authority_plan(key: &SoftwareKey) -> Tbs {
    Tbs::self_signed(
        Profile::cloudhsm_ca(),
        key.public_key(),
        &Name::from_rfc4514("CN=Test CA").unwrap(),
        &serial(),
        Validity::days_from(NOW, 3652),
        key.public_key().algorithm().default_signature(),
    )
    .unwrap()
}

/// The CA certificate of that plan.
pub(super) fn authority(key: &SoftwareKey) -> super::Certificate {
    let checked = authority_plan(key).check(Issuer::Itself, NOW).unwrap();
    checked.sign(key).unwrap().certificate().clone()
}
