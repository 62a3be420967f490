//! Prime factors of up to 32 bits, by elliptic curves: H. W. Lenstra, "Factoring integers with elliptic curves" (1987), in the form of
//! P. Montgomery, "Speeding the Pollard and elliptic curve methods of factorization" (1987).
//!
//! A curve modulo n is one curve modulo each prime p of n. If the point's order modulo p divides the multiplier, the result's z is 0 modulo p,
//! so z and n share the factor p. The curves and bounds are fixed: a key gets the same answer each time. docs/profiles.md has the share of
//! random primes of each length that they find.

use crypto_bigint::modular::BoxedMontyForm;
use num_bigint::BigUint;

use super::factor::primes_below;
use super::residues::{Residues, common_divisor};

/// The point is multiplied by the powers of primes up to this bound.
const FIRST_BOUND: u32 = 300;
/// One prime of the order, from [`FIRST_BOUND`] up to this bound, may be missing.
const SECOND_BOUND: u32 = 19_000;
/// A prime of the second stage is a multiple of this, plus or minus a distance of at most half of it.
const STRIDE: u32 = 210;
/// Suyama's σ of each curve.
const CURVES: std::ops::Range<u32> = 6..22;
/// Divisors up to this size separate two factors that every curve finds.
const SMALLEST_UNSEPARATED: u32 = 1 << 24;

/// A proper divisor of the modulus that a curve found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A prime.
    Prime(u32),
    /// The product of several.
    Product,
}

/// A point of a curve in Montgomery's form, without its y.
#[derive(Clone)]
struct Point {
    x: BoxedMontyForm,
    z: BoxedMontyForm,
}

/// (A + 2) / 4 of B·y² = x³ + A·x² + x.
struct Curve(BoxedMontyForm);

/// A prime of the second stage is this multiple of [`STRIDE`], plus or minus one of these distances.
struct Stride {
    multiple: u32,
    distances: Vec<usize>,
}

/// Looks for a prime factor below 2³² of a modulus that has none below 2¹⁶.
pub(super) fn find_medium_factor(modulus: &BigUint) -> Option<Found> {
    let (found, results) = try_curves(&Residues::modulo(modulus)?);
    (found != BigUint::from(1_u32)).then(|| separate(found, &results))
}

/// The product of all primes that the curves find, and what each curve has in common with it.
fn try_curves(residues: &Residues) -> (BigUint, Vec<BoxedMontyForm>) {
    let primes = primes_below(SECOND_BOUND);
    let (first, second): (Vec<u32>, Vec<u32>) = primes.iter().partition(|prime| **prime <= FIRST_BOUND);
    let strides = strides(&second);
    let results: Vec<_> = CURVES
        .map(|sigma| residues.try_curve(sigma, &first, &strides))
        .collect();
    let product = results
        .iter()
        .fold(residues.one(), |product, result| &product * result);
    (residues.common_divisor(&product), results)
}

/// Separates primes that one curve finds and another does not.
fn separate(found: BigUint, results: &[BoxedMontyForm]) -> Found {
    let one = BigUint::from(1_u32);
    let mut part = found;
    for result in results {
        let result = BigUint::from_bytes_be(&result.retrieve().to_be_bytes());
        let divisor = common_divisor(result, part.clone());
        if divisor != one && divisor != part {
            let other = &part / &divisor;
            part = divisor.min(other);
        }
    }
    // Without factors below 2¹⁶, a number below 2³² is a prime.
    if let Ok(prime) = u32::try_from(&part) {
        return Found::Prime(prime);
    }
    (1 << 16..SMALLEST_UNSEPARATED)
        .find(|divisor| super::residue(&part, *divisor) == 0)
        .map_or(Found::Product, Found::Prime)
}

/// The primes of the second stage, in the order of their multiples.
fn strides(primes: &[u32]) -> Vec<Stride> {
    let mut strides: Vec<Stride> = Vec::new();
    for prime in primes {
        let multiple = (prime + STRIDE / 2) / STRIDE;
        let Ok(distance) = usize::try_from(prime.abs_diff(multiple * STRIDE)) else {
            continue;
        };
        match strides.last_mut() {
            Some(last) if last.multiple == multiple => {
                // Both sides of the multiple at once.
                if !last.distances.contains(&distance) {
                    last.distances.push(distance);
                }
            }
            _ => strides.push(Stride {
                multiple,
                distances: vec![distance],
            }),
        }
    }
    strides
}

impl Residues {
    /// Returns a number whose common divisor with the modulus is the product of the primes that this curve finds.
    fn try_curve(&self, sigma: u32, first: &[u32], strides: &[Stride]) -> BoxedMontyForm {
        // The order of Suyama's curves is divisible by 12.
        let u = self.of(sigma * sigma - 5);
        let v = self.of(4 * sigma);
        let (x, z) = (&u.square() * &u, &v.square() * &v);
        let difference = &v - &u;
        let numerator = &(&difference.square() * &difference) * &(&u.double() + &(&u + &v));
        let divisor = &self.of(16) * &(&x * &v);
        let Some(inverse) = Option::<BoxedMontyForm>::from(divisor.invert_vartime()) else {
            return divisor;
        };
        let curve = Curve(&numerator * &inverse);
        let mut point = Point { x, z };
        for prime in first {
            let mut power = *prime;
            while power <= FIRST_BOUND {
                point = curve.multiply(*prime, &point);
                power *= prime;
            }
        }
        self.take_strides(&curve, &point, strides)
    }

    /// The product of z and of one factor for each prime; the factor is 0 if that was the missing prime. The prime is k·[`STRIDE`] ± j, and both
    /// multiples of the point have the same x.
    fn take_strides(&self, curve: &Curve, point: &Point, strides: &[Stride]) -> BoxedMontyForm {
        let near = curve.odd_multiples(point);
        let near: Vec<_> = near.iter().map(|point| (point, &point.x * &point.z)).collect();
        let mut product = point.z.clone();
        let Some(start) = strides.first() else {
            return product;
        };
        let step = curve.multiply(STRIDE, point);
        let mut multiple = start.multiple;
        let mut far = curve.multiply(multiple, &step);
        let mut next = curve.multiply(multiple + 1, &step);
        for stride in strides {
            while multiple < stride.multiple {
                let after = next.add(&step, &far);
                (far, next) = (next, after);
                multiple += 1;
            }
            let far_product = &far.x * &far.z;
            for distance in &stride.distances {
                if let Some((near, near_product)) = near.get(distance / 2) {
                    let crossed = &(&far.x - &near.x) * &(&far.z + &near.z);
                    product = &product * &(&(&crossed - &far_product) + near_product);
                }
            }
        }
        product
    }
}

impl Curve {
    fn double(&self, point: &Point) -> Point {
        let sum = (&point.x + &point.z).square();
        let difference = (&point.x - &point.z).square();
        let four = &sum - &difference;
        Point {
            x: &sum * &difference,
            z: &four * &(&difference + &(&self.0 * &four)),
        }
    }

    /// Montgomery's ladder; `factor` is 1 or more.
    fn multiply(&self, factor: u32, point: &Point) -> Point {
        let (mut lower, mut upper) = (point.clone(), self.double(point));
        let Some(top) = factor.checked_ilog2() else {
            return lower;
        };
        for place in (0..top).rev() {
            let sum = upper.add(&lower, point);
            (lower, upper) = match factor >> place & 1 {
                1 => (sum, self.double(&upper)),
                _ => (self.double(&lower), sum),
            };
        }
        lower
    }

    /// 1, 3, 5, … times the point, up to half a [`STRIDE`].
    fn odd_multiples(&self, point: &Point) -> Vec<Point> {
        let twice = self.double(point);
        let mut multiples = vec![point.clone(), twice.add(point, point)];
        for _ in 2..=STRIDE / 4 {
            if let [.., before, last] = multiples.as_slice() {
                let next = last.add(&twice, before);
                multiples.push(next);
            }
        }
        multiples
    }
}

impl Point {
    /// The sum of two points whose difference is known.
    fn add(&self, other: &Self, difference: &Self) -> Self {
        let one = &(&self.x - &self.z) * &(&other.x + &other.z);
        let two = &(&self.x + &self.z) * &(&other.x - &other.z);
        Self {
            x: &difference.z * &(&one + &two).square(),
            z: &difference.x * &(&one - &two).square(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random primes of this many bits, from the same start each time.
    fn primes(bits: u32, count: usize) -> Vec<u32> {
        let small = primes_below(1 << 16);
        let is_prime = |number: &u32| {
            let mut divisors = small.iter().take_while(|prime| **prime <= number.isqrt());
            divisors.all(|prime| !number.is_multiple_of(*prime))
        };
        let mut state = 88_172_645_463_325_252_u64;
        let numbers = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            u32::try_from(state >> 32).unwrap() >> (32 - bits) | 1 | 1 << (bits - 1)
        });
        numbers.filter(is_prime).take(count).collect()
    }

    /// How many of these primes the curves find. All are factors of one number, which costs no more than a single prime.
    fn count_found(primes: &[u32]) -> usize {
        let modulus: BigUint = primes.iter().map(|prime| BigUint::from(*prime)).product();
        let (found, _) = try_curves(&Residues::modulo(&modulus).unwrap());
        let is_found = |prime: &&u32| crate::signer::key_fault::residue(&found, **prime) == 0;
        primes.iter().filter(is_found).count()
    }

    #[test]
    fn nearly_all_primes_below_2_to_the_32_are_found() {
        for (bits, most_missed) in [(17, 0), (20, 0), (24, 0), (28, 1), (32, 8)] {
            let mut primes = primes(bits, 60);
            primes.sort_unstable();
            primes.dedup();
            let missed = primes.len() - count_found(&primes);
            assert!(missed <= most_missed, "{missed} primes of {bits} bits");
        }
    }

    #[test]
    fn two_factors_are_distinguished() {
        let large = (BigUint::from(1_u32) << 521) - 1_u32;
        for (one, other) in [
            (65_537_u32, 65_539_u32),
            (65_537, 4_294_967_291),
            (1_000_003, 1_000_033),
        ] {
            let found = find_medium_factor(&(&large * one * other));
            assert!(
                found == Some(Found::Prime(one)) || found == Some(Found::Prime(other)),
                "{found:?}"
            );
        }
        assert_eq!(find_medium_factor(&large), None);
        assert_eq!(
            find_medium_factor(&(large * 65_537_u32)),
            Some(Found::Prime(65_537))
        );
    }
}
