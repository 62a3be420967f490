//! The time of a statement, in the transcript.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::values::UnixTime;

/// When a statement was signed, as its signer's machine claims. Written as in the statement: UTC in whole seconds, in its only accepted form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClaimedTime(pub UnixTime);

impl fmt::Display for ClaimedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for ClaimedTime {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ClaimedTime {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let time = text.parse::<UnixTime>().ok();
        let time = time.filter(|time| time.to_string() == text);
        time.map(Self)
            .ok_or_else(|| D::Error::custom(format!("{text:?} is not a time in UTC and whole seconds")))
    }
}
