//! The structures inside a decrypted private key. Everything is borrowed: decoding makes no copy of a secret.
//!
//! KMS documents "PKCS8 PrivateKeyInfo, as specified in RFC 5958" (API reference, `GenerateDataKeyPair`), but not what is inside it, so both
//! versions are read, with and without the public key and attributes.

use const_oid::ObjectIdentifier;
use der::asn1::{AnyRef, BitStringRef, OctetStringRef, UintRef};
use der::{
    DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Sequence, Tag, TagNumber, Tagged, Writer,
};
use spki::AlgorithmIdentifierRef;

/// `OneAsymmetricKey` (RFC 5958 section 2), of version v1 or v2.
pub(super) struct PrivateKeyInfo<'a> {
    pub(super) version: u8,
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) private_key: &'a [u8],
    /// `publicKey`, which KMS might add; the attributes are skipped.
    pub(super) public_key: Option<&'a [u8]>,
}

impl FixedTag for PrivateKeyInfo<'_> {
    const TAG: Tag = Tag::Sequence;
}

impl<'a> DecodeValue<'a> for PrivateKeyInfo<'a> {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        reader.read_nested(header.length(), |reader| {
            let mut info = Self {
                version: reader.decode()?,
                algorithm: reader.decode()?,
                private_key: reader.decode::<&OctetStringRef>()?.as_bytes(),
                public_key: None,
            };
            let mut last = None;
            while !reader.is_finished() {
                let field: AnyRef<'_> = reader.decode()?;
                let number = match Tagged::tag(&field) {
                    Tag::ContextSpecific {
                        constructed: true,
                        number: number @ TagNumber(0),
                    } => number,
                    Tag::ContextSpecific {
                        constructed: false,
                        number: number @ TagNumber(1),
                    } => {
                        // IMPLICIT BIT STRING: the first byte counts the unused bits.
                        let (unused, bits) =
                            field.value().split_first().ok_or(Tag::BitString.length_error())?;
                        if *unused != 0 {
                            return Err(Tag::BitString.value_error().into());
                        }
                        info.public_key = Some(bits);
                        number
                    }
                    other => return Err(other.unexpected_error(None).into()),
                };
                if last >= Some(number) {
                    return Err(Tagged::tag(&field).value_error().into());
                }
                last = Some(number);
            }
            Ok(info)
        })
    }
}

/// Version v1 without attributes: what every token reads.
impl EncodeValue for PrivateKeyInfo<'_> {
    fn value_len(&self) -> der::Result<Length> {
        use der::Encode as _;
        self.version.encoded_len()?
            + self.algorithm.encoded_len()?
            + OctetStringRef::new(self.private_key)?.encoded_len()?
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        use der::Encode as _;
        self.version.encode(writer)?;
        self.algorithm.encode(writer)?;
        OctetStringRef::new(self.private_key)?.encode(writer)
    }
}

/// `RSAPrivateKey` (RFC 8017 appendix A.1.2) with two primes.
#[derive(Sequence)]
pub(super) struct RsaPrivateKey<'a> {
    pub(super) version: u8,
    pub(super) modulus: UintRef<'a>,
    pub(super) public_exponent: UintRef<'a>,
    pub(super) private_exponent: UintRef<'a>,
    pub(super) prime1: UintRef<'a>,
    pub(super) prime2: UintRef<'a>,
    pub(super) exponent1: UintRef<'a>,
    pub(super) exponent2: UintRef<'a>,
    pub(super) coefficient: UintRef<'a>,
}

/// `ECPrivateKey` (RFC 5915 section 3).
#[derive(Sequence)]
pub(super) struct EcPrivateKey<'a> {
    pub(super) version: u8,
    pub(super) private_key: &'a OctetStringRef,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) parameters: Option<ObjectIdentifier>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) public_key: Option<BitStringRef<'a>>,
}
