//! The keys that Debian's OpenSSL of 2006 to 2008 could generate (CVE-2008-0166). Its generator knew only the process id, so there are 294,912
//! keys of each type. CA/B BR section 6.1.1.3 requires CAs to reject them.

use crate::signer::key_list::hashed_number;
use crate::signer::{PublicKey, sha256};

/// RSA-2048, P-256 and P-384, as `scripts/debian-weak-keys.sh` wrote them: hashes of keys, in ascending order. What is hashed, with SHA-256, is
/// the number that [`hashed_number`] returns. A hash's place is its first two bytes. For each place there is the number of hashes up to and with
/// that place, in four bytes; then, for each hash, the four bytes after its place. One of 3 · 10⁸ other keys has these 48 bits by chance.
static TABLE: &[u8] = include_bytes!("debian_keys.bin");

const PLACES: usize = 1 << 16;

/// Whether Debian's OpenSSL could generate the key.
pub(super) fn could_generate(key: &PublicKey) -> bool {
    hashed_number(key).is_some_and(|number| find(&sha256(number)).is_some())
}

fn find(hash: &[u8; 32]) -> Option<&'static [u8; 4]> {
    let (place, rest) = hash.split_first_chunk::<2>()?;
    let (wanted, _) = rest.split_first_chunk::<4>()?;
    let (ends, keys) = TABLE.split_at_checked(4 * PLACES)?;
    let (ends, _) = ends.as_chunks::<4>();
    let (keys, _) = keys.as_chunks::<4>();
    let place = usize::from(u16::from_be_bytes(*place));
    let end = |place: usize| usize::try_from(u32::from_be_bytes(*ends.get(place)?)).ok();
    let first = match place.checked_sub(1) {
        Some(before) => end(before)?,
        None => 0,
    };
    keys.get(first..end(place)?)?.iter().find(|key| *key == wanted)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// What a program prints.
    fn output(command: &mut Command) -> String {
        let output = command.output().expect("a program");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    #[test]
    fn every_key_of_a_process_is_in_the_table() {
        let directory = tempfile::tempdir().unwrap();
        let program = directory.path().join("debian_weak_keys");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/debian_weak_keys.c");
        output(
            Command::new("cc")
                .args(["-O2", source, "-lcrypto", "-o"])
                .arg(&program),
        );
        for kind in ["rsa:2048", "ec:p256", "ec:p384"] {
            for process in ["0", "1", "12345", "32767"] {
                let lines = output(Command::new(&program).args([kind, process, process]));
                assert_eq!(lines.lines().count(), 9);
                for line in lines.lines() {
                    let hash = hex::decode(&line[..64]).unwrap();
                    let hash: [u8; 32] = hash.try_into().unwrap();
                    assert!(find(&hash).is_some(), "{kind} {line}");
                }
            }
        }
    }

    #[test]
    fn the_table_is_sorted_and_has_all_keys_of_three_types() {
        let (ends, keys) = TABLE.split_at(4 * PLACES);
        let (ends, keys) = (ends.as_chunks::<4>().0, keys.as_chunks::<4>());
        assert_eq!((keys.0.len(), keys.1), (3 * 294_912, &[][..]));
        let mut first = 0;
        for end in ends {
            let end = usize::try_from(u32::from_be_bytes(*end)).unwrap();
            assert!(keys.0[first..end].is_sorted_by(|one, other| one < other));
            first = end;
        }
        assert_eq!(first, keys.0.len());
    }

    /// The private key is 0x73cb…6973: P-256, process 5, little-endian with 64 bits, with a seed file.
    #[test]
    fn a_key_of_debian_is_found_and_its_neighbours_are_not() {
        let hash = hex::decode("4481ba67d42a39b369bd6309d235378e6f58e5691061c6aac4dc91262ebb70e0").unwrap();
        let hash: [u8; 32] = hash.try_into().unwrap();
        assert!(find(&hash).is_some());
        for place in 0..6 {
            for other in [1, 0x80] {
                let mut changed = hash;
                changed[place] ^= other;
                assert!(find(&changed).is_none(), "{place}");
            }
        }
        for hash in [[0; 32], [0xff; 32]] {
            assert!(find(&hash).is_none());
        }
    }
}
