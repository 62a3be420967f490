//! Errors made from rules and from the errors of decoders.

use super::X509Error;
use crate::signer::PublicKeyError;
use crate::x509::rule::Breach;
use crate::x509::time::find_early_date;
use crate::x509::{NotAName, Rule, rules};

impl From<PublicKeyError> for X509Error {
    fn from(error: PublicKeyError) -> Self {
        Self::Key(error)
    }
}

impl X509Error {
    /// The error for a broken rule; its source is in the list of rules.
    pub(crate) fn broken(rule: &Rule, found: impl Into<String>) -> Self {
        Self::Rule {
            rule: rule.name,
            source: rule.source,
            found: found.into(),
        }
    }

    /// The same, where the rule has many clauses and the value breaks one of them.
    pub(in crate::x509) fn broken_clause(rule: &Rule, breach: Breach) -> Self {
        Self::Rule {
            rule: rule.name,
            source: breach.clause,
            found: breach.found,
        }
    }

    /// The broken rule (`cert rules`), even if the refusal has a name of its own.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        match self {
            Self::Rule { rule, .. } => Some(rule),
            Self::WeakKey { .. } => Some(rules::KEY_SIZE.name),
            Self::OutlivesIssuer { .. } => Some(rules::VALIDITY_NESTING.name),
            Self::NotAnAuthority { .. } | Self::IssuerNotValid { .. } => Some(rules::ISSUER.name),
            Self::NoOriginalIssuer { .. } => Some(rules::CROSS_ORIGINAL.name),
            _ => None,
        }
    }

    pub(in crate::x509) fn malformed(what: &'static str) -> impl Fn(der::Error) -> Self {
        move |error| match error.kind() {
            der::ErrorKind::TrailingData { remaining, .. } => Self::TrailingBytes {
                what,
                count: usize::try_from(u32::from(remaining)).unwrap_or(usize::MAX),
            },
            kind => Self::Malformed {
                what,
                reason: kind.to_string(),
            },
        }
    }

    /// The same for a structure with dates: one that only this program lacks is not called malformed.
    pub(in crate::x509) fn unread(what: &'static str, der: &[u8]) -> impl Fn(der::Error) -> Self {
        move |error| {
            let is_date = matches!(
                error.kind(),
                der::ErrorKind::DateTime
                    | der::ErrorKind::Value {
                        tag: der::Tag::UtcTime | der::Tag::GeneralizedTime
                    }
            );
            match find_early_date(der).filter(|_| is_date) {
                Some(date) => Self::EarlyDate { what, date },
                None => Self::malformed(what)(error),
            }
        }
    }

    pub(in crate::x509) fn not_a_name(what: &'static str) -> impl Fn(NotAName) -> Self {
        move |error| Self::Malformed {
            what,
            reason: error.to_string(),
        }
    }
}
