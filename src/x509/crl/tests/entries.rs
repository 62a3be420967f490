//! Compares the reader and the writer of entries with those of the crate `der`.

use const_oid::ObjectIdentifier;
use const_oid::db::rfc5280::{ID_CE_CRL_REASONS, ID_CE_INVALIDITY_DATE};
use der::asn1::{AnyRef, GeneralizedTime, OctetStringRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use x509_cert::time::Time;

use super::super::entry::Entries;
use super::*;

#[derive(Sequence)]
struct EntryDer<'a> {
    user_certificate: AnyRef<'a>,
    revocation_date: Time,
    #[asn1(optional = "true")]
    crl_entry_extensions: Option<Vec<ExtensionDer<'a>>>,
}

#[derive(Sequence)]
struct ExtensionDer<'a> {
    extn_id: ObjectIdentifier,
    #[asn1(default = "Default::default")]
    critical: bool,
    extn_value: &'a OctetStringRef,
}

/// Serial number, dates, reason, and whether an unknown extension is critical.
type Read = (Vec<u8>, UnixTime, Option<UnixTime>, CrlReason, bool);

/// The first entry as `der` reads it, and its length.
fn read_by_der(bytes: &[u8]) -> Option<(Read, usize)> {
    let whole = SliceReader::new(bytes).ok()?.tlv_bytes().ok()?;
    let entry = EntryDer::from_der(whole).ok()?;
    let serial = entry.user_certificate.value();
    if entry.user_certificate.tag() != Tag::Integer || serial.is_empty() {
        return None;
    }
    // In as few octets as possible.
    if SerialNumber::from_octets(serial).octets() != serial {
        return None;
    }
    let mut read = (
        serial.to_vec(),
        UnixTime::from_time(&entry.revocation_date),
        None,
        CrlReason::Unspecified,
        false,
    );
    let mut seen = Vec::new();
    for extension in entry.crl_entry_extensions.unwrap_or_default() {
        if seen.contains(&extension.extn_id) {
            return None;
        }
        seen.push(extension.extn_id);
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            ID_CE_CRL_REASONS => {
                let [0x0a, 1, code] = value else { return None };
                read.3 = CrlReason::from_code(*code)?;
            }
            ID_CE_INVALIDITY_DATE => {
                let time = GeneralizedTime::from_der(value).ok()?;
                read.2 = Some(UnixTime(time.to_unix_duration().as_secs()));
            }
            _ => read.4 |= extension.critical,
        }
    }
    Some((read, whole.len()))
}

fn read_here(bytes: &[u8]) -> Option<(Read, usize)> {
    let entry = Entries::of(bytes).next()?.ok()?;
    let read = (
        entry.serial.to_vec(),
        entry.revoked_at,
        entry.invalid_since,
        entry.reason,
        entry.unprocessed_critical.is_some(),
    );
    Some((read, entry.der.len()))
}

/// As [`Revocation::append_to`], by `der`.
fn written_by_der(revocation: &Revocation) -> Vec<u8> {
    let reason = [0x0a, 1, revocation.reason.code()];
    let since = revocation.invalid_since.map(|time| {
        let date = time.to_time().unwrap().to_date_time();
        GeneralizedTime::from_date_time(date).to_der().unwrap()
    });
    let mut extensions = Vec::new();
    if revocation.reason != CrlReason::Unspecified {
        extensions.push((ID_CE_CRL_REASONS, &reason[..]));
    }
    extensions.extend(since.as_deref().map(|since| (ID_CE_INVALIDITY_DATE, since)));
    let extensions: Vec<_> = extensions
        .into_iter()
        .map(|(extn_id, value)| ExtensionDer {
            extn_id,
            critical: false,
            extn_value: OctetStringRef::new(value).unwrap(),
        })
        .collect();
    let entry = EntryDer {
        user_certificate: AnyRef::new(Tag::Integer, revocation.serial.octets()).unwrap(),
        revocation_date: revocation.revoked_at.to_time().unwrap(),
        crl_entry_extensions: (!extensions.is_empty()).then_some(extensions),
    };
    entry.to_der().unwrap()
}

/// Entries of every shape: the days around each change of encoding or calendar, serial numbers of every length.
fn samples() -> Vec<Revocation> {
    let dates = [
        0,
        951_782_399,     // 2000-02-28T23:59:59Z
        951_782_400,     // 2000-02-29
        2_524_607_999,   // 2049-12-31T23:59:59Z
        2_524_608_000,   // 2050
        4_107_542_400,   // 2100-03-01
        253_402_300_799, // 9999-12-31T23:59:59Z
        NOW.0,
    ];
    let mut all = Vec::new();
    for (index, length) in [1, 2, 19, 20, 21, 22, 127, 128, 300].into_iter().enumerate() {
        for (at, date) in dates.into_iter().enumerate() {
            for reason in CrlReason::ALL {
                let serial: Vec<u8> = (0..length).map(|octet: u16| octet.to_be_bytes()[1] | 1).collect();
                all.push(Revocation {
                    serial: SerialNumber::from_octets(serial),
                    revoked_at: UnixTime(date),
                    reason,
                    invalid_since: ((index + at) % 2 == 0).then_some(UnixTime(dates[(at + 3) % 8])),
                });
            }
        }
    }
    all
}

#[test]
fn entries_are_written_and_read_as_by_the_crate_der() {
    for revocation in samples() {
        let mut written = Vec::new();
        revocation.append_to(&mut written).unwrap();
        assert_eq!(written, written_by_der(&revocation), "{revocation:?}");
        let (read, length) = read_here(&written).unwrap();
        assert_eq!(Some((read, length)), read_by_der(&written), "{revocation:?}");
        assert_eq!(length, written.len());
        let entry = Entries::of(&written).next().unwrap().unwrap();
        assert_eq!(entry.to_revocation(), revocation);
        let mut again = Vec::new();
        entry.append_to(&mut again).unwrap();
        assert_eq!(again, written);
    }
    let late = Revocation {
        revoked_at: UnixTime(253_402_300_800),
        ..revoked(&[1])
    };
    assert!(matches!(
        late.append_to(&mut Vec::new()),
        Err(X509Error::Calendar)
    ));
}

#[test]
fn altered_entries_are_read_and_refused_as_by_the_crate_der() {
    let mut numbers = Numbers(4711);
    let pick = |numbers: &mut Numbers, length: usize| {
        usize::try_from(numbers.below(u64::try_from(length).unwrap())).unwrap()
    };
    // Contents that a list can have but that are not written here: an unknown extension, critical or not; explicit FALSE; no extensions in a list.
    let extension =
        |critical: &[u8]| [&[0x06, 3, 0x55, 0x1d, 0x1d][..], critical, &[0x04, 2, 0x30, 0]].concat();
    let wrap = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let mut seeds: Vec<Vec<u8>> = [&[][..], &[0x01, 1, 0xff], &[0x01, 1, 0], &[0x01, 1, 1]]
        .iter()
        .map(|critical| {
            let one = wrap(0x30, &extension(critical));
            let fields = [&[0x02, 1, 5, 0x17, 13][..], b"260101000000Z", &wrap(0x30, &one)].concat();
            wrap(0x30, &fields)
        })
        .collect();
    seeds.push(wrap(
        0x30,
        &[&[0x02, 1, 5, 0x17, 13][..], b"260101000000Z", &[0x30, 0]].concat(),
    ));
    for revocation in samples().iter().step_by(7) {
        let mut written = Vec::new();
        revocation.append_to(&mut written).unwrap();
        seeds.push(written);
    }
    let (mut read, mut refused) = (0, 0);
    for round in 0..60_000 {
        let mut bent = seeds[round % seeds.len()].clone();
        if round >= seeds.len() {
            for _ in 0..=numbers.below(2) {
                let at = pick(&mut numbers, bent.len());
                match numbers.below(5) {
                    0 => bent[at] = numbers.byte(),
                    1 => bent[at] = bent[at].wrapping_add(1),
                    2 => bent[at] = [0, 0x7f, 0x80, 0x81, 0x82, 0xff, b'9', 0x30][pick(&mut numbers, 8)],
                    3 => drop(bent.remove(at)),
                    _ => bent.insert(at, numbers.byte()),
                }
                if bent.is_empty() {
                    bent.push(0x30);
                }
            }
        }
        let here = read_here(&bent);
        assert_eq!(here, read_by_der(&bent), "{bent:02x?}");
        match here {
            Some(_) => read += 1,
            None => refused += 1,
        }
    }
    assert!(read > 5_000 && refused > 20_000, "{read} read, {refused} refused");
}

#[test]
fn a_long_list_is_compared_in_parts() {
    let list: Vec<_> = (1_u32..=30_000)
        .map(|serial| revoked(&serial.to_be_bytes()))
        .collect();
    let mut content = Vec::new();
    for revocation in &list {
        revocation.append_to(&mut content).unwrap();
    }
    for threads in [1, 2, 3, 64] {
        assert_eq!(reread::compare_entries(&content, threads), Ok(()));
        let cut = &content[..content.len() - 1];
        assert!(reread::compare_entries(cut, threads).is_err());
    }
    assert_eq!(reread::compare_entries(&[], 2), Ok(()));
}
