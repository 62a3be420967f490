//! Certificate revocation lists (RFC 5280 section 5): building, checking, signing and reading them.
//!
//! [`CrlTbs`] → [`CrlTbs::check`] → [`CheckedCrl`] → [`CheckedCrl::sign`] → [`IssuedCrl`], as for certificates. A list can have a
//! million entries: they are in one buffer from the first to the last step, and nothing here copies it.

mod buffer;
mod check;
mod content;
mod date;
mod delta;
mod entry;
mod extension;
mod fields;
mod indexed;
mod issue;
mod list;
mod number;
mod openssl_index;
mod reread;
mod revocations;
pub(crate) mod rules;
mod status;
mod tbs;
#[cfg(test)]
mod tests;
mod verify;

pub use check::CheckedCrl;
pub use content::{CrlContent, CrlKind, CrlScope};
pub use entry::{CrlEntry, Revocation};
pub use indexed::IndexedCertificate;
pub use issue::IssuedCrl;
pub use list::CertificateRevocationList;
pub use openssl_index::OpensslIndex;
pub(super) use openssl_index::{LineStatus, each_line};
pub use revocations::{Revocations, RevocationsError};
pub use rules::CRL_RULES;
pub use status::{ListedStatus, listed_status};
pub use tbs::CrlTbs;

/// What errors call it.
const WHAT: &str = "CRL";
