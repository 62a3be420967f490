//! `nameConstraints` (RFC 5280 section 4.2.1.10): which names may stand in the certificates below a CA.

use std::fmt;
use std::net::IpAddr;

use der::asn1::{Ia5String, OctetString};
use der::{Decode, Encode};
use x509_cert::ext::pkix::NameConstraints as NameConstraintsDer;
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name as DirectoryName;

use super::general_name::{AlternativeName, check_dns, host_of};
use super::{Name, X509Error};

/// A tree of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subtree {
    /// A domain and all below it; one with a leading dot is only what is below.
    Dns(String),
    /// A network, as address and mask.
    Ip(IpAddr, IpAddr),
    /// A mailbox, a host (all its mailboxes), or with a leading dot a domain's hosts.
    Email(String),
    /// A host, or with a leading dot every host below a domain.
    Uri(String),
    /// A directory name, and all that begin with it: DER.
    Directory(Vec<u8>),
}

/// What a CA's certificate permits and excludes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NameConstraints {
    /// Where a kind of name is in it, every name of that kind must be in one of its trees.
    pub permitted: Vec<Subtree>,
    /// No name may be in one of these.
    pub excluded: Vec<Subtree>,
}

impl Subtree {
    /// Reads `dns:example.com`, `ip:10.0.0.0/8`, `email:example.com`, `uri:.example.com` or `dn:O=Example,C=US`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!("\"{text}\" is not of the form dns:DOMAIN, ip:NETWORK/BITS, email:…, uri:… or dn:NAME")
        };
        let (kind, value) = text.split_once(':').ok_or_else(unknown)?;
        let host = |value: &str| check_dns(value.strip_prefix('.').unwrap_or(value));
        match kind.to_ascii_lowercase().as_str() {
            "dns" => host(value).map(|()| Self::Dns(value.to_owned())),
            "uri" => host(value).map(|()| Self::Uri(value.to_owned())),
            "email" => {
                match value.rsplit_once('@') {
                    Some(_) => super::general_name::check_email(value)?,
                    None => host(value)?,
                }
                Ok(Self::Email(value.to_owned()))
            }
            "ip" => parse_network(value),
            "dn" => {
                let name = Name::from_rfc4514(value).map_err(|error| error.to_string())?;
                Ok(Self::Directory(name.der().to_vec()))
            }
            _ => Err(unknown()),
        }
    }

    fn read(subtree: &GeneralSubtree) -> Result<Self, String> {
        // RFC 5280 section 4.2.1.10: "the minimum MUST be zero, and maximum MUST be absent".
        if subtree.minimum != 0 || subtree.maximum.is_some() {
            return Err("a subtree with minimum or maximum".to_owned());
        }
        Ok(match &subtree.base {
            GeneralName::DnsName(name) => Self::Dns(name.as_str().to_owned()),
            GeneralName::Rfc822Name(name) => Self::Email(name.as_str().to_owned()),
            GeneralName::UniformResourceIdentifier(name) => Self::Uri(name.as_str().to_owned()),
            GeneralName::DirectoryName(name) => {
                Self::Directory(name.to_der().map_err(|error| error.to_string())?)
            }
            GeneralName::IpAddress(octets) => match octets.as_bytes() {
                bytes if bytes.len() == 8 => Self::Ip(address(&bytes[..4]), address(&bytes[4..])),
                bytes if bytes.len() == 32 => Self::Ip(address(&bytes[..16]), address(&bytes[16..])),
                _ => return Err("a network that is not of 8 or 32 octets".to_owned()),
            },
            _ => return Err("a subtree of a kind that is not processed here".to_owned()),
        })
    }

    fn to_der(&self) -> Result<GeneralSubtree, X509Error> {
        let malformed = X509Error::malformed("nameConstraints");
        let ia5 = |text: &String| Ia5String::new(text).map_err(&malformed);
        let base = match self {
            Self::Dns(name) => GeneralName::DnsName(ia5(name)?),
            Self::Email(name) => GeneralName::Rfc822Name(ia5(name)?),
            Self::Uri(name) => GeneralName::UniformResourceIdentifier(ia5(name)?),
            Self::Directory(name) => {
                GeneralName::DirectoryName(DirectoryName::from_der(name).map_err(&malformed)?)
            }
            Self::Ip(network, mask) => {
                let octets = [octets_of(*network), octets_of(*mask)].concat();
                GeneralName::IpAddress(OctetString::new(octets).map_err(&malformed)?)
            }
        };
        Ok(GeneralSubtree {
            base,
            minimum: 0,
            maximum: None,
        })
    }

    /// Whether a name of the same kind is in the tree; `None` for a name of another kind.
    fn holds(&self, name: &AlternativeName) -> Option<bool> {
        match (self, name) {
            (Self::Dns(tree), AlternativeName::Dns(name)) => {
                // A wildcard stands for names below its domain: it is inside exactly when they all are.
                let name = name.strip_prefix("*.").unwrap_or(name);
                Some(is_below(name, tree, true))
            }
            (Self::Ip(network, mask), AlternativeName::Ip(address)) => {
                if network.is_ipv4() != address.is_ipv4() {
                    // Of another kind in all but the tag.
                    return Some(false);
                }
                let (network, mask, address) = (octets_of(*network), octets_of(*mask), octets_of(*address));
                let same = |((a, b), mask): ((&u8, &u8), &u8)| a & mask == b & mask;
                Some(network.iter().zip(&address).zip(&mask).all(same))
            }
            (Self::Email(tree), AlternativeName::Email(mailbox)) => {
                let (local, host) = mailbox.rsplit_once('@')?;
                Some(match tree.rsplit_once('@') {
                    Some((tree_local, tree_host)) => {
                        local == tree_local && host.eq_ignore_ascii_case(tree_host)
                    }
                    None => is_below(host, tree, false),
                })
            }
            (Self::Uri(tree), AlternativeName::Uri(uri)) => {
                // "If the URI does not include an authority component … the application MUST reject": nowhere inside.
                let host = uri.split_once("://").map_or("", |(_, rest)| host_of(rest));
                Some(!host.is_empty() && host.parse::<IpAddr>().is_err() && is_below(host, tree, false))
            }
            _ => None,
        }
    }

    /// Whether a wildcard stands for a name in the tree, too.
    fn is_covered_by(&self, name: &AlternativeName) -> bool {
        match (self, name) {
            (Self::Dns(tree), AlternativeName::Dns(name)) => name.strip_prefix("*.").is_some_and(|domain| {
                let tree = tree.trim_start_matches('.');
                is_below(tree, domain, true)
            }),
            _ => false,
        }
    }

    fn is_of_kind(&self, name: &AlternativeName) -> bool {
        self.holds(name).is_some()
    }
}

/// Whether `host` is `tree` or, with `subdomains`, below it; a leading dot in `tree` asks for what is below only.
fn is_below(host: &str, tree: &str, subdomains: bool) -> bool {
    let (host, tree) = (host.to_ascii_lowercase(), tree.to_ascii_lowercase());
    if tree.is_empty() {
        return true;
    }
    match tree.strip_prefix('.') {
        Some(domain) => host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        None => {
            host == tree
                || (subdomains
                    && host
                        .strip_suffix(tree.as_str())
                        .is_some_and(|rest| rest.ends_with('.')))
        }
    }
}

fn parse_network(text: &str) -> Result<Subtree, String> {
    let wrong = || format!("\"{text}\" is no network: write ADDRESS/BITS");
    let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let bits: u32 = bits.parse().map_err(|_| wrong())?;
    let (mask, width): (IpAddr, u32) = match address {
        IpAddr::V4(_) => (
            u32::MAX
                .checked_shl(32u32.saturating_sub(bits))
                .unwrap_or(0)
                .to_be_bytes()
                .into(),
            32,
        ),
        IpAddr::V6(_) => (
            u128::MAX
                .checked_shl(128u32.saturating_sub(bits))
                .unwrap_or(0)
                .to_be_bytes()
                .into(),
            128,
        ),
    };
    let outside = |(address, mask): (&u8, &u8)| address & !mask != 0;
    if bits > width || octets_of(address).iter().zip(&octets_of(mask)).any(outside) {
        return Err(format!(
            "\"{text}\" is no network: bits outside the mask are set, or there are too many"
        ));
    }
    Ok(Subtree::Ip(address, mask))
}

fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn address(octets: &[u8]) -> IpAddr {
    match <[u8; 4]>::try_from(octets) {
        Ok(octets) => octets.into(),
        Err(_) => <[u8; 16]>::try_from(octets).unwrap_or_default().into(),
    }
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
        Ok(Self {
            permitted: trees(&read.permitted_subtrees)?,
            excluded: trees(&read.excluded_subtrees)?,
        })
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

    /// Holds the names of a certificate below against the constraints: RFC 5280 section 6.1.3 (b) and (c).
    ///
    /// # Errors
    /// The first name that is outside.
    pub fn check(&self, subject: &Name, names: &[AlternativeName]) -> Result<(), String> {
        for name in names {
            if self
                .excluded
                .iter()
                .any(|tree| tree.holds(name) == Some(true) || tree.is_covered_by(name))
            {
                return Err(format!("{name} is excluded"));
            }
            let mut fitting = self
                .permitted
                .iter()
                .filter(|tree| tree.is_of_kind(name))
                .peekable();
            if fitting.peek().is_some() && !fitting.any(|tree| tree.holds(name) == Some(true)) {
                return Err(format!("{name} is not permitted"));
            }
        }
        if subject.is_empty() {
            return Ok(());
        }
        let begins = |tree: &Subtree| match tree {
            Subtree::Directory(prefix) => {
                Some(Name::from_der(prefix).is_ok_and(|prefix| subject.begins_with(&prefix)))
            }
            _ => None,
        };
        if self.excluded.iter().any(|tree| begins(tree) == Some(true)) {
            return Err(format!("\"{subject}\" is excluded"));
        }
        let mut fitting = self.permitted.iter().filter_map(begins).peekable();
        if fitting.peek().is_some() && !fitting.any(|inside| inside) {
            return Err(format!("\"{subject}\" is not permitted"));
        }
        Ok(())
    }
}

impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Email(name) => write!(f, "email:{name}"),
            Self::Uri(name) => write!(f, "uri:{name}"),
            Self::Ip(network, mask) => {
                let bits: u32 = octets_of(*mask).iter().map(|octet| octet.count_ones()).sum();
                write!(f, "ip:{network}/{bits}")
            }
            Self::Directory(der) => match Name::from_der(der) {
                Ok(name) => write!(f, "dn:{name}"),
                Err(_) => f.write_str("dn:?"),
            },
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn constraints(permitted: &[&str], excluded: &[&str]) -> NameConstraints {
        let trees = |texts: &[&str]| texts.iter().map(|text| Subtree::parse(text).unwrap()).collect();
        NameConstraints {
            permitted: trees(permitted),
            excluded: trees(excluded),
        }
    }

    /// RFC 5280 section 4.2.1.10's own examples, and those beside them.
    #[test]
    fn names_are_inside_or_outside() {
        let cases = [
            ("dns:host.example.com", "dns:www.host.example.com", true),
            ("dns:host.example.com", "dns:HOST.example.com", true),
            ("dns:host.example.com", "dns:host1.example.com", false),
            ("dns:host.example.com", "dns:xhost.example.com", false),
            ("dns:example.com", "dns:*.example.com", true),
            ("dns:.example.com", "dns:example.com", false),
            ("dns:.example.com", "dns:a.example.com", true),
            ("uri:.example.com", "uri:https://a.b.example.com/x", true),
            ("uri:.example.com", "uri:https://example.com/x", false),
            ("uri:example.com", "uri:https://a.example.com/x", false),
            ("uri:example.com", "uri:https://u@example.com:1/x", true),
            ("uri:example.com", "uri:urn:example:com", false),
            ("email:root@example.com", "email:root@example.com", true),
            ("email:root@example.com", "email:ROOT@example.com", false),
            ("email:example.com", "email:a@example.com", true),
            ("email:example.com", "email:a@b.example.com", false),
            ("email:.example.com", "email:a@b.example.com", true),
            ("ip:10.0.0.0/8", "ip:10.255.0.1", true),
            ("ip:10.0.0.0/8", "ip:11.0.0.1", false),
            ("ip:10.0.0.0/8", "ip:2001:db8::1", false),
            ("ip:2001:db8::/32", "ip:2001:db8:ffff::1", true),
            ("ip:0.0.0.0/0", "ip:11.0.0.1", true),
        ];
        let subject = Name::from_rfc4514("CN=x").unwrap();
        for (tree, name, inside) in cases {
            let name = [AlternativeName::parse(name).unwrap()];
            let permitted = constraints(&[tree], &[]).check(&subject, &name);
            assert_eq!(permitted.is_ok(), inside, "{tree} {name:?}");
            let excluded = constraints(&[], &[tree]).check(&subject, &name);
            assert_eq!(excluded.is_err(), inside, "{tree} {name:?}");
        }
    }

    #[test]
    fn a_kind_that_is_not_in_the_permitted_trees_is_free() {
        let name = [AlternativeName::parse("ip:192.0.2.1").unwrap()];
        let subject = Name::from_rfc4514("CN=x,O=Example").unwrap();
        assert!(
            constraints(&["dns:example.com"], &[])
                .check(&subject, &name)
                .is_ok()
        );
        assert!(constraints(&["dn:O=Example"], &[]).check(&subject, &name).is_ok());
        assert!(constraints(&["dn:O=Other"], &[]).check(&subject, &name).is_err());
        assert!(constraints(&[], &["dn:O=Example"]).check(&subject, &[]).is_err());
    }

    #[test]
    fn a_wildcard_is_outside_when_one_of_its_names_is() {
        let name = [AlternativeName::parse("dns:*.example.com").unwrap()];
        let subject = Name::from_rfc4514("CN=x").unwrap();
        assert!(
            constraints(&["dns:www.example.com"], &[])
                .check(&subject, &name)
                .is_err()
        );
        assert!(
            constraints(&[], &["dns:www.example.com"])
                .check(&subject, &name)
                .is_err()
        );
        assert!(
            constraints(&[], &["dns:www.example.org"])
                .check(&subject, &name)
                .is_ok()
        );
    }

    #[test]
    fn the_encoding_reads_back() {
        let constraints = constraints(
            &[
                "dns:example.com",
                "ip:10.0.0.0/8",
                "ip:2001:db8::/32",
                "dn:O=Example,C=US",
            ],
            &["email:.example.com", "uri:bad.example.com"],
        );
        let der = constraints.to_der().unwrap().to_der().unwrap();
        assert_eq!(NameConstraints::from_der(&der).unwrap(), constraints);
    }

    #[test]
    fn networks_with_host_bits_are_refused() {
        for text in [
            "ip:10.0.0.1/8",
            "ip:10.0.0.0/33",
            "ip:10.0.0.0",
            "ip:x/8",
            "dns:-",
            "dn:x",
            "x",
        ] {
            assert!(Subtree::parse(text).is_err(), "{text}");
        }
    }
}
