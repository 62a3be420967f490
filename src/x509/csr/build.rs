//! Builds a request of our own, and checks it before it is signed.

use const_oid::db::rfc5912::ID_EXTENSION_REQ;
use der::asn1::Any;
use der::{Decode, Encode, Tag};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::Extension;

use super::{Attribute, CertificationRequestInfo, SMALLEST_RSA, WHAT, reread};
use crate::signer::{KeySearch, PublicKey, SignatureAlgorithm};
use crate::x509::check::check_quality;
use crate::x509::extension::Context;
use crate::x509::reopen::refuse_other_bytes;
use crate::x509::{
    AlternativeName, AlternativeNames, Name, Profile, ProfileExtension, X509Error, algorithm, extension,
    rules,
};

/// `Version ::= INTEGER { v1(0) }` of RFC 2986 section 4.1.
const V1: u8 = 0;

/// A planned request, not yet checked.
#[derive(Clone, Debug)]
pub struct RequestTbs {
    pub(super) der: Vec<u8>,
    pub(super) key: PublicKey,
    pub(super) signature: SignatureAlgorithm,
}

/// A planned request that passed every rule. Only this can be signed.
#[derive(Clone, Debug)]
pub struct CheckedRequest(pub(super) RequestTbs);

impl RequestTbs {
    /// A `CertificationRequestInfo` for `key`. It requests `names`. With a profile, it also requests the subject's part of its certificates:
    /// whether it is a CA, usages, purposes.
    ///
    /// # Errors
    /// [`X509Error`] if a field cannot be encoded.
    pub fn build(
        key: &PublicKey,
        subject: &Name,
        names: &[AlternativeName],
        profile: Option<&Profile>,
        signature: SignatureAlgorithm,
    ) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed(WHAT);
        let context = Context {
            key,
            key_identifier: None,
            subject_is_empty: subject.is_empty(),
            authority_key_identifier: &[],
            serial: None,
            names,
        };
        let of_profile = profile.map(|profile| profile.extensions.as_slice());
        let asked = of_profile.unwrap_or_default().iter().filter(|extension| {
            matches!(
                extension,
                ProfileExtension::BasicConstraints { .. }
                    | ProfileExtension::KeyUsage(_)
                    | ProfileExtension::ExtendedKeyUsage(_)
            )
        });
        let named = ProfileExtension::SubjectAlternativeName(AlternativeNames::default());
        let mut extensions = Vec::new();
        for wanted in asked.chain([&named]) {
            extensions.extend(extension::build(wanted, context)?);
        }
        let info = CertificationRequestInfo {
            version: V1,
            subject: subject.to_any()?,
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(key.der()).map_err(&malformed)?,
            attributes: Some(extension_request(&extensions)?),
        };
        Ok(Self {
            der: info.to_der().map_err(&malformed)?,
            key: key.clone(),
            signature,
        })
    }

    /// Reads a planned request back from its bytes, which do not contain the signature algorithm. Does not check its rules:
    /// [`check`](Self::check) does, as for a new one.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]; the rule `planned-bytes` if this program would encode them differently.
    pub fn reopen(der: &[u8], signature: SignatureAlgorithm) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed(WHAT);
        let info = CertificationRequestInfo::from_der(der).map_err(&malformed)?;
        refuse_other_bytes(der, &info.to_der().map_err(&malformed)?)?;
        Ok(Self {
            der: der.to_vec(),
            key: PublicKey::from_info(&info.subject_public_key_info)?,
            signature,
        })
    }

    /// The DER bytes that would be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Checks the encoded bytes against the rules for a certificate's subject and key: a request must not ask for what no CA should sign.
    ///
    /// # Errors
    /// [`X509Error`]: the first broken rule.
    pub fn check(self) -> Result<CheckedRequest, X509Error> {
        let info = CertificationRequestInfo::from_der(&self.der).map_err(X509Error::malformed(WHAT))?;
        let subject = Name::from_any(&info.subject, WHAT)?;
        if let Err(fault) = subject.check_new(|_| false) {
            return Err(X509Error::broken(fault.rule, fault.found));
        }
        if subject.is_empty() && info.attributes.as_deref().unwrap_or_default().is_empty() {
            return Err(X509Error::broken(rules::SUBJECT, "neither a subject nor a name"));
        }
        let key = PublicKey::from_info(&info.subject_public_key_info)?;
        if key.algorithm().rsa_bits().is_some_and(|bits| bits < SMALLEST_RSA) {
            return Err(X509Error::WeakKey {
                found: key.algorithm(),
            });
        }
        check_quality(&key, KeySearch::Short, None)?;
        // From here on, this library can encode both.
        algorithm::identifier(self.signature)?;
        if !key.algorithm().makes(self.signature) {
            let found = format!("{} with an {} key", self.signature, key.algorithm());
            return Err(X509Error::broken(rules::SIGNATURE_ALGORITHM, found));
        }
        if let Err(found) = reread::read_info(&self.der) {
            return Err(X509Error::broken(rules::SECOND_DECODER, found));
        }
        Ok(CheckedRequest(self))
    }
}

impl CheckedRequest {
    /// The DER bytes that will be signed.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The key of the request, which signs it.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.0.key
    }

    /// The algorithm of its future signature.
    #[must_use]
    pub const fn signature(&self) -> SignatureAlgorithm {
        self.0.signature
    }

    /// The subject, read from the bytes.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]; never for checked bytes.
    pub fn subject(&self) -> Result<Name, X509Error> {
        let info = CertificationRequestInfo::from_der(self.der()).map_err(X509Error::malformed(WHAT))?;
        Name::from_any(&info.subject, WHAT)
    }
}

/// `extensionRequest` of RFC 2985 section 5.4.2: one attribute with one value. No attribute without extensions.
fn extension_request(extensions: &[Extension]) -> Result<Vec<Attribute>, X509Error> {
    if extensions.is_empty() {
        return Ok(Vec::new());
    }
    let malformed = X509Error::malformed("extensionRequest");
    let value = extensions.to_vec().to_der().map_err(&malformed)?;
    Ok(vec![Attribute {
        kind: ID_EXTENSION_REQ,
        values: Any::new(Tag::Set, value).map_err(&malformed)?,
    }])
}
