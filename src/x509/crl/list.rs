//! Reads lists: our own and other people's.

use std::fmt;
use std::ops::Range;

use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;

use super::buffer::DerBuffer;
use super::entry::Entries;
use super::extension;
use super::fields::Fields;
use super::{CrlEntry, WHAT};
use crate::signer::{Hex, PublicKey, SignatureAlgorithm, sha256};
use crate::x509::signed::whole_octets;
use crate::x509::{CrlNumber, ExtensionText, Name, UnixTime, X509Error, algorithm, pem};

/// A decoded list of either version, full or delta, in the bytes that it was read from. Nothing about it is verified yet.
#[derive(Clone)]
pub struct CertificateRevocationList {
    bytes: DerBuffer,
    tbs: Range<usize>,
    fields: Fields,
    issuer: Name,
    algorithm: AlgorithmIdentifierOwned,
    signature: Vec<u8>,
}

impl CertificateRevocationList {
    /// Reads one list in PEM or DER; PEM is decoded in place.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn read(input: Vec<u8>) -> Result<Self, X509Error> {
        Self::from_der(pem::decode_in_place(input, pem::X509_CRL)?)
    }

    /// Reads one DER list; nothing may follow it.
    ///
    /// # Errors
    /// [`X509Error`]
    pub fn from_der(der: Vec<u8>) -> Result<Self, X509Error> {
        Self::from_buffer(DerBuffer::of(der))
    }

    pub(super) fn from_buffer(bytes: DerBuffer) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed(WHAT);
        let der = bytes.as_bytes();
        let whole = AnyRef::from_der(der).map_err(&malformed)?;
        if whole.tag() != Tag::Sequence {
            return Err(X509Error::Malformed {
                what: WHAT,
                reason: "a CertificateList that is not a SEQUENCE".to_owned(),
            });
        }
        let (length, algorithm, signature) = read_frame(whole.value()).map_err(&malformed)?;
        let signature = whole_octets(signature.as_bytes(), WHAT)?.to_vec();
        let front = der.len() - whole.value().len();
        let tbs = front..front + length;
        let fields = Fields::read(&der[tbs.clone()])?;
        // RFC 5280 section 5.1.1.2: "MUST contain the same algorithm identifier".
        if fields.signature != algorithm {
            return Err(X509Error::AlgorithmMismatch);
        }
        let issuer = Name::from_any(&fields.issuer, WHAT)?;
        Ok(Self {
            tbs,
            fields,
            issuer,
            algorithm,
            signature,
            bytes,
        })
    }

    /// The DER bytes it was read from.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.bytes.as_bytes()
    }

    pub(super) fn tbs(&self) -> &[u8] {
        &self.der()[self.tbs.clone()]
    }

    pub(super) const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// 1 or 2.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.fields.version + 1
    }

    /// `issuer`
    #[must_use]
    pub const fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// `thisUpdate`
    #[must_use]
    pub fn this_update(&self) -> UnixTime {
        UnixTime::from_time(&self.fields.this_update)
    }

    /// `nextUpdate`
    #[must_use]
    pub fn next_update(&self) -> Option<UnixTime> {
        self.fields.next_update.as_ref().map(UnixTime::from_time)
    }

    /// `cRLNumber`, if the list has one.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn number(&self) -> Result<Option<CrlNumber>, X509Error> {
        extension::find_number(self.extensions())
    }

    /// The number of the base CRL of a delta CRL; `None` for a full CRL.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn base(&self) -> Result<Option<CrlNumber>, X509Error> {
        extension::find_base(self.extensions())
    }

    /// The URL of issuingDistributionPoint, if the list has one.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn distribution_point_url(&self) -> Result<Option<String>, X509Error> {
        let point = extension::find_distribution(self.extensions())?;
        let name = point.as_ref().and_then(|point| point.distribution_point.as_ref());
        Ok(name.and_then(extension::url_of))
    }

    /// What issuingDistributionPoint leaves out of the list (RFC 5280 section 5.2.5). `None` if the list is about all certificates and
    /// reasons.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn restriction(&self) -> Result<Option<&'static str>, X509Error> {
        let Some(point) = extension::find_distribution(self.extensions())? else {
            return Ok(None);
        };
        let restrictions = [
            (point.only_contains_user_certs, "it has only user certificates"),
            (point.only_contains_ca_certs, "it has only CA certificates"),
            (
                point.only_contains_attribute_certs,
                "it has only attribute certificates",
            ),
            (point.only_some_reasons.is_some(), "it has only some reasons"),
        ];
        let found = restrictions.into_iter().find(|(is_restricted, _)| *is_restricted);
        Ok(found.map(|(_, words)| words))
    }

    /// The URL of freshestCRL, if the list has one.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn freshest_url(&self) -> Result<Option<String>, X509Error> {
        extension::find_freshest_url(self.extensions())
    }

    /// The entries, in the list's order and in its bytes. All of them were read once, together with the list.
    pub fn entries(&self) -> impl Iterator<Item = CrlEntry<'_>> {
        let range = self.fields.entries.clone().unwrap_or_default();
        Entries::of(&self.tbs()[range]).filter_map(Result::ok)
    }

    /// The entry of a certificate.
    #[must_use]
    pub fn find(&self, serial: &[u8]) -> Option<CrlEntry<'_>> {
        self.entries().find(|entry| entry.serial == serial)
    }

    /// The signature algorithm's name, known or not.
    #[must_use]
    pub fn describe_signature(&self) -> String {
        algorithm::describe(&self.algorithm)
    }

    /// The list's extensions in words.
    #[must_use]
    pub fn describe_extensions(&self) -> Vec<ExtensionText> {
        self.extensions().iter().filter_map(extension::describe).collect()
    }

    /// SHA-256 of the DER bytes, in hex: what `openssl crl -fingerprint -sha256` prints, without colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Hex(&sha256(self.der())).to_string()
    }

    /// Verifies the signature under `key`; a weak hash is refused before any arithmetic.
    ///
    /// # Errors
    /// [`X509Error::Signature`], [`X509Error::WeakSignature`], [`X509Error::UnknownSignature`]
    pub fn verify_signature(&self, key: &PublicKey) -> Result<SignatureAlgorithm, X509Error> {
        let algorithm = algorithm::recognise(&self.algorithm, WHAT)?;
        key.verify(algorithm, self.tbs(), &self.signature)
            .map_err(|cause| X509Error::Signature { what: WHAT, cause })?;
        Ok(algorithm)
    }

    pub(super) fn extensions(&self) -> &[Extension] {
        self.fields.extensions()
    }
}

/// The length of the TBSCertList, signatureAlgorithm, signatureValue.
fn read_frame(content: &[u8]) -> der::Result<(usize, AlgorithmIdentifierOwned, BitStringRef<'_>)> {
    let mut reader = SliceReader::new(content)?;
    let tbs = reader.tlv_bytes()?;
    let algorithm = reader.decode()?;
    let signature = BitStringRef::decode(&mut reader)?;
    reader.finish()?;
    Ok((tbs.len(), algorithm, signature))
}

/// Without the bytes, which may number a hundred million.
impl fmt::Debug for CertificateRevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertificateRevocationList")
            .field("issuer", &self.issuer)
            .field("this_update", &self.this_update())
            .finish_non_exhaustive()
    }
}
