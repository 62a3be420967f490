//! A signing ceremony: what is planned, approved and done in front of witnesses. This room knows bytes, hashes and people. It knows no PKCS#11
//! and no X.509: `workflow` checks what is planned against the rules.

mod canonical;

pub use canonical::{CanonicalError, DEEPEST_NESTING, LARGEST_INTEGER, from_canonical, to_canonical};
