//! Compares a cross-certificate with the original, read from both after signing.

use std::slice;

use x509_cert::ext::Extension;

use crate::x509::{Certificate, extension};

/// A difference between two certificates of one CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field or the extension.
    pub field: String,
    /// What the original says; `None` if it lacks the field.
    pub original: Option<String>,
    /// What the cross-certificate says; `None` if it lacks the field.
    pub cross: Option<String>,
}

/// The names of what is the same in a cross-certificate, and the differences.
#[must_use]
pub fn compare_with_original(original: &Certificate, cross: &Certificate) -> (Vec<String>, Vec<Change>) {
    let mut kept = Vec::new();
    let mut changes = Vec::new();
    let mut note = |field: &str, original: Option<String>, cross: Option<String>, same: bool| {
        if same {
            kept.push(field.to_owned());
        } else {
            changes.push(Change {
                field: field.to_owned(),
                original,
                cross,
            });
        }
    };
    let (before, after) = (original.validity(), cross.validity());
    for (field, one, other) in [
        (
            "subject",
            original.subject().to_string(),
            cross.subject().to_string(),
        ),
        ("key", original.describe_key(), cross.describe_key()),
        (
            "issuer",
            original.issuer().to_string(),
            cross.issuer().to_string(),
        ),
        (
            "serial number",
            original.serial_number().to_string(),
            cross.serial_number().to_string(),
        ),
        (
            "valid from",
            before.not_before.to_string(),
            after.not_before.to_string(),
        ),
        (
            "valid until",
            before.not_after.to_string(),
            after.not_after.to_string(),
        ),
        (
            "signature algorithm",
            original.describe_signature(),
            cross.describe_signature(),
        ),
    ] {
        let same = match field {
            "subject" => original.subject() == cross.subject(),
            "key" => original.key_info() == cross.key_info(),
            _ => one == other,
        };
        note(field, Some(one), Some(other), same);
    }
    let (theirs, ours) = (original.extensions(), cross.extensions());
    let word = |found: &Extension| {
        let text = extension::describe_all(slice::from_ref(found)).remove(0);
        match text.critical {
            true => format!("critical, {}", text.value),
            false => text.value,
        }
    };
    for found in theirs {
        let other = ours.iter().find(|other| other.extn_id == found.extn_id);
        let name = extension::extension_name(found.extn_id);
        note(&name, Some(word(found)), other.map(word), other == Some(found));
    }
    for added in ours {
        if theirs.iter().all(|found| found.extn_id != added.extn_id) {
            let name = extension::extension_name(added.extn_id);
            note(&name, None, Some(word(added)), false);
        }
    }
    (kept, changes)
}
