//! Documents as the Nitro Secure Module makes them, without its signature; the tests themselves have files of their own.

mod fields;
mod fuzz;
mod key;
mod limits;
mod reading;

use minicbor::Encoder;

use super::*;

type Cbor = Encoder<Vec<u8>>;

fn cbor(write: impl FnOnce(&mut Cbor)) -> Vec<u8> {
    let mut encoder = Encoder::new(vec![]);
    write(&mut encoder);
    encoder.into_writer()
}

fn rsa_key(seed: u8) -> Vec<u8> {
    let mut modulus = vec![0xc0 | seed; 384];
    modulus[383] = 0x0d;
    PublicKey::from_rsa(&modulus, &[1, 0, 1]).unwrap().der().to_vec()
}

/// A field of a document: key and value.
struct Entry(&'static str, Vec<u8>);

fn text(value: &str) -> Vec<u8> {
    cbor(|to| {
        to.str(value).unwrap();
    })
}

fn bytes(value: &[u8]) -> Vec<u8> {
    cbor(|to| {
        to.bytes(value).unwrap();
    })
}

fn null() -> Vec<u8> {
    cbor(|to| {
        to.null().unwrap();
    })
}

const MODULE: &str = "i-0123456789abcdef0-enc0123456789abcdef";

/// In the order of the module, with null for fields that were not requested.
fn entries() -> Vec<Entry> {
    let pcrs = cbor(|to| {
        to.map(16).unwrap();
        for index in 0..16 {
            to.u8(index).unwrap().bytes(&[index; 48]).unwrap();
        }
    });
    let bundle = cbor(|to| {
        to.array(4).unwrap();
        for _ in 0..4 {
            to.bytes(&[0x30; 700]).unwrap();
        }
    });
    vec![
        Entry("module_id", text(MODULE)),
        Entry("digest", text("SHA384")),
        Entry(
            "timestamp",
            cbor(|to| {
                to.u64(1_760_093_815_777).unwrap();
            }),
        ),
        Entry("pcrs", pcrs),
        Entry("certificate", bytes(&[0x30; 640])),
        Entry("cabundle", bundle),
        Entry("public_key", bytes(&rsa_key(1))),
        Entry("user_data", null()),
        Entry("nonce", null()),
    ]
}

fn payload(entries: &[Entry], indefinite: bool) -> Vec<u8> {
    let mut out = if indefinite {
        cbor(|to| {
            to.begin_map().unwrap();
        })
    } else {
        cbor(|to| {
            to.map(u64::try_from(entries.len()).unwrap()).unwrap();
        })
    };
    for Entry(key, value) in entries {
        out.extend(text(key));
        out.extend(value);
    }
    if indefinite {
        out.push(0xff);
    }
    out
}

/// `{1: -35}` (ECDSA with SHA-384), `{}`, the payload, a signature that is not valid.
fn sign1(payload: &[u8]) -> Vec<u8> {
    let protected = cbor(|to| {
        to.map(1).unwrap().u8(1).unwrap().i8(-35).unwrap();
    });
    cbor(|to| {
        let to = to.array(4).unwrap().bytes(&protected).unwrap().map(0).unwrap();
        to.bytes(payload).unwrap().bytes(&[0x5a; 96]).unwrap();
    })
}

fn document(change: impl FnOnce(&mut Vec<Entry>)) -> Vec<u8> {
    let mut entries = entries();
    change(&mut entries);
    sign1(&payload(&entries, false))
}

fn with(field: &str, value: Vec<u8>) -> Vec<u8> {
    document(|entries| {
        let entry = entries.iter_mut().find(|entry| entry.0 == field).unwrap();
        entry.1 = value;
    })
}

fn without(field: &str) -> Vec<u8> {
    document(|entries| entries.retain(|entry| entry.0 != field))
}

#[track_caller]
fn refused(input: &[u8]) -> AttestationError {
    let error = AttestationDocument::read(input).unwrap_err();
    assert!(!error.to_string().is_empty());
    error
}

#[track_caller]
fn assert_reads(input: &[u8], bytes: &[u8]) {
    let document = AttestationDocument::read(input).unwrap();
    assert_eq!(document.bytes(), bytes);
    assert_eq!(document.module_id(), MODULE);
    assert_eq!(document.public_key.as_deref(), Some(&rsa_key(1)[..]));
}
