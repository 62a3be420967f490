//! Data that passed through the module is no longer in the memory of the process.

mod rig;

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;

use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use remote_token::wire::{Reader, Writer};
use rig::{Disguised, PIN, Rig};
use zeroize::Zeroize;

/// A key that is created, and one whose value is read back.
const KEY: Disguised<32> = Disguised([
    0x11, 0x9d, 0x52, 0xe3, 0x0c, 0xb8, 0x77, 0x21, 0xf4, 0x68, 0xca, 0x35, 0x9e, 0x03, 0xd1, 0x4f, 0x80,
    0x2a, 0xee, 0x13, 0x57, 0xc6, 0x99, 0x0b, 0x71, 0xd8, 0x24, 0xbf, 0x46, 0xad, 0x1e, 0xf2,
]);

const CHUNK: usize = 1 << 16;

/// Searches this process for bytes. It allocates once, so that it does not overwrite freed memory.
struct Search {
    maps: String,
    chunk: Vec<u8>,
}

impl Search {
    fn new() -> Self {
        Self {
            maps: String::with_capacity(CHUNK),
            chunk: vec![0; CHUNK],
        }
    }

    /// The number of occurrences of the bytes in all readable mappings.
    fn places<const N: usize>(&mut self, wanted: &Disguised<N>) -> usize {
        self.maps.clear();
        File::open("/proc/self/maps")
            .and_then(|mut maps| maps.read_to_string(&mut self.maps))
            .expect("its mappings");
        let memory = File::open("/proc/self/mem").expect("its memory");
        let (mut places, mut bytes) = (0, 0);
        for line in self.maps.lines() {
            let (range, rest) = line.split_once(' ').expect("a range");
            if !rest.starts_with('r') || rest.ends_with("[vvar]") || rest.ends_with("[vsyscall]") {
                continue;
            }
            let (from, to) = range.split_once('-').expect("a range");
            let address = |text| u64::from_str_radix(text, 16).expect("an address");
            let (mut from, to) = (address(from), address(to));
            while from < to {
                let length = usize::try_from(to - from).map_or(CHUNK, |left| left.min(CHUNK));
                let Ok(read) = memory.read_at(&mut self.chunk[..length], from) else {
                    break;
                };
                bytes += read;
                places += wanted.places(&self.chunk[..read]);
                // The next chunk begins where an occurrence may begin that does not end in this one.
                let is_last = from + read as u64 >= to || read < N;
                from += (if is_last { read.max(1) } else { read - (N - 1) }) as u64;
            }
            // The chunk's contents would be found again when its own mapping is searched.
            self.chunk.fill(0);
        }
        assert!(bytes > 1 << 20, "hardly anything was searched");
        places
    }
}

#[test]
fn the_pin_and_keys_are_not_in_memory_after_the_call() {
    let mut search = Search::new();
    let rig = Rig::start();
    let module = rig.module();
    let slot = module.get_slots_with_initialized_token().expect("slots")[0];
    let session = module.open_rw_session(slot).expect("a session");
    assert_eq!(search.places(&PIN), 0, "before the login");

    let pin = String::from_utf8(PIN.plain()).expect("ASCII");
    let pin = AuthPin::new(pin.into_boxed_str());
    session.login(UserType::User, Some(&pin)).expect("a login");
    assert!(
        search.places(&PIN) > 0,
        "the search does not find the caller's own PIN"
    );
    drop(pin);
    assert_eq!(search.places(&PIN), 0, "after the login");

    let mut template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::Value(KEY.plain()),
    ];
    let key = session.create_object(&template).expect("C_CreateObject");
    wipe(&mut template);
    assert_eq!(search.places(&KEY), 0, "after C_CreateObject");
    let mut read = session
        .get_attributes(key, &[AttributeType::Value])
        .expect("the value");
    assert!(matches!(&read[..], [Attribute::Value(value)] if KEY.is(value)));
    wipe(&mut read);
    assert_eq!(search.places(&KEY), 0, "after C_GetAttributeValue");

    let (pin, key) = (black_box(PIN.plain()), black_box(KEY.plain()));
    assert!(
        search.places(&PIN) > 0 && search.places(&KEY) > 0,
        "copies that are kept"
    );
    drop((pin, key));
}

/// The next allocation of a program would hide the remains.
#[test]
fn frames_are_wiped_before_they_are_freed() {
    let mut search = Search::new();
    let secret = Disguised(KEY.0.map(|byte| byte ^ 0x33));
    let (one, other) = UnixStream::pair().expect("a socket");
    let mut plain = secret.plain();
    let mut frame = Writer::new();
    for bytes in [&[0; 20_000], &plain[..], &[0; 40_000]] {
        frame.bytes(Some(bytes));
    }
    plain.zeroize();
    frame.send(&one).expect("a frame");
    assert_eq!(search.places(&secret), 0, "sent");

    let mut frame = Reader::receive(&other).expect("a frame");
    frame.bytes().expect("bytes");
    assert!(
        frame
            .bytes()
            .expect("bytes")
            .is_some_and(|bytes| secret.is(bytes))
    );
    assert!(search.places(&secret) > 0, "received");
    drop(frame);
    assert_eq!(search.places(&secret), 0, "read");
}

fn wipe(template: &mut [Attribute]) {
    for attribute in template {
        if let Attribute::Value(value) = attribute {
            value.zeroize();
        }
    }
}
