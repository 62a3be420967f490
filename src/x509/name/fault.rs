//! A fault of a name.

use crate::x509::Rule;

/// A rule about names that a name breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameFault {
    /// The rule (`cert rules`).
    pub rule: &'static Rule,
    /// How it is broken.
    pub found: String,
}

impl NameFault {
    pub(super) fn of(rule: &'static Rule) -> impl Fn(String) -> Self {
        move |found| Self { rule, found }
    }
}
