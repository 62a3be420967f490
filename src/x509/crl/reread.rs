//! The second decoder: `x509-parser`, one entry at a time. For a whole list it would need a kilobyte for each entry.

use std::io::{self, BufRead, BufReader, Read};
use std::num::NonZero;
use std::thread;

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::RevokedCertificate;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AlgorithmIdentifier, X509Name, X509Version};

use super::CertificateRevocationList;
use super::entry::Entries;
use super::fields::Fields;
use crate::x509::UnixTime;

/// Reads the issued list and compares every field and every entry with those of the first decoder.
pub(super) fn compare(issued: &CertificateRevocationList) -> Result<(), String> {
    let (rest, whole) = element(issued.der())?;
    let (after, tbs) = any(whole.data)?;
    let algorithm = AlgorithmIdentifier::from_der(after).map_err(|error| error.to_string())?;
    let (end, signature) = any(algorithm.0)?;
    if !rest.is_empty() || !end.is_empty() || tbs.tag() != Tag::Sequence || signature.tag() != Tag::BitString
    {
        return Err("a second decoder reads a different structure".to_owned());
    }
    read_tbs(issued.tbs(), issued.fields())
}

/// Reads a TBSCertList and compares it with `fields`, which the first decoder read from it.
pub(super) fn read_tbs(tbs: &[u8], fields: &Fields) -> Result<(), String> {
    let differs = |what: &str| Err(format!("a second decoder reads a different {what}"));
    let text = |error: x509_parser::nom::Err<x509_parser::error::X509Error>| error.to_string();
    let (rest, whole) = element(tbs)?;
    if !rest.is_empty() {
        return differs("end of the structure");
    }
    let mut content = whole.data;
    let mut version = X509Version(0);
    if let (after, found) = any(content)?
        && found.tag() == Tag::Integer
    {
        version = X509Version(found.u32().map_err(|error| error.to_string())?);
        content = after;
    }
    if version.0 != u32::from(fields.version) {
        return differs("version");
    }
    let (content, _) = AlgorithmIdentifier::from_der(content).map_err(text)?;
    let (content, issuer) = X509Name::from_der(content).map_err(text)?;
    if Ok(issuer.as_raw()) != der::Encode::to_der(&fields.issuer).as_deref() {
        return differs("issuer");
    }
    let (content, this_update) = ASN1Time::from_der(content).map_err(text)?;
    if seconds(&this_update) != Some(UnixTime::from_time(&fields.this_update)) {
        return differs("thisUpdate");
    }
    let mut content = content;
    if let Some(wanted) = &fields.next_update {
        let (after, next_update) = ASN1Time::from_der(content).map_err(text)?;
        if seconds(&next_update) != Some(UnixTime::from_time(wanted)) {
            return differs("nextUpdate");
        }
        content = after;
    }
    if let Some(range) = &fields.entries {
        let (after, list) = element(content)?;
        if list.data != &tbs[range.clone()] {
            return differs("revokedCertificates");
        }
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        compare_entries(list.data, threads)?;
        content = after;
    }
    compare_extensions(content, fields)
}

/// Lists with at most this many entries are read on one thread; a longer list is divided among all threads of the machine.
const ENTRIES_ON_ONE_THREAD: usize = 10_000;

/// Entries do not refer to each other, so the list can be read in parts. This step takes most of the time of a large CRL.
pub(super) fn compare_entries(list: &[u8], threads: usize) -> Result<(), String> {
    let shortest = list.len().div_ceil(threads);
    let (mut parts, mut from, mut count) = (Vec::new(), 0, 0);
    let mut entries = Entries::of(list);
    loop {
        let entry = entries.next().transpose().map_err(|error| error.to_string())?;
        let at = list.len() - entries.rest().len();
        count += usize::from(entry.is_some());
        if entry.is_none() || at - from >= shortest && count >= ENTRIES_ON_ONE_THREAD {
            parts.push((&list[from..at], count));
            (from, count) = (at, 0);
        }
        if entry.is_none() {
            break;
        }
    }
    let (mut first, last) = (0, parts.pop());
    thread::scope(|scope| {
        let mut others = Vec::new();
        for (part, count) in parts {
            others.push(scope.spawn(move || compare_part(part, first)));
            first += count;
        }
        let last = last.map_or(Ok(()), |(part, _)| compare_part(part, first));
        for other in others {
            other
                .join()
                .unwrap_or_else(|_| Err("a second decoder stopped".to_owned()))?;
        }
        last
    })
}

/// `before` is the number of entries before the part.
fn compare_part(part: &[u8], before: usize) -> Result<(), String> {
    let mut rest = part;
    for (index, entry) in Entries::of(part).enumerate() {
        let differs = || format!("a second decoder reads a different entry {}", before + index + 1);
        let entry = entry.map_err(|error| error.to_string())?;
        let (after, read) = RevokedCertificate::from_der(rest).map_err(|_| differs())?;
        let reason = read.reason_code().map_or(0, |(_, reason)| reason.0);
        let invalid_since = read.invalidity_date().and_then(|(_, date)| seconds(&date));
        let same = read.raw_serial() == entry.serial
            && seconds(&read.revocation_date) == Some(entry.revoked_at)
            && reason == entry.reason.code()
            && invalid_since == entry.invalid_since
            && rest.len() - after.len() == entry.der.len();
        if !same {
            return Err(differs());
        }
        rest = after;
    }
    match rest {
        [] => Ok(()),
        _ => Err("a second decoder reads more entries".to_owned()),
    }
}

fn compare_extensions(content: &[u8], fields: &Fields) -> Result<(), String> {
    let differs = || "a second decoder reads different extensions".to_owned();
    if content.is_empty() && fields.extensions.is_none() {
        return Ok(());
    }
    let (rest, tagged) = any(content)?;
    let (end, list) = element(tagged.data)?;
    if tagged.tag() != Tag(0) || !rest.is_empty() || !end.is_empty() {
        return Err(differs());
    }
    let mut rest = list.data;
    for wanted in fields.extensions() {
        let (after, read) = X509Extension::from_der(rest).map_err(|_| differs())?;
        let same = read.oid.to_id_string() == wanted.extn_id.to_string()
            && read.critical == wanted.critical
            && read.value == wanted.extn_value.as_bytes()
            // It does not know deltaCRLIndicator and freshestCRL: their values are compared as bytes.
            && !matches!(read.parsed_extension(), ParsedExtension::ParseError { .. });
        if !same {
            return Err(differs());
        }
        rest = after;
    }
    match rest {
        [] => Ok(()),
        _ => Err(differs()),
    }
}

fn any(bytes: &[u8]) -> Result<(&[u8], Any<'_>), String> {
    <Any<'_> as FromDer<'_>>::from_der(bytes).map_err(|error| error.to_string())
}

/// A SEQUENCE.
fn element(bytes: &[u8]) -> Result<(&[u8], Any<'_>), String> {
    let (rest, found) = any(bytes)?;
    match found.tag() {
        Tag::Sequence => Ok((rest, found)),
        other => Err(format!("a second decoder reads {other} instead of a SEQUENCE")),
    }
}

fn seconds(time: &ASN1Time) -> Option<UnixTime> {
    u64::try_from(time.timestamp()).ok().map(UnixTime)
}

/// Whether the file holds exactly these bytes.
pub(super) fn holds(file: &mut dyn Read, der: &[u8]) -> io::Result<bool> {
    let mut rest = der;
    let mut block = vec![0; 64 * 1024];
    loop {
        match file.read(&mut block)? {
            0 => return Ok(rest.is_empty()),
            read => match rest.strip_prefix(&block[..read]) {
                Some(after) => rest = after,
                None => return Ok(false),
            },
        }
    }
}

/// Whether the file is one PEM block, and nothing else, of exactly these bytes. The base64 is decoded by hand here, not by the code that wrote it.
pub(super) fn holds_pem(file: &mut dyn Read, label: &str, der: &[u8]) -> io::Result<bool> {
    let mut file = BufReader::with_capacity(64 * 1024, file);
    let mut line = Vec::new();
    let mut next = move |line: &mut Vec<u8>| {
        line.clear();
        // A longer line was not written by this program, and the limit bounds what is read.
        (&mut file).take(256).read_until(b'\n', line)
    };
    next(&mut line)?;
    if line != format!("-----BEGIN {label}-----\n").as_bytes() {
        return Ok(false);
    }
    let mut rest = der;
    let mut decoded = Vec::new();
    while !rest.is_empty() {
        next(&mut line)?;
        decoded.clear();
        let is_line = line.pop() == Some(b'\n') && decode_base64(&line, &mut decoded).is_some();
        match rest.strip_prefix(&decoded[..]) {
            Some(after) if is_line && !decoded.is_empty() => rest = after,
            _ => return Ok(false),
        }
    }
    next(&mut line)?;
    let ends = line == format!("-----END {label}-----\n").as_bytes();
    Ok(ends && next(&mut line)? == 0)
}

/// RFC 4648 section 4, strictly: padding only at the end, and no bits after the last byte.
fn decode_base64(text: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let mut groups = text.chunks_exact(4).peekable();
    while let Some(group) = groups.next() {
        let padding = group.iter().rev().take_while(|byte| **byte == b'=').count();
        if padding > 2 || (padding > 0 && groups.peek().is_some()) {
            return None;
        }
        let mut bits = 0_u32;
        for byte in &group[..4 - padding] {
            bits = bits << 6 | u32::from(digit(*byte)?);
        }
        bits <<= 6 * padding;
        let [_, whole @ ..] = bits.to_be_bytes();
        let (data, beyond) = whole.split_at(3 - padding);
        if beyond.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend(data);
    }
    Some(())
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::encode_pem;

    #[test]
    fn a_pem_file_is_compared_to_its_last_byte() {
        for length in [1, 2, 3, 47, 48, 49, 96, 200] {
            let der: Vec<u8> = (0..length).map(|byte: u8| byte.wrapping_mul(37)).collect();
            let pem = encode_pem("X509 CRL", &der).into_bytes();
            let holds = |file: &[u8], der: &[u8]| holds_pem(&mut { file }, "X509 CRL", der).unwrap();
            assert!(holds(&pem, &der), "{length}");
            assert!(!holds(&pem, &der[1..]));
            assert!(!holds(&pem, &[&der[..], &[0]].concat()));
            assert!(!holds(&[&pem[..], b"\n"].concat(), &der));
            for at in 0..pem.len() {
                let mut bent = pem.clone();
                bent[at] ^= 1;
                assert!(!holds(&bent, &der), "{length}: byte {at}");
                assert!(!holds(&pem[..at], &der));
            }
        }
    }
}
