//! The names that a certificate is for, subject and alternative names, in bytes that are equal for the same names in any order.

use der::Encode;
use der::asn1::Ia5String;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::name::GeneralName;

use super::{Certificate, Name, X509Error, extension};

/// [`Certificate::names`] of these parts.
pub(super) fn names_of(subject: &Name, extensions: &[Extension]) -> Result<Vec<u8>, X509Error> {
    encode(subject, extensions, fold)
}

/// The same with hosts as they are written.
pub(super) fn written_names_of(subject: &Name, extensions: &[Extension]) -> Result<Vec<u8>, X509Error> {
    encode(subject, extensions, |name| name)
}

fn encode(
    subject: &Name,
    extensions: &[Extension],
    spell: impl Fn(GeneralName) -> GeneralName,
) -> Result<Vec<u8>, X509Error> {
    let mut names = Vec::new();
    for name in extension::find_general_names(extensions)? {
        names.push(
            spell(name)
                .to_der()
                .map_err(X509Error::malformed("subjectAltName"))?,
        );
    }
    names.sort_unstable();
    names.dedup();
    Ok([subject.der(), &names.concat()].concat())
}

/// RFC 5280 sections 7.2, 7.4 and 7.5: hosts and the schemes of URIs are compared without regard to case. The local part of a mailbox and the
/// path of a URI are not.
fn fold(name: GeneralName) -> GeneralName {
    let folded = match &name {
        GeneralName::DnsName(host) => {
            Ia5String::new(&host.as_str().to_ascii_lowercase()).map(GeneralName::DnsName)
        }
        GeneralName::Rfc822Name(mailbox) => {
            Ia5String::new(&fold_mailbox(mailbox.as_str())).map(GeneralName::Rfc822Name)
        }
        GeneralName::UniformResourceIdentifier(uri) => {
            Ia5String::new(&fold_uri(uri.as_str())).map(GeneralName::UniformResourceIdentifier)
        }
        _ => return name,
    };
    folded.unwrap_or(name)
}

fn fold_mailbox(mailbox: &str) -> String {
    match mailbox.rsplit_once('@') {
        Some((local, host)) => format!("{local}@{}", host.to_ascii_lowercase()),
        // A host alone.
        None => mailbox.to_ascii_lowercase(),
    }
}

fn fold_uri(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else {
        return uri.to_owned();
    };
    let scheme = scheme.to_ascii_lowercase();
    let Some(rest) = rest.strip_prefix("//") else {
        return format!("{scheme}:{rest}");
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority = match authority.rsplit_once('@') {
        Some((user, host)) => format!("{user}@{}", host.to_ascii_lowercase()),
        None => authority.to_ascii_lowercase(),
    };
    format!("{scheme}://{authority}{path}")
}

impl Certificate {
    /// The encoded subject, followed by every name of `subjectAltName`, each once and sorted by its bytes, with hosts in small letters. Two
    /// certificates for the same names have equal bytes.
    ///
    /// # Errors
    /// [`X509Error::Malformed`]
    pub fn names(&self) -> Result<Vec<u8>, X509Error> {
        names_of(self.subject(), self.extensions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::AlternativeName;

    fn folded(text: &str) -> String {
        let name = AlternativeName::parse(text).unwrap().to_general_name().unwrap();
        AlternativeName::read(&fold(name)).unwrap().unwrap().to_string()
    }

    #[test]
    fn hosts_are_the_same_in_any_case_and_nothing_else_is() {
        for (written, same) in [
            ("dns:S.Example.org", "dns:s.example.org"),
            ("dns:*.EXAMPLE.org", "dns:*.example.org"),
            ("email:First.Last@Example.ORG", "email:First.Last@example.org"),
            (
                "uri:HTTPS://Example.org:8443/A?B#C",
                "uri:https://example.org:8443/A?B#C",
            ),
            ("uri:URN:Example:A", "uri:urn:Example:A"),
            ("ip:192.0.2.1", "ip:192.0.2.1"),
        ] {
            assert_eq!(folded(written), folded(same), "{written}");
            assert_eq!(folded(same), same.to_owned(), "{same}");
        }
    }
}
