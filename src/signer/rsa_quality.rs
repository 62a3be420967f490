//! RSA keys that are no secret: what their public half gives away.

use num_bigint::BigUint;

use super::PublicKey;

/// What is wrong with an RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// NIST SP 800-89 section 5.3.3, FIPS 186-5 section 5.1: odd, from 65537 to 2²⁵⁶.
    Exponent,
    /// A small prime divides the modulus.
    SmallFactor(u32),
    /// The modulus is of the form that one vendor's generator made (CVE-2017-15361, "The Return of Coppersmith's Attack").
    Roca,
    /// Fermat's method factors the modulus (CVE-2022-26320).
    ClosePrimes,
}

/// As far as other CAs look (Boulder's `goodkey`): a modulus by chance has no such factor only when it is none of two large primes.
const LARGEST_SMALL_PRIME: u32 = 752;

/// Rounds of Fermat's method: Boulder's number. Random primes are some 2¹⁰⁰⁰ apart and take about as many.
const FERMAT_ROUNDS: u32 = 100;

/// The primes whose residues make the fingerprint: the first 39 without 2.
const LARGEST_ROCA_PRIME: u32 = 167;

impl PublicKey {
    /// Looks for the known faults of RSA keys; `None` for a sound one, and for every other kind.
    #[must_use]
    pub fn find_fault(&self) -> Option<KeyFault> {
        let (modulus, exponent) = self.rsa_integers()?;
        let modulus = BigUint::from_bytes_be(modulus);
        let exponent = BigUint::from_bytes_be(exponent);
        if !exponent.bit(0) || exponent < BigUint::from(65_537_u32) || exponent.bits() > 256 {
            return Some(KeyFault::Exponent);
        }
        if let Some(factor) = primes(LARGEST_SMALL_PRIME).find(|prime| residue(&modulus, *prime) == 0) {
            return Some(KeyFault::SmallFactor(factor));
        }
        if has_roca_fingerprint(&modulus) {
            return Some(KeyFault::Roca);
        }
        has_close_primes(&modulus).then_some(KeyFault::ClosePrimes)
    }
}

fn primes(largest: u32) -> impl Iterator<Item = u32> {
    (2..=largest).filter(|number| {
        (2..*number)
            .take_while(|divisor| divisor * divisor <= *number)
            .all(|divisor| number % divisor != 0)
    })
}

fn residue(modulus: &BigUint, prime: u32) -> u32 {
    let residue = modulus % prime;
    residue.iter_u32_digits().next().unwrap_or_default()
}

/// Both primes are k·M + (65537ᵃ mod M) with M a product of small primes: modulo each of them the modulus is a power of 65537.
fn has_roca_fingerprint(modulus: &BigUint) -> bool {
    primes(LARGEST_ROCA_PRIME).skip(1).all(|prime| {
        let wanted = residue(modulus, prime);
        let generator = 65_537 % prime;
        let mut power = 1;
        (0..prime).any(|_| {
            let found = power == wanted;
            power = power * generator % prime;
            found
        })
    })
}

/// n = a² - b² = (a + b)(a - b), with a just above √n.
fn has_close_primes(modulus: &BigUint) -> bool {
    let mut a = modulus.sqrt();
    if &a * &a < *modulus {
        a += 1_u32;
    }
    for _ in 0..FERMAT_ROUNDS {
        let square = &a * &a - modulus;
        // A square is 0, 1, 4 or 9 modulo 16.
        let low = residue(&square, 16);
        if matches!(low, 0 | 1 | 4 | 9) {
            let root = square.sqrt();
            if &root * &root == square {
                return true;
            }
        }
        a += 1_u32;
    }
    false
}
