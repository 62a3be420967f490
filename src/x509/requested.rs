//! What a certificate takes from its request, and what it does not.

use std::collections::HashSet;

use super::{
    AlternativeName, ExtensionText, Profile, ProfileExtension, Role, VerifiedRequest, X509Error, rules,
};

/// The parts of a request's extensions that are accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Requested {
    /// The names.
    pub(super) names: Vec<AlternativeName>,
    /// A CA's subjectKeyIdentifier, which certificates that it issued under another certificate refer to.
    pub(super) key_identifier: Option<Vec<u8>>,
}

impl Requested {
    /// Takes what the profile allows. A name that is not well-formed is refused, even of a kind that is dropped, so that its sender does not
    /// believe it was read.
    pub(super) fn take(profile: &Profile, request: &VerifiedRequest) -> Result<Self, X509Error> {
        let key_identifier = match (&profile.key_identifier, profile.role) {
            (Some(chosen), _) => Some(chosen.clone()),
            (None, Role::Intermediate) => request.subject_key_identifier()?,
            (None, _) => None,
        };
        let taken = profile.extensions.iter().find_map(|extension| match extension {
            ProfileExtension::SubjectAlternativeName(taken) => Some(taken),
            _ => None,
        });
        let Some(taken) = taken else {
            return Ok(Self {
                key_identifier,
                ..Self::default()
            });
        };
        let mut names = request.alternative_names()?;
        check_count(names.len())?;
        let mut seen = HashSet::new();
        names.retain(|name| {
            let is_taken = taken.kinds.contains(&name.kind()) && (taken.wildcards || !name.is_wildcard());
            is_taken && seen.insert(name.clone())
        });
        Ok(Self {
            names,
            key_identifier,
        })
    }
}

/// A certificate is sent in every handshake, and every verifier compares each name: hundreds are a lot, and more than this is a mistake or an
/// attack.
const MOST_NAMES: usize = 1000;

/// Refuses more names than anyone needs.
pub(super) fn check_count(names: usize) -> Result<(), X509Error> {
    if names <= MOST_NAMES {
        return Ok(());
    }
    let found = format!("{names} names; at most {MOST_NAMES} are allowed");
    Err(X509Error::broken(rules::SUBJECT_ALTERNATIVE_NAME, found))
}

/// What was requested but is not in the certificate; of `subjectAltName` the names that are missing.
#[must_use]
pub fn dropped(asked: Vec<ExtensionText>, given: &[ExtensionText]) -> Vec<ExtensionText> {
    let missing = |asked: ExtensionText| {
        let Some(given) = given.iter().find(|given| given.name == asked.name) else {
            return Some(asked);
        };
        if given.value == asked.value {
            return None;
        }
        if asked.name != "subjectAltName" {
            return Some(asked);
        }
        let given: HashSet<_> = given.value.split(", ").collect();
        let names: Vec<_> = asked
            .value
            .split(", ")
            .filter(|name| !given.contains(name))
            .collect();
        (!names.is_empty()).then(|| ExtensionText {
            value: names.join(", "),
            ..asked.clone()
        })
    };
    asked.into_iter().filter_map(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, value: &str) -> ExtensionText {
        ExtensionText {
            name: name.to_owned(),
            critical: false,
            value: value.to_owned(),
        }
    }

    #[test]
    fn a_request_that_is_not_met_exactly_is_reported_as_dropped() {
        let given = [
            text("keyUsage", "digitalSignature"),
            text("subjectAltName", "DNS:a, DNS:b"),
        ];
        let of = |asked: ExtensionText| dropped(vec![asked], &given);
        assert_eq!(of(text("keyUsage", "digitalSignature")), []);
        let more = text("keyUsage", "digitalSignature, keyCertSign");
        assert_eq!(of(more.clone()), [more]);
        let unknown = text("1.2.3", "0500");
        assert_eq!(of(unknown.clone()), [unknown]);
        assert_eq!(of(text("subjectAltName", "DNS:b, DNS:a")), []);
        assert_eq!(
            of(text("subjectAltName", "DNS:a, IP:192.0.2.1, DNS:c")),
            [text("subjectAltName", "IP:192.0.2.1, DNS:c")]
        );
    }
}
