//! RSA signatures over SHA-224. AWS accepts them in a cluster's certificates, but the Rust interface of AWS-LC does not verify them. This only
//! verifies, with public numbers, so nothing here needs constant time.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use num_bigint::BigUint;

use super::{Hash, PublicKey};

const HASH: Hash = Hash::Sha224;
const HASH_BYTES: usize = 28;

/// AWS-LC's minimum for the other hashes.
const SMALLEST_MODULUS: u64 = 2048;

/// RSASSA-PKCS1-v1_5: RFC 8017 section 8.2.2, by comparison with the only valid encoding.
pub(super) fn verify_pkcs1(key: &PublicKey, message: &[u8], signature: &[u8]) -> Option<()> {
    let (encoded, _) = open(key, signature)?;
    let digest_info = [HASH.digest_info_prefix(), &HASH.digest(message)].concat();
    // Section 9.2: 00 01 ff … ff 00, at least eight times ff, and the DigestInfo.
    let padding = encoded.len().checked_sub(digest_info.len() + 3)?;
    let expected = [&[0, 1][..], &vec![0xff; padding], &[0], &digest_info].concat();
    verify_slices_are_equal(&encoded, &expected).ok()
}

/// RSASSA-PSS: RFC 8017 sections 8.1.2 and 9.1.2. The comments name its steps.
pub(super) fn verify_pss(key: &PublicKey, salt_bytes: u16, message: &[u8], signature: &[u8]) -> Option<()> {
    let salt_bytes = usize::from(salt_bytes);
    let (encoded, modulus_bits) = open(key, signature)?;
    // 8.1.2, 2 c: emLen is for modBits - 1. It may be one byte shorter than the modulus; that byte is zero.
    let spare_bits = (modulus_bits - 1) % 8;
    let encoded = match spare_bits {
        0 => encoded.strip_prefix(&[0])?,
        _ => &encoded[..],
    };
    // Steps 3 to 5.
    let block_bytes = encoded.len().checked_sub(HASH_BYTES + 1)?;
    let padding = block_bytes.checked_sub(salt_bytes + 1)?;
    let (masked, rest) = encoded.split_at(block_bytes);
    let (hash, &[0xbc]) = rest.split_at(HASH_BYTES) else {
        return None;
    };
    // Step 6: the bits beyond those of the modulus are zero.
    let top = match spare_bits {
        0 => 0xff,
        bits => 0xff >> (8 - bits),
    };
    if masked.first()? & !top != 0 {
        return None;
    }
    // Steps 7 to 9.
    let mut block: Vec<_> = masked
        .iter()
        .zip(mask(hash, block_bytes))
        .map(|(a, b)| a ^ b)
        .collect();
    *block.first_mut()? &= top;
    // Step 10.
    let (zeros, rest) = block.split_at(padding);
    let (&1, salt) = rest.split_first()? else {
        return None;
    };
    if zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    // Steps 12 to 14.
    let salted = [&[0; 8][..], &HASH.digest(message), salt].concat();
    verify_slices_are_equal(hash, &HASH.digest(&salted)).ok()
}

/// RSAVP1 (RFC 8017 section 5.2.2): the encoded message, as long as the modulus, and the bits of the modulus.
fn open(key: &PublicKey, signature: &[u8]) -> Option<(Vec<u8>, u64)> {
    let (modulus, exponent) = key.rsa_integers()?;
    let number = BigUint::from_bytes_be(signature);
    let bytes = modulus.len();
    let modulus = BigUint::from_bytes_be(modulus);
    if signature.len() != bytes || number >= modulus || modulus.bits() < SMALLEST_MODULUS {
        return None;
    }
    let opened = number
        .modpow(&BigUint::from_bytes_be(exponent), &modulus)
        .to_bytes_be();
    let mut encoded = vec![0; bytes.checked_sub(opened.len())?];
    encoded.extend(opened);
    Some((encoded, modulus.bits()))
}

/// MGF1 (RFC 8017 appendix B.2.1).
fn mask(seed: &[u8], bytes: usize) -> impl Iterator<Item = u8> {
    let blocks = (0_u32..).flat_map(move |counter| HASH.digest(&[seed, &counter.to_be_bytes()].concat()));
    blocks.take(bytes)
}
