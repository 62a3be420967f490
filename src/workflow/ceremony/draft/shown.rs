//! What an object says, line by line, for people who approve it.

use std::collections::BTreeMap;

use crate::x509::{Certificate, CheckedCrl, Revocation};

/// `identifiers` has the key identifiers of stand-ins, in hex, and what is shown for them.
pub(super) fn show_certificate(
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

/// More than these are counted only: a person reads none of a thousand lines.
const LISTED: usize = 20;

pub(super) fn show_crl(checked: &CheckedCrl, revocations: &[Revocation]) -> Vec<String> {
    let content = checked.plan();
    let mut lines = vec![
        format!("issuer: {}", checked.authority().subject()),
        format!("CRL number: {}", content.number),
        format!("this update: {}", content.this_update),
        format!("next update: {}", content.next_update),
        format!("signed with: {}", checked.signature()),
        format!("revoked certificates: {}", checked.entries()),
    ];
    for revocation in revocations.iter().take(LISTED) {
        lines.push(format!(
            "revoked: {} at {}, {}",
            revocation.serial, revocation.revoked_at, revocation.reason
        ));
    }
    if revocations.len() > LISTED {
        lines.push(format!("and {} more", revocations.len() - LISTED));
    }
    lines
}
