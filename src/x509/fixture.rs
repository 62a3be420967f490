//! For the unit tests: software keys, which sign correctly or wrongly.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_CE_BASIC_CONSTRAINTS, ID_CE_KEY_USAGE};
use der::asn1::{BitString, OctetString};
use der::{Decode, Encode};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::Extension;

use super::signed::Signed;
use super::tbs::{TbsCertificate, ValidityDer};
use super::{
    Certificate, Issuer, Name, Profile, SerialNumber, Tbs, ThrowawayKey, UnixTime, Validity, VerifiedRequest,
    algorithm,
};
use crate::signer::{
    Curve, KeyAlgorithm, KeyStore, PublicKey, RandomSource, SignError, SignatureAlgorithm, Signer,
};

/// 2026-11-21T00:00:00Z
pub(crate) const NOW: UnixTime = UnixTime(1_795_219_200);

/// A key.
pub(crate) struct SoftwareKey {
    pair: ThrowawayKey,
    public_key: PublicKey,
    signs_wrongly: bool,
}

impl SoftwareKey {
    /// A P-256 key.
    pub(crate) fn generate() -> Self {
        Self::of(KeyAlgorithm::Ec(Curve::P256))
    }

    pub(crate) fn of(kind: KeyAlgorithm) -> Self {
        let pair = ThrowawayKey::of(kind).unwrap();
        Self {
            public_key: pair.public_key().unwrap(),
            pair,
            signs_wrongly: false,
        }
    }

    pub(crate) fn that_signs_wrongly(self) -> Self {
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

impl Signer for &SoftwareKey {
    fn public_key(&self) -> &PublicKey {
        (**self).public_key()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignError> {
        (**self).sign(algorithm, message)
    }
}

/// A store that has only this key, under any name.
impl KeyStore for SoftwareKey {
    fn signer_for(&self, _: &PublicKey) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }

    fn signer_named(&self, _: &str) -> Result<Box<dyn Signer + '_>, SignError> {
        Ok(Box::new(self))
    }
}

/// Numbers that look random but are the same in every run (Marsaglia's xorshift).
pub(super) struct Numbers(pub(super) u64);

impl Numbers {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    pub(super) fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// The octets of a positive serial number.
    pub(super) fn serial(&mut self) -> Vec<u8> {
        let mut octets: Vec<u8> = (0..=self.below(20)).map(|_| self.byte()).collect();
        octets[0] = octets[0] & 0x7f | 1;
        octets
    }
}

/// A source in which every byte is the same.
pub(super) struct Constant(pub(super) u8);

impl RandomSource for Constant {
    fn fill_random(&self, buffer: &mut [u8]) -> Result<(), SignError> {
        buffer.fill(self.0);
        Ok(())
    }
}

pub(super) fn serial() -> SerialNumber {
    SerialNumber::random(&Constant(0x5a)).unwrap()
}

/// A valid plan for a CA certificate of ten years.
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

/// An extension with this DER value.
pub(crate) fn extension(extn_id: ObjectIdentifier, critical: bool, value: &[u8]) -> Extension {
    Extension {
        extn_id,
        critical,
        extn_value: OctetString::new(value).unwrap(),
    }
}

/// A certificate of any shape with a valid signature, as a stranger's program could have made it.
#[derive(Clone)]
pub(crate) struct Sketch {
    pub(crate) version: u8,
    pub(crate) subject: Name,
    pub(crate) issuer: Name,
    pub(crate) validity: Validity,
    pub(crate) extensions: Option<Vec<Extension>>,
    pub(crate) unique_identifier: bool,
}

impl Sketch {
    /// X.509 v1, valid for ten years around [`NOW`].
    pub(crate) fn version_1(subject: &str, issuer: &str) -> Self {
        Self {
            version: 1,
            subject: Name::from_rfc4514(subject).unwrap(),
            issuer: Name::from_rfc4514(issuer).unwrap(),
            validity: Validity::days_from(UnixTime(NOW.0 - 365 * 24 * 60 * 60), 3652),
            extensions: None,
            unique_identifier: false,
        }
    }

    /// X.509 v3, with these extensions.
    pub(crate) fn version_3(subject: &str, issuer: &str, extensions: Vec<Extension>) -> Self {
        Self {
            version: 3,
            extensions: Some(extensions),
            ..Self::version_1(subject, issuer)
        }
    }

    /// The extensions of a CA.
    pub(crate) fn authority(subject: &str, issuer: &str) -> Self {
        let extensions = vec![
            extension(ID_CE_BASIC_CONSTRAINTS, true, b"\x30\x03\x01\x01\xff"),
            extension(ID_CE_KEY_USAGE, true, b"\x03\x02\x02\x04"),
        ];
        Self::version_3(subject, issuer, extensions)
    }

    /// For the key `of`, signed by the key `by`.
    pub(crate) fn sign(&self, of: &SoftwareKey, by: &SoftwareKey) -> Certificate {
        let signature = by.public_key().algorithm().default_signature();
        let identifier = || BitString::from_bytes(b"unique").unwrap();
        let tbs = TbsCertificate {
            version: self.version - 1,
            serial_number: serial().to_int().unwrap(),
            signature: algorithm::identifier(signature).unwrap(),
            issuer: self.issuer.to_any().unwrap(),
            validity: ValidityDer {
                not_before: self.validity.not_before.to_time().unwrap(),
                not_after: self.validity.not_after.to_time().unwrap(),
            },
            subject: self.subject.to_any().unwrap(),
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(of.public_key().der()).unwrap(),
            issuer_unique_id: None,
            subject_unique_id: self.unique_identifier.then(identifier),
            extensions: self.extensions.clone(),
        };
        let der = tbs.to_der().unwrap();
        let signed = Signed::assemble(&der, signature, &by.sign(signature, &der).unwrap()).unwrap();
        Certificate::from_der(&signed.to_der().unwrap()).unwrap()
    }
}

/// Issues a certificate for a request with a profile, under a CA certificate for that key.
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

/// Plans a certificate for a request with a profile, without a check.
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
