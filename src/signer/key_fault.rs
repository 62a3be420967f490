//! Keys that are not secret, or not valid: what their public half reveals.

mod edwards;
mod factor;
mod montgomery;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    ParsedPublicKey,
};
use num_bigint::BigUint;

use super::{Curve, KeyAlgorithm, PublicKey};

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// NIST SP 800-89 section 5.3.3, FIPS 186-5 section 5.1: from 65537. ([`PublicKey`] takes no even ones, and none above 2³².)
    Exponent,
    /// A small prime divides the modulus.
    SmallFactor(u32),
    /// NIST SP 800-89 section 5.3.3: "composite and not a power of a prime".
    PrimePower,
    /// The modulus is of the form that one vendor's generator made (CVE-2017-15361, "The Return of Coppersmith's Attack").
    Roca,
    /// Fermat's method factors the modulus (CVE-2022-26320).
    ClosePrimes,
    /// NIST SP 800-56A section 5.6.2.3.3: a point of the curve, not at infinity.
    OffCurve,
    /// A point of Ed25519 whose order divides 8: a signature that anyone can write verifies under it, so possession is not proven.
    SmallOrder,
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exponent => f.write_str("the public exponent is below 65537"),
            Self::OffCurve => f.write_str("the public key is not a point on its curve"),
            Self::SmallOrder => {
                f.write_str("the public key is a point of small order: anybody can sign for it")
            }
            Self::SmallFactor(factor) => write!(f, "{factor} divides the modulus"),
            Self::PrimePower => f.write_str(
                "the modulus is a prime or a power of one: anybody can compute the private key from it",
            ),
            Self::Roca => f.write_str("the modulus has the fingerprint of ROCA"),
            Self::ClosePrimes => f.write_str("the two primes are close together"),
        }
    }
}

/// CA/B BR 6.1.6: "no factors smaller than 752". Looked for first, because it costs little; [`factor`] continues from there.
const LARGEST_SMALL_PRIME: u32 = 751;

/// Keys whose answer is kept.
const MOST_KNOWN: usize = 32;

/// Searches on other threads at a time.
const MOST_SEARCHES: usize = 2;

/// What is known of an RSA key.
struct Known {
    key: Vec<u8>,
    quick: Option<KeyFault>,
    is_prime_power: Arc<OnceLock<bool>>,
}

/// Rounds of Fermat's method: Boulder's number. Two random primes of 1024 bits would take some 2¹⁰⁰⁰.
const FERMAT_ROUNDS: u32 = 100;

/// The primes whose residues make the fingerprint: the first 39 without 2.
const LARGEST_ROCA_PRIME: u32 = 167;

impl PublicKey {
    /// Looks for the known faults of keys; `None` for a sound one.
    #[must_use]
    pub fn find_fault(&self) -> Option<KeyFault> {
        match self.algorithm() {
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => self.recall_rsa_fault(),
            KeyAlgorithm::Ec(curve) => {
                let algorithm = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_ASN1,
                    Curve::P384 => &ECDSA_P384_SHA384_ASN1,
                    Curve::P521 => &ECDSA_P521_SHA512_ASN1,
                    Curve::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1,
                };
                let read = ParsedPublicKey::new(algorithm, self.subject_public_key());
                read.is_err().then_some(KeyFault::OffCurve)
            }
            KeyAlgorithm::Ed25519 => edwards::find_point_fault(self.subject_public_key()),
            // Every string of the right length is a key: FIPS 204 algorithm 23 has no check.
            KeyAlgorithm::MlDsa(_) => None,
        }
    }

    /// The same, but for [`KeyFault::PrimePower`], which takes milliseconds to find: another thread begins to look for it, and
    /// [`find_fault`](Self::find_fault) waits for what that finds.
    #[must_use]
    pub fn find_quick_fault(&self) -> Option<KeyFault> {
        match self.algorithm() {
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => self.recall_rsa(true).0,
            _ => self.find_fault(),
        }
    }

    fn recall_rsa_fault(&self) -> Option<KeyFault> {
        let (quick, is_prime_power) = self.recall_rsa(false);
        quick.or_else(|| {
            let found = *is_prime_power.get_or_init(|| self.is_prime_power());
            found.then_some(KeyFault::PrimePower)
        })
    }

    fn is_prime_power(&self) -> bool {
        self.rsa_integers()
            .is_some_and(|(modulus, _)| factor::is_prime_power(&BigUint::from_bytes_be(modulus)))
    }

    /// Every check of a certificate asks, and the answer costs as much as a signature. What was found quickly, and where the rest is told.
    fn recall_rsa(&self, in_background: bool) -> (Option<KeyFault>, Arc<OnceLock<bool>>) {
        static KNOWN: Mutex<Vec<Known>> = Mutex::new(Vec::new());
        let known = || KNOWN.lock().ok();
        let recalled = known().and_then(|known| {
            let mut all = known.iter();
            all.find(|known| known.key == self.der())
                .map(|known| (known.quick, Arc::clone(&known.is_prime_power)))
        });
        if let Some(recalled) = recalled {
            return recalled;
        }
        let quick = self.find_rsa_fault();
        let is_prime_power = Arc::default();
        if in_background && quick.is_none() {
            self.begin_search(&is_prime_power);
        }
        if let Some(mut known) = known() {
            if known.len() >= MOST_KNOWN {
                known.remove(0);
            }
            known.push(Known {
                key: self.der().to_vec(),
                quick,
                is_prime_power: Arc::clone(&is_prime_power),
            });
        }
        (quick, is_prime_power)
    }

    /// Without a thread, the caller of [`find_fault`](Self::find_fault) computes it.
    fn begin_search(&self, is_prime_power: &Arc<OnceLock<bool>>) {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        if RUNNING.fetch_add(1, Ordering::Relaxed) >= MOST_SEARCHES {
            RUNNING.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let (key, found) = (self.clone(), Arc::clone(is_prime_power));
        let search = move || {
            found.get_or_init(|| key.is_prime_power());
            RUNNING.fetch_sub(1, Ordering::Relaxed);
        };
        if thread::Builder::new().spawn(search).is_err() {
            RUNNING.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn find_rsa_fault(&self) -> Option<KeyFault> {
        let (modulus, exponent) = self.rsa_integers()?;
        let modulus = BigUint::from_bytes_be(modulus);
        if BigUint::from_bytes_be(exponent) < BigUint::from(65_537_u32) {
            return Some(KeyFault::Exponent);
        }
        if let Some(factor) = primes(LARGEST_SMALL_PRIME).find(|prime| residue(&modulus, *prime) == 0) {
            return Some(KeyFault::SmallFactor(factor));
        }
        if has_roca_fingerprint(&modulus) {
            return Some(KeyFault::Roca);
        }
        if has_close_primes(&modulus) {
            return Some(KeyFault::ClosePrimes);
        }
        factor::find_small_factor(&modulus).map(KeyFault::SmallFactor)
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
    let mut square = &a * &a - modulus;
    for _ in 0..FERMAT_ROUNDS {
        if may_be_square(&square) {
            let root = square.sqrt();
            if &root * &root == square {
                return true;
            }
        }
        // (a + 1)² = a² + 2a + 1
        square += &a << 1_u8;
        square += 1_u32;
        a += 1_u32;
    }
    false
}

/// False for nearly every number that is not a square, by what squares leave modulo a few small numbers: a root costs much more. Every
/// certificate asks this several times.
fn may_be_square(number: &BigUint) -> bool {
    const MODULI: [u32; 4] = [64, 63, 65, 11];
    // Their product, which they divide.
    let residue = residue(number, 64 * 63 * 65 * 11);
    MODULI
        .into_iter()
        .all(|modulus| (0..modulus).any(|root| root * root % modulus == residue % modulus))
}

#[cfg(test)]
mod tests;
