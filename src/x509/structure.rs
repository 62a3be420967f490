//! Recognises the structure of an X.509 file by its first bytes.

use super::text::to_utf8;

/// The structures that this library reads from files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Structure {
    /// RFC 5280 section 4.1
    Certificate,
    /// PKCS#10 (RFC 2986)
    Request,
    /// RFC 5280 section 5.1
    Crl,
    /// RFC 6960 section 4.1
    OcspRequest,
    /// RFC 6960 section 4.2
    OcspResponse,
}

impl Structure {
    /// What `input` begins with: a PEM block, possibly after other text, or DER. This shows what it claims to be; only reading it shows whether the
    /// claim is true. The beginning of a file is enough.
    #[must_use]
    pub fn recognise(input: &[u8]) -> Option<Self> {
        if input.first() == Some(&SEQUENCE)
            && let Some(found) = by_tags(input)
        {
            return Some(found);
        }
        let text = to_utf8(input).ok()?;
        let text = String::from_utf8_lossy(&text);
        let (_, after) = text.split_once("-----BEGIN ")?;
        match after.split_once("-----")?.0 {
            "CERTIFICATE" | "X509 CERTIFICATE" | "X.509 CERTIFICATE" => Some(Self::Certificate),
            "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST" => Some(Self::Request),
            "X509 CRL" | "CRL" => Some(Self::Crl),
            "OCSP REQUEST" => Some(Self::OcspRequest),
            "OCSP RESPONSE" => Some(Self::OcspResponse),
            _ => None,
        }
    }

    /// Its name with an article, for a sentence.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Certificate => "a certificate",
            Self::Request => "a certification request",
            Self::Crl => "a CRL",
            Self::OcspRequest => "an OCSP request",
            Self::OcspResponse => "an OCSP response",
        }
    }
}

const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `[0]` and `[1]`, constructed: a version or a requestor's name.
const CONTEXT_0: u8 = 0xa0;
const CONTEXT_1: u8 = 0xa1;

/// The first elements of the signed part differ for each structure.
fn by_tags(der: &[u8]) -> Option<Structure> {
    let (_, outer) = element(der)?;
    let (first, inner) = element(outer)?;
    if first == ENUMERATED {
        return Some(Structure::OcspResponse);
    }
    if first != SEQUENCE {
        return None;
    }
    let (tags, count) = first_tags(inner);
    match &tags[..count] {
        [CONTEXT_0, INTEGER, SEQUENCE, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE] => {
            Some(Structure::Certificate)
        }
        [INTEGER, SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME]
        | [SEQUENCE, SEQUENCE, UTC_TIME | GENERALIZED_TIME, ..] => Some(Structure::Crl),
        [INTEGER, SEQUENCE, SEQUENCE] | [INTEGER, SEQUENCE, SEQUENCE, CONTEXT_0] => Some(Structure::Request),
        [SEQUENCE] | [SEQUENCE, 0xa2] | [CONTEXT_0, SEQUENCE, ..] | [CONTEXT_1, SEQUENCE, ..] => {
            Some(Structure::OcspRequest)
        }
        [CONTEXT_0, CONTEXT_1, SEQUENCE, ..] => Some(Structure::OcspRequest),
        _ => None,
    }
}

/// The tags of the first four elements.
fn first_tags(mut content: &[u8]) -> ([u8; 4], usize) {
    let mut tags = [0; 4];
    for place in 0..tags.len() {
        let Some((tag, inner)) = element(content) else {
            return (tags, place);
        };
        tags[place] = tag;
        let head = content.len() - header_of(content).map_or(0, |(_, rest)| rest.len());
        content = content.get(head + inner.len()..).unwrap_or_default();
    }
    (tags, tags.len())
}

/// The tag of the first element and its content, as far as `der` contains it.
fn element(der: &[u8]) -> Option<(u8, &[u8])> {
    let (length, rest) = header_of(der)?;
    Some((*der.first()?, &rest[..length.min(rest.len())]))
}

/// The length in the header of the first element, and the bytes after the header (X.690 section 8.1.3).
fn header_of(der: &[u8]) -> Option<(usize, &[u8])> {
    match der {
        [_, short @ ..=0x7f, rest @ ..] => Some((usize::from(*short), rest)),
        [_, long @ 0x81..=0x88, rest @ ..] => {
            let octets = usize::from(*long & 0x7f);
            let (length, rest) = rest.split_at_checked(octets)?;
            let length = length.iter().try_fold(0_usize, |sum, octet| {
                sum.checked_mul(256)?.checked_add(usize::from(*octet))
            })?;
            Some((length, rest))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_truncated_structure_is_read_beyond_its_end() {
        let endless = [&[0x30, 0x88][..], &[0xff; 8], &[0x30; 40]].concat();
        let deep = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff].repeat(8);
        for input in [
            &[][..],
            &[0x30],
            &[0x30, 0x80],
            &[0x30, 0x89],
            &endless,
            &deep,
            b"-----BEGIN ",
        ] {
            for end in 0..input.len() {
                let _ = Structure::recognise(&input[..end]);
            }
        }
        assert_eq!(Structure::recognise(&[0x30, 0x80, 0x30, 0x80]), None);
        assert_eq!(Structure::recognise(b"-----BEGIN PRIVATE KEY-----\n"), None);
    }
}
