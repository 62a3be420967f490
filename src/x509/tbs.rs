//! Builds `TBSCertificate` (RFC 5280 section 4.1).

use std::sync::Arc;

use der::asn1::{Any, BitString, Int};
use der::{Decode, Encode, Sequence};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::ext::Extension;
use x509_cert::time::Time;

use super::extension::Context;
use super::requested::Requested;
use super::{
    AlternativeName, Certificate, Name, Original, Profile, SerialNumber, Validity, VerifiedRequest,
    X509Error, algorithm, extension,
};
use crate::signer::{PublicKey, SignatureAlgorithm};

/// `Version ::= INTEGER { v1(0), v2(1), v3(2) }`
pub(super) const V3: u8 = 2;

const fn v1() -> u8 {
    0
}

/// `Validity` of RFC 5280 section 4.1.2.5.
#[derive(Clone, Debug, Sequence)]
pub(super) struct ValidityDer {
    pub(super) not_before: Time,
    pub(super) not_after: Time,
}

/// The structure for reading and writing. Names stay opaque: their bytes are copied and never rebuilt.
#[derive(Clone, Debug, Sequence)]
pub(super) struct TbsCertificate {
    /// 4.1.2.1: v3 if extensions are used.
    #[asn1(context_specific = "0", default = "v1")]
    pub(super) version: u8,
    /// 4.1.2.2
    pub(super) serial_number: Int,
    /// 4.1.2.3: the same as the outer signatureAlgorithm.
    pub(super) signature: AlgorithmIdentifierOwned,
    /// 4.1.2.4
    pub(super) issuer: Any,
    /// 4.1.2.5
    pub(super) validity: ValidityDer,
    /// 4.1.2.6
    pub(super) subject: Any,
    /// 4.1.2.7
    pub(super) subject_public_key_info: SubjectPublicKeyInfoOwned,
    /// 4.1.2.8: read from old certificates, never written.
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) issuer_unique_id: Option<BitString>,
    /// 4.1.2.8
    #[asn1(context_specific = "2", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) subject_unique_id: Option<BitString>,
    /// 4.1.2.9
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) extensions: Option<Vec<Extension>>,
}

/// The issuer of a certificate.
#[derive(Clone, Copy, Debug)]
pub enum Issuer<'a> {
    /// The subject's own key.
    Itself,
    /// The key of this CA certificate.
    Authority(&'a Certificate),
}

/// A planned certificate, not yet checked.
#[derive(Clone, Debug)]
pub struct Tbs {
    pub(super) der: Vec<u8>,
    pub(super) profile: Arc<Profile>,
    pub(super) issuer_key: PublicKey,
    pub(super) signature: SignatureAlgorithm,
    /// The request that it answers.
    pub(super) request: Option<Box<VerifiedRequest>>,
    /// The certificate that is repeated, for a cross-certificate.
    pub(super) original: Option<Box<Certificate>>,
    /// The requested subjectKeyIdentifier; `None` for the key's own.
    pub(super) key_identifier: Option<Vec<u8>>,
}

impl Tbs {
    /// A self-signed certificate for `key`.
    ///
    /// # Errors
    /// [`X509Error`] if a field cannot be encoded.
    pub fn self_signed(
        profile: impl Into<Arc<Profile>>,
        key: &PublicKey,
        subject: &Name,
        serial: &SerialNumber,
        validity: Validity,
        signature: SignatureAlgorithm,
    ) -> Result<Self, X509Error> {
        let fields = Fields {
            profile: profile.into(),
            serial,
            validity,
            subject,
            key,
            key_info: read_key_info(key)?,
            names: Vec::new(),
            key_identifier: None,
        };
        Self::build(fields, subject, key, &key.key_identifier(), signature)
    }

    /// A certificate for a verified request. Subject and key are the request's, and the issuer is the CA certificate's subject, all byte for
    /// byte.
    ///
    /// # Errors
    /// [`X509Error`] if a field cannot be encoded or the CA certificate's key cannot be used.
    pub fn for_request(
        profile: impl Into<Arc<Profile>>,
        request: &VerifiedRequest,
        authority: &Certificate,
        serial: &SerialNumber,
        validity: Validity,
        signature: SignatureAlgorithm,
    ) -> Result<Self, X509Error> {
        let profile = profile.into();
        let Requested {
            names,
            key_identifier,
        } = Requested::take(&profile, request)?;
        let fields = Fields {
            profile,
            serial,
            validity,
            subject: request.subject(),
            key: request.public_key(),
            key_info: read_key_info(request.public_key())?,
            names,
            key_identifier,
        };
        Ok(Self {
            request: Some(Box::new(request.clone())),
            ..Self::under(fields, authority, signature)?
        })
    }

    /// A cross-certificate: subject and key of another CA's certificate, byte for byte, and those of its extensions that are in the profile.
    ///
    /// # Errors
    /// [`X509Error`] if a field cannot be encoded or the CA certificate's key cannot be used.
    pub fn cross(
        profile: impl Into<Arc<Profile>>,
        original: &Original,
        authority: &Certificate,
        serial: &SerialNumber,
        validity: Validity,
        signature: SignatureAlgorithm,
    ) -> Result<Self, X509Error> {
        let certificate = original.certificate();
        let fields = Fields {
            profile: profile.into(),
            serial,
            validity,
            subject: certificate.subject(),
            key: &certificate.public_key()?,
            key_info: certificate.key_info().clone(),
            names: Vec::new(),
            key_identifier: None,
        };
        Ok(Self {
            original: Some(Box::new(certificate.clone())),
            ..Self::under(fields, authority, signature)?
        })
    }

    fn under(
        fields: Fields<'_>,
        authority: &Certificate,
        signature: SignatureAlgorithm,
    ) -> Result<Self, X509Error> {
        let issuer_key = authority.public_key()?;
        // RFC 5280 section 4.2.1.1: the value is the issuer's subjectKeyIdentifier, whatever method made it.
        let identifier = authority
            .subject_key_identifier()?
            .unwrap_or_else(|| issuer_key.key_identifier());
        Self::build(fields, authority.subject(), &issuer_key, &identifier, signature)
    }

    fn build(
        fields: Fields<'_>,
        issuer: &Name,
        issuer_key: &PublicKey,
        authority_key_identifier: &[u8],
        signature: SignatureAlgorithm,
    ) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed("TBSCertificate");
        let context = Context {
            key: fields.key,
            key_identifier: fields.key_identifier.as_deref(),
            subject_is_empty: fields.subject.is_empty(),
            authority_key_identifier,
            serial: Some(fields.serial),
            names: &fields.names,
        };
        let mut extensions = Vec::new();
        for wanted in &fields.profile.extensions {
            extensions.extend(extension::build(wanted, context)?);
        }
        let tbs = TbsCertificate {
            version: V3,
            serial_number: fields.serial.to_int()?,
            signature: algorithm::identifier(signature)?,
            issuer: issuer.to_any()?,
            validity: ValidityDer {
                not_before: fields.validity.not_before.to_time()?,
                not_after: fields.validity.not_after.to_time()?,
            },
            subject: fields.subject.to_any()?,
            subject_public_key_info: fields.key_info,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(extensions),
        };
        let der = tbs.to_der().map_err(&malformed)?;
        Ok(Self {
            der,
            profile: fields.profile,
            issuer_key: issuer_key.clone(),
            signature,
            request: None,
            original: None,
            key_identifier: fields.key_identifier,
        })
    }

    /// The DER bytes that would be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

fn read_key_info(key: &PublicKey) -> Result<SubjectPublicKeyInfoOwned, X509Error> {
    SubjectPublicKeyInfoOwned::from_der(key.der()).map_err(X509Error::malformed("TBSCertificate"))
}

/// The fields that all constructors of `Tbs` use.
struct Fields<'a> {
    profile: Arc<Profile>,
    serial: &'a SerialNumber,
    validity: Validity,
    subject: &'a Name,
    key: &'a PublicKey,
    key_info: SubjectPublicKeyInfoOwned,
    names: Vec<AlternativeName>,
    key_identifier: Option<Vec<u8>>,
}
