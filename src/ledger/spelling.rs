//! How the shared values are written in an event. `docs/ledger.md` defines it; the hashes depend on it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{CrlNumber, Der, Misspelt, Name, RevocationReason, SerialNumber, UnixTime};
use crate::signer::Hex;
use crate::values::CrlReason;

/// As seconds.
impl Serialize for UnixTime {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for UnixTime {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(Self)
    }
}

/// As the content octets of the DER INTEGER in hex, so that a negative number of another CA is kept unchanged.
impl Serialize for SerialNumber {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Hex(self.octets()))
    }
}

impl<'de> Deserialize<'de> for SerialNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let octets = hex::decode(&text).map_err(|_| D::Error::custom(Misspelt("hex digits")))?;
        Ok(Self::from_octets(octets))
    }
}

/// As for [`Der`].
impl Serialize for Name {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(self.der()))
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::from_der(&Der::deserialize(from)?.0).map_err(D::Error::custom)
    }
}

/// As the code of the `CRLReason`.
impl Serialize for RevocationReason {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.code().serialize(to)
    }
}

impl<'de> Deserialize<'de> for RevocationReason {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let code = u8::deserialize(from)?;
        reason_of_code(code).ok_or_else(|| D::Error::custom(format!("{code} is not a reason to revoke")))
    }
}

/// A JSON integer up to 2⁶³ - 1, the only form in ledgers of version 1 and 2; a larger number is a string of decimal digits, because most
/// JSON parsers have no larger integers.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum CrlNumberSpelling {
    Small(u64),
    Large(String),
}

impl From<CrlNumber> for CrlNumberSpelling {
    fn from(number: CrlNumber) -> Self {
        match number.to_u64().filter(|small| i64::try_from(*small).is_ok()) {
            Some(small) => Self::Small(small),
            None => Self::Large(number.to_string()),
        }
    }
}

impl Serialize for CrlNumber {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        CrlNumberSpelling::from(*self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for CrlNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = match CrlNumberSpelling::deserialize(from)? {
            CrlNumberSpelling::Small(small) if i64::try_from(small).is_ok() => Some(Self::from(small)),
            CrlNumberSpelling::Small(_) => None,
            CrlNumberSpelling::Large(text) => text.parse().ok().filter(
                |number| matches!(CrlNumberSpelling::from(*number), CrlNumberSpelling::Large(one) if one == text),
            ),
        };
        number.ok_or_else(|| D::Error::custom(Misspelt("a natural number of at most 20 octets")))
    }
}

/// The reason for a code in an event or a table.
pub(super) fn reason_of_code(code: u8) -> Option<RevocationReason> {
    CrlReason::from_code(code)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spelling_is_that_of_the_first_version() {
        fn assert_spelt<T: Serialize + for<'a> Deserialize<'a> + PartialEq + std::fmt::Debug>(
            value: &T,
            spelling: &str,
        ) {
            assert_eq!(serde_json::to_string(value).unwrap(), spelling);
            assert_eq!(&serde_json::from_str::<T>(spelling).unwrap(), value);
        }
        assert_spelt(&UnixTime(1_700_000_000), "1700000000");
        assert_spelt(&UnixTime(u64::MAX), "18446744073709551615");
        assert_spelt(&SerialNumber::from_octets([0, 0x80]), "\"0080\"");
        assert_spelt(&SerialNumber::from_octets([0xfd]), "\"fd\"");
        assert_spelt(&Name::from_der(&[0x30, 2, 0x31, 0]).unwrap(), "\"MAIxAA==\"");
        for reason in RevocationReason::ALL {
            assert_spelt(&reason, &reason.code().to_string());
        }
        for wrong in ["7", "8", "11", "256", "-1", "\"1\"", "1.0"] {
            assert!(
                serde_json::from_str::<RevocationReason>(wrong).is_err(),
                "{wrong}"
            );
        }
        for wrong in ["-1", "1.5", "\"1\"", "18446744073709551616"] {
            assert!(serde_json::from_str::<UnixTime>(wrong).is_err(), "{wrong}");
        }
        for wrong in ["1", "\"MAIx\"", "\"MQA=\"", "\"30023100\""] {
            assert!(serde_json::from_str::<Name>(wrong).is_err(), "{wrong}");
        }
        for wrong in ["1", "\"8\"", "\"zz\"", "\"-03\"", "\"80:01\""] {
            assert!(serde_json::from_str::<SerialNumber>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_crl_number_has_one_spelling_the_same_as_in_older_ledgers() {
        let largest = CrlNumber::from_octets(&[&[0x7f][..], &[0xff; 19]].concat()).unwrap();
        assert_eq!(
            largest.to_string(),
            "730750818665451459101842416358141509827966271487"
        );
        for (number, spelling) in [
            (CrlNumber::from(0), "0".to_owned()),
            (
                CrlNumber::from(9_007_199_254_740_993),
                "9007199254740993".to_owned(),
            ),
            (
                CrlNumber::from(i64::MAX.unsigned_abs()),
                "9223372036854775807".to_owned(),
            ),
            (CrlNumber::from(1 << 63), "\"9223372036854775808\"".to_owned()),
            (largest, format!("\"{largest}\"")),
        ] {
            assert_eq!(serde_json::to_string(&number).unwrap(), spelling);
            assert_eq!(serde_json::from_str::<CrlNumber>(&spelling).unwrap(), number);
        }
        for wrong in [
            "-1",
            "1.0",
            "\"1\"",
            "9223372036854775808",
            "\"09223372036854775808\"",
            "\"+9223372036854775808\"",
            "\"0x8000000000000000\"",
            "\"730750818665451459101842416358141509827966271488\"",
            "\"\"",
            "null",
        ] {
            assert!(serde_json::from_str::<CrlNumber>(wrong).is_err(), "{wrong}");
        }
    }
}
