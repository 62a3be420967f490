//! The id of a cluster.

use std::fmt;
use std::str::FromStr;

use super::CloudHsmError;

/// `ClusterId` of the API reference: `cluster-(?:[2-7a-zA-Z]){11,16}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClusterId(String);

const PREFIX: &str = "cluster-";

impl FromStr for ClusterId {
    type Err = CloudHsmError;

    fn from_str(text: &str) -> Result<Self, CloudHsmError> {
        let rest = text.strip_prefix(PREFIX).unwrap_or_default();
        let fits = (11..=16).contains(&rest.len())
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte));
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(CloudHsmError::ClusterId {
            text: text.to_owned(),
        })
    }
}

impl ClusterId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
