//! Reads certificates: our own and other people's.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use der::Decode;
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::Extension;

use super::name::describe_oid;
use super::signed::Signed;
use super::tbs::TbsCertificate;
use super::{ExtensionText, Name, SerialNumber, UnixTime, Validity, X509Error, algorithm, extension, pem};
use crate::signer::{Hex, PublicKey, PublicKeyError, SignatureAlgorithm, sha256};

const WHAT: &str = "certificate";

/// A decoded certificate of any version. Nothing about it is verified yet. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct Certificate(Arc<Decoded>);

#[derive(Debug)]
struct Decoded {
    der: Vec<u8>,
    signed: Signed,
    tbs: TbsCertificate,
    issuer: Name,
    subject: Name,
    /// Read on first use: a CA's key is needed several times for each certificate of a batch.
    key: OnceLock<Result<PublicKey, PublicKeyError>>,
}

impl Certificate {
    /// Reads one certificate in PEM or DER.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn read(input: &[u8]) -> Result<Self, X509Error> {
        Self::from_der(&pem::decode_one(input, pem::CERTIFICATE)?)
    }

    /// Reads every certificate of a file: DER, or PEM with one or more blocks.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn read_all(input: &[u8]) -> Result<Vec<Self>, X509Error> {
        pem::decode_all(input, pem::CERTIFICATE)?
            .iter()
            .map(|der| Self::from_der(der))
            .collect()
    }

    /// Reads one DER certificate, with no bytes after it.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let signed = Signed::from_der(der, WHAT)?;
        let content = signed.content(WHAT)?;
        let tbs = TbsCertificate::from_der(&content).map_err(X509Error::unread(WHAT, &content))?;
        if tbs.version > 2 {
            return Err(X509Error::Version {
                what: WHAT,
                found: u64::from(tbs.version),
            });
        }
        // RFC 5280 section 4.1.1.2: "MUST contain the same algorithm identifier".
        if tbs.signature != signed.algorithm {
            return Err(X509Error::AlgorithmMismatch);
        }
        // RFC 5280 section 4.2: "MUST NOT include more than one instance of a particular extension".
        let mut kinds = BTreeSet::new();
        let extensions = tbs.extensions.as_deref().unwrap_or_default();
        if let Some(twice) = extensions
            .iter()
            .find(|extension| !kinds.insert(extension.extn_id))
        {
            let reason = format!("the extension {} occurs twice", describe_oid(twice.extn_id));
            return Err(X509Error::Malformed { what: WHAT, reason });
        }
        let issuer = Name::from_any(&tbs.issuer, WHAT)?;
        let subject = Name::from_any(&tbs.subject, WHAT)?;
        Ok(Self(Arc::new(Decoded {
            der: der.to_vec(),
            signed,
            tbs,
            issuer,
            subject,
            key: OnceLock::new(),
        })))
    }

    /// The DER bytes it was read from.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The signed fields.
    pub(super) fn tbs(&self) -> &TbsCertificate {
        &self.0.tbs
    }

    /// 1, 2 or 3.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.0.tbs.version + 1
    }

    /// `serialNumber`
    #[must_use]
    pub fn serial_number(&self) -> SerialNumber {
        SerialNumber::from_int(&self.0.tbs.serial_number)
    }

    /// `issuer`
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// `subject`
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// True if issuer and subject are the same name by RFC 5280 section 6.1, even if spelled differently.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.issuer.is_like(&self.0.subject)
    }

    /// `validity`
    #[must_use]
    pub fn validity(&self) -> Validity {
        Validity {
            not_before: UnixTime::from_time(&self.0.tbs.validity.not_before),
            not_after: UnixTime::from_time(&self.0.tbs.validity.not_after),
        }
    }

    /// `subjectPublicKeyInfo`, if its kind is supported.
    ///
    /// # Errors
    /// [`X509Error::Key`]
    pub fn public_key(&self) -> Result<PublicKey, X509Error> {
        let read = || PublicKey::from_info(&self.0.tbs.subject_public_key_info);
        Ok(self.0.key.get_or_init(read).clone()?)
    }

    /// `subjectPublicKeyInfo` as encoded in the certificate.
    pub(super) fn key_info(&self) -> &SubjectPublicKeyInfoOwned {
        &self.0.tbs.subject_public_key_info
    }

    /// The kind of key in words, also for an unsupported one.
    #[must_use]
    pub fn describe_key(&self) -> String {
        self.public_key().map_or_else(
            |_| describe_oid(self.0.tbs.subject_public_key_info.algorithm.oid),
            |key| key.algorithm().to_string(),
        )
    }

    /// The name of the signature algorithm, also for an unknown one.
    #[must_use]
    pub fn describe_signature(&self) -> String {
        algorithm::describe(&self.0.signed.algorithm)
    }

    /// SHA-256 of the DER bytes, in hex: what `openssl x509 -fingerprint -sha256` prints, without colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Hex(&sha256(&self.0.der)).to_string()
    }

    /// The file name, without `.0`, under which OpenSSL looks for this certificate in a directory of CA certificates: the eight hex digits of
    /// `openssl x509 -hash`. `None` for a subject without one.
    #[must_use]
    pub fn subject_hash(&self) -> Option<String> {
        self.0.subject.openssl_hash()
    }

    /// The value of `subjectKeyIdentifier`.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>, X509Error> {
        extension::find_subject_key_identifier(self.extensions())
    }

    /// The keyIdentifier of `authorityKeyIdentifier`.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn authority_key_identifier(&self) -> Result<Option<Vec<u8>>, X509Error> {
        extension::find_authority_key_identifier(self.extensions())
    }

    /// The extensions in words.
    #[must_use]
    pub fn describe_extensions(&self) -> Vec<ExtensionText> {
        extension::describe_all(self.extensions())
    }

    /// Verifies the signature under `key`.
    ///
    /// # Errors
    /// [`X509Error::Signature`], [`X509Error::WeakSignature`], [`X509Error::UnknownSignature`]
    pub fn verify_signature(&self, key: &PublicKey) -> Result<SignatureAlgorithm, X509Error> {
        self.0.signed.verify(key, WHAT)
    }

    /// Whether it consists of exactly this content and this signature with this algorithm.
    pub(super) fn is_signed_content(
        &self,
        content: &[u8],
        algorithm: SignatureAlgorithm,
        signature: &[u8],
    ) -> Result<bool, X509Error> {
        Ok(self.0.signed.content(WHAT)? == content
            && self.0.signed.signature_octets(WHAT)? == signature
            && algorithm::recognise(&self.0.signed.algorithm, WHAT)? == algorithm)
    }

    /// Verifies the signature of a self-issued certificate under its own key. Skips a certificate that another CA signed, because its issuer is
    /// not available.
    ///
    /// # Errors
    /// As [`verify_signature`](Self::verify_signature).
    pub fn check_self_signature(&self) -> Result<(), X509Error> {
        if self.is_self_issued() {
            self.verify_signature(&self.public_key()?)?;
        }
        Ok(())
    }

    /// Whether it claims to be a CA certificate: `cA` of basicConstraints (RFC 5280 section 4.2.1.9).
    #[must_use]
    pub fn is_authority(&self) -> bool {
        matches!(extension::find_basic_constraints(self.extensions()), Ok(Some(constraints)) if constraints.ca)
    }

    /// Checks that this certificate may issue others at `now`: RFC 5280 section 6.1.4 (k), (l), (n).
    ///
    /// # Errors
    /// [`X509Error::NotAnAuthority`], [`X509Error::IssuerNotValid`]
    pub fn check_authority(&self, now: UnixTime) -> Result<(), X509Error> {
        self.check_authority_flags()?;
        if !self.unprocessed_critical_extensions().is_empty() {
            return Err(self.is_no_authority("it has a critical extension that hsm-ca does not process"));
        }
        self.check_time(now)
    }

    /// RFC 5280 section 6.1.4 (k), (n)
    pub(super) fn check_authority_flags(&self) -> Result<(), X509Error> {
        let refused = |reason| Err(self.is_no_authority(reason));
        match extension::find_basic_constraints(self.extensions())? {
            Some(constraints) if constraints.ca && self.version() == 3 => {}
            Some(_) if self.version() < 3 => {
                return refused("it has extensions, but is not a v3 certificate");
            }
            Some(_) => return refused("basicConstraints says CA:FALSE"),
            None if self.version() < 3 => {
                return refused("it is an X.509 v1 certificate, which cannot say CA:TRUE");
            }
            None => return refused("it has no basicConstraints extension"),
        }
        if extension::find_key_usage(self.extensions())?.is_some_and(|usage| !usage.key_cert_sign()) {
            return refused("its keyUsage does not include keyCertSign");
        }
        Ok(())
    }

    pub(super) fn is_no_authority(&self, reason: &'static str) -> X509Error {
        X509Error::NotAnAuthority {
            subject: self.0.subject.clone(),
            reason,
        }
    }

    pub(super) fn check_time(&self, at: UnixTime) -> Result<(), X509Error> {
        let Validity {
            not_before,
            not_after,
        } = self.validity();
        if self.validity().covers(at) {
            return Ok(());
        }
        Err(X509Error::IssuerNotValid {
            subject: self.0.subject.clone(),
            not_before,
            not_after,
            at,
        })
    }

    /// Critical extensions that the path validation here does not process. RFC 5280 section 4.2 requires such a certificate to be rejected.
    #[must_use]
    pub fn unprocessed_critical_extensions(&self) -> Vec<String> {
        let critical = self.extensions().iter().filter(|extension| extension.critical);
        critical
            .filter(|extension| !extension::PROCESSED.contains(&extension.extn_id))
            .map(|extension| extension::extension_name(extension.extn_id))
            .collect()
    }

    /// A field of this certificate that does not exist in its version: RFC 5280 sections 4.1.2.8 and 4.1.2.9.
    pub(super) fn field_of_later_version(&self) -> Option<&'static str> {
        let has_identifiers = self.0.tbs.issuer_unique_id.is_some() || self.0.tbs.subject_unique_id.is_some();
        match self.version() {
            1 if has_identifiers => Some("unique identifiers"),
            1 | 2 if self.0.tbs.extensions.is_some() => Some("extensions"),
            _ => None,
        }
    }

    pub(super) fn extensions(&self) -> &[Extension] {
        self.0.tbs.extensions.as_deref().unwrap_or_default()
    }
}
