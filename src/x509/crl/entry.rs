//! One entry of `revokedCertificates` (RFC 5280 sections 5.1.2.6 and 5.3).

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_CE_CRL_REASONS, ID_CE_INVALIDITY_DATE};
use der::asn1::{AnyRef, GeneralizedTime, OctetStringRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use x509_cert::time::Time;

use super::WHAT;
use super::buffer::DerBuffer;
use crate::x509::{CrlReason, SerialNumber, UnixTime, X509Error};

/// A revoked certificate, as a ledger or an index tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// The certificate's serial number, as it is in the certificate.
    pub serial: SerialNumber,
    /// When the CA revoked it.
    pub revoked_at: UnixTime,
    /// Why.
    pub reason: CrlReason,
    /// Since when the key is known or suspected to be compromised, or the certificate to be invalid.
    pub invalid_since: Option<UnixTime>,
}

/// An entry of a CRL, in the CRL's own bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CrlEntry<'a> {
    /// The content of userCertificate: big-endian two's complement, as [`SerialNumber::octets`] is.
    pub serial: &'a [u8],
    /// revocationDate
    pub revoked_at: UnixTime,
    /// reasonCode (5.3.1); unspecified if there is none.
    pub reason: CrlReason,
    /// invalidityDate (5.3.2)
    pub invalid_since: Option<UnixTime>,
    /// A critical extension that is not processed here: RFC 5280 section 5.3 forbids to use such a CRL at all.
    pub unprocessed_critical: Option<ObjectIdentifier>,
    /// The entry itself.
    pub der: &'a [u8],
    /// Whether there is a crlEntryExtensions at all.
    pub(super) has_extensions: bool,
}

#[derive(Sequence)]
pub(super) struct EntryDer<'a> {
    pub(super) user_certificate: AnyRef<'a>,
    pub(super) revocation_date: Time,
    #[asn1(optional = "true")]
    pub(super) crl_entry_extensions: Option<Vec<EntryExtension<'a>>>,
}

/// `Extension` (RFC 5280 section 4.1) that borrows its value.
#[derive(Sequence)]
pub(super) struct EntryExtension<'a> {
    extn_id: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    critical: bool,
    extn_value: &'a OctetStringRef,
}

impl Revocation {
    pub(super) fn append_to(&self, buffer: &mut DerBuffer) -> Result<(), X509Error> {
        let malformed = X509Error::malformed("CRL entry");
        // RFC 5280 section 5.3.1: "the reason code CRL entry extension SHOULD be absent instead of using the unspecified (0)".
        let reason = match self.reason {
            CrlReason::Unspecified => None,
            reason => Some([0x0a, 1, reason.code()]),
        };
        let invalid_since = self.invalid_since.map(generalized_time).transpose()?;
        let mut extensions = Vec::new();
        let values = [
            (ID_CE_CRL_REASONS, reason.as_ref().map(|value| &value[..])),
            (ID_CE_INVALIDITY_DATE, invalid_since.as_deref()),
        ];
        for (extn_id, value) in values {
            let Some(value) = value else { continue };
            extensions.push(EntryExtension {
                extn_id,
                // Sections 5.3.1 and 5.3.2: both are non-critical.
                critical: false,
                extn_value: OctetStringRef::new(value).map_err(&malformed)?,
            });
        }
        let entry = EntryDer {
            user_certificate: AnyRef::new(Tag::Integer, self.serial.octets()).map_err(&malformed)?,
            revocation_date: self.revoked_at.to_time()?,
            crl_entry_extensions: (!extensions.is_empty()).then_some(extensions),
        };
        buffer.append(&entry).map_err(&malformed)
    }
}

/// RFC 5280 section 5.3.2: invalidityDate is a GeneralizedTime, whatever the year.
fn generalized_time(time: UnixTime) -> Result<Vec<u8>, X509Error> {
    let date = time.to_time()?.to_date_time();
    let time = GeneralizedTime::from_date_time(date);
    time.to_der().map_err(X509Error::malformed("CRL entry"))
}

impl CrlEntry<'_> {
    /// The entry as a value of its own.
    #[must_use]
    pub fn to_revocation(&self) -> Revocation {
        Revocation {
            serial: SerialNumber::from_octets(self.serial),
            revoked_at: self.revoked_at,
            reason: self.reason,
            invalid_since: self.invalid_since,
        }
    }
}

/// The entries of `revokedCertificates`, one after the other, in their place.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    reader: Option<SliceReader<'a>>,
}

impl<'a> Entries<'a> {
    /// Of the content of `revokedCertificates`.
    pub(super) fn of(content: &'a [u8]) -> Self {
        Self {
            reader: SliceReader::new(content).ok(),
        }
    }

    fn read(reader: &mut SliceReader<'a>) -> Result<CrlEntry<'a>, X509Error> {
        let der = reader.tlv_bytes().map_err(X509Error::malformed(WHAT))?;
        read_entry(der)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<CrlEntry<'a>, X509Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut().filter(|reader| !reader.is_finished())?;
        let entry = Self::read(reader);
        if entry.is_err() {
            self.reader = None;
        }
        Some(entry)
    }
}

fn read_entry(der: &[u8]) -> Result<CrlEntry<'_>, X509Error> {
    let malformed = X509Error::malformed(WHAT);
    let refused = |reason: &str| X509Error::Malformed {
        what: WHAT,
        reason: reason.to_owned(),
    };
    let read = EntryDer::from_der(der).map_err(&malformed)?;
    let serial = read.user_certificate.value();
    if read.user_certificate.tag() != Tag::Integer || !is_minimal(serial) {
        return Err(refused("a serial number that is not an INTEGER in DER"));
    }
    let mut entry = CrlEntry {
        serial,
        revoked_at: UnixTime::from_time(&read.revocation_date),
        reason: CrlReason::Unspecified,
        invalid_since: None,
        unprocessed_critical: None,
        der,
        has_extensions: read.crl_entry_extensions.is_some(),
    };
    let extensions = read.crl_entry_extensions.unwrap_or_default();
    for (index, extension) in extensions.iter().enumerate() {
        if extensions[..index]
            .iter()
            .any(|earlier| earlier.extn_id == extension.extn_id)
        {
            return Err(refused("an entry has an extension twice"));
        }
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            ID_CE_CRL_REASONS => {
                let reason = match value {
                    [0x0a, 1, code] => CrlReason::from_code(*code),
                    _ => None,
                };
                entry.reason = reason.ok_or_else(|| refused("a reasonCode that does not exist"))?;
            }
            ID_CE_INVALIDITY_DATE => {
                let time = GeneralizedTime::from_der(value).map_err(&malformed)?;
                entry.invalid_since = Some(UnixTime(time.to_unix_duration().as_secs()));
            }
            other if extension.critical => entry.unprocessed_critical = Some(other),
            _ => {}
        }
    }
    Ok(entry)
}

/// X.690 section 8.3.2: the first nine bits are not all the same.
fn is_minimal(octets: &[u8]) -> bool {
    match octets {
        [] => false,
        [0, next, ..] => next & 0x80 != 0,
        [0xff, next, ..] => next & 0x80 == 0,
        _ => true,
    }
}
