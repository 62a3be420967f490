//! `CertificateSerialNumber` (RFC 5280 section 4.1.2.2).

use std::cmp::Ordering;
use std::fmt;

/// A `serialNumber`: any INTEGER, in its DER form. RFC 5280 requires it to be positive and at most 20 octets long, and this program's
/// numbers are. A certificate of another CA may have a negative or longer number, or encode it with too many octets, and must still be
/// revocable. So this type refuses nothing: the rule `serial-number` applies the RFC to certificates that are about to be signed.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SerialNumber(Vec<u8>);

impl SerialNumber {
    /// From the content octets of an INTEGER, in big-endian two's complement. Drops octets that only repeat the sign (X.690 section 8.3.2).
    /// No octets mean zero.
    #[must_use]
    pub fn from_octets(octets: impl AsRef<[u8]>) -> Self {
        match without_repeated_sign(octets.as_ref()) {
            [] => Self(vec![0]),
            octets => Self(octets.to_vec()),
        }
    }

    /// From hexadecimal digits, with an optional `-`, an optional `0x`, and optional colons, as programs print serial numbers. `None` for
    /// any other text.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let digits = digits.strip_prefix("0x").unwrap_or(digits);
        let digits = || digits.bytes().filter(|character| *character != b':');
        let count = digits().count();
        if count == 0 {
            return None;
        }
        // The first octet is the sign.
        let mut octets = Vec::with_capacity(1 + count.div_ceil(2));
        octets.push(0);
        // With an odd number of digits, the first one makes an octet alone.
        let mut high = (count % 2 == 1).then_some(0);
        for digit in digits() {
            let nibble = u8::try_from(char::from(digit).to_digit(16)?).ok()?;
            match high.take() {
                Some(high) => octets.push(high << 4 | nibble),
                None => high = Some(nibble),
            }
        }
        if is_negative {
            negate(&mut octets);
        }
        let repeated = octets.len() - without_repeated_sign(&octets).len();
        octets.drain(..repeated);
        Some(Self(octets))
    }

    /// The content octets of the INTEGER: big-endian two's complement, as few as possible.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    fn is_negative(&self) -> bool {
        self.0.first().is_some_and(|first| first & 0x80 != 0)
    }
}

/// X.690 section 8.3.2: the first nine bits must not be all the same.
fn without_repeated_sign(mut octets: &[u8]) -> &[u8] {
    while let [first, next, ..] = octets {
        let repeats_sign = match next & 0x80 {
            0 => *first == 0,
            _ => *first == 0xff,
        };
        if !repeats_sign {
            break;
        }
        octets = &octets[1..];
    }
    octets
}

/// Two's complement: inverts the bits and adds one.
fn negate(octets: &mut [u8]) {
    let mut carry = true;
    for octet in octets.iter_mut().rev() {
        let (sum, overflows) = (!*octet).overflowing_add(u8::from(carry));
        *octet = sum;
        carry = overflows;
    }
}

impl Ord for SerialNumber {
    /// Orders by value. With the same sign and length, the octets decide; a longer negative number is smaller.
    fn cmp(&self, other: &Self) -> Ordering {
        let by_length = self.0.len().cmp(&other.0.len());
        match (self.is_negative(), other.is_negative()) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => by_length.then_with(|| self.0.cmp(&other.0)),
            (true, true) => by_length.reverse().then_with(|| self.0.cmp(&other.0)),
        }
    }
}

impl PartialOrd for SerialNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SerialNumber {
    /// The absolute value in pairs of hexadecimal digits, after a minus if negative. [`from_hex`](Self::from_hex) reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut magnitude = self.0.clone();
        if self.is_negative() {
            f.write_str("-")?;
            // The absolute value may need one more bit.
            magnitude.insert(0, 0xff);
            negate(&mut magnitude);
        }
        let mut shown = magnitude.as_slice();
        while let [0, rest @ ..] = shown
            && !rest.is_empty()
        {
            shown = rest;
        }
        shown.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigInt;

    use super::*;

    #[test]
    fn one_number_has_one_form() {
        let serial = |octets: &[u8]| SerialNumber::from_octets(octets);
        assert_eq!(serial(&[0, 0, 0x7f]), serial(&[0x7f]));
        assert_eq!(serial(&[0xff, 0xff, 0x80]), serial(&[0x80]));
        assert_ne!(serial(&[0, 0x80]), serial(&[0x80]));
        assert_eq!(serial(&[]), serial(&[0, 0]));
    }

    #[test]
    fn serial_numbers_as_programs_print_them_are_read() {
        for (text, octets, shown) in [
            ("80:01", &[0, 0x80, 1][..], "8001"),
            ("0xA", &[10], "0a"),
            ("0x123", &[1, 0x23], "0123"),
            ("-3", &[0xfd], "-03"),
            ("-0x03", &[0xfd], "-03"),
            ("-80", &[0x80], "-80"),
            ("-81", &[0xff, 0x7f], "-81"),
            ("fd", &[0, 0xfd], "fd"),
            ("00", &[0], "00"),
            ("-0", &[0], "00"),
        ] {
            let serial = SerialNumber::from_hex(text).unwrap();
            assert_eq!((serial.octets(), &*serial.to_string()), (octets, shown), "{text}");
        }
        for text in [
            "", "xyz", ":", "1 2", "0x", "-", "--3", "0x-3", "+1", "1_0", "é0", "１",
        ] {
            assert_eq!(SerialNumber::from_hex(text), None, "{text}");
        }
    }

    /// Compares with another implementation of integers: all pairs of short ones, and numbers around every change of length.
    #[test]
    fn equality_order_and_text_are_those_of_the_integers() {
        let mut octets: Vec<Vec<u8>> = vec![vec![]];
        for first in [0, 1, 0x7f, 0x80, 0x81, 0xfe, 0xff] {
            octets.push(vec![first]);
            for second in [0, 1, 0x7f, 0x80, 0xff] {
                octets.push(vec![first, second]);
                octets.push(vec![first, second, 0x80]);
                octets.push([&[first, second][..], &[0xff; 20]].concat());
            }
        }
        let numbers: Vec<(SerialNumber, BigInt)> = octets
            .iter()
            .map(|octets| {
                let number = BigInt::from_signed_bytes_be(octets);
                (SerialNumber::from_octets(octets), number)
            })
            .collect();
        for (serial, number) in &numbers {
            assert_eq!(serial.octets(), number.to_signed_bytes_be(), "{serial}");
            assert_eq!(SerialNumber::from_hex(&serial.to_string()).as_ref(), Some(serial));
            let read = BigInt::parse_bytes(serial.to_string().as_bytes(), 16);
            assert_eq!(read.as_ref(), Some(number));
            for (other, other_number) in &numbers {
                assert_eq!(serial == other, number == other_number, "{serial} {other}");
                assert_eq!(serial.cmp(other), number.cmp(other_number), "{serial} {other}");
            }
        }
    }
}
