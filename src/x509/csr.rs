//! `CertificationRequest` (PKCS#10, RFC 2986): other people's and our own.

mod build;
#[cfg(test)]
mod fixture;
mod issue;
mod reread;
#[cfg(test)]
mod tests;
mod verified;

pub use build::{CheckedRequest, RequestTbs};
pub use issue::IssuedRequest;

use std::sync::Arc;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::ID_CE_SUBJECT_ALT_NAME;
use const_oid::db::rfc5912::ID_EXTENSION_REQ;
use der::asn1::Any;
use der::{Decode, Sequence, Tag, Tagged};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::Extension;

use super::name::{describe_oid, shown_text};
use super::signed::{SMALLEST_RSA, Signed};
use super::{
    AlternativeName, ExtensionText, Name, Profile, X509Error, algorithm, extension, object_identifier, pem,
};
use crate::signer::{Hex, PublicKey, sha256};
use crate::values::Digest;

const WHAT: &str = "certification request";

/// szOID_CERT_EXTENSIONS ([MS-WCCE] section 2.2.2.7.7): the same as extensionRequest, as Microsoft's programs write it.
const MICROSOFT_EXTENSIONS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.14");

/// pkcs-9-at-challengePassword
const CHALLENGE_PASSWORD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.7");

/// `CertificationRequestInfo` of RFC 2986 section 4.1.
#[derive(Clone, Debug, Sequence)]
struct CertificationRequestInfo {
    version: u8,
    subject: Any,
    subject_public_key_info: SubjectPublicKeyInfoOwned,
    /// A SET OF under an IMPLICIT tag has the bytes of a SEQUENCE OF. Read as a SEQUENCE OF, its order does not matter. RFC 2986 requires the
    /// field, but requests without it exist.
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    attributes: Option<Vec<Attribute>>,
}

/// `Attribute` of RFC 2986 section 4.1; the values are a SET.
#[derive(Clone, Debug, Sequence)]
struct Attribute {
    kind: ObjectIdentifier,
    values: Any,
}

/// A decoded request. Its signature is not verified yet, so no certificate can be issued for it. It is cheap to clone.
#[derive(Clone, Debug)]
pub struct CertificationRequest(Arc<Decoded>);

#[derive(Debug)]
struct Decoded {
    der: Vec<u8>,
    signed: Signed,
    info: CertificationRequestInfo,
    subject: Name,
}

/// A request whose own signature verifies under its key, and whose key is strong enough. Certificates are issued only for these.
#[derive(Clone, Debug)]
pub struct VerifiedRequest {
    request: CertificationRequest,
    public_key: PublicKey,
}

/// SHA-256 of a [verified](CertificationRequest::verify) request. The same bytes need not be verified again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerifiedHash(Digest);

impl VerifiedHash {
    /// SHA-256 of the DER bytes.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.0
    }
}

impl CertificationRequest {
    /// Reads one request in PEM or DER.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn read(input: &[u8]) -> Result<Self, X509Error> {
        let der = pem::decode_one(input, pem::CERTIFICATE_REQUEST)?;
        object_identifier::refuse_fault(&der, WHAT)?;
        let signed = Signed::from_der(&der, WHAT)?;
        let info =
            CertificationRequestInfo::from_der(&signed.content(WHAT)?).map_err(X509Error::malformed(WHAT))?;
        if info.version != 0 {
            return Err(X509Error::Version {
                what: WHAT,
                found: u64::from(info.version),
            });
        }
        // RFC 2986 section 4.1: "values SET SIZE(1..MAX)". Other programs accept nothing else either.
        let attributes = info.attributes.as_deref().unwrap_or_default();
        if let Some(other) = attributes
            .iter()
            .find(|attribute| attribute.values.tag() != Tag::Set)
        {
            return Err(X509Error::Malformed {
                what: WHAT,
                reason: format!("the values of {} are not a SET", describe_oid(other.kind)),
            });
        }
        refuse_contradiction(attributes)?;
        let subject = Name::from_any(&info.subject, WHAT)?;
        Ok(Self(Arc::new(Decoded {
            der,
            signed,
            info,
            subject,
        })))
    }

    /// Verifies proof of possession and the strength of the key.
    ///
    /// # Errors
    /// [`X509Error`]: weak hash, wrong signature, unusable or weak key.
    pub fn verify(self) -> Result<VerifiedRequest, X509Error> {
        let public_key = self.public_key()?;
        if public_key
            .algorithm()
            .rsa_bits()
            .is_some_and(|bits| bits < SMALLEST_RSA)
        {
            return Err(X509Error::WeakKey {
                found: public_key.algorithm(),
            });
        }
        self.0.signed.verify(&public_key, WHAT)?;
        Ok(VerifiedRequest {
            request: self,
            public_key,
        })
    }

    /// Returns the same request that [`verify`](Self::verify) returned before, if the bytes are the same: the result depends only on the bytes.
    ///
    /// # Errors
    /// [`X509Error::Key`]; never for verified bytes. Inside: `None` for other bytes.
    pub fn verify_again(self, known: &VerifiedHash) -> Result<Option<VerifiedRequest>, X509Error> {
        if Digest::of(&self.0.der) != known.0 {
            return Ok(None);
        }
        Ok(Some(VerifiedRequest {
            public_key: self.public_key()?,
            request: self,
        }))
    }

    /// The DER bytes it was read from.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// SHA-256 of the DER bytes, in hex.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Hex(&sha256(&self.0.der)).to_string()
    }

    /// `subject`
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// `subjectPKInfo`, if its kind is supported.
    ///
    /// # Errors
    /// [`X509Error::Key`]
    pub fn public_key(&self) -> Result<PublicKey, X509Error> {
        Ok(PublicKey::from_info(&self.0.info.subject_public_key_info)?)
    }

    /// The kind of key in words, also for an unsupported one.
    #[must_use]
    pub fn describe_key(&self) -> String {
        self.public_key().map_or_else(
            |_| describe_oid(self.0.info.subject_public_key_info.algorithm.oid),
            |key| key.algorithm().to_string(),
        )
    }

    /// The name of the signature algorithm, also for an unknown one.
    #[must_use]
    pub fn describe_signature(&self) -> String {
        algorithm::describe(&self.0.signed.algorithm)
    }

    /// The requested extensions (RFC 2985 section 5.4.2). A list that does not decode becomes one entry, so it is not silently ignored.
    #[must_use]
    pub fn requested_extensions(&self) -> Vec<ExtensionText> {
        let unread = |error: X509Error| ExtensionText {
            name: "extensionRequest".to_owned(),
            critical: false,
            value: error.to_string(),
        };
        let lists = self
            .extension_requests()
            .map(|list| list.map_or_else(|error| vec![unread(error)], |list| extension::describe_all(&list)));
        lists.flatten().collect()
    }

    fn extension_requests(&self) -> impl Iterator<Item = Result<Vec<Extension>, X509Error>> {
        // If a request has both Microsoft's attribute and the standard one, both have the same content.
        let attributes = self.attributes();
        let is_standard = |attribute: &&Attribute| attribute.kind == ID_EXTENSION_REQ;
        let kind = match attributes.iter().any(|attribute| is_standard(&attribute)) {
            true => ID_EXTENSION_REQ,
            false => MICROSOFT_EXTENSIONS,
        };
        let requests = attributes.iter().filter(move |attribute| attribute.kind == kind);
        requests.map(|attribute| {
            Vec::<Extension>::from_der(attribute.values.value())
                .map_err(X509Error::malformed("extensionRequest"))
        })
    }

    /// Every other attribute, by name, with its value as text or in hex. A challenge password (RFC 2985 section 5.4.1) is not shown: a CA may
    /// later use it to authenticate a revocation.
    #[must_use]
    pub fn other_attributes(&self) -> Vec<(String, String)> {
        let describe = |attribute: &Attribute| {
            let values = attribute.values.value();
            let single = Any::from_der(values).ok();
            let value = match single.as_ref().and_then(shown_text) {
                _ if attribute.kind == CHALLENGE_PASSWORD => "present, not shown".to_owned(),
                Some(text) => text,
                None => Hex(values).to_string(),
            };
            (describe_oid(attribute.kind), value)
        };
        let attributes = self.attributes().iter();
        attributes
            .filter(|attribute| ![ID_EXTENSION_REQ, MICROSOFT_EXTENSIONS].contains(&attribute.kind))
            .map(describe)
            .collect()
    }

    /// The faults that `csr sign` would refuse: those of the subject, and, in a profile that accepts names, those of the requested names.
    #[must_use]
    pub fn name_faults(&self) -> Vec<String> {
        let cluster = Profile::cloudhsm_cluster();
        let is_waived = |rule: &str| self.subject().is_of_hsm_partition() && cluster.waives(rule);
        let subject = self.subject().check_new(is_waived).err();
        let subject = subject.map(|fault| X509Error::broken(fault.rule, fault.found));
        let names = self.alternative_names().err();
        [subject, names]
            .into_iter()
            .flatten()
            .map(|error| error.to_string())
            .collect()
    }

    /// The requested names of the supported kinds.
    fn alternative_names(&self) -> Result<Vec<AlternativeName>, X509Error> {
        let lists: Vec<_> = self.extension_requests().collect::<Result<_, _>>()?;
        let extensions = lists.concat();
        // RFC 5280 section 4.2, "MUST NOT include more than one instance": with two, it would be unclear which one counts.
        if extensions
            .iter()
            .filter(|extension| extension.extn_id == ID_CE_SUBJECT_ALT_NAME)
            .count()
            > 1
        {
            return Err(X509Error::Malformed {
                what: "extensionRequest",
                reason: "subjectAltName occurs twice".to_owned(),
            });
        }
        Ok(extension::find_alternative_names(&extensions)?.0)
    }

    /// The requested subjectKeyIdentifier.
    fn subject_key_identifier(&self) -> Result<Option<Vec<u8>>, X509Error> {
        let lists: Vec<_> = self.extension_requests().collect::<Result<_, _>>()?;
        let extensions = lists.concat();
        let of_kind = |found: &&Extension| extension::is_subject_key_identifier(found.extn_id);
        if extensions.iter().filter(of_kind).count() > 1 {
            return Err(X509Error::Malformed {
                what: "extensionRequest",
                reason: "subjectKeyIdentifier occurs twice".to_owned(),
            });
        }
        extension::find_subject_key_identifier(&extensions)
    }

    fn attributes(&self) -> &[Attribute] {
        self.0.info.attributes.as_deref().unwrap_or_default()
    }
}

/// Refuses two extension lists that differ: other programs might read the other one.
fn refuse_contradiction(attributes: &[Attribute]) -> Result<(), X509Error> {
    let values = |kind: ObjectIdentifier| {
        let of_kind = attributes.iter().filter(move |attribute| attribute.kind == kind);
        of_kind
            .map(|attribute| attribute.values.value())
            .collect::<Vec<_>>()
    };
    let (standard, microsoft) = (values(ID_EXTENSION_REQ), values(MICROSOFT_EXTENSIONS));
    if standard.is_empty() || microsoft.is_empty() || standard == microsoft {
        return Ok(());
    }
    Err(X509Error::Malformed {
        what: WHAT,
        reason: format!(
            "extensionRequest and Microsoft's {MICROSOFT_EXTENSIONS} ask for different extensions"
        ),
    })
}
