//! The pair file: what `aws kms generate-data-key-pair-without-plaintext` prints.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Serialize};

use super::{KeyArn, KmsError};
use crate::output::{Encoding, Sealed, Verified};
use crate::signer::{Curve, KeyAlgorithm, KeyFingerprint, KeySearch, PublicKey};

/// The names and values that KMS binds a ciphertext to. They are not secret; decryption needs the same ones.
pub type EncryptionContext = BTreeMap<String, String>;

/// `KeyPairSpec` of the KMS API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec(KeyAlgorithm);

const SPECS: [(&str, KeyAlgorithm); 8] = [
    ("RSA_2048", KeyAlgorithm::Rsa { bits: 2048 }),
    ("RSA_3072", KeyAlgorithm::Rsa { bits: 3072 }),
    ("RSA_4096", KeyAlgorithm::Rsa { bits: 4096 }),
    ("ECC_NIST_P256", KeyAlgorithm::Ec(Curve::P256)),
    ("ECC_NIST_P384", KeyAlgorithm::Ec(Curve::P384)),
    ("ECC_NIST_P521", KeyAlgorithm::Ec(Curve::P521)),
    ("ECC_SECG_P256K1", KeyAlgorithm::Ec(Curve::Secp256k1)),
    ("ECC_NIST_EDWARDS25519", KeyAlgorithm::Ed25519),
];

impl KeySpec {
    /// Every spec's name, as the KMS API writes it. `SM2` is offered in AWS's China regions only, and not supported.
    #[must_use]
    pub fn names() -> [&'static str; 8] {
        SPECS.map(|(name, _)| name)
    }

    /// The kind of key it stands for.
    #[must_use]
    pub const fn algorithm(self) -> KeyAlgorithm {
        self.0
    }
}

impl FromStr for KeySpec {
    type Err = KmsError;

    fn from_str(text: &str) -> Result<Self, KmsError> {
        let known = SPECS.iter().find(|(name, _)| *name == text);
        known
            .map(|(_, algorithm)| Self(*algorithm))
            .ok_or_else(|| KmsError::Spec {
                spec: text.to_owned(),
            })
    }
}

impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            SPECS
                .iter()
                .find(|(_, algorithm)| *algorithm == self.0)
                .map_or("", |(name, _)| name),
        )
    }
}

/// A key pair whose private half only KMS can decrypt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPairFile {
    /// `PrivateKeyCiphertextBlob`
    pub private_key_ciphertext: Vec<u8>,
    /// `PublicKey`
    pub public_key: PublicKey,
    /// `KeyId`: the ARN of the KMS key that encrypts the private half.
    pub key_id: KeyArn,
    /// `KeyPairSpec`
    pub spec: KeySpec,
    /// `EncryptionContext`: this program writes it; the AWS CLI does not.
    pub encryption_context: EncryptionContext,
    /// `KeyMaterialId`
    pub key_material_id: Option<String>,
}

/// The JSON in the file. Unknown fields, which AWS may add later, are ignored.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PairJson {
    private_key_ciphertext_blob: String,
    public_key: String,
    key_id: String,
    key_pair_spec: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key_material_id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    encryption_context: EncryptionContext,
}

/// KMS API, `Decrypt`: a ciphertext has at most this many bytes.
const LONGEST_CIPHERTEXT: usize = 6144;

impl KeyPairFile {
    /// Reads a pair file: this program's, or the AWS CLI's own output.
    ///
    /// # Errors
    /// [`KmsError::Pair`], [`KmsError::PlaintextInPair`], [`KmsError::PublicKey`], [`KmsError::Spec`], [`KmsError::WeakKey`]
    pub fn read(input: &[u8]) -> Result<Self, KmsError> {
        let wrong = |reason: String| KmsError::Pair { reason };
        if input.iter().all(u8::is_ascii_whitespace) {
            return Err(wrong("it is empty".to_owned()));
        }
        // The category and place of a fault, not serde's message, which could quote the file.
        let fault = |error: &serde_json::Error| {
            let kind = if error.is_eof() {
                "it ends too early"
            } else {
                "it is not the JSON that KMS prints"
            };
            format!("{kind} (line {}, column {})", error.line(), error.column())
        };
        let value: serde_json::Value = serde_json::from_slice(input).map_err(|error| wrong(fault(&error)))?;
        if value.get("PrivateKeyPlaintext").is_some() {
            return Err(KmsError::PlaintextInPair);
        }
        const FIELDS: [&str; 4] = ["PrivateKeyCiphertextBlob", "PublicKey", "KeyId", "KeyPairSpec"];
        if let Some(field) = FIELDS
            .iter()
            .find(|field| !value.get(field).is_some_and(serde_json::Value::is_string))
        {
            return Err(wrong(format!("it has no text field \"{field}\"")));
        }
        let json: PairJson = serde_json::from_value(value)
            .map_err(|_| wrong("EncryptionContext or KeyMaterialId is not what KMS prints".to_owned()))?;
        let decode = |field: &str, base64: &str| {
            let compact: String = base64.split_ascii_whitespace().collect();
            Base64::decode_vec(&compact).map_err(|_| wrong(format!("{field} is not base64")))
        };
        let private_key_ciphertext = decode("PrivateKeyCiphertextBlob", &json.private_key_ciphertext_blob)?;
        if private_key_ciphertext.is_empty() || private_key_ciphertext.len() > LONGEST_CIPHERTEXT {
            let length = private_key_ciphertext.len();
            return Err(wrong(format!(
                "PrivateKeyCiphertextBlob has {length} bytes; KMS allows 1 to {LONGEST_CIPHERTEXT}"
            )));
        }
        let public_key =
            PublicKey::from_der(&decode("PublicKey", &json.public_key)?).map_err(KmsError::PublicKey)?;
        let spec: KeySpec = json.key_pair_spec.parse()?;
        if public_key.algorithm() != spec.algorithm() {
            return Err(wrong(format!(
                "PublicKey is {}, but KeyPairSpec says {spec}",
                public_key.algorithm()
            )));
        }
        refuse_weak(&public_key)?;
        let key_id = KeyArn::parse(&json.key_id)
            .ok_or_else(|| wrong("KeyId is not the ARN of a KMS key".to_owned()))?;
        Ok(Self {
            private_key_ciphertext,
            public_key,
            key_id,
            spec,
            encryption_context: json.encryption_context,
            key_material_id: json.key_material_id,
        })
    }

    /// The same pair with the encryption context of the command line, where the file has none.
    ///
    /// # Errors
    /// [`KmsError::Context`] when both have one and they differ.
    pub fn with_context(mut self, given: EncryptionContext) -> Result<Self, KmsError> {
        if !given.is_empty() {
            if !self.encryption_context.is_empty() && self.encryption_context != given {
                return Err(KmsError::Context);
            }
            self.encryption_context = given;
        }
        Ok(self)
    }

    /// Refuses the pair unless its public key has this fingerprint.
    ///
    /// # Errors
    /// [`KmsError::OtherFingerprint`]
    pub fn require(&self, expected: &KeyFingerprint) -> Result<(), KmsError> {
        let found = self.public_key.fingerprint();
        if found == *expected {
            return Ok(());
        }
        Err(KmsError::OtherFingerprint {
            expected: *expected,
            found,
        })
    }
}

/// KMS generates RSA keys with this exponent, 65537, only.
const EXPONENT: &[u8] = &[1, 0, 1];

/// Refuses a public key that KMS does not generate: another program generated it, or the answer is faulty.
///
/// # Errors
/// [`KmsError::WeakKey`]
pub(super) fn refuse_weak(public_key: &PublicKey) -> Result<(), KmsError> {
    if let Some(fault) = public_key.find_fault(KeySearch::Short) {
        return Err(KmsError::WeakKey {
            reason: fault.to_string(),
        });
    }
    match public_key.rsa_integers() {
        Some((_, exponent)) if exponent != EXPONENT => Err(KmsError::WeakKey {
            reason: "the public exponent is not 65537".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// `arn:PARTITION:kms:REGION:ACCOUNT:key/ID`
#[cfg(any(feature = "aws", test))]
pub(super) fn region_of(key_id: &str) -> Option<&str> {
    let mut parts = key_id.strip_prefix("arn:")?.split(':').skip(1);
    (parts.next() == Some("kms"))
        .then(|| parts.next())
        .flatten()
        .filter(|region| !region.is_empty())
}

impl Sealed for KeyPairFile {}

impl Verified for KeyPairFile {
    fn content(&self, _: Encoding) -> Vec<u8> {
        let json = PairJson {
            private_key_ciphertext_blob: Base64::encode_string(&self.private_key_ciphertext),
            public_key: Base64::encode_string(self.public_key.der()),
            key_id: self.key_id.to_string(),
            key_pair_spec: self.spec.to_string(),
            key_material_id: self.key_material_id.clone(),
            encryption_context: self.encryption_context.clone(),
        };
        let mut text = serde_json::to_vec_pretty(&json).unwrap_or_default();
        text.push(b'\n');
        text
    }

    fn recheck(&self, written: &[u8]) -> Result<(), String> {
        match Self::read(written) {
            Ok(read) if read == *self => Ok(()),
            Ok(_) => Err("it reads back differently".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str =
        "arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

    fn pair() -> KeyPairFile {
        // RFC 8032 section 5.1: B, whose y is 4/5.
        let mut point = [0x66; 32];
        point[0] = 0x58;
        KeyPairFile {
            private_key_ciphertext: vec![1, 2, 3],
            public_key: PublicKey::from_ed25519(&point).unwrap(),
            key_id: KeyArn::parse(ARN).unwrap(),
            spec: "ECC_NIST_EDWARDS25519".parse().unwrap(),
            encryption_context: EncryptionContext::new(),
            key_material_id: None,
        }
    }

    fn changed(from: &str, to: &str) -> Result<KeyPairFile, KmsError> {
        let text = String::from_utf8(pair().content(Encoding::Pem)).unwrap();
        assert!(text.contains(from), "{text}");
        KeyPairFile::read(text.replacen(from, to, 1).as_bytes())
    }

    #[test]
    fn a_written_pair_reads_back() {
        let pair = pair();
        assert_eq!(pair.recheck(&pair.content(Encoding::Pem)), Ok(()));
        assert_eq!(region_of(pair.key_id.as_str()), Some("us-gov-west-1"));
        assert_eq!(region_of("alias/x"), None);
    }

    #[test]
    fn each_fault_is_named_and_the_file_is_not_quoted() {
        let text = pair().content(Encoding::Pem);
        for cut in [0, 1, 10, text.len() / 2, text.len() - 3] {
            assert!(
                matches!(KeyPairFile::read(&text[..cut]), Err(KmsError::Pair { .. })),
                "{cut}"
            );
        }
        assert!(matches!(changed("AQID", "AQI*"), Err(KmsError::Pair { .. })));
        assert!(matches!(
            changed("ECC_NIST_EDWARDS25519", "RSA_4096"),
            Err(KmsError::Pair { .. })
        ));
        assert!(matches!(
            changed("ECC_NIST_EDWARDS25519", "SM2"),
            Err(KmsError::Spec { .. })
        ));
        assert!(matches!(
            changed("\"KeyId\"", "\"KeyID\""),
            Err(KmsError::Pair { .. })
        ));
        assert!(matches!(
            changed("\"KeyId\"", "\"PrivateKeyPlaintext\":\"x\",\"KeyId\""),
            Err(KmsError::PlaintextInPair)
        ));
        let Err(error) = changed("\"KeyId\": \"arn", "\"KeyId\": sesame \"arn") else {
            panic!()
        };
        assert!(!error.to_string().contains("sesame"));
    }

    #[test]
    fn a_key_id_must_be_the_arn_of_a_key() {
        for other in [
            "alias/ca",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/ca",
        ] {
            assert!(
                matches!(changed(ARN, other), Err(KmsError::Pair { .. })),
                "{other}"
            );
        }
    }

    #[test]
    fn a_key_that_kms_does_not_generate_is_refused() {
        // A point of order 1: anyone can write a signature that verifies under it.
        let mut identity = [0; 32];
        identity[0] = 1;
        let ones = [0xff; 256];
        for key in [
            PublicKey::from_ed25519(&identity).unwrap(),
            // A multiple of 3.
            PublicKey::from_rsa(&ones, EXPONENT).unwrap(),
        ] {
            assert!(
                matches!(refuse_weak(&key), Err(KmsError::WeakKey { .. })),
                "{key:?}"
            );
        }
        let mut weak = pair();
        weak.public_key = PublicKey::from_ed25519(&identity).unwrap();
        let read = KeyPairFile::read(&weak.content(Encoding::Pem));
        assert!(matches!(read, Err(KmsError::WeakKey { .. })));
    }

    #[test]
    fn only_the_expected_fingerprint_is_accepted() {
        let pair = pair();
        assert!(pair.require(&pair.public_key.fingerprint()).is_ok());
        let other: KeyFingerprint = "00".repeat(32).parse().unwrap();
        assert!(matches!(
            pair.require(&other),
            Err(KmsError::OtherFingerprint { expected, found })
                if expected == other && found == pair.public_key.fingerprint()
        ));
    }

    #[test]
    fn fields_that_aws_adds_are_ignored() {
        assert!(changed("\"KeyId\"", "\"Later\": [1], \"KeyId\"").is_ok());
    }

    #[test]
    fn two_different_contexts_are_refused() {
        let context = |value: &str| EncryptionContext::from([("a".to_owned(), value.to_owned())]);
        let pair = pair().with_context(context("b")).unwrap();
        assert!(matches!(
            pair.clone().with_context(context("c")),
            Err(KmsError::Context)
        ));
        assert_eq!(pair.clone().with_context(EncryptionContext::new()).unwrap(), pair);
    }
}
