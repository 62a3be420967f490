//! The syntax of each kind of name.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::a_label::check_a_label;

/// RFC 5280 section 4.2.1.6: the preferred name syntax of RFC 1034 section 3.5 as RFC 1123 modifies it, at most 253 characters
/// (RFC 1035 section 2.3.4), without underscores. A whole leftmost label may be `*` (RFC 9525 section 6.3), with two labels after it.
pub(in crate::x509) fn check_dns(name: &str) -> Result<(), String> {
    let refused = |reason: &str| Err(format!("the DNS name {name:?} {reason}"));
    if name.is_empty() {
        return refused("is empty");
    }
    if name.len() > 253 {
        return refused("is longer than 253 characters");
    }
    let host = name.strip_prefix("*.").unwrap_or(name);
    if host.len() != name.len() && !host.contains('.') {
        return refused("stands for every host of a top-level domain");
    }
    for label in host.split('.') {
        if label.is_empty() {
            return refused("has an empty label");
        }
        if label.len() > 63 {
            return refused(&format!(
                "has the label {label:?}, which is longer than 63 characters"
            ));
        }
        let is_other = |character: &char| !character.is_ascii_alphanumeric() && *character != '-';
        if let Some(other) = label.chars().find(is_other) {
            return refused(&format!("has the label {label:?} with {other:?}"));
        }
        if label.starts_with('-') || label.ends_with('-') {
            return refused(&format!(
                "has the label {label:?}, which begins or ends with a hyphen"
            ));
        }
        if let Err(problem) = check_a_label(label) {
            return refused(&format!("has the label {label:?}, which {problem}"));
        }
    }
    // A DNS name 192.0.2.1 would match nothing, or the wrong host; no top-level domain is a number (RFC 1123 section 2.1). inet_aton and browsers
    // (WHATWG URL, "ends in a number") read 0300.0.2.0x1 and 0xC0000201 as addresses, too.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_hex = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let hex = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    if last.bytes().all(|byte| byte.is_ascii_digit()) || hex.is_some_and(is_hex) {
        return refused("ends with a number, as an IP address does");
    }
    Ok(())
}

/// RFC 5280 section 4.2.1.6: `Local-part@Domain`, without a display name or comment; the local part is a dot-string (RFC 5321 section 4.1.2).
pub(in crate::x509) fn check_email(mailbox: &str) -> Result<(), String> {
    let is_atom_byte = |byte: u8| byte.is_ascii_graphic() && !b"()<>[]:;@\\,\"".contains(&byte);
    let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atom_byte);
    match mailbox.rsplit_once('@') {
        Some((local, domain))
            if local.len() <= 64 && local.split('.').all(is_atom) && !domain.starts_with('*') =>
        {
            check_dns(domain)
        }
        _ => Err(format!("{mailbox:?} is not a mailbox")),
    }
}

/// RFC 5280 section 4.2.1.6: absolute; if it has an authority, the host is a domain name or an address.
pub(in crate::x509) fn check_uri(uri: &str) -> Result<(), String> {
    let refused = |reason: &str| Err(format!("the URI {uri:?} {reason}"));
    let is_written = |byte: u8| byte.is_ascii_graphic() && !b"<>\"{}|\\^`".contains(&byte);
    if !uri.bytes().all(is_written) {
        return refused("has characters that a URI may not have");
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        return refused("is not absolute");
    };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme || rest.is_empty() {
        return refused("is not absolute");
    }
    match rest.strip_prefix("//") {
        // RFC 9110 section 4.2.4: "to obscure the authority for the sake of phishing attacks".
        Some(rest) if has_user(rest) => refused("has a user name before its host"),
        Some(rest) if !has_sound_host(rest) => refused("has no host"),
        _ => Ok(()),
    }
}

fn has_user(rest: &str) -> bool {
    let authority = rest.split(['/', '?', '#']).next();
    authority.is_some_and(|authority| authority.contains('@'))
}

fn has_sound_host(rest: &str) -> bool {
    let authority = authority_of(rest);
    let (is_sound, after_host) = match authority.strip_prefix('[') {
        Some(literal) => match literal.split_once(']') {
            Some((address, after)) => (address.parse::<Ipv6Addr>().is_ok(), after),
            None => return false,
        },
        None => {
            let host = host_of(rest);
            let is_name = || !host.starts_with('*') && check_dns(host).is_ok();
            (
                host.parse::<Ipv4Addr>().is_ok() || is_name(),
                &authority[host.len()..],
            )
        }
    };
    let is_port = |port: &str| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
    is_sound && (after_host.is_empty() || after_host.strip_prefix(':').is_some_and(is_port))
}

/// Host and port in the text after `//`.
fn authority_of(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    authority.rsplit('@').next().unwrap_or_default()
}

/// The host in the text after `//`.
pub(in crate::x509) fn host_of(rest: &str) -> &str {
    let authority = authority_of(rest);
    match authority.strip_prefix('[') {
        Some(literal) => literal.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    }
}
