//! Every encoding of the same values is read.

use super::*;

#[test]
fn an_envelope_of_kms_and_its_der_have_the_same_value() {
    assert_eq!(RecipientEnvelope::parse(&Parts::kms().build()), Ok(expected()));
    assert_eq!(RecipientEnvelope::parse(&Parts::der().build()), Ok(expected()));
}

#[test]
fn every_encoding_that_the_rfcs_allow_is_read() {
    accepted(|parts| parts.hash = tlv(0xa0, &hash(SHA256, &[])));
    accepted(|parts| parts.mask = tlv(0xa1, &mgf1(&hash(SHA256, &[]))));
    let no_label = [oid("1.2.840.113549.1.1.9"), tlv(0x04, &[])].concat();
    accepted(|parts| parts.label = tlv(0xa2, &tlv(0x30, &no_label)));
    // One piece of definite length, and the fields that are octet strings too.
    accepted(|parts| parts.content = tlv(0xa0, &tlv(0x04, &pattern(0x91, 96))));
    accepted(|parts| {
        parts.recipient = tlv(0xa0, &tlv(0x04, &pattern(0x11, 32)));
    });
    accepted(|parts| {
        parts.encrypted_key = indefinite(0x24, &tlv(0x04, &pattern(0x31, 256)));
    });
    accepted(|parts| parts.vector = indefinite(0x24, &tlv(0x04, &pattern(0x51, 16))));
    accepted(|parts| parts.content = pieces_in_pieces(32));
    for length in [256, 384, 512] {
        let mut parts = Parts::kms();
        parts.encrypted_key = tlv(0x04, &pattern(0x31, length));
        let envelope = RecipientEnvelope::parse(&parts.build()).unwrap();
        assert_eq!(envelope.encrypted_key(), pattern(0x31, length));
    }
}

/// Where pieces of definite length are nested, one byte can move the end of a group of pieces to that of another piece: a changed structure with
/// the same value. Neither KMS nor openssl writes them; X.690 section 8.7.3 allows them, so they are read.
#[test]
fn the_grouping_of_pieces_does_not_change_the_value() {
    let built = |inner| {
        let mut parts = Parts::kms();
        parts.content = pieces_in_pieces(inner);
        parts.build()
    };
    let good = built(32);
    for inner in [0, 16, 48, 96] {
        let other = built(inner);
        let changed = good.iter().zip(&other).filter(|(one, other)| one != other);
        assert_eq!((good.len(), changed.count()), (other.len(), 1), "{inner}");
        assert_eq!(RecipientEnvelope::parse(&other), Ok(expected()));
    }
}
