//! The largest counts and lengths that a module may report.

use std::fmt;

use cryptoki::context::Function;
use cryptoki_sys::CK_ULONG;

/// A count or length that no real module reports.
#[derive(Clone, Copy, Debug)]
pub(in crate::token) struct Absurd {
    pub(in crate::token) function: Function,
    found: CK_ULONG,
    most: CK_ULONG,
    what: &'static str,
}

impl fmt::Display for Absurd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            found, most, what, ..
        } = self;
        write!(f, "it reports {found} {what}; at most {most} are accepted")
    }
}

/// The answer, or why it was refused.
pub(in crate::token) type Bounded<T> = Result<T, Absurd>;

/// Limit on slots, and on the mechanisms of a token.
pub(super) const MOST_ENTRIES: CK_ULONG = 4096;
/// Limit on the objects that one search finds: AWS CloudHSM has 16 666 keys at most (User Guide, "AWS CloudHSM quotas"), other HSMs more.
pub(super) const MOST_OBJECTS: CK_ULONG = 1 << 18;
/// Limit on the bytes of an attribute: ML-DSA-87 has a public key of 2592 bytes.
pub(super) const MOST_BYTES: CK_ULONG = 1 << 16;
/// Limit on the bytes of a signature: ML-DSA-87 makes 4627, RSA as many as its modulus has.
pub(super) const LONGEST_SIGNATURE: usize = 1 << 13;
/// How often a list may grow between the call for its length and the call for its content.
pub(super) const TRIES: u32 = 4;

pub(super) const fn at_most(
    function: Function,
    found: CK_ULONG,
    most: CK_ULONG,
    what: &'static str,
) -> Result<(), Absurd> {
    if found <= most {
        return Ok(());
    }
    Err(Absurd {
        function,
        found,
        most,
        what,
    })
}
