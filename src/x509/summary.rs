//! What people want to know first about a certificate or a key.

use crate::x509::{Rule, rules};
use der::Encode;

use super::{Certificate, CertificationRequest, Name};
use crate::signer::{Hex, KeyFault, KeyList, KeySearch, PublicKey, sha256};

/// The kind of a certificate, in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateRole {
    /// A CA that is its own issuer.
    Root,
    /// A CA under another.
    Intermediate,
    /// Its own issuer, but not a CA.
    SelfSigned,
    /// A certificate that issues no others.
    EndEntity,
}

impl Certificate {
    /// Its kind, according to its content.
    #[must_use]
    pub fn role(&self) -> CertificateRole {
        match (self.is_authority(), self.is_self_issued()) {
            (true, true) => CertificateRole::Root,
            (true, false) => CertificateRole::Intermediate,
            (false, true) => CertificateRole::SelfSigned,
            (false, false) => CertificateRole::EndEntity,
        }
    }

    /// SHA-256 of the DER bytes.
    #[must_use]
    pub fn sha256(&self) -> Vec<u8> {
        sha256(self.der()).to_vec()
    }

    /// SHA-256 of the encoded subjectPublicKeyInfo, in hex: the name of a key in pins and allow-lists.
    #[must_use]
    pub fn key_fingerprint(&self) -> String {
        let der = self.key_info().to_der().unwrap_or_default();
        Hex(&sha256(&der)).to_string()
    }

    /// A description of its key, with the faults that a short search finds.
    #[must_use]
    pub fn key_summary(&self) -> KeySummary {
        KeySummary::of(self.public_key().ok(), self.describe_key(), KeySearch::Short)
    }
}

impl CertificationRequest {
    /// SHA-256 of the DER bytes.
    #[must_use]
    pub fn sha256(&self) -> Vec<u8> {
        sha256(self.der()).to_vec()
    }

    /// A description of its key, with the faults that a long search finds. `refused` are keys whose private keys others know.
    #[must_use]
    pub fn key_summary(&self, refused: Option<&KeyList>) -> KeySummary {
        let key = self.public_key().ok();
        let listed = key
            .as_ref()
            .and_then(|key| refused.and_then(|list| list.find_fault(key)));
        let summary = KeySummary::of(key, self.describe_key(), KeySearch::Long);
        KeySummary {
            fault: listed.map(|fault| fault.to_string()).or(summary.fault),
            ..summary
        }
    }
}

/// The description of a public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySummary {
    /// Kind and size.
    pub kind: String,
    /// The public exponent of an RSA key.
    pub exponent: Option<u32>,
    /// keyIdentifier by method (1) of RFC 5280 section 4.2.1.2, in hex.
    pub identifier: Option<String>,
    /// Why a CA should not sign anything for it.
    pub fault: Option<String>,
}

impl KeySummary {
    fn of(key: Option<PublicKey>, kind: String, search: KeySearch) -> Self {
        let Some(key) = key else {
            return Self {
                kind,
                exponent: None,
                identifier: None,
                fault: None,
            };
        };
        let is_short = key.algorithm().rsa_bits().is_some_and(|bits| bits < 2048);
        let fault = match key.find_fault(search) {
            Some(fault) => Some(fault.to_string()),
            None => is_short.then(|| "less than RSA 2048".to_owned()),
        };
        let exponent = key.rsa_integers().map(|(_, exponent)| exponent.to_vec());
        Self {
            kind,
            exponent: exponent.and_then(|bytes| read_exponent(&bytes)),
            identifier: Some(Hex(&key.key_identifier()).to_string()),
            fault,
        }
    }
}

fn read_exponent(bytes: &[u8]) -> Option<u32> {
    let number = bytes.iter().try_fold(0_u64, |number, byte| {
        Some(number.checked_mul(256)? + u64::from(*byte))
    });
    u32::try_from(number?).ok()
}

/// The rule (`cert rules`) that a key with this fault breaks.
pub(super) const fn rule_of(fault: KeyFault) -> &'static Rule {
    match fault {
        KeyFault::Exponent => rules::KEY_EXPONENT,
        KeyFault::OffCurve | KeyFault::SmallOrder => rules::KEY_POINT,
        KeyFault::SmallFactor(_) => rules::KEY_SMALL_FACTORS,
        KeyFault::MediumFactor(_) => rules::KEY_MEDIUM_FACTORS,
        KeyFault::PrimePower => rules::KEY_COMPOSITE,
        KeyFault::Listed => rules::KEY_REFUSED,
        KeyFault::Debian => rules::KEY_DEBIAN,
        KeyFault::Roca => rules::KEY_ROCA,
        KeyFault::ClosePrimes => rules::KEY_CLOSE_PRIMES,
    }
}

impl Name {
    /// Its parts as RFC 4514 text, most specific first: joined with commas they are the whole name.
    #[must_use]
    pub fn parts(&self) -> Vec<String> {
        let text = self.to_string();
        let mut parts = vec![String::new()];
        let mut escaped = false;
        for character in text.chars() {
            if character == ',' && !escaped {
                parts.push(String::new());
            } else if let Some(part) = parts.last_mut() {
                part.push(character);
            }
            escaped = character == '\\' && !escaped;
        }
        parts.retain(|part| !part.is_empty());
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::fixture::{Sketch, SoftwareKey};

    #[test]
    fn a_name_is_split_only_at_its_separators() {
        let name = Name::from_rfc4514("CN=a\\, b\\\\,OU=x+O=Example\\, Inc.,C=US").unwrap();
        assert_eq!(name.parts(), ["CN=a\\, b\\\\", "OU=x+O=Example\\, Inc.", "C=US"]);
        assert_eq!(name.parts().join(","), name.to_string());
        let empty = Name::from_der(&[0x30, 0]).unwrap();
        assert!(empty.parts().is_empty());
    }

    #[test]
    fn the_kind_of_a_certificate_follows_from_its_content() {
        let key = SoftwareKey::generate();
        let role = |sketch: Sketch| sketch.sign(&key, &key).role();
        assert_eq!(role(Sketch::authority("CN=a", "CN=a")), CertificateRole::Root);
        assert_eq!(
            role(Sketch::authority("CN=a", "CN=b")),
            CertificateRole::Intermediate
        );
        assert_eq!(
            role(Sketch::version_1("CN=a", "CN=a")),
            CertificateRole::SelfSigned
        );
        assert_eq!(
            role(Sketch::version_1("CN=a", "CN=b")),
            CertificateRole::EndEntity
        );
        let summary = Sketch::version_1("CN=a", "CN=a").sign(&key, &key).key_summary();
        assert_eq!(
            (summary.kind.as_str(), summary.exponent, summary.fault),
            ("EC P-256", None, None)
        );
    }
}
