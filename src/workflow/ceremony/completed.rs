//! A completed object, described in the words that people compare before a key signs it.

use std::collections::BTreeMap;

use super::draft::{show_certificate, show_list};
use crate::ceremony::{
    Course, Digest, KeyOctets, Keys, ObjectKind, PlannedObject, RuleVerdict, SPARE_SERIAL,
};
use crate::signer::{PublicKey, PublicKeyError, SignatureAlgorithm};
use crate::x509::{Certificate, CertificateRevocationList, X509Error, join_signature};

/// A completed object. Its description is read from its bytes, not from the plan's description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedObject {
    /// The step that signs it.
    pub step: String,
    /// Its type.
    pub is: ObjectKind,
    /// The name of its file in `out`.
    pub out: String,
    /// The key that signs it, by its name in the plan.
    pub key: String,
    /// Its content: lines of a name, `: ` and a value.
    pub shown: Vec<String>,
    /// SHA-256 of the `subjectPublicKeyInfo`, for a certificate.
    pub certified_key: Option<Digest>,
    /// The rules that the plan waives for it.
    pub waived: Vec<String>,
    /// SHA-256 of the bytes to sign.
    pub sha256: Digest,
}

impl CompletedObject {
    /// Reads the completed bytes of `object`.
    pub(super) fn read(object: &PlannedObject, bytes: &[u8]) -> Result<Self, X509Error> {
        let algorithm = SignatureAlgorithm::from_identifier(&object.algorithm.0)?;
        // One octet stands in for the signature, because only the content is read.
        let der = join_signature(bytes, algorithm, &[0])?;
        let (shown, certified_key) = match object.is {
            ObjectKind::Certificate => {
                let certificate = Certificate::from_der(&der)?;
                let shown = show_certificate(&certificate, &BTreeMap::new());
                (shown, certificate.key_fingerprint().parse().ok())
            }
            ObjectKind::Crl => (show_list(&CertificateRevocationList::from_der(der)?), None),
        };
        let waived = object.verdicts.iter();
        let waived = waived.filter(|(_, verdict)| **verdict == RuleVerdict::Waived);
        Ok(Self {
            step: object.step.clone(),
            is: object.is,
            out: object.out.clone(),
            key: object.key.clone(),
            shown,
            certified_key,
            waived: waived.map(|(rule, _)| rule.clone()).collect(),
            sha256: Digest::of(bytes),
        })
    }

    /// Names the serial number as the script names the spare one.
    pub(super) fn with_spare_serial(mut self) -> Self {
        for line in &mut self.shown {
            if let Some(serial) = line.strip_prefix("serial number: ") {
                *line = format!("{SPARE_SERIAL}: {serial}");
            }
        }
        self
    }
}

/// The octets for holes, from the keys in the transcript.
pub(super) fn keys_of(course: &Course) -> Result<Keys, PublicKeyError> {
    let mut keys = BTreeMap::new();
    for (step, course) in &course.steps {
        if let Some(made) = &course.key {
            let key = PublicKey::from_der(&made.public_key.0)?;
            keys.insert(step.clone(), KeyOctets::of(&key));
        }
    }
    Ok(Keys(keys))
}
