//! Every byte is significant.

use super::*;

/// The claim for these two envelopes: changing a byte of one of the four values changes that byte of that value and nothing else; changing any
/// other byte, to any value, makes the envelope refused. It is not claimed for two changes, because BER has many encodings of one value, nor for
/// pieces of definite length in pieces (`the_grouping_of_pieces_does_not_change_the_value`).
#[test]
fn every_single_byte_is_significant() {
    for (parts, pieces) in [(Parts::kms(), &[1, 39, 8, 48][..]), (Parts::der(), &[96])] {
        let good = parts.build();
        let expected = expected();
        // The place of each value: in order, one after the other.
        let mut owner: Vec<Option<(usize, usize)>> = vec![None; good.len()];
        let mut from = 0;
        let mut place = |value: usize, start: usize, bytes: &[u8], tag: &[u8]| {
            let wanted = [tag, bytes].concat();
            let found = good[from..]
                .windows(wanted.len())
                .position(|window| window == wanted);
            let first = from + found.unwrap() + tag.len();
            for index in 0..bytes.len() {
                owner[first + index] = Some((value, start + index));
            }
            from = first + bytes.len();
        };
        place(0, 0, expected.recipient().unwrap(), &[]);
        place(1, 0, &expected.encrypted_key, &[]);
        place(2, 0, &expected.initialization_vector, &[]);
        let mut start = 0;
        for length in pieces {
            let tag = if pieces.len() == 1 { 0x80 } else { 0x04 };
            let piece = &expected.encrypted_content[start..start + length];
            place(3, start, piece, &[tag, u8::try_from(*length).unwrap()]);
            start += length;
        }
        assert_eq!(owner.iter().flatten().count(), 32 + 256 + 16 + 96);

        let mut input = good.clone();
        for (index, owner) in owner.into_iter().enumerate() {
            for byte in (0..=0xff).filter(|byte| *byte != good[index]) {
                input[index] = byte;
                let outcome = RecipientEnvelope::parse(&input);
                match owner {
                    None => assert!(outcome.is_err(), "byte {index} as {byte:02x}"),
                    Some((value, at)) => {
                        let mut wanted = expected.clone();
                        let field = match value {
                            0 => &mut wanted.recipient.as_mut().unwrap()[..],
                            1 => &mut wanted.encrypted_key,
                            2 => &mut wanted.initialization_vector,
                            _ => &mut wanted.encrypted_content,
                        };
                        field[at] = byte;
                        assert_eq!(outcome, Ok(wanted), "byte {index} as {byte:02x}");
                    }
                }
            }
            input[index] = good[index];
        }
    }
}

/// For an envelope without nested pieces, or with nested pieces of indefinite length only: cut short it is refused, and with a byte changed it is
/// refused or has a different value.
#[track_caller]
pub(super) fn assert_no_change_goes_unseen(good: &[u8]) {
    let expected = RecipientEnvelope::parse(good).unwrap();
    for length in 0..good.len() {
        assert!(
            RecipientEnvelope::parse(&good[..length]).is_err(),
            "cut to {length}"
        );
    }
    let mut input = good.to_vec();
    for index in 0..good.len() {
        for byte in (0..=0xff).filter(|byte| *byte != good[index]) {
            input[index] = byte;
            if let Ok(envelope) = RecipientEnvelope::parse(&input) {
                assert_ne!(envelope, expected, "byte {index} as {byte:02x}");
            }
        }
        input[index] = good[index];
    }
    assert_eq!(RecipientEnvelope::parse(&input), Ok(expected));
}

#[test]
fn every_cut_and_every_change_is_noticed() {
    assert_no_change_goes_unseen(&Parts::kms().build());
    assert_no_change_goes_unseen(&Parts::der().build());
}
