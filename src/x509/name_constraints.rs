//! `nameConstraints` (RFC 5280 section 4.2.1.10): which names certificates below a CA may have.

mod form;
mod nesting;
mod subtree;
#[cfg(test)]
mod tests;

pub use subtree::Subtree;

use std::borrow::Cow;
use std::fmt;

use der::Decode;
use x509_cert::ext::pkix::NameConstraints as NameConstraintsDer;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;

use self::subtree::{ConstrainedName, kind_of};
use super::{Name, X509Error};

/// What a CA's certificate permits and excludes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// If a kind of name is in it, every name of that kind must be in one of its trees.
    pub permitted: Vec<Subtree>,
    /// No name may be in one of these.
    pub excluded: Vec<Subtree>,
}

impl NameConstraints {
    pub(super) fn from_der(der: &[u8]) -> Result<Self, X509Error> {
        let malformed = |reason| X509Error::Malformed {
            what: "nameConstraints",
            reason,
        };
        let read = NameConstraintsDer::from_der(der).map_err(|error| malformed(error.to_string()))?;
        let trees = |subtrees: &Option<Vec<GeneralSubtree>>| -> Result<Vec<Subtree>, X509Error> {
            let subtrees = subtrees.as_deref().unwrap_or_default();
            subtrees
                .iter()
                .map(|one| Subtree::read(one).map_err(malformed))
                .collect()
        };
        let constraints = Self {
            permitted: trees(&read.permitted_subtrees)?,
            excluded: trees(&read.excluded_subtrees)?,
        };
        // RFC 5280 section 4.2.1.10: "MUST NOT issue certificates where name constraints is an empty sequence".
        if constraints == Self::default() {
            return Err(malformed("it constrains nothing".to_owned()));
        }
        Ok(constraints)
    }

    pub(super) fn to_der(&self) -> Result<NameConstraintsDer, X509Error> {
        let trees = |subtrees: &[Subtree]| -> Result<Option<Vec<GeneralSubtree>>, X509Error> {
            let subtrees: Vec<_> = subtrees.iter().map(Subtree::to_der).collect::<Result<_, _>>()?;
            Ok((!subtrees.is_empty()).then_some(subtrees))
        };
        Ok(NameConstraintsDer {
            permitted_subtrees: trees(&self.permitted)?,
            excluded_subtrees: trees(&self.excluded)?,
        })
    }

    /// Checks the names of a certificate below against the constraints: RFC 5280 section 6.1.3 (b) and (c). Names of a kind that is not constrained
    /// are not read.
    ///
    /// # Errors
    /// The first name that is outside, or that cannot be compared.
    pub(super) fn check(&self, subject: &Name, names: &[GeneralName]) -> Result<(), String> {
        for name in names {
            let is_constrained =
                kind_of(name).is_some_and(|kind| self.trees().any(|tree| tree.kind() == kind));
            if is_constrained {
                self.check_one(&ConstrainedName::read(name)?)?;
            }
        }
        if subject.is_empty() {
            return Ok(());
        }
        self.check_one(&ConstrainedName::Directory(Cow::Borrowed(subject)))?;
        // Section 4.2.1.10: rfc822Name constraints "MUST be applied to the attribute of type emailAddress in the subject distinguished name"
        // without a subjectAltName. Applied with one, too, as OpenSSL does.
        let mailboxes = subject.email_addresses();
        mailboxes
            .iter()
            .filter(|_| self.trees().any(|tree| matches!(tree, Subtree::Email(_))))
            .try_for_each(|mailbox| self.check_one(&ConstrainedName::mailbox(mailbox)?))
    }

    /// Checks a host name outside subjectAltName against the constraints for DNS names.
    pub(super) fn check_host(&self, host: &str) -> Result<(), String> {
        self.check_one(&ConstrainedName::Dns(host))
    }

    fn check_one(&self, name: &ConstrainedName<'_>) -> Result<(), String> {
        for tree in &self.excluded {
            if tree.touches(name)? {
                return Err(format!("{name} is excluded"));
            }
        }
        let mut is_free = true;
        for tree in &self.permitted {
            match tree.holds(name)? {
                Some(true) => return Ok(()),
                Some(false) => is_free = false,
                None => {}
            }
        }
        if is_free {
            return Ok(());
        }
        Err(format!("{name} is not permitted"))
    }

    fn trees(&self) -> impl Iterator<Item = &Subtree> {
        self.permitted.iter().chain(&self.excluded)
    }
}

impl fmt::Display for NameConstraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |trees: &[Subtree]| {
            trees
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let parts: Vec<_> = [("permitted", &self.permitted), ("excluded", &self.excluded)]
            .into_iter()
            .filter(|(_, trees)| !trees.is_empty())
            .map(|(word, trees)| format!("{word} {}", list(trees)))
            .collect();
        f.write_str(&parts.join("; "))
    }
}
