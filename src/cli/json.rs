//! What programs read: a type for each JSON output, and the schemas that are made of the types (docs/json.md).

pub(super) mod authority;
#[cfg(feature = "aws")]
pub(super) mod aws_cluster;
pub(super) mod ceremony;
pub(super) mod ceremony_attest;
pub(super) mod ceremony_check;
pub(super) mod ceremony_gate;
pub(super) mod ceremony_people;
pub(super) mod ceremony_rehearsal;
pub(super) mod certificate;
pub(super) mod check;
pub(super) mod cluster;
pub(super) mod common;
pub(super) mod crl;
pub(super) mod error;
pub(super) mod key;
#[cfg(feature = "aws")]
pub(super) mod kms;
pub(super) mod ledger;
pub(super) mod ledger_entry;
pub(super) mod ledger_key;
pub(super) mod ocsp;
pub(super) mod preflight;
pub(super) mod profile;
pub(super) mod program;
pub(super) mod request;
mod schemas;
pub(super) mod show;
#[cfg(test)]
mod tests;
pub(super) mod token;

pub(super) use schemas::{SCHEMAS, schema_of};
use serde::Serialize;
use serde_json::Value;

/// One JSON output of a command, or of several that say the same.
pub(super) trait Output: Serialize {
    /// The name of its schema, which is a file in docs/schema.
    const NAME: &'static str;
    /// The version of its schema: a new one where a program that read the last would no longer do.
    const VERSION: u32 = 1;
    /// Whether it can have what was asked for on stdout, as `content` or `content_base64`.
    #[cfg_attr(not(test), allow(dead_code, reason = "its schema says so"))]
    const HAS_CONTENT: bool = false;

    /// The object as it is printed, with the name of its schema.
    fn document(&self) -> Value {
        // A map with names that are not text, or a Serialize of its own, could fail: the types here have neither.
        let mut document = serde_json::to_value(self).expect("a type of cli::json");
        if let Some(fields) = document.as_object_mut() {
            fields.insert("schema".to_owned(), identifier(Self::NAME, Self::VERSION).into());
        }
        document
    }
}

/// What the field `schema` says.
pub(super) fn identifier(name: &str, version: u32) -> String {
    format!("hsm-ca/{name}/{version}")
}
