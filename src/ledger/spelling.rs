//! How the shared values are written in an event: `docs/ledger.md` defines it, and a hash is over it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::from_hex;
use super::{Misspelt, RevocationReason, SerialNumber, UnixTime};
use crate::signer::Hex;
use crate::values::CrlReason;

/// Seconds.
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

/// The content octets of the DER INTEGER in hex, so that a foreign, negative one stays what it is.
impl Serialize for SerialNumber {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Hex(self.octets()))
    }
}

impl<'de> Deserialize<'de> for SerialNumber {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let octets = from_hex(&text).ok_or(Misspelt("hex digits"));
        octets.map(Self::from_octets).map_err(D::Error::custom)
    }
}

/// The code of the `CRLReason`.
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

/// The reason that an event or a table has as its code.
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
        for wrong in ["1", "\"8\"", "\"zz\"", "\"-03\"", "\"80:01\""] {
            assert!(serde_json::from_str::<SerialNumber>(wrong).is_err(), "{wrong}");
        }
    }
}
