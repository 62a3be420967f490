//! Checks the constraints of a CA against those of the CA above it.
//!
//! A verifier checks every certificate of a path against the constraints of all CAs above it (RFC 5280 section 6.1.4 (g)). An issuer sees only its
//! own CA certificate, so each CA certificate repeats the constraints above it, or narrows them.

use super::subtree::{begins_with, is_below, mask_of, octets_of};
use super::{NameConstraints, Subtree};

impl NameConstraints {
    /// Makes sure that no name is inside these and outside `above`, as far as a comparison of single trees can show it.
    ///
    /// # Errors
    /// The first tree that is missing or too wide, and constraints that would fit.
    pub(in crate::x509) fn check_nesting(&self, above: &Self) -> Result<(), String> {
        let refuse = |found: String| Err(format!("{found}; a profile that fits has {}", above.as_profile()));
        for tree in &above.permitted {
            if !self.permitted.iter().any(|own| own.kind() == tree.kind()) {
                return refuse(format!(
                    "the CA certificate permits {tree}, but this one permits every name of that kind"
                ));
            }
        }
        for own in &self.permitted {
            let mut bounds = above
                .permitted
                .iter()
                .filter(|tree| tree.kind() == own.kind())
                .peekable();
            if bounds.peek().is_some() && !any(bounds, |tree| own.is_within(tree))? {
                return refuse(format!("{own} is wider than what the CA certificate permits"));
            }
        }
        for tree in &above.excluded {
            if !any(&self.excluded, |own| tree.is_within(own))? {
                return refuse(format!(
                    "the CA certificate excludes {tree}, but this one does not"
                ));
            }
        }
        Ok(())
    }

    /// In the syntax of a profile file.
    fn as_profile(&self) -> String {
        let list = |trees: &[Subtree]| {
            let quoted: Vec<_> = trees.iter().map(|tree| format!("\"{tree}\"")).collect();
            quoted.join(", ")
        };
        let parts = [("permitted", &self.permitted), ("excluded", &self.excluded)];
        let parts = parts.into_iter().filter(|(_, trees)| !trees.is_empty());
        let parts: Vec<_> = parts
            .map(|(word, trees)| format!("{word} = [{}]", list(trees)))
            .collect();
        format!("[name-constraints] with {}, or less", parts.join(" and "))
    }
}

fn any<'a>(
    trees: impl IntoIterator<Item = &'a Subtree>,
    mut is_it: impl FnMut(&Subtree) -> Result<bool, String>,
) -> Result<bool, String> {
    for tree in trees {
        if is_it(tree)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Subtree {
    /// Whether every name in this tree is also in `outer`.
    fn is_within(&self, outer: &Self) -> Result<bool, String> {
        Ok(match (self, outer) {
            (Self::Dns(tree), Self::Dns(outer)) => {
                tree.eq_ignore_ascii_case(outer) || is_below(tree, outer, true)
            }
            (Self::Ip(network, bits), Self::Ip(outer, outer_bits)) => {
                let (network, outer) = (octets_of(*network), octets_of(*outer));
                let mask = mask_of(outer.len(), *outer_bits);
                let same = |((a, b), mask): ((&u8, &u8), &u8)| a & mask == b & mask;
                network.len() == outer.len()
                    && bits >= outer_bits
                    && network.iter().zip(&outer).zip(&mask).all(same)
            }
            (Self::Email(tree), Self::Email(outer)) => {
                match (tree.rsplit_once('@'), outer.rsplit_once('@')) {
                    (Some((local, host)), Some((outer_local, outer_host))) => {
                        local == outer_local && host.eq_ignore_ascii_case(outer_host)
                    }
                    (Some((_, host)), None) => is_below(host, outer, false),
                    (None, Some(_)) => false,
                    (None, None) => is_host_within(tree, outer),
                }
            }
            (Self::Uri(tree), Self::Uri(outer)) => is_host_within(tree, outer),
            (Self::Directory(tree), Self::Directory(outer)) => begins_with(tree, outer)?,
            _ => false,
        })
    }
}

/// For trees that are one host, or with a leading dot every host below a domain.
fn is_host_within(tree: &str, outer: &str) -> bool {
    tree.eq_ignore_ascii_case(outer) || is_below(tree, outer, false)
}
