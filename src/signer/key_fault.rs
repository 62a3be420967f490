//! Faults that a public key reveals: its private key is not secret, or the key is not valid.

mod curves;
mod debian;
mod edwards;
mod factor;
mod residues;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::thread;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1,
    ParsedPublicKey,
};
use num_bigint::BigUint;

use super::{Curve, KeyAlgorithm, PublicKey, sha256};

/// A fault of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// NIST SP 800-89 section 5.3.3, FIPS 186-5 section 5.1: at least 65537. ([`PublicKey`] refuses even ones and those above 2³².)
    Exponent,
    /// A small prime divides the modulus.
    SmallFactor(u32),
    /// A prime from 2¹⁶ to 2³² divides the modulus, or several that could not be separated.
    MediumFactor(Option<u32>),
    /// NIST SP 800-89 section 5.3.3: "composite and not a power of a prime".
    PrimePower,
    /// The modulus has the form that one vendor's generator made (CVE-2017-15361, "The Return of Coppersmith's Attack").
    Roca,
    /// Fermat's method factors the modulus (CVE-2022-26320).
    ClosePrimes,
    /// The key is in a list of keys whose private keys others know.
    Listed,
    /// Debian's OpenSSL of 2006 to 2008 could generate the key (CVE-2008-0166).
    Debian,
    /// NIST SP 800-56A section 5.6.2.3.3: the point must be on the curve, and not at infinity.
    OffCurve,
    /// A point of Ed25519 whose order divides 8. Anyone can make a signature that verifies under it, so it proves no possession.
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
            Self::MediumFactor(None) => {
                f.write_str("several primes below 2^32 divide the modulus: anybody can factor it")
            }
            Self::SmallFactor(factor) | Self::MediumFactor(Some(factor)) => {
                write!(f, "{factor} divides the modulus")
            }
            Self::PrimePower => f.write_str(
                "the modulus is a prime or a power of one: anybody can compute the private key from it",
            ),
            Self::Listed => {
                f.write_str("the key is in the list of refused keys: others have its private key")
            }
            Self::Debian => f.write_str(
                "Debian's OpenSSL of 2006 to 2008 generated the key: anybody can generate it again",
            ),
            Self::Roca => f.write_str("the modulus has the fingerprint of ROCA"),
            Self::ClosePrimes => f.write_str("the two primes are close together"),
        }
    }
}

/// CA/B BR 6.1.6: "no factors smaller than 752". Checked first, because it is cheap; [`factor`] continues from there.
const LARGEST_SMALL_PRIME: u32 = 751;

/// The most keys whose results are kept, so that a batch searches each of its keys once. Less than a megabyte.
const MOST_KNOWN: usize = 4096;

/// The most searches on other threads at a time.
const MOST_SEARCHES: usize = 2;

/// What is known of an RSA key: the quick result, and the result of each longer search once it ends.
#[derive(Clone)]
struct Known {
    quick: Option<KeyFault>,
    prime_power: Arc<Search>,
    medium_factor: Arc<Search>,
}

/// What is known of the most recent keys, by their SHA-256.
#[derive(Default)]
struct Memory {
    known: HashMap<[u8; 32], Known>,
    order: VecDeque<[u8; 32]>,
}

/// A long search, and its result.
#[derive(Default)]
struct Search {
    is_begun: AtomicBool,
    found: OnceLock<Option<KeyFault>>,
}

/// How much time a search may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeySearch {
    /// All faults except [`KeyFault::MediumFactor`]: milliseconds.
    Short,
    /// All faults: half a second of processor time for RSA-2048, a second for RSA-4096.
    Long,
}

/// Rounds of Fermat's method, as in Boulder. Two random primes of 1024 bits would take about 2¹⁰⁰⁰.
const FERMAT_ROUNDS: u32 = 100;

/// The primes whose residues make the fingerprint: the first 39 without 2.
const LARGEST_ROCA_PRIME: u32 = 167;

impl PublicKey {
    /// Searches for known faults; `None` for a sound key.
    #[must_use]
    pub fn find_fault(&self, search: KeySearch) -> Option<KeyFault> {
        match self.algorithm() {
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => {
                let known = self.recall_rsa();
                let prime_power = || *known.prime_power.found.get_or_init(|| self.find_prime_power());
                let medium_factor = || {
                    *known
                        .medium_factor
                        .found
                        .get_or_init(|| self.find_medium_factor())
                };
                match search {
                    KeySearch::Short => known.quick.or_else(prime_power),
                    KeySearch::Long => known.quick.or_else(prime_power).or_else(medium_factor),
                }
            }
            KeyAlgorithm::Ec(curve) => {
                let algorithm = match curve {
                    Curve::P256 => &ECDSA_P256_SHA256_ASN1,
                    Curve::P384 => &ECDSA_P384_SHA384_ASN1,
                    Curve::P521 => &ECDSA_P521_SHA512_ASN1,
                    Curve::Secp256k1 => &ECDSA_P256K1_SHA256_ASN1,
                };
                let read = ParsedPublicKey::new(algorithm, self.subject_public_key());
                match read {
                    Err(_) => Some(KeyFault::OffCurve),
                    Ok(_) => debian::could_generate(self).then_some(KeyFault::Debian),
                }
            }
            KeyAlgorithm::Ed25519 => edwards::find_point_fault(self.subject_public_key()),
            // Any string of the right length is a key: FIPS 204 algorithm 23 has no check.
            KeyAlgorithm::MlDsa(_) => None,
        }
    }

    /// The faults that are found at once. Another thread starts the longer search; [`find_fault`](Self::find_fault) waits for its result.
    #[must_use]
    pub fn find_quick_fault(&self, search: KeySearch) -> Option<KeyFault> {
        match self.algorithm() {
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => {
                let known = self.recall_rsa();
                if known.quick.is_none() {
                    self.begin_search(&known, search);
                }
                known.quick
            }
            _ => self.find_fault(search),
        }
    }

    /// The faults that [`find_quick_fault`](Self::find_quick_fault) leaves to the longer search; waits for its result.
    #[must_use]
    pub fn find_slow_fault(&self, search: KeySearch) -> Option<KeyFault> {
        match self.algorithm() {
            KeyAlgorithm::Rsa { .. } | KeyAlgorithm::RsaPss { .. } => self.find_fault(search),
            _ => None,
        }
    }

    fn find_prime_power(&self) -> Option<KeyFault> {
        let (modulus, _) = self.rsa_integers()?;
        factor::find_prime_power(&BigUint::from_bytes_be(modulus))
    }

    fn find_medium_factor(&self) -> Option<KeyFault> {
        let (modulus, _) = self.rsa_integers()?;
        let found = curves::find_medium_factor(&BigUint::from_bytes_be(modulus))?;
        Some(KeyFault::MediumFactor(match found {
            curves::Found::Prime(prime) => Some(prime),
            curves::Found::Product => None,
        }))
    }

    /// The quick result, and where the longer search reports. It is kept, because every check of a certificate needs it and computing it costs
    /// as much as a signature.
    fn recall_rsa(&self) -> Known {
        static MEMORY: LazyLock<Mutex<Memory>> = LazyLock::new(Mutex::default);
        let memory = || MEMORY.lock().ok();
        let name = sha256(self.der());
        if let Some(recalled) = memory().and_then(|memory| memory.known.get(&name).cloned()) {
            return recalled;
        }
        let new = Known {
            quick: self.find_rsa_fault(),
            prime_power: Arc::default(),
            medium_factor: Arc::default(),
        };
        let Some(mut memory) = memory() else {
            return new;
        };
        if let Some(known) = memory.known.get(&name) {
            return known.clone();
        }
        if memory.order.len() >= MOST_KNOWN
            && let Some(oldest) = memory.order.pop_front()
        {
            memory.known.remove(&oldest);
        }
        memory.order.push_back(name);
        memory.known.insert(name, new.clone());
        new
    }

    /// If no thread can be started, the caller of [`find_fault`](Self::find_fault) runs the search.
    fn begin_search(&self, known: &Known, search: KeySearch) {
        static RUNNING: AtomicUsize = AtomicUsize::new(0);
        let wanted = match search {
            KeySearch::Short => &known.prime_power,
            KeySearch::Long => &known.medium_factor,
        };
        if wanted.is_begun.swap(true, Ordering::Relaxed) {
            return;
        }
        if RUNNING.fetch_add(1, Ordering::Relaxed) >= MOST_SEARCHES {
            RUNNING.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        let key = self.clone();
        let search = move || {
            let _ = key.find_fault(search);
            RUNNING.fetch_sub(1, Ordering::Relaxed);
        };
        if thread::Builder::new().spawn(search).is_err() {
            RUNNING.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn find_rsa_fault(&self) -> Option<KeyFault> {
        let (modulus, exponent) = self.rsa_integers()?;
        if debian::could_generate(self) {
            return Some(KeyFault::Debian);
        }
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

/// Both primes are k·M + (65537ᵃ mod M), where M is a product of small primes. So modulo each of those, the modulus is a power of 65537.
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

/// False for nearly every number that is not a square, from its residues modulo a few small numbers. A root costs much more, and every
/// certificate needs this several times.
fn may_be_square(number: &BigUint) -> bool {
    const MODULI: [u32; 4] = [64, 63, 65, 11];
    // The residue modulo the product gives the residue modulo each factor.
    let residue = residue(number, 64 * 63 * 65 * 11);
    MODULI
        .into_iter()
        .all(|modulus| (0..modulus).any(|root| root * root % modulus == residue % modulus))
}

#[cfg(test)]
mod tests;
