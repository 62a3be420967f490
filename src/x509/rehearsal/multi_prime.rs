//! An RSA key with many small primes (RFC 8017 section 3.2). It takes milliseconds to generate; two large primes take seconds. It is only as
//! strong as its smallest prime. That is enough for a key that is destroyed before anyone but this program's decoders and a linter sees its
//! signature.

use aws_lc_rs::error::Unspecified;
use num_bigint::BigUint;

use crate::signer::{Hash, Pss, SignatureAlgorithm, fill_random};

const EXPONENT: u32 = 65_537;
const PRIME_BYTES: usize = 16;

#[derive(Debug)]
pub(super) struct MultiPrimeKey {
    modulus: BigUint,
    bytes: usize,
    primes: Vec<Prime>,
}

#[derive(Debug)]
struct Prime {
    prime: BigUint,
    /// The private exponent modulo the prime minus one.
    exponent: BigUint,
    /// The inverse of the product of the primes before it.
    coefficient: BigUint,
}

impl MultiPrimeKey {
    /// A key whose modulus is as long in bytes as one of `bits`.
    pub(super) fn generate(bits: usize) -> Result<Self, Unspecified> {
        let bytes = bits.div_ceil(8);
        let mut modulus = BigUint::from(1_u32);
        let mut primes = Vec::new();
        let mut left = bytes;
        while left > 0 {
            // The last prime takes the rest.
            let size = if left < 2 * PRIME_BYTES { left } else { PRIME_BYTES };
            let prime = find_prime(size)?;
            let less_one = &prime - 1_u32;
            // Fails if the prime, or a factor of it, already occurs: 2⁻¹⁰⁰.
            let coefficient = (&modulus % &prime).modinv(&prime).ok_or(Unspecified)?;
            let exponent = BigUint::from(EXPONENT).modinv(&less_one).ok_or(Unspecified)?;
            modulus *= &prime;
            primes.push(Prime {
                prime,
                exponent,
                coefficient,
            });
            left -= size;
        }
        Ok(Self {
            modulus,
            bytes,
            primes,
        })
    }

    pub(super) fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let encoded = match algorithm {
            SignatureAlgorithm::RsaPkcs1(hash) => self.encode_pkcs1(hash, message)?,
            SignatureAlgorithm::RsaPss(pss) => self.encode_pss(pss, message)?,
            _ => return Err(Unspecified),
        };
        let encoded = BigUint::from_bytes_be(&encoded);
        let number = self.private_operation(&encoded);
        // A composite that passed as a prime gives wrong signatures.
        if number.modpow(&BigUint::from(EXPONENT), &self.modulus) != encoded {
            return Err(Unspecified);
        }
        let number = number.to_bytes_be();
        let mut signature = vec![0; self.bytes - number.len()];
        signature.extend(number);
        Ok(signature)
    }

    /// RFC 8017 section 5.1.2, step 2 b.
    fn private_operation(&self, message: &BigUint) -> BigUint {
        let mut product = BigUint::from(1_u32);
        let mut result = BigUint::from(0_u32);
        for Prime {
            prime,
            exponent,
            coefficient,
        } in &self.primes
        {
            let part = (message % prime).modpow(exponent, prime);
            let difference = (part + prime - &result % prime) % prime;
            result += &product * (difference * coefficient % prime);
            product *= prime;
        }
        result
    }

    /// RFC 8017 section 9.2.
    fn encode_pkcs1(&self, hash: Hash, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let digest_info = [hash.digest_info_prefix(), &hash.digest(message)].concat();
        let padding = self.bytes.checked_sub(digest_info.len() + 3).ok_or(Unspecified)?;
        Ok([&[0, 1][..], &vec![0xff; padding], &[0], &digest_info].concat())
    }

    /// RFC 8017 section 9.1.1. The modulus fills its bytes, so the encoded message is one bit shorter.
    fn encode_pss(&self, pss: Pss, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut salt = vec![0; usize::from(pss.salt_bytes)];
        fill_random(&mut salt).map_err(|_| Unspecified)?;
        let hash = pss
            .hash
            .digest(&[&[0; 8][..], &pss.hash.digest(message), &salt].concat());
        let block_bytes = self.bytes.checked_sub(hash.len() + 1).ok_or(Unspecified)?;
        let padding = block_bytes.checked_sub(salt.len() + 1).ok_or(Unspecified)?;
        let block = [&vec![0; padding][..], &[1], &salt].concat();
        let mask =
            (0_u32..).flat_map(|counter| pss.hash.digest(&[&hash[..], &counter.to_be_bytes()].concat()));
        let mut encoded: Vec<_> = block.iter().zip(mask).map(|(block, mask)| block ^ mask).collect();
        if let Some(first) = encoded.first_mut() {
            *first &= 0x7f;
        }
        encoded.extend(hash);
        encoded.push(0xbc);
        Ok(encoded)
    }

    pub(super) fn modulus(&self) -> Vec<u8> {
        self.modulus.to_bytes_be()
    }
}

/// A prime of this many bytes whose first eight bits are ones. So the product of up to a hundred such primes is as long as all of them together,
/// and fills its bytes.
fn find_prime(bytes: usize) -> Result<BigUint, Unspecified> {
    let mut octets = vec![0; bytes];
    loop {
        fill_random(&mut octets).map_err(|_| Unspecified)?;
        if let [first, .., last] = &mut octets[..] {
            *first = 0xff;
            *last |= 1;
        }
        let number = BigUint::from_bytes_be(&octets);
        if is_prime(&number) {
            return Ok(number);
        }
    }
}

/// Fermat's test: the chance that a random composite of 128 bits passes is negligible.
fn is_prime(number: &BigUint) -> bool {
    let has_factor = |divisor: u32| number % divisor == BigUint::from(0_u32);
    let less_one = number - 1_u32;
    // The public exponent needs an inverse.
    let is_fit = &less_one % EXPONENT != BigUint::from(0_u32);
    let passes = |base: u32| BigUint::from(base).modpow(&less_one, number) == BigUint::from(1_u32);
    is_fit
        && ![3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
            .into_iter()
            .any(has_factor)
        && passes(2)
        && passes(3)
}
