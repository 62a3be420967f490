//! Inputs that are almost valid.

use std::time::{Duration, Instant};

use super::*;

/// Inputs that are almost valid: no panic and no long wait. The test does not claim that every change is noticed: that is the job of the signature,
/// which KMS verifies.
#[test]
fn any_input_is_read_or_refused() {
    let small = |indefinite| {
        let mut entries = entries();
        entries.retain(|entry| entry.0 != "cabundle" && entry.0 != "certificate");
        sign1(&payload(&entries, indefinite))
    };
    let good = [small(false), small(true)];
    let ours = rsa_key(1);
    // xorshift64: the same inputs every time.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(bound.max(1)).unwrap()).unwrap()
    };
    const TELLING: [u8; 12] = [
        0x00, 0x1b, 0x40, 0x5f, 0x60, 0x7f, 0x84, 0x9f, 0xa1, 0xbf, 0xd2, 0xff,
    ];
    let begun = Instant::now();
    let mut read = 0;
    for round in 0..100_000 {
        let mut input = good[round % 2].clone();
        for _ in 0..=below(4) {
            // Most of it is opaque, so prefer places where the structure is.
            let at = if below(2) == 0 {
                below(110)
            } else {
                below(input.len())
            }
            .min(input.len());
            let byte = match below(2) {
                0 => TELLING[below(TELLING.len())],
                _ => u8::try_from(below(256)).unwrap(),
            };
            match below(4) {
                0 => input.insert(at, byte),
                1 if at < input.len() => drop(input.remove(at)),
                2 => input.truncate(at.max(input.len() - 3)),
                _ if at < input.len() => input[at] = byte,
                _ => input.push(byte),
            }
        }
        if let Ok(document) = AttestationDocument::read(&input) {
            read += 1;
            assert!(document.module_id().bytes().all(|byte| byte.is_ascii_graphic()));
            assert!(!document.module_id().is_empty());
            if document.carries(&ours).is_ok() {
                assert_eq!(document.public_key.as_deref(), Some(&ours[..]));
            }
        }
    }
    assert!(read > 1000, "only {read} inputs were read");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
