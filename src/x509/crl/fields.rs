//! `TBSCertList` (RFC 5280 section 5.1.2) except the entries, which stay in place.

use std::collections::BTreeSet;
use std::ops::Range;

use der::asn1::{Any, AnyRef, ContextSpecific};
use der::{Decode, Encode, Reader, SliceReader, Tag, TagMode, TagNumber, Tagged};
use spki::AlgorithmIdentifierOwned;
use x509_cert::ext::Extension;
use x509_cert::time::Time;

use super::WHAT;
use super::entry::Entries;
use crate::x509::X509Error;
use crate::x509::name::describe_oid;

/// `Version ::= INTEGER { v1(0), v2(1) }`; v1 is encoded by omitting the field.
pub(super) const V2: u8 = 1;

/// The fields of a list.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    /// 5.1.2.1: 0 if absent.
    pub(super) version: u8,
    /// 5.1.2.2: the same as the outer signatureAlgorithm.
    pub(super) signature: AlgorithmIdentifierOwned,
    /// 5.1.2.3
    pub(super) issuer: Any,
    /// 5.1.2.4
    pub(super) this_update: Time,
    /// 5.1.2.5: RFC 5280 requires it, X.509 does not.
    pub(super) next_update: Option<Time>,
    /// 5.1.2.6: the position of the content of revokedCertificates in the structure; absent when nothing is revoked.
    pub(super) entries: Option<Range<usize>>,
    /// 5.1.2.7
    pub(super) extensions: Option<Vec<Extension>>,
}

impl Fields {
    /// Reads a TBSCertList to its end, and every entry once.
    pub(super) fn read(tbs: &[u8]) -> Result<Self, X509Error> {
        let malformed = X509Error::malformed(WHAT);
        let whole = AnyRef::from_der(tbs).map_err(&malformed)?;
        if whole.tag() != Tag::Sequence {
            return Err(refused("a TBSCertList that is not a SEQUENCE"));
        }
        let front = tbs.len() - whole.value().len();
        let fields = read_content(whole.value(), front).map_err(X509Error::unread(WHAT, tbs))?;
        if let Some(range) = &fields.entries {
            for entry in Entries::of(&tbs[range.clone()]) {
                // Section 5.1.2.1: entries may have extensions only in v2.
                if entry?.has_extensions && fields.version < V2 {
                    return Err(refused("a v1 CRL with extensions"));
                }
            }
        }
        if fields.version > V2 {
            return Err(X509Error::Version {
                what: WHAT,
                found: fields.version.into(),
            });
        }
        if fields.version < V2 && fields.extensions.is_some() {
            return Err(refused("a v1 CRL with extensions"));
        }
        let mut kinds = BTreeSet::new();
        for extension in fields.extensions() {
            if !kinds.insert(extension.extn_id) {
                let name = describe_oid(extension.extn_id);
                return Err(refused(&format!("the extension {name} occurs twice")));
            }
        }
        Ok(fields)
    }

    pub(super) fn extensions(&self) -> &[Extension] {
        self.extensions.as_deref().unwrap_or_default()
    }

    /// Encodes all fields before revokedCertificates.
    pub(super) fn encode_front(&self) -> der::Result<Vec<u8>> {
        let mut front = Vec::new();
        if self.version > 0 {
            self.version.encode_to_vec(&mut front)?;
        }
        self.signature.encode_to_vec(&mut front)?;
        self.issuer.encode_to_vec(&mut front)?;
        self.this_update.encode_to_vec(&mut front)?;
        self.next_update.encode_to_vec(&mut front)?;
        Ok(front)
    }

    /// crlExtensions, the only field after it.
    pub(super) fn back(&self) -> Option<ContextSpecific<Vec<Extension>>> {
        self.extensions.as_ref().map(|list| ContextSpecific {
            tag_number: EXTENSIONS,
            tag_mode: TagMode::Explicit,
            value: list.clone(),
        })
    }
}

const EXTENSIONS: TagNumber = TagNumber(0);

fn refused(reason: &str) -> X509Error {
    X509Error::Malformed {
        what: WHAT,
        reason: reason.to_owned(),
    }
}

/// `front` is the number of bytes before the content.
fn read_content(content: &[u8], front: usize) -> der::Result<Fields> {
    let mut reader = SliceReader::new(content)?;
    let version = match Tag::peek(&reader)? {
        Tag::Integer => reader.decode()?,
        _ => 0,
    };
    let signature = reader.decode()?;
    let issuer = reader.decode()?;
    let this_update = reader.decode()?;
    let is_next = |reader: &SliceReader<'_>, tags: &[Tag]| {
        !reader.is_finished() && Tag::peek(reader).is_ok_and(|tag| tags.contains(&tag))
    };
    let next_update = match is_next(&reader, &[Tag::UtcTime, Tag::GeneralizedTime]) {
        true => Some(reader.decode()?),
        false => None,
    };
    let mut entries = None;
    if is_next(&reader, &[Tag::Sequence]) {
        let length = AnyRef::decode(&mut reader)?.value().len();
        let end = front + usize::try_from(reader.position())?;
        entries = Some(end - length..end);
    }
    let extensions = match reader.is_finished() {
        true => None,
        false => ContextSpecific::<Vec<Extension>>::decode_explicit(&mut reader, EXTENSIONS)?
            .map(|extensions| extensions.value),
    };
    reader.finish()?;
    Ok(Fields {
        version,
        signature,
        issuer,
        this_update,
        next_update,
        entries,
        extensions,
    })
}
