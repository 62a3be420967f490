//! `crl`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Output;
use super::certificate::Extension;
use super::common::{Fingerprint, Reason, Time};

/// A CRL.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct Crl {
    /// The version of the CRL: 1 or 2.
    pub(in crate::cli) version: u64,
    pub(in crate::cli) issuer: String,
    /// The CRL number, in decimal.
    pub(in crate::cli) number: Option<String>,
    /// For a delta CRL: the number of its base.
    pub(in crate::cli) base: Option<String>,
    pub(in crate::cli) this_update: Time,
    pub(in crate::cli) next_update: Option<Time>,
    pub(in crate::cli) signature_algorithm: String,
    pub(in crate::cli) extensions: Vec<Extension>,
    /// The number of entries.
    pub(in crate::cli) entries: usize,
    /// The number of entries for each reason, by its name in RFC 5280.
    pub(in crate::cli) reasons: BTreeMap<String, usize>,
    pub(in crate::cli) sha256: Fingerprint,
}

/// An entry of a CRL.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CrlEntry {
    pub(in crate::cli) serial_number: String,
    pub(in crate::cli) revoked_at: Time,
    /// The reason, by its name in RFC 5280.
    pub(in crate::cli) reason: Reason,
    pub(in crate::cli) invalid_since: Option<Time>,
}

/// `crl create`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CrlCreate {
    #[serde(flatten)]
    pub(in crate::cli) crl: Crl,
    /// Null if it went to stdout.
    pub(in crate::cli) file: Option<String>,
}

impl Output for CrlCreate {
    const NAME: &'static str = "crl-create";
    const HAS_CONTENT: bool = true;
}

/// `crl create --all-shards`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CrlCreateShards {
    pub(in crate::cli) signed: Vec<SignedShard>,
    /// Shards that have not changed.
    pub(in crate::cli) left: Vec<LeftShard>,
}

/// A signed CRL of a shard.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct SignedShard {
    #[serde(flatten)]
    pub(in crate::cli) crl: Crl,
    pub(in crate::cli) shard: u16,
    pub(in crate::cli) file: String,
}

/// A shard whose CRL is unchanged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct LeftShard {
    pub(in crate::cli) shard: u16,
    pub(in crate::cli) file: Option<String>,
}

impl Output for CrlCreateShards {
    const NAME: &'static str = "crl-create-shards";
}

/// `crl show`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(in crate::cli) struct CrlShow {
    #[serde(flatten)]
    pub(in crate::cli) crl: Crl,
    /// With --ca: whether the CRL verifies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) verified: Option<bool>,
    /// Why it does not verify.
    pub(in crate::cli) problem: Option<String>,
    /// The entry of --serial; null if it is not on the CRL.
    pub(in crate::cli) entry: Option<CrlEntry>,
    /// With --entries: all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::cli) revoked: Option<Vec<CrlEntry>>,
}

impl Output for CrlShow {
    const NAME: &'static str = "crl-show";
}
