//! The curve of Ed25519: -x² + y² = 1 + d·x²·y² modulo p = 2²⁵⁵ - 19 (RFC 8032 section 5.1).

use num_bigint::BigUint;

use super::KeyFault;

/// Looks for a fault in an encoded point; `None` for a valid key.
pub(super) fn find_point_fault(point: &[u8]) -> Option<KeyFault> {
    let curve = Edwards25519::new();
    match curve.decode_y(point) {
        None => Some(KeyFault::OffCurve),
        Some(y) => curve.is_of_small_order(&y).then_some(KeyFault::SmallOrder),
    }
}

struct Edwards25519 {
    p: BigUint,
    d: BigUint,
}

impl Edwards25519 {
    fn new() -> Self {
        let p = (BigUint::from(1_u32) << 255) - 19_u32;
        // RFC 8032 section 5.1: d = -121665/121666.
        let inverse = BigUint::from(121_666_u32).modpow(&(&p - 2_u32), &p);
        let d = &p - BigUint::from(121_665_u32) * inverse % &p;
        Self { p, d }
    }

    /// RFC 8032 section 5.1.3. The sign of x selects one of two points with the same order. If x is 0, that order is 1 or 2, and a wrong sign
    /// does not matter.
    fn decode_y(&self, point: &[u8]) -> Option<BigUint> {
        let mut point: [u8; 32] = point.try_into().ok()?;
        point[31] &= 0x7f;
        // Step 1: "If the resulting value is >= p, decoding fails."
        let y = BigUint::from_bytes_le(&point);
        if y >= self.p {
            return None;
        }
        // Steps 2 and 3: "Otherwise, no square root exists for modulo p, and decoding fails."; by Euler's criterion.
        let x_squared = self.x_squared(&y);
        let symbol = x_squared.modpow(&((&self.p - 1_u32) >> 1), &self.p);
        (symbol <= BigUint::from(1_u32)).then_some(y)
    }

    /// x² = (y² - 1) / (d·y² + 1). The divisor is never 0: -1/d is not a square.
    fn x_squared(&self, y: &BigUint) -> BigUint {
        let y_squared = y * y % &self.p;
        self.divide(&y_squared + &self.p - 1_u32, &self.d * &y_squared + 1_u32)
    }

    /// The cofactor is 8. So 8·A is the neutral element (0, 1) if the order of A is 1, 2, 4 or 8 (RFC 8032 section 5.1, c = 3).
    fn is_of_small_order(&self, y: &BigUint) -> bool {
        let eightfold = (0..3).fold(y.clone(), |y, _| self.double_y(&y));
        eightfold == BigUint::from(1_u32)
    }

    /// The y of the doubled point, by the addition law of RFC 8032 section 5.1.4: (y² + x²) / (1 - d·x²·y²).
    fn double_y(&self, y: &BigUint) -> BigUint {
        let (x_squared, y_squared) = (self.x_squared(y), y * y % &self.p);
        let product = &self.d * &x_squared * &y_squared % &self.p;
        self.divide(x_squared + y_squared, &self.p + 1_u32 - product)
    }

    /// By Fermat's little theorem.
    fn divide(&self, number: BigUint, divisor: BigUint) -> BigUint {
        number * divisor.modpow(&(&self.p - 2_u32), &self.p) % &self.p
    }
}
