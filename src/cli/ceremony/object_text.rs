//! Completed objects as text. People compare it by voice before a key signs.

use std::collections::BTreeMap;

use hsm_ca::ceremony::{Digest, ObjectKind};
use hsm_ca::workflow::CompletedObject;

use super::words::two_ways;
use crate::cli::report::printable;
use crate::cli::wrap;

/// Describes each object, with its hashes in hex and in words, in lines of this width. If several objects certify the same key, its hash is shown
/// once.
pub(super) fn objects_text(objects: &[CompletedObject], width: Option<usize>) -> String {
    let mut text = String::new();
    let mut keys: BTreeMap<Digest, &str> = BTreeMap::new();
    for object in objects {
        let is = match object.is {
            ObjectKind::Certificate => "certificate",
            _ => "CRL",
        };
        let (step, out, key) = (&object.step, printable(&object.out), &object.key);
        text.push_str(&format!("{step}: {is} {out}, which key \"{key}\" signs\n"));
        for line in &object.shown {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            text.push_str(&wrap::below(&format!("  {}: ", printable(name)), value, width));
        }
        if !object.waived.is_empty() {
            text.push_str(&wrap::below("  waived rules: ", &object.waived.join(", "), width));
        }
        if let Some(sha256) = object.certified_key {
            text.push_str("  SHA-256 of the key in it:");
            match keys.get(&sha256) {
                Some(before) => text.push_str(&format!(" as in {before}\n")),
                None => text.push_str(&format!("\n{}", two_ways(&sha256))),
            }
            keys.entry(sha256).or_insert(step);
        }
        text.push_str("  SHA-256 of the bytes that are signed:\n");
        text.push_str(&two_ways(&object.sha256));
    }
    text
}
