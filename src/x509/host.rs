//! Whether a certificate is for a host: RFC 9525 sections 6.3 and 6.4, which replaced RFC 6125.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use x509_cert::ext::pkix::name::GeneralName;

use super::general_name::{check_dns, read_address};
use super::name::visible;
use super::{Certificate, extension};

/// The host that a client wants to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostName {
    /// A DNS name, in ASCII.
    Dns(String),
    /// An address.
    Ip(IpAddr),
}

impl HostName {
    /// Reads a host name or an IP address; an IPv6 address may be in brackets, as in a URL.
    ///
    /// # Errors
    /// What is wrong with it: for example a name with a wildcard, in another alphabet, or with a dot at its end.
    pub fn parse(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        if let Some(address) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address: Result<Ipv6Addr, _> = address.parse();
            return address
                .map(|address| Self::Ip(address.into()))
                .map_err(|_| format!("{text:?} is not an IPv6 address in brackets"));
        }
        if !text.is_ascii() {
            return Err(format!("{text:?} is not in ASCII: write each label as xn--..."));
        }
        if text.contains('*') {
            return Err(format!("{text:?} has a wildcard: name one host"));
        }
        check_dns(text).map(|()| Self::Dns(text.to_owned()))
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => f.write_str(name),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

impl Certificate {
    /// Makes sure that `subjectAltName` has the host: its address as an iPAddress, or its name as a dNSName. A whole leftmost label `*` stands for
    /// one label (RFC 9525 section 6.3). The common name does not count (section 2), and a dNSName that spells an address is not an address
    /// (section 6.4).
    ///
    /// # Errors
    /// The names that the certificate has instead, in words.
    pub fn check_host(&self, host: &HostName) -> Result<(), String> {
        let names = extension::find_general_names(self.extensions()).map_err(|error| error.to_string())?;
        let is_host = |name: &GeneralName| match (name, host) {
            (GeneralName::DnsName(presented), HostName::Dns(wanted)) => {
                matches_host(presented.as_str(), wanted)
            }
            (GeneralName::IpAddress(octets), HostName::Ip(wanted)) => {
                read_address(octets.as_bytes()).is_ok_and(|presented| presented == *wanted)
            }
            _ => false,
        };
        if names.iter().any(is_host) {
            return Ok(());
        }
        let kind = match host {
            HostName::Dns(_) => "dNSName",
            HostName::Ip(_) => "iPAddress",
        };
        let others: Vec<_> = names
            .iter()
            .filter_map(|name| match (name, host) {
                (GeneralName::DnsName(presented), HostName::Dns(_)) => Some(visible(presented.as_str())),
                (GeneralName::IpAddress(octets), HostName::Ip(_)) => read_address(octets.as_bytes())
                    .ok()
                    .map(|address| address.to_string()),
                _ => None,
            })
            .collect();
        let has = match others.len() {
            0 => format!("its subjectAltName has no {kind}"),
            _ => format!("it is for {}", shorten(&others)),
        };
        let has_name = matches!(host, HostName::Dns(wanted)
            if self.subject().common_names().iter().any(|name| name.eq_ignore_ascii_case(wanted)));
        let common_name = match has_name {
            true => "; the CN in its subject does not count (RFC 9525 section 2)",
            false => "",
        };
        Err(format!("it is not for {host}: {has}{common_name}"))
    }
}

/// Names for a message, shortened to a few.
fn shorten(names: &[String]) -> String {
    const SHOWN: usize = 5;
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{} and {more} more", names[..SHOWN].join(", ")),
        _ => names.join(", "),
    }
}

/// RFC 9525 section 6.3: labels are compared without regard to case; `*` is a wildcard only as the whole leftmost label, and covers one
/// label. As in OpenSSL, two labels must follow it.
fn matches_host(presented: &str, wanted: &str) -> bool {
    match presented.strip_prefix("*.") {
        None => presented.eq_ignore_ascii_case(wanted),
        Some(parent) => {
            let below = wanted.split_once('.').map(|(_, below)| below);
            parent.contains('.') && below.is_some_and(|below| below.eq_ignore_ascii_case(parent))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_is_one_whole_label() {
        let wildcard = "*.example.com";
        for (presented, wanted, expected) in [
            ("a.example.com", "A.Example.COM", true),
            ("a.example.com", "b.example.com", false),
            (wildcard, "a.example.com", true),
            (wildcard, "xn--bcher-kva.example.com", true),
            (wildcard, "example.com", false),
            (wildcard, "a.b.example.com", false),
            ("a*.example.com", "ab.example.com", false),
            ("*a.example.com", "ba.example.com", false),
            ("a.*.com", "a.b.com", false),
            ("*.*.com", "a.b.com", false),
            ("*.com", "example.com", false),
            ("*", "localhost", false),
            ("**.example.com", "a.example.com", false),
            ("a.example.com.", "a.example.com", false),
            ("a.example.com\0.evil.example", "a.example.com", false),
        ] {
            assert_eq!(
                matches_host(presented, wanted),
                expected,
                "{presented:?} {wanted:?}"
            );
        }
    }

    #[test]
    fn a_host_is_a_name_or_an_address() {
        for (text, shown) in [
            ("a.example.com", "a.example.com"),
            ("192.0.2.1", "192.0.2.1"),
            ("2001:DB8::0:1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("localhost", "localhost"),
        ] {
            assert_eq!(HostName::parse(text).unwrap().to_string(), shown);
        }
        for text in [
            "",
            "*.example.com",
            "b\u{fc}cher.example",
            "a.example.com.",
            "192.0.2",
            "[192.0.2.1]",
            "fe80::1%eth0",
            "https://a.example.com",
            "a.example.com:443",
            "a_b.example.com",
        ] {
            assert!(HostName::parse(text).is_err(), "{text:?}");
        }
    }
}
