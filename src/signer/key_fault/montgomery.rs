//! Powers of two modulo a large odd number, by squaring and doubling alone: less than half of what a general power takes, and the longest
//! computation for a certificate.

use num_bigint::BigUint;

/// An odd modulus of k words, for numbers that are multiplied by 2⁶⁴ᵏ (Montgomery's form).
pub(super) struct Montgomery {
    modulus: Vec<u64>,
    /// -1 / modulus, modulo 2⁶⁴.
    inverse: u64,
}

impl Montgomery {
    pub(super) fn of(modulus: &BigUint) -> Option<Self> {
        let modulus = modulus.to_u64_digits();
        let last = modulus.first().copied().filter(|word| word % 2 == 1)?;
        // Newton's method: an odd number is its own inverse modulo 8, and each step doubles the bits that are right.
        let inverse = (0..5).fold(last, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(last.wrapping_mul(inverse)))
        });
        Some(Self {
            modulus,
            inverse: inverse.wrapping_neg(),
        })
    }

    /// 2ⁿ⁻¹ modulo n, and 1, both in this form.
    pub(super) fn two_to_the_last(&self) -> (BigUint, BigUint) {
        let modulus = of_words(&self.modulus);
        let one = (BigUint::from(1_u32) << (64 * self.modulus.len())) % &modulus;
        let mut power = one.to_u64_digits();
        power.resize(self.modulus.len(), 0);
        let mut square = vec![0; 2 * self.modulus.len()];
        let exponent = &modulus - 1_u32;
        for place in (0..exponent.bits()).rev() {
            self.square(&mut power, &mut square);
            if exponent.bit(place) {
                self.double(&mut power);
            }
        }
        (of_words(&power), one)
    }

    /// Squares `number`; `square` is room for twice its words.
    fn square(&self, number: &mut [u64], square: &mut [u64]) {
        let count = number.len();
        square.fill(0);
        // Each product of two different words once, then twice that, and the words' own squares.
        for (place, word) in number.iter().enumerate() {
            let row = square.get_mut(2 * place + 1..place + count).unwrap_or_default();
            let others = number.get(place + 1..).unwrap_or_default();
            let carry = add_product(row, others, *word);
            if let Some(next) = square.get_mut(place + count) {
                *next = carry;
            }
        }
        let (mut shifted_out, mut carry) = (0, false);
        for (pair, word) in square.chunks_exact_mut(2).zip(&*number) {
            let [low, high] = pair else { return };
            let (square_low, square_high) = word.carrying_mul(*word, 0);
            let doubled = [*low << 1 | shifted_out, *high << 1 | *low >> 63];
            shifted_out = *high >> 63;
            (*low, carry) = doubled[0].carrying_add(square_low, carry);
            (*high, carry) = doubled[1].carrying_add(square_high, carry);
        }
        // A multiple of the modulus makes the lowest word nothing, one after the other.
        let mut carry = false;
        for place in 0..count {
            let lowest = square.get(place).copied().unwrap_or_default();
            let factor = lowest.wrapping_mul(self.inverse);
            let row = square.get_mut(place..place + count).unwrap_or_default();
            let over = add_product(row, &self.modulus, factor);
            if let Some(word) = square.get_mut(place + count) {
                (*word, carry) = word.carrying_add(over, carry);
            }
        }
        number.copy_from_slice(square.get(count..).unwrap_or_default());
        self.reduce(number, carry);
    }

    fn double(&self, number: &mut [u64]) {
        let mut shifted_out = 0;
        for word in &mut *number {
            (*word, shifted_out) = (*word << 1 | shifted_out, *word >> 63);
        }
        self.reduce(number, shifted_out == 1);
    }

    /// Takes the modulus off once, if the number with its carry is not below it.
    fn reduce(&self, number: &mut [u64], carry: bool) {
        if carry || number.iter().rev().ge(self.modulus.iter().rev()) {
            let mut borrow = false;
            for (word, other) in number.iter_mut().zip(&self.modulus) {
                (*word, borrow) = word.borrowing_sub(*other, borrow);
            }
        }
    }
}

/// Adds `words` times `factor` to as many words of `sum`; the carry.
fn add_product(sum: &mut [u64], words: &[u64], factor: u64) -> u64 {
    sum.iter_mut().zip(words).fold(0, |mut carry, (sum, word)| {
        (*sum, carry) = factor.carrying_mul_add(*word, *sum, carry);
        carry
    })
}

/// Least significant word first.
fn of_words(words: &[u64]) -> BigUint {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    BigUint::from_bytes_le(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// num-bigint says the same, for moduli of odd lengths, close below and above powers of two, and full of ones.
    #[test]
    fn powers_of_two_are_those_of_another_program() {
        let one = BigUint::from(1_u32);
        for bits in [64_u32, 65, 127, 128, 129, 1024, 2047, 2048, 2100] {
            for less in [1_u32, 3, 59, 12_345] {
                for top in [&one << bits, (&one << bits) - (&one << (bits / 2))] {
                    let modulus = (&top - less) | &one;
                    let montgomery = Montgomery::of(&modulus).unwrap();
                    let (power, form) = montgomery.two_to_the_last();
                    let expected = BigUint::from(2_u32).modpow(&(&modulus - &one), &modulus);
                    assert_eq!(power, expected * form % &modulus, "{modulus}");
                }
            }
        }
        assert!(Montgomery::of(&BigUint::from(10_u32)).is_none());
    }
}
