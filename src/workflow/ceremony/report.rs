//! The objects that a ceremony made, for the report.

use super::verify::{CeremonyReport, MadeObject};
use crate::ceremony::{Digest, ObjectKind, ReportedObject};
use crate::x509::{Certificate, CertificateRevocationList};

/// Every object made, for the report. An unreadable object has only its hash: the verification says why.
#[must_use]
pub fn reported_objects(report: &CeremonyReport) -> Vec<ReportedObject> {
    report.made.iter().map(reported).collect()
}

fn reported(made: &MadeObject) -> ReportedObject {
    let mut object = ReportedObject {
        step: made.step.clone(),
        out: made.out.clone(),
        lines: Vec::new(),
        sha256: Digest::of(&made.der),
        issuer: String::new(),
        subject: None,
        key: None,
        is_subordinate: false,
        next_update: None,
    };
    match made.is {
        ObjectKind::Certificate => {
            if let Ok(certificate) = Certificate::from_der(&made.der) {
                show_certificate(&mut object, &certificate);
            }
        }
        ObjectKind::Crl => {
            if let Ok(list) = CertificateRevocationList::from_der(made.der.clone()) {
                show_list(&mut object, &list);
            }
        }
    }
    object
}

fn show_certificate(object: &mut ReportedObject, certificate: &Certificate) {
    let validity = certificate.validity();
    object.issuer = certificate.issuer().to_string();
    object.subject = Some(certificate.subject().to_string());
    object.key = certificate.public_key().ok().map(|key| Digest::of(key.der()));
    object.is_subordinate = certificate.is_authority() && !certificate.is_self_issued();
    object.lines = vec![
        format!("subject: {}", certificate.subject()),
        format!("issuer: {}", certificate.issuer()),
        format!("serial number: {}", certificate.serial_number()),
        format!("valid from: {}", validity.not_before),
        format!("valid until: {}", validity.not_after),
        format!("key: {}", certificate.describe_key()),
        format!("signed with: {}", certificate.describe_signature()),
    ];
    for extension in certificate.describe_extensions() {
        let critical = if extension.critical { " (critical)" } else { "" };
        object
            .lines
            .push(format!("{}{critical}: {}", extension.name, extension.value));
    }
}

fn show_list(object: &mut ReportedObject, list: &CertificateRevocationList) {
    object.issuer = list.issuer().to_string();
    object.next_update = list.next_update();
    object.lines = vec![
        format!("issuer: {}", list.issuer()),
        format!("this update: {}", list.this_update()),
        format!("revoked certificates: {}", list.entries().count()),
        format!("signed with: {}", list.describe_signature()),
    ];
    if let Ok(Some(number)) = list.number() {
        object.lines.insert(1, format!("CRL number: {number}"));
    }
    if let Some(next) = list.next_update() {
        object.lines.insert(3, format!("next update: {next}"));
    }
}
