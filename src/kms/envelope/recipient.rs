//! The one recipient: to which key the content's key is encrypted, and how.

use super::EnvelopeError;
use super::field::{at, open, take_integer, take_octets};
use super::oaep::key_encryption_algorithm;
use crate::kms::ber::{Element, Reader, Tag};

/// The moduli of RSA 2048, 3072 and 4096: the keys that a recipient may have (aws-nitro-enclaves-sdk-c, `attestation.h`).
pub(super) const ENCRYPTED_KEY_LENGTHS: [usize; 3] = [256, 384, 512];

/// The recipient of the content's key.
pub(super) struct Recipient {
    /// `None` if the recipient is named by a certificate.
    pub(super) key_identifier: Option<Vec<u8>>,
    pub(super) version: i64,
    pub(super) encrypted_key: Vec<u8>,
}

/// RFC 5652 section 6.1: `RecipientInfos ::= SET SIZE (1..MAX) OF RecipientInfo`; KMS encrypts to one.
pub(super) fn only_recipient(mut recipients: Reader<'_>) -> Result<Recipient, EnvelopeError> {
    const FIELD: &str = "EnvelopedData.recipientInfos";
    if recipients.is_empty() {
        return Err(EnvelopeError::Recipients { found: 0 });
    }
    let recipient = recipients.element().map_err(at(FIELD))?;
    let mut found = 1;
    while !recipients.is_empty() {
        recipients.element().map_err(at(FIELD))?;
        found += 1;
    }
    if found != 1 {
        return Err(EnvelopeError::Recipients { found });
    }
    key_transport(&recipient)
}

/// RFC 5652 section 6.2.1: KeyTransRecipientInfo.
fn key_transport(recipient: &Element<'_>) -> Result<Recipient, EnvelopeError> {
    const FIELD: &str = "KeyTransRecipientInfo";
    // RFC 5652 section 6.2: of the alternatives of RecipientInfo, only ktri has no tag of its own.
    if recipient.tag() != Tag::SEQUENCE {
        return Err(EnvelopeError::RecipientKind {
            found: recipient.tag().to_string(),
        });
    }
    let mut info = recipient.inside().map_err(at(FIELD))?;
    let version = take_integer(&mut info, "KeyTransRecipientInfo.version")?;
    let (key_identifier, expected) = recipient_identifier(&mut info)?;
    if version != expected {
        return Err(EnvelopeError::RecipientVersion {
            found: version,
            expected,
        });
    }
    key_encryption_algorithm(open(
        &mut info,
        Tag::SEQUENCE,
        "KeyTransRecipientInfo.keyEncryptionAlgorithm",
    )?)?;
    let encrypted_key = take_octets(&mut info, Tag::OCTET_STRING, "KeyTransRecipientInfo.encryptedKey")?;
    // RFC 8017 section 7.1.1: the ciphertext is as long as the modulus.
    if !ENCRYPTED_KEY_LENGTHS.contains(&encrypted_key.len()) {
        return Err(EnvelopeError::EncryptedKeyLength {
            found: encrypted_key.len(),
        });
    }
    info.finish().map_err(at(FIELD))?;
    Ok(Recipient {
        key_identifier,
        version,
        encrypted_key,
    })
}

/// RFC 5652 section 6.2.1: `RecipientIdentifier ::= CHOICE { issuerAndSerialNumber, subjectKeyIdentifier [0] IMPLICIT }`. KMS names the key itself;
/// an emulator names a certificate that need not exist. The choice decides the version: 2 for the key, 0 for the certificate. The certificate's
/// name is not kept: the private key is the one whose public key KMS was given, whatever its name.
fn recipient_identifier(info: &mut Reader<'_>) -> Result<(Option<Vec<u8>>, i64), EnvelopeError> {
    let rid = info.element().map_err(at("KeyTransRecipientInfo.rid"))?;
    if rid.tag() == Tag::SEQUENCE {
        const FIELD: &str = "issuerAndSerialNumber";
        let mut named = rid.inside().map_err(at(FIELD))?;
        for (tag, field) in [
            (Tag::SEQUENCE, "issuerAndSerialNumber.issuer"),
            (Tag::INTEGER, "issuerAndSerialNumber.serialNumber"),
        ] {
            let part = named.element().map_err(at(field))?;
            if part.tag() != tag {
                return Err(EnvelopeError::RecipientIdentifier {
                    found: format!("{field} with the tag {}", part.tag()),
                });
            }
        }
        named.finish().map_err(at(FIELD))?;
        return Ok((None, 0));
    }
    if rid.tag() != Tag::context(0) {
        return Err(EnvelopeError::RecipientIdentifier {
            found: rid.tag().to_string(),
        });
    }
    let identifier = rid.octets().map_err(at("subjectKeyIdentifier"))?.into_owned();
    if identifier.is_empty() {
        return Err(EnvelopeError::NoKeyIdentifier);
    }
    Ok((Some(identifier), 2))
}
