//! `CertID` (RFC 6960 section 4.1.1): identifies a certificate in a request.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5912::{ID_SHA_1, ID_SHA_256, ID_SHA_384, ID_SHA_512};
use der::asn1::{Any, Int, Null, OctetString};
use der::{Decode, Encode, Sequence};
use spki::AlgorithmIdentifierOwned;

use super::{REQUEST, refused};
use crate::signer::{Hash, Hex, sha1};
use crate::x509::name::describe_oid;
use crate::x509::{Certificate, SerialNumber, X509Error};

/// RFC 5280 section 4.1.2.2 allows 20 octets; old CAs issued longer ones, but none like this.
const LONGEST_SERIAL: usize = 64;

/// A digest of a message.
type HashFunction = fn(&[u8]) -> Vec<u8>;

/// The hashes that identify an issuer here. They protect nothing: most clients send SHA-1, as in RFC 5019.
const HASHES: [(ObjectIdentifier, HashFunction); 4] = [
    (ID_SHA_1, |bytes| sha1(bytes).to_vec()),
    (ID_SHA_256, |bytes| Hash::Sha256.digest(bytes)),
    (ID_SHA_384, |bytes| Hash::Sha384.digest(bytes)),
    (ID_SHA_512, |bytes| Hash::Sha512.digest(bytes)),
];

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct CertIdDer {
    hash_algorithm: AlgorithmIdentifierOwned,
    /// Hash of the issuer's encoded distinguished name.
    issuer_name_hash: OctetString,
    /// Hash of the value of the BIT STRING subjectPublicKey, without tag, length and unused bits.
    issuer_key_hash: OctetString,
    serial_number: Int,
}

/// The identification of a certificate, in the bytes of the requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertId {
    any: Any,
    fields: CertIdDer,
}

impl CertId {
    pub(super) fn read(any: Any, what: &'static str) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed(what);
        let der = any.to_der().map_err(&malformed)?;
        let fields = CertIdDer::from_der(&der).map_err(&malformed)?;
        if fields.serial_number.as_bytes().len() > LONGEST_SERIAL {
            return refused(
                what,
                format!("a serial number of more than {LONGEST_SERIAL} octets"),
            );
        }
        let found = Self { any, fields };
        if let Some(hash) = found.hash() {
            found.check_hashes(hash(&[]).len(), what)?;
        }
        Ok(found)
    }

    /// A known hash must have its own length, and no parameters (RFC 5754 section 2, RFC 3370 section 2.1: absent, or NULL).
    fn check_hashes(&self, length: usize, what: &'static str) -> Result<(), X509Error> {
        let parameters = self.fields.hash_algorithm.parameters.as_ref();
        if parameters.is_some_and(|parameters| *parameters != Any::from(Null)) {
            return refused(what, "a hash algorithm with parameters");
        }
        let hashes = [&self.fields.issuer_name_hash, &self.fields.issuer_key_hash];
        if hashes.iter().any(|hash| hash.as_bytes().len() != length) {
            return refused(
                what,
                "issuerNameHash or issuerKeyHash has the wrong length for its hash",
            );
        }
        Ok(())
    }

    fn hash(&self) -> Option<HashFunction> {
        let mut known = HASHES.into_iter();
        known
            .find(|(oid, _)| *oid == self.fields.hash_algorithm.oid)
            .map(|(_, hash)| hash)
    }

    /// Whether `authority` issued the certificate, by name and key. False for an unknown hash.
    ///
    /// # Errors
    /// [`X509Error::Key`] if the CA certificate's key cannot be used.
    pub fn is_of(&self, authority: &Certificate) -> Result<bool, X509Error> {
        let key = authority.public_key()?;
        let Some(hash) = self.hash() else {
            return Ok(false);
        };
        Ok(
            hash(authority.subject().der()) == self.fields.issuer_name_hash.as_bytes()
                && hash(key.subject_public_key()) == self.fields.issuer_key_hash.as_bytes(),
        )
    }

    /// Whether the issuer has the key of `authority`, whatever its name. False for an unknown hash.
    pub(super) fn has_key_of(&self, authority: &Certificate) -> bool {
        let (Some(hash), Ok(key)) = (self.hash(), authority.public_key()) else {
            return false;
        };
        hash(key.subject_public_key()) == self.fields.issuer_key_hash.as_bytes()
    }

    /// `serialNumber`
    #[must_use]
    pub fn serial_number(&self) -> SerialNumber {
        SerialNumber::from_int(&self.fields.serial_number)
    }

    /// The name of `hashAlgorithm`: `sha1`, `sha256`, or that of another object identifier.
    #[must_use]
    pub fn describe_hash(&self) -> String {
        let oid = self.fields.hash_algorithm.oid;
        let known = [CertIdHash::Sha1, CertIdHash::Sha256]
            .into_iter()
            .find(|hash| hash.oid() == oid);
        known.map_or_else(|| describe_oid(oid), |hash| hash.name().to_owned())
    }

    /// `issuerNameHash` and `issuerKeyHash` in hex.
    #[must_use]
    pub fn issuer_hashes(&self) -> [String; 2] {
        [&self.fields.issuer_name_hash, &self.fields.issuer_key_hash]
            .map(|hash| Hex(hash.as_bytes()).to_string())
    }

    /// The element as it was read.
    pub(super) const fn any(&self) -> &Any {
        &self.any
    }
}

/// The hash with which a CertID identifies the CA.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertIdHash {
    /// SHA-1, which most clients use (RFC 5019 section 2.1.1).
    #[default]
    Sha1,
    /// SHA-256, which RFC 9654 clients and some browsers use.
    Sha256,
}

impl CertIdHash {
    /// `sha1` or `sha256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        }
    }

    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Sha1 => ID_SHA_1,
            Self::Sha256 => ID_SHA_256,
        }
    }
}

impl CertId {
    /// The CertID of a certificate that `authority` issued, as a client makes it.
    ///
    /// # Errors
    /// [`X509Error`] if the CA certificate's key cannot be used, or the serial number cannot be encoded.
    pub(super) fn of(
        authority: &Certificate,
        serial: &SerialNumber,
        hash: CertIdHash,
    ) -> Result<Any, X509Error> {
        Self::hashed(authority, serial, hash.oid())
    }

    fn hashed(
        authority: &Certificate,
        serial: &SerialNumber,
        hash: ObjectIdentifier,
    ) -> Result<Any, X509Error> {
        let malformed = X509Error::malformed(REQUEST);
        let Some((_, digest)) = HASHES.into_iter().find(|(oid, _)| *oid == hash) else {
            return refused(REQUEST, "a hash that is not known here");
        };
        let octets = |bytes: &[u8]| OctetString::new(digest(bytes)).map_err(&malformed);
        let fields = CertIdDer {
            hash_algorithm: AlgorithmIdentifierOwned {
                oid: hash,
                parameters: Some(Any::from(Null)),
            },
            issuer_name_hash: octets(authority.subject().der())?,
            issuer_key_hash: octets(authority.public_key()?.subject_public_key())?,
            serial_number: serial.to_int()?,
        };
        let der = fields.to_der().map_err(&malformed)?;
        Any::from_der(&der).map_err(&malformed)
    }
}

#[cfg(test)]
impl CertId {
    /// As a client makes it.
    pub(super) fn for_tests(authority: &Certificate, serial: &SerialNumber, hash: ObjectIdentifier) -> Any {
        Self::hashed(authority, serial, hash).unwrap()
    }
}
