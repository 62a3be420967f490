//! Checks that a modulus is a product of large primes: NIST SP 800-89 section 5.3.3 requires a composite that is not a power of a prime and has
//! no small factors.

use num_bigint::BigUint;

use super::KeyFault;
use super::residues::{Residues, common_divisor};

/// All factors below this are found. [`curves`](super::curves) looks for larger ones.
pub(super) const SMALL_FACTORS: u32 = 1 << 16;

/// The smallest prime below [`SMALL_FACTORS`] that divides the modulus.
pub(super) fn find_small_factor(modulus: &BigUint) -> Option<u32> {
    let primes = primes_below(SMALL_FACTORS);
    let mut product = BigUint::from(1_u32);
    // A product of primes about as long as the modulus, for one long division per product.
    let mut part = BigUint::from(1_u32);
    let mut word = 1_u64;
    for prime in &primes {
        match word.checked_mul(u64::from(*prime)) {
            Some(larger) => word = larger,
            None => {
                part *= word;
                word = u64::from(*prime);
                if part.bits() >= modulus.bits() {
                    product = product * part % modulus;
                    part = BigUint::from(1_u32);
                }
            }
        }
    }
    product = product * part * word % modulus;
    if common_divisor(product, modulus.clone()) == BigUint::from(1_u32) {
        return None;
    }
    primes
        .into_iter()
        .find(|prime| super::residue(modulus, *prime) == 0)
}

/// Looks for a modulus that is a prime or a power of one. Modulo each prime p of the modulus n, 2ⁿ⁻¹ is 1 if the order of 2, which divides p -
/// 1, divides n - 1. That holds if n is a power of p. For the product of two random primes, the chance of that is below 2⁻⁵⁰⁰: p - 1 and q - 1 would
/// share nearly all of their factors, which no key generator allows. For a prime p of few bits the chance is not small; then p is found.
pub(super) fn find_prime_power(modulus: &BigUint) -> Option<KeyFault> {
    let residues = Residues::modulo(modulus)?;
    let found = residues.common_divisor(&(&residues.two_to_the_last() - &residues.one()));
    if found == BigUint::from(1_u32) {
        return None;
    }
    // Without factors below 2¹⁶, a number below 2³² is a prime.
    Some(match u32::try_from(&found) {
        Ok(prime) => KeyFault::MediumFactor(Some(prime)),
        Err(_) => KeyFault::PrimePower,
    })
}

/// Eratosthenes's sieve, of odd numbers, and 2; up to [`SMALL_FACTORS`].
pub(super) fn primes_below(limit: u32) -> Vec<u32> {
    let mut primes = vec![2];
    let mut is_composite = vec![false; 1 << 15];
    for number in (3..limit.min(SMALL_FACTORS)).step_by(2) {
        let Some(false) = place(number).and_then(|place| is_composite.get(place)) else {
            continue;
        };
        primes.push(number);
        // In a list of odd numbers, two consecutive odd multiples of a prime are that many places apart.
        let (Some(first), Ok(step)) = (
            number.checked_mul(number).and_then(place),
            usize::try_from(number),
        ) else {
            continue;
        };
        let multiples = is_composite.get_mut(first..).unwrap_or_default();
        for composite in multiples.iter_mut().step_by(step) {
            *composite = true;
        }
    }
    primes
}

fn place(odd: u32) -> Option<usize> {
    usize::try_from(odd / 2).ok()
}
