//! Requests signed by a software key, for the tests of `x509` and `workflow`.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::ID_EXTENSION_REQ;
use der::asn1::Any;
use der::{Decode, Encode, Tag};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::ext::Extension;

use super::{Attribute, CertificationRequest, CertificationRequestInfo, VerifiedRequest};
use crate::signer::Signer;
use crate::x509::signed::Signed;
use crate::x509::{Name, X509Error};

impl VerifiedRequest {
    /// A request signed by a software key, read back and verified.
    pub(in crate::x509) fn for_tests(signer: &dyn Signer, subject: &Name) -> Self {
        Self::asking_for(signer, subject, Vec::new()).unwrap()
    }

    /// The same, with requested extensions.
    pub(in crate::x509) fn asking_for(
        signer: &dyn Signer,
        subject: &Name,
        extensions: Vec<Extension>,
    ) -> Result<Self, X509Error> {
        let list = (ID_EXTENSION_REQ, extensions);
        let lists = if list.1.is_empty() { Vec::new() } else { vec![list] };
        Self::asking_in(signer, subject, lists)
    }

    /// The same, with the extensions in these attributes.
    pub(in crate::x509) fn asking_in(
        signer: &dyn Signer,
        subject: &Name,
        lists: Vec<(ObjectIdentifier, Vec<Extension>)>,
    ) -> Result<Self, X509Error> {
        let attribute = |(kind, extensions): (_, Vec<Extension>)| Attribute {
            kind,
            values: Any::new(Tag::Set, extensions.to_der().unwrap()).unwrap(),
        };
        let info = CertificationRequestInfo {
            version: 0,
            subject: subject.to_any().unwrap(),
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(signer.public_key().der()).unwrap(),
            attributes: Some(lists.into_iter().map(attribute).collect()),
        };
        let content = info.to_der().unwrap();
        let algorithm = signer.public_key().algorithm().default_signature();
        let signature = signer.sign(algorithm, &content).unwrap();
        let der = Signed::assemble(&content, algorithm, &signature)?.to_der()?;
        CertificationRequest::read(&der)?.verify()
    }
}
