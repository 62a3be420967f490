//! The second decoder. `x509-parser` does not know OCSP, but the DER reader inside it, which shares no code with the first, reads tags and lengths;
//! the code here walks the structure by hand.

use x509_parser::asn1_rs::{Any, Class, Tag};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use super::data::ResponseData;
use super::{BasicResponse, CertificateStatus, OcspResponse, ResponderId, SingleResponse};
use crate::x509::{CrlReason, UnixTime, pem};

/// `id-pkix-ocsp-basic`, 1.3.6.1.5.5.7.48.1.1
const BASIC: [u8; 9] = [0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1];
/// `id-pkix-ocsp-nonce`, 1.3.6.1.5.5.7.48.1.2
const NONCE: [u8; 9] = [0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];

/// Reads a written file and compares it with the issued response, field by field.
pub(super) fn compare(written: &[u8], issued: &OcspResponse) -> Result<(), String> {
    let block;
    let der = if written.starts_with(b"-----BEGIN") {
        let (rest, found) = parse_x509_pem(written).map_err(|error| format!("PEM: {error}"))?;
        if !rest.is_empty() || found.label != pem::OCSP_RESPONSE {
            return Err("not one PEM block of an OCSP response".to_owned());
        }
        block = found;
        block.contents.as_slice()
    } else {
        written
    };
    if der != issued.der() {
        return Err("the bytes differ".to_owned());
    }
    let answer = issued.basic().ok_or("it has no answer")?;
    let mut file = Walk(der);
    let mut whole = file.sequence()?;
    file.end()?;
    if whole.universal(Tag::Enumerated)? != [0] {
        return differs("responseStatus");
    }
    let mut explicit = whole.tagged(0)?;
    whole.end()?;
    let mut bytes = explicit.sequence()?;
    explicit.end()?;
    if bytes.universal(Tag::Oid)? != BASIC {
        return differs("responseType");
    }
    let response = bytes.universal(Tag::OctetString)?;
    bytes.end()?;
    compare_basic(response, answer)
}

fn compare_basic(der: &[u8], answer: &BasicResponse) -> Result<(), String> {
    let mut outer = Walk(der);
    let mut basic = outer.sequence()?;
    outer.end()?;
    let tbs = basic.element()?;
    if tbs != answer.tbs {
        return differs("tbsResponseData");
    }
    basic.sequence()?;
    basic.universal(Tag::BitString)?;
    let mut certificates = answer.certificates().iter();
    if !basic.0.is_empty() {
        let mut explicit = basic.tagged(0)?;
        let mut list = explicit.sequence()?;
        explicit.end()?;
        while !list.0.is_empty() {
            let read = list.element()?;
            if certificates.next().is_none_or(|wanted| wanted.der() != read) {
                return differs("certificate");
            }
        }
    }
    if certificates.next().is_some() {
        return differs("list of certificates");
    }
    basic.end()?;
    read_data(tbs, &answer.data)
}

/// Reads a ResponseData and compares it with the result of the first decoder.
pub(super) fn read_data(der: &[u8], data: &ResponseData) -> Result<(), String> {
    let mut outer = Walk(der);
    let mut fields = outer.sequence()?;
    outer.end()?;
    let responder = match &data.responder {
        ResponderId::Name(name) => fields.tagged(1)?.0 == name.der(),
        ResponderId::Key(hash) => fields.tagged(2)?.universal(Tag::OctetString)? == hash,
    };
    if !responder {
        return differs("responderID");
    }
    if fields.time()? != data.produced_at() {
        return differs("producedAt");
    }
    let mut list = fields.sequence()?;
    for wanted in &data.responses {
        compare_single(list.sequence()?, wanted)?;
    }
    list.end()?;
    if let Some(nonce) = &data.nonce {
        let mut explicit = fields.tagged(1)?;
        let mut extensions = explicit.sequence()?;
        explicit.end()?;
        let mut extension = extensions.sequence()?;
        extensions.end()?;
        if extension.universal(Tag::Oid)? != NONCE {
            return differs("extension");
        }
        let mut value = Walk(extension.universal(Tag::OctetString)?);
        extension.end()?;
        if value.universal(Tag::OctetString)? != nonce {
            return differs("nonce");
        }
        value.end()?;
    }
    fields.end()
}

fn compare_single(mut single: Walk<'_>, wanted: &SingleResponse) -> Result<(), String> {
    if der::Encode::to_der(wanted.id.any()).as_deref() != Ok(single.element()?) {
        return differs("certID");
    }
    if single.status()? != wanted.status {
        return differs("certStatus");
    }
    if single.time()? != wanted.this_update {
        return differs("thisUpdate");
    }
    if let Some(next_update) = wanted.next_update {
        let mut explicit = single.tagged(0)?;
        if explicit.time()? != next_update {
            return differs("nextUpdate");
        }
        explicit.end()?;
    }
    single.end()
}

fn differs<T>(what: &str) -> Result<T, String> {
    Err(format!("a second decoder reads a different {what}"))
}

/// The elements of a structure, one after the other.
struct Walk<'a>(&'a [u8]);

impl<'a> Walk<'a> {
    fn any(&mut self) -> Result<Any<'a>, String> {
        let (rest, found) = <Any<'_> as FromDer<'_>>::from_der(self.0).map_err(|error| error.to_string())?;
        self.0 = rest;
        Ok(found)
    }

    /// The next element with its header.
    fn element(&mut self) -> Result<&'a [u8], String> {
        let before = self.0;
        self.any()?;
        Ok(&before[..before.len() - self.0.len()])
    }

    fn universal(&mut self, tag: Tag) -> Result<&'a [u8], String> {
        let found = self.any()?;
        if found.class() != Class::Universal || found.tag() != tag {
            return Err(format!("a second decoder reads {} instead of {tag}", found.tag()));
        }
        Ok(found.data)
    }

    fn sequence(&mut self) -> Result<Self, String> {
        self.universal(Tag::Sequence).map(Self)
    }

    fn tagged(&mut self, number: u32) -> Result<Self, String> {
        let found = self.any()?;
        if found.class() != Class::ContextSpecific || found.tag() != Tag(number) {
            return Err(format!("a second decoder reads no [{number}]"));
        }
        Ok(Self(found.data))
    }

    fn time(&mut self) -> Result<UnixTime, String> {
        let (rest, time) = ASN1Time::from_der(self.0).map_err(|error| error.to_string())?;
        // GeneralizedTime, whatever the year.
        if self.0.first() != Some(&0x18) {
            return differs("kind of time");
        }
        self.0 = rest;
        u64::try_from(time.timestamp())
            .map(UnixTime)
            .map_err(|_| "a time before 1970".to_owned())
    }

    fn status(&mut self) -> Result<CertificateStatus, String> {
        let found = self.any()?;
        if found.class() != Class::ContextSpecific {
            return differs("certStatus");
        }
        match (found.tag().0, found.data) {
            (0, []) => Ok(CertificateStatus::Good),
            (2, []) => Ok(CertificateStatus::Unknown),
            (1, content) => {
                let mut info = Self(content);
                let revoked_at = info.time()?;
                let mut reason = Some(CrlReason::Unspecified);
                if !info.0.is_empty() {
                    let mut explicit = info.tagged(0)?;
                    reason = match explicit.universal(Tag::Enumerated)? {
                        [code] => CrlReason::from_code(*code),
                        _ => None,
                    };
                    explicit.end()?;
                }
                info.end()?;
                let reason = reason.ok_or("a second decoder reads no reason")?;
                Ok(CertificateStatus::Revoked { revoked_at, reason })
            }
            _ => differs("certStatus"),
        }
    }

    fn end(&self) -> Result<(), String> {
        match self.0 {
            [] => Ok(()),
            _ => Err("a second decoder reads more than the first".to_owned()),
        }
    }
}
