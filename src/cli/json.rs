//! JSON outputs: a type for each, and the schemas that are generated from the types (docs/json.md).

pub(super) mod authority;
#[cfg(feature = "aws")]
pub(super) mod aws_cluster;
pub(super) mod ceremony;
pub(super) mod ceremony_attest;
pub(super) mod ceremony_check;
pub(super) mod ceremony_export;
pub(super) mod ceremony_gate;
pub(super) mod ceremony_people;
pub(super) mod ceremony_rehearsal;
pub(super) mod ceremony_unlisted;
pub(super) mod ceremony_verify;
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

/// One JSON output of a command, or of several commands with the same output.
pub(super) trait Output: Serialize {
    /// The name of its schema, which is a file in docs/schema.
    const NAME: &'static str;
    /// The version of its schema. It rises with every change that could break a reader.
    const VERSION: u32 = 1;
    /// Whether it can contain the output itself, as `content` or `content_base64`.
    #[cfg_attr(not(test), allow(dead_code, reason = "its schema says so"))]
    const HAS_CONTENT: bool = false;

    /// The printed object, with the name of its schema.
    fn document(&self) -> Value {
        // Only a map with non-text keys or a custom Serialize could fail, and these types have neither.
        let mut document = serde_json::to_value(self).expect("a type of cli::json");
        if let Some(fields) = document.as_object_mut() {
            fields.insert("schema".to_owned(), identifier(Self::NAME, Self::VERSION).into());
        }
        document
    }
}

/// The value of the field `schema`.
pub(super) fn identifier(name: &str, version: u32) -> String {
    format!("hsm-ca/{name}/{version}")
}
