//! What a rule is, and how lists of rules are made: of certificates (`rules`), CRLs (`crl/rules`) and OCSP (`ocsp/rules`).

/// A rule, its source, and its requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name, in errors and in a profile's `waive`.
    pub name: &'static str,
    /// The clause.
    pub source: &'static str,
    /// Its requirement.
    pub asks: &'static str,
    /// Whether a profile may waive it.
    pub can_be_waived: bool,
    /// Whether the caller may waive it for one signature; the ledger records that.
    pub can_be_waived_once: bool,
}

pub(super) const fn rule(name: &'static str, source: &'static str, asks: &'static str) -> Rule {
    Rule {
        name,
        source,
        asks,
        can_be_waived: false,
        can_be_waived_once: false,
    }
}

pub(super) const fn waivable_once(name: &'static str, source: &'static str, asks: &'static str) -> Rule {
    Rule {
        can_be_waived_once: true,
        ..rule(name, source, asks)
    }
}

pub(super) const fn waivable(name: &'static str, source: &'static str, asks: &'static str) -> Rule {
    Rule {
        can_be_waived: true,
        ..rule(name, source, asks)
    }
}

/// A clause of a standard that a value breaks, whichever rule looks for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Breach {
    /// The clause.
    pub(super) clause: &'static str,
    /// How it is broken.
    pub(super) found: String,
}

impl Breach {
    pub(super) fn of(clause: &'static str, found: impl Into<String>) -> Self {
        let found = found.into();
        Self { clause, found }
    }
}

/// Makes a constant for each rule, so that a name that does not exist does not compile, and the list of all rules.
macro_rules! rules {
    ($(#[$doc:meta])* $list:ident: $($name:ident = $rule:expr;)+) => {
        $(
            #[doc = concat!("One of [`", stringify!($list), "`].")]
            pub const $name: &Rule = &$rule;
        )+

        $(#[$doc])*
        pub const $list: &[Rule] = &[$(*$name),+];
    };
}
pub(super) use rules;
