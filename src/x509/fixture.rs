//! For the unit tests: keys in software, which sign well or badly.

use super::{
    Certificate, Issuer, Name, Profile, SerialNumber, Tbs, ThrowawayKey, UnixTime, Validity, VerifiedRequest,
};
use crate::signer::{Curve, KeyAlgorithm, KeyStore, PublicKey, SignError, SignatureAlgorithm, Signer};

/// 2026-11-21T00:00:00Z
pub(super) const NOW: UnixTime = UnixTime(1_795_219_200);

/// A key.
pub(super) struct SoftwareKey {
    pair: ThrowawayKey,
    public_key: PublicKey,
    signs_wrongly: bool,
}

impl SoftwareKey {
    /// A P-256 key.
    pub(super) fn generate() -> Self {
        Self::of(KeyAlgorithm::Ec(Curve::P256))
    }

    pub(super) fn of(kind: KeyAlgorithm) -> Self {
        let pair = ThrowawayKey::of(kind).unwrap();
        Self {
            public_key: pair.public_key(),
            pair,
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

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = self.pair.sign(algorithm, message).unwrap();
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
pub(super) fn authority(key: &SoftwareKey) -> Certificate {
    let checked = authority_plan(key).check(Issuer::Itself, NOW).unwrap();
    checked.sign(key).unwrap().certificate().clone()
}

/// What a profile makes of a request, signed; under a CA certificate of that key.
pub(super) fn issue(
    profile: &Profile,
    request: &VerifiedRequest,
    authority: &Certificate,
    authority_key: &SoftwareKey,
) -> Certificate {
    let plan = plan(profile, request, authority);
    let checked = plan.check(Issuer::Authority(authority), NOW).unwrap();
    checked.sign(authority_key).unwrap().certificate().clone()
}

/// What a profile makes of a request, not checked yet.
pub(super) fn plan(profile: &Profile, request: &VerifiedRequest, authority: &Certificate) -> Tbs {
    let signature = authority.public_key().unwrap().algorithm().default_signature();
    let validity = Validity::days_from(NOW, 30);
    Tbs::for_request(
        profile.clone(),
        request,
        authority,
        &serial(),
        validity,
        signature,
    )
    .unwrap()
}
