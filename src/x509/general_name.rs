//! The names of `subjectAltName` (RFC 5280 section 4.2.1.6) that are issued: DNS, IP, email and URI, and if a profile lists them some kinds of
//! otherName, and registeredID.

mod a_label;
mod other;
mod syntax;

pub(super) use other::{describe as describe_other_name, smtp_utf8_mailbox};

pub(super) use syntax::{check_dns, check_email, check_uri, host_of};

use std::fmt;
use std::net::IpAddr;

use const_oid::ObjectIdentifier;
use der::asn1::{Ia5String, OctetString};
use x509_cert::ext::pkix::name::GeneralName;

use super::{X509Error, object_identifier};

/// A kind of name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameKind {
    /// dNSName
    Dns,
    /// iPAddress
    Ip,
    /// rfc822Name
    Email,
    /// uniformResourceIdentifier
    Uri,
    /// otherName: a user principal name of Active Directory
    Upn,
    /// otherName: the GUID of a domain controller's object
    NtdsGuid,
    /// otherName: SRVName (RFC 4985)
    Srv,
    /// otherName: SmtpUTF8Mailbox (RFC 9598)
    SmtpUtf8,
    /// registeredID
    RegisteredId,
}

impl NameKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Dns,
        Self::Ip,
        Self::Email,
        Self::Uri,
        Self::Upn,
        Self::NtdsGuid,
        Self::Srv,
        Self::SmtpUtf8,
        Self::RegisteredId,
    ];

    /// Its word in profiles, and before a name: `dns:example.com`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Ip => "ip",
            Self::Email => "email",
            Self::Uri => "uri",
            Self::Upn => "upn",
            Self::NtdsGuid => "ntds-guid",
            Self::Srv => "srv",
            Self::SmtpUtf8 => "smtp-utf8",
            Self::RegisteredId => "registered-id",
        }
    }

    /// The words of all kinds, for a message.
    pub(super) fn words() -> String {
        Self::ALL.map(Self::word).join(", ")
    }
}

/// A name that follows the rules of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlternativeName {
    /// A host name; with `*.` in front, every host directly below it.
    Dns(String),
    /// An address: 4 or 16 octets.
    Ip(IpAddr),
    /// A mailbox, ASCII (RFC 5280 section 4.2.1.6).
    Email(String),
    /// An absolute URI with a host.
    Uri(String),
    /// `user@domain`, of Active Directory.
    Upn(String),
    /// 16 octets, in the order of the certificate.
    NtdsGuid([u8; 16]),
    /// `_service.domain`
    Srv(String),
    /// A mailbox whose local part has more than ASCII.
    SmtpUtf8(String),
    /// An object identifier.
    RegisteredId(ObjectIdentifier),
}

impl AlternativeName {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> NameKind {
        match self {
            Self::Dns(_) => NameKind::Dns,
            Self::Ip(_) => NameKind::Ip,
            Self::Email(_) => NameKind::Email,
            Self::Uri(_) => NameKind::Uri,
            Self::Upn(_) => NameKind::Upn,
            Self::NtdsGuid(_) => NameKind::NtdsGuid,
            Self::Srv(_) => NameKind::Srv,
            Self::SmtpUtf8(_) => NameKind::SmtpUtf8,
            Self::RegisteredId(_) => NameKind::RegisteredId,
        }
    }

    /// Reads `dns:example.com`, `ip:192.0.2.1`, `email:a@example.com` or `uri:https://example.com/`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, value) = text.split_once(':').ok_or_else(|| {
            format!("\"{text}\" is not of the form dns:NAME, ip:ADDRESS, email:MAILBOX or uri:URI")
        })?;
        let kind = kind.to_ascii_lowercase();
        match kind.as_str() {
            "dns" => check_dns(value).map(|()| Self::Dns(value.to_owned())),
            "ip" => value
                .parse()
                .map(Self::Ip)
                .map_err(|_| format!("\"{value}\" is not an IP address")),
            "email" => check_email(value).map(|()| Self::Email(value.to_owned())),
            "uri" => check_uri(value).map(|()| Self::Uri(value.to_owned())),
            _ => match NameKind::ALL.into_iter().find(|known| known.word() == kind) {
                Some(known) => other::parse(known, value),
                None => Err(format!("\"{kind}\" must be one of {}", NameKind::words())),
            },
        }
    }

    /// The name in a certificate or request; `None` for kinds that are not issued.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(name: &GeneralName) -> Result<Option<Self>, String> {
        Ok(Some(match name {
            GeneralName::DnsName(name) => {
                check_dns(name.as_str())?;
                Self::Dns(name.as_str().to_owned())
            }
            GeneralName::Rfc822Name(name) => {
                check_email(name.as_str())?;
                Self::Email(name.as_str().to_owned())
            }
            GeneralName::UniformResourceIdentifier(name) => {
                check_uri(name.as_str())?;
                Self::Uri(name.as_str().to_owned())
            }
            GeneralName::IpAddress(octets) => Self::Ip(read_address(octets.as_bytes())?),
            GeneralName::OtherName(name) => return other::read(name),
            GeneralName::RegisteredId(identifier) => match object_identifier::fault(identifier.as_bytes()) {
                None => Self::RegisteredId(*identifier),
                Some(fault) => return Err(fault),
            },
            _ => return Ok(None),
        }))
    }

    pub(super) fn to_general_name(&self) -> Result<GeneralName, X509Error> {
        let malformed = X509Error::malformed("subjectAltName");
        if let Some(other) = other::to_general_name(self)? {
            return Ok(other);
        }
        Ok(match self {
            Self::Dns(name) => GeneralName::DnsName(Ia5String::new(name).map_err(malformed)?),
            Self::Email(name) => GeneralName::Rfc822Name(Ia5String::new(name).map_err(malformed)?),
            Self::Uri(name) => {
                GeneralName::UniformResourceIdentifier(Ia5String::new(name).map_err(malformed)?)
            }
            Self::Ip(address) => {
                let octets = match address {
                    IpAddr::V4(address) => address.octets().to_vec(),
                    IpAddr::V6(address) => address.octets().to_vec(),
                };
                GeneralName::IpAddress(OctetString::new(octets).map_err(malformed)?)
            }
            Self::RegisteredId(identifier) => GeneralName::RegisteredId(*identifier),
            Self::Upn(_) | Self::NtdsGuid(_) | Self::Srv(_) | Self::SmtpUtf8(_) => {
                return Err(X509Error::Malformed {
                    what: "subjectAltName",
                    reason: format!("{self} has no form"),
                });
            }
        })
    }

    /// True for `*.example.com`.
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.starts_with("*."))
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.kind().word())?;
        match self {
            Self::Dns(name)
            | Self::Email(name)
            | Self::Uri(name)
            | Self::Upn(name)
            | Self::Srv(name)
            | Self::SmtpUtf8(name) => f.write_str(name),
            Self::NtdsGuid(guid) => f.write_str(&other::show_guid(guid)),
            Self::RegisteredId(identifier) => f.write_str(&object_identifier::dotted(identifier.as_bytes())),
            Self::Ip(address) => address.fmt(f),
        }
    }
}

/// RFC 5280 section 4.2.1.6: four octets for IP version 4, sixteen for version 6.
pub(super) fn read_address(octets: &[u8]) -> Result<IpAddr, String> {
    if let Ok(octets) = <[u8; 4]>::try_from(octets) {
        return Ok(IpAddr::from(octets));
    }
    <[u8; 16]>::try_from(octets)
        .map(IpAddr::from)
        .map_err(|_| format!("an IP address of {} octets", octets.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valid_names_are_issued() {
        for text in [
            "dns:example.com",
            "dns:*.example.com",
            "dns:a-b.example",
            "dns:localhost",
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "email:first.last+tag@example.com",
            "uri:https://example.com:8443/path?x=1",
            "uri:spiffe://trust/workload",
            "uri:https://[2001:db8::1]:8443/",
            "uri:https://192.0.2.1/",
            "uri:urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        ] {
            let name = AlternativeName::parse(text).unwrap();
            assert_eq!(name.to_string(), text);
            let general = name.to_general_name().unwrap();
            assert_eq!(AlternativeName::read(&general), Ok(Some(name)), "{text}");
        }
    }

    #[test]
    fn invalid_names_are_refused() {
        for text in [
            "example.com",
            "uri:https://good.example.com@evil.com/",
            "uri:https://a:b@[2001:db8::1]/",
            "dns:",
            "dns:-a.example",
            "dns:a..example",
            "dns:*.com",
            "dns:a.*.example",
            "dns:*",
            "dns:exa mple.com",
            "dns:a_b.example",
            "dns:a.example.123",
            "dns:192.0.2.1",
            "dns:example.com.",
            "dns:b\u{fc}cher.example",
            "ip:192.0.2",
            "ip:192.0.2.0/24",
            "email:Name <a@example.com>",
            "email:a",
            "email:.a@example.com",
            "email:a..b@example.com",
            "email:a.@example.com",
            "email:a@*.example.com",
            "email:\"a b\"@example.com",
            "email:@example.com",
            "uri:/relative",
            "uri:https://",
            "uri:https:///path",
            "uri:ht tp://x",
            "uri:1http://x",
            "uri:https://a..b/",
            "uri:https://*.example.com/",
            "uri:https://[2001:db8::1/",
            "uri:https://[x]/",
            "uri:https://a:b/",
            "uri:urn:",
            "other:x",
        ] {
            assert!(AlternativeName::parse(text).is_err(), "{text}");
        }
        let long = format!("dns:{}.example", "a".repeat(64));
        assert!(AlternativeName::parse(&long).is_err());
    }
}
