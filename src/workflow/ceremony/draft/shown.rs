//! Describes an object line by line, for the people who approve it.

use std::collections::BTreeMap;

use crate::x509::{Certificate, CertificateRevocationList, CheckedCrl, CrlNumber, Revocation, UnixTime};

/// `identifiers` maps the key identifiers of stand-ins, in hex, to the text shown in their place.
pub(in crate::workflow::ceremony) fn show_certificate(
    certificate: &Certificate,
    identifiers: &BTreeMap<String, String>,
) -> Vec<String> {
    let validity = certificate.validity();
    let issuer = match certificate.is_self_issued() {
        true => "itself".to_owned(),
        false => certificate.issuer().to_string(),
    };
    let mut lines = vec![
        format!("subject: {}", certificate.subject()),
        format!("issuer: {issuer}"),
        format!("serial number: {}", certificate.serial_number()),
        format!("valid from: {}", validity.not_before),
        format!("valid until: {}", validity.not_after),
        format!("key: {}", certificate.describe_key()),
        format!("signed with: {}", certificate.describe_signature()),
    ];
    for extension in certificate.describe_extensions() {
        let mut text = extension.value;
        for (identifier, shown) in identifiers {
            text = text.replace(identifier, shown);
        }
        let critical = if extension.critical { " (critical)" } else { "" };
        lines.push(format!("{}{critical}: {text}", extension.name));
    }
    lines
}

/// The most entries to list. A longer list is only counted, because nobody reads a thousand lines.
const LISTED: usize = 20;

pub(super) fn show_crl(checked: &CheckedCrl, revocations: &[Revocation]) -> Vec<String> {
    let content = checked.plan();
    let head = Head {
        issuer: checked.authority().subject().to_string(),
        number: Some(content.number),
        this_update: content.this_update,
        next_update: Some(content.next_update),
        signed_with: checked.signature().to_string(),
        entries: checked.entries(),
    };
    head.lines(revocations.iter().cloned())
}

/// Describes a CRL that was read.
pub(in crate::workflow::ceremony) fn show_list(list: &CertificateRevocationList) -> Vec<String> {
    let head = Head {
        issuer: list.issuer().to_string(),
        number: list.number().ok().flatten(),
        this_update: list.this_update(),
        next_update: list.next_update(),
        signed_with: list.describe_signature(),
        entries: list.entries().count(),
    };
    head.lines(list.entries().map(|entry| entry.to_revocation()))
}

/// The header of a CRL.
struct Head {
    issuer: String,
    number: Option<CrlNumber>,
    this_update: UnixTime,
    next_update: Option<UnixTime>,
    signed_with: String,
    entries: usize,
}

impl Head {
    fn lines(self, revocations: impl Iterator<Item = Revocation>) -> Vec<String> {
        let none = || "none".to_owned();
        let number = self.number.map_or_else(none, |number| number.to_string());
        let next_update = self.next_update.map_or_else(none, |time| time.to_string());
        let mut lines = vec![
            format!("issuer: {}", self.issuer),
            format!("CRL number: {number}"),
            format!("this update: {}", self.this_update),
            format!("next update: {next_update}"),
            format!("signed with: {}", self.signed_with),
            format!("revoked certificates: {}", self.entries),
        ];
        for revocation in revocations.take(LISTED) {
            lines.push(format!(
                "revoked: {} at {}, {}",
                revocation.serial, revocation.revoked_at, revocation.reason
            ));
        }
        if self.entries > LISTED {
            lines.push(format!("and {} more", self.entries - LISTED));
        }
        lines
    }
}
