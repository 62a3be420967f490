//! A tree of names, and the test whether a name is in it.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use der::asn1::{Ia5String, OctetString};
use der::{Decode, Encode};
use x509_cert::ext::pkix::constraints::name::GeneralSubtree;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name as DirectoryName;

use crate::x509::general_name::{check_dns, check_email, host_of, read_address, smtp_utf8_mailbox};
use crate::x509::name::visible;
use crate::x509::{Name, X509Error};

/// A tree of names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Subtree {
    /// A domain and everything below it; with a leading dot only what is below; the empty one is every domain.
    Dns(String),
    /// A network: an address, and how many of its leading bits count.
    Ip(IpAddr, u32),
    /// A mailbox, a host (all its mailboxes), or with a leading dot a domain's hosts.
    Email(String),
    /// A host, or with a leading dot every host below a domain.
    Uri(String),
    /// A directory name, and all names that begin with it.
    Directory(Name),
}

/// A kind of name that can be constrained here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Dns,
    Ip,
    Email,
    Uri,
    Directory,
}

/// The kind of a name; `None` for kinds without supported trees.
pub(super) fn kind_of(name: &GeneralName) -> Option<Kind> {
    Some(match name {
        GeneralName::DnsName(_) => Kind::Dns,
        GeneralName::IpAddress(_) => Kind::Ip,
        GeneralName::Rfc822Name(_) => Kind::Email,
        GeneralName::UniformResourceIdentifier(_) => Kind::Uri,
        GeneralName::DirectoryName(_) => Kind::Directory,
        // RFC 9598 section 6: constraints for rfc822Name also apply to an SmtpUTF8Mailbox.
        GeneralName::OtherName(name) if smtp_utf8_mailbox(name).is_some() => Kind::Email,
        _ => return None,
    })
}

/// The part of a name that is compared with trees. It may be a stranger's name: this part is well-formed, the rest may not be.
pub(super) enum ConstrainedName<'a> {
    Dns(&'a str),
    Ip(IpAddr),
    Email {
        local: &'a str,
        host: &'a str,
    },
    /// The host, and the whole URI.
    Uri {
        host: &'a str,
        uri: &'a str,
    },
    Directory(Cow<'a, Name>),
}

impl<'a> ConstrainedName<'a> {
    pub(super) fn read(name: &'a GeneralName) -> Result<Self, String> {
        Ok(match name {
            GeneralName::DnsName(name) => Self::Dns(name.as_str()),
            GeneralName::IpAddress(octets) => Self::Ip(read_address(octets.as_bytes())?),
            GeneralName::Rfc822Name(mailbox) => return Self::mailbox(mailbox.as_str()),
            GeneralName::UniformResourceIdentifier(uri) => {
                let uri = uri.as_str();
                // RFC 5280 section 4.2.1.10: without an authority with a host name, "the application MUST reject the certificate".
                let host = authority_after_scheme(uri).map_or("", host_of);
                if host.is_empty() || host.parse::<IpAddr>().is_ok() {
                    return Err(format!(
                        "uri:{uri} has no host name, and host names are constrained"
                    ));
                }
                Self::Uri { host, uri }
            }
            GeneralName::DirectoryName(name) => {
                let der = name.to_der().map_err(|error| error.to_string())?;
                Self::Directory(Cow::Owned(
                    Name::from_der(&der).map_err(|error| error.to_string())?,
                ))
            }
            GeneralName::OtherName(name) => match smtp_utf8_mailbox(name) {
                Some(mailbox) => return Self::mailbox(mailbox),
                None => return Err("an otherName of a type that is not supported".to_owned()),
            },
            _ => return Err("a name of a kind that is not supported".to_owned()),
        })
    }

    pub(super) fn mailbox(mailbox: &'a str) -> Result<Self, String> {
        let (local, host) = mailbox
            .rsplit_once('@')
            .ok_or_else(|| format!("{mailbox:?} is not a mailbox"))?;
        Ok(Self::Email { local, host })
    }
}

/// RFC 3986 section 3: the text after the `//` that follows the scheme. A `://` further on is in a path or a query.
fn authority_after_scheme(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
    let is_scheme =
        scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(may_stand);
    is_scheme.then_some(rest)?.strip_prefix("//")
}

impl fmt::Display for ConstrainedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{}", visible(name)),
            Self::Ip(address) => write!(f, "ip:{address}"),
            Self::Email { local, host } => write!(f, "email:{}@{}", visible(local), visible(host)),
            Self::Uri { uri, .. } => write!(f, "uri:{}", visible(uri)),
            Self::Directory(name) => write!(f, "\"{name}\""),
        }
    }
}

impl Subtree {
    /// Reads `dns:example.com`, `ip:10.0.0.0/8`, `email:example.com`, `uri:.example.com` or `dn:O=Example,C=US`; `dns:` alone is
    /// every DNS name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!("\"{text}\" is not of the form dns:DOMAIN, ip:NETWORK/BITS, email:…, uri:… or dn:NAME")
        };
        let (kind, value) = text.split_once(':').ok_or_else(unknown)?;
        let tree = match kind.to_ascii_lowercase().as_str() {
            "dns" => Self::Dns(value.to_owned()),
            "uri" => Self::Uri(value.to_owned()),
            "email" => Self::Email(value.to_owned()),
            "ip" => parse_network(value)?,
            "dn" => Self::Directory(Name::from_rfc4514(value).map_err(|error| error.to_string())?),
            _ => return Err(unknown()),
        };
        match tree.check() {
            Ok(()) => Ok(tree),
            Err(reason) => Err(format!("\"{text}\": {reason}")),
        }
    }

    /// Checks a subtree that a new certificate is to have. RFC 5280 section 4.2.1.10: a host, a domain, a mailbox, or a network "in the style of RFC
    /// 4632 (CIDR)".
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Self::Dns(domain) if domain.is_empty() => Ok(()),
            Self::Email(mailbox) if mailbox.contains('@') => check_email(mailbox),
            Self::Dns(host) | Self::Uri(host) | Self::Email(host) => check_host(host),
            Self::Ip(address, bits) => {
                let octets = octets_of(*address);
                let is_outside = |(octet, mask): (&u8, &u8)| octet & !mask != 0;
                match octets.iter().zip(&mask_of(octets.len(), *bits)).any(is_outside) {
                    true => Err("the address has bits outside the mask".to_owned()),
                    false => Ok(()),
                }
            }
            Self::Directory(name) => name.check_readable(),
        }
    }

    /// Whether there is a variant for this kind of name.
    pub(super) const fn is_supported(base: &GeneralName) -> bool {
        matches!(
            base,
            GeneralName::DnsName(_)
                | GeneralName::IpAddress(_)
                | GeneralName::Rfc822Name(_)
                | GeneralName::UniformResourceIdentifier(_)
                | GeneralName::DirectoryName(_)
        )
    }

    /// Reads a subtree, with what other programs understand too. RFC 5280 section 4.2.1.10: "the minimum MUST be zero, and maximum MUST be absent".
    pub(super) fn read(subtree: &GeneralSubtree) -> Result<Self, String> {
        if subtree.minimum != 0 || subtree.maximum.is_some() {
            return Err("a subtree with minimum or maximum".to_owned());
        }
        Ok(match &subtree.base {
            GeneralName::DnsName(name) => Self::Dns(name.as_str().to_owned()),
            GeneralName::Rfc822Name(name) => Self::Email(name.as_str().to_owned()),
            GeneralName::UniformResourceIdentifier(name) => Self::Uri(name.as_str().to_owned()),
            GeneralName::DirectoryName(name) => {
                let der = name.to_der().map_err(|error| error.to_string())?;
                Self::Directory(Name::from_der(&der).map_err(|error| error.to_string())?)
            }
            GeneralName::IpAddress(octets) => read_network(octets.as_bytes())?,
            _ => return Err("a subtree of a kind that is not supported".to_owned()),
        })
    }

    pub(super) fn to_der(&self) -> Result<GeneralSubtree, X509Error> {
        let malformed = X509Error::malformed("nameConstraints");
        let ia5 = |text: &String| Ia5String::new(text).map_err(&malformed);
        let base = match self {
            Self::Dns(name) => GeneralName::DnsName(ia5(name)?),
            Self::Email(name) => GeneralName::Rfc822Name(ia5(name)?),
            Self::Uri(name) => GeneralName::UniformResourceIdentifier(ia5(name)?),
            Self::Directory(name) => {
                GeneralName::DirectoryName(DirectoryName::from_der(name.der()).map_err(&malformed)?)
            }
            Self::Ip(network, bits) => {
                let address = octets_of(*network);
                let octets = [&address[..], &mask_of(address.len(), *bits)].concat();
                GeneralName::IpAddress(OctetString::new(octets).map_err(&malformed)?)
            }
        };
        Ok(GeneralSubtree {
            base,
            minimum: 0,
            maximum: None,
        })
    }

    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Dns(_) => Kind::Dns,
            Self::Ip(..) => Kind::Ip,
            Self::Email(_) => Kind::Email,
            Self::Uri(_) => Kind::Uri,
            Self::Directory(_) => Kind::Directory,
        }
    }

    /// Whether a name of the same kind is in the tree; `None` for a name of another kind.
    ///
    /// A wildcard is compared as text: `*` is a label that no tree has, so `*.example.com` is in exactly those trees that every name it stands for
    /// is in.
    pub(super) fn holds(&self, name: &ConstrainedName<'_>) -> Result<Option<bool>, String> {
        Ok(Some(match (self, name) {
            (Self::Dns(tree), ConstrainedName::Dns(name)) => is_below(name, tree, true),
            (Self::Ip(network, bits), ConstrainedName::Ip(address)) => {
                let (network, address) = (octets_of(*network), octets_of(*address));
                let mask = mask_of(network.len(), *bits);
                let same = |((a, b), mask): ((&u8, &u8), &u8)| a & mask == b & mask;
                network.len() == address.len() && network.iter().zip(&address).zip(&mask).all(same)
            }
            (Self::Email(tree), ConstrainedName::Email { local, host }) => match tree.rsplit_once('@') {
                Some((tree_local, tree_host)) => *local == tree_local && host.eq_ignore_ascii_case(tree_host),
                None => is_below(host, tree, false),
            },
            (Self::Uri(tree), ConstrainedName::Uri { host, .. }) => is_below(host, tree, false),
            (Self::Directory(tree), ConstrainedName::Directory(name)) => begins_with(name, tree)?,
            _ => return Ok(None),
        }))
    }

    /// Whether the tree contains `name`, or a name that it stands for.
    pub(super) fn touches(&self, name: &ConstrainedName<'_>) -> Result<bool, String> {
        let is_covered = match (self, name) {
            // RFC 9525 section 6.3: the wildcard is one label.
            (Self::Dns(tree), ConstrainedName::Dns(name)) => name.strip_prefix("*.").is_some_and(|domain| {
                tree.split_once('.')
                    .is_some_and(|(label, rest)| !label.is_empty() && rest.eq_ignore_ascii_case(domain))
            }),
            _ => false,
        };
        Ok(is_covered || self.holds(name)? == Some(true))
    }
}

/// A name that cannot be compared is neither inside nor outside.
pub(super) fn begins_with(name: &Name, tree: &Name) -> Result<bool, String> {
    name.begins_with(tree)
        .ok_or_else(|| format!("\"{name}\" cannot be compared with \"{tree}\""))
}

/// Whether `host` is `tree` or, with `subdomains`, below it; with a leading dot in `tree`, only whether it is below.
pub(super) fn is_below(host: &str, tree: &str, subdomains: bool) -> bool {
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

/// A host, or with a leading dot a domain.
fn check_host(host: &str) -> Result<(), String> {
    match host.strip_prefix('.').unwrap_or(host) {
        wildcard if wildcard.starts_with('*') => Err("a subtree cannot have a wildcard".to_owned()),
        host => check_dns(host),
    }
}

fn parse_network(text: &str) -> Result<Subtree, String> {
    let wrong = || format!("\"{text}\" is not a network: write ADDRESS/BITS");
    let (address, bits) = text.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let bits: u32 = bits.parse().map_err(|_| wrong())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits <= most {
        true => Ok(Subtree::Ip(address, bits)),
        false => Err(wrong()),
    }
}

/// RFC 5280 section 4.2.1.10: "in the style of RFC 4632 (CIDR)", so address and mask, and the ones of the mask are its first bits.
fn read_network(octets: &[u8]) -> Result<Subtree, String> {
    // RFC 5280 section 4.2.1.10
    if !matches!(octets.len(), 8 | 32) {
        let length = octets.len();
        return Err(format!(
            "an IP network of {length} octets; an address with its mask has 8 or 32"
        ));
    }
    let (address, mask) = octets.split_at(octets.len() / 2);
    let bits = mask.iter().map(|octet| octet.count_ones()).sum();
    if mask_of(mask.len(), bits) != mask {
        return Err("an IP network with a mask that is not a prefix".to_owned());
    }
    Ok(Subtree::Ip(read_address(address)?, bits))
}

/// A mask of this many octets, whose first `bits` are set.
pub(super) fn mask_of(octets: usize, bits: u32) -> Vec<u8> {
    let octet = |index: u32| match bits.saturating_sub(8 * index) {
        0 => 0,
        ones @ 1..=7 => 0xff << (8 - ones),
        _ => 0xff,
    };
    (0..).map(octet).take(octets).collect()
}

pub(super) fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

impl fmt::Display for Subtree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{}", visible(name)),
            Self::Email(name) => write!(f, "email:{}", visible(name)),
            Self::Uri(name) => write!(f, "uri:{}", visible(name)),
            Self::Ip(network, bits) => write!(f, "ip:{network}/{bits}"),
            Self::Directory(name) => write!(f, "dn:{name}"),
        }
    }
}
