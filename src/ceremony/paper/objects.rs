//! A planned object in words.

use crate::ceremony::{HoleContent, ObjectKind, PlannedObject, RuleVerdict};

/// `certificate` or `CRL`.
pub(super) const fn kind_text(is: ObjectKind) -> &'static str {
    match is {
        ObjectKind::Certificate => "certificate",
        ObjectKind::Crl => "CRL",
    }
}

/// Splits a line that describes an object or an input at the first `: `, into name and value.
pub(super) fn split_line(line: &str) -> (&str, &str) {
    line.split_once(": ").unwrap_or(("", line))
}

/// Each hole: `97 octets at 215: key k`.
pub(super) fn holes_text(object: &PlannedObject) -> Vec<String> {
    let holes = object.holes.iter().map(|hole| {
        let is = match hole.is {
            HoleContent::Key => "key",
            HoleContent::KeyIdentifier => "identifier of key",
        };
        format!("{} octets at {}: {is} {}", hole.len, hole.at, hole.key)
    });
    holes.collect()
}

/// How many rules passed, and which rules are still open or waived.
pub(super) fn rules_text(object: &PlannedObject) -> Vec<(&'static str, String)> {
    let with = |wanted: RuleVerdict| -> Vec<&str> {
        let found = object.verdicts.iter().filter(|(_, verdict)| **verdict == wanted);
        found.map(|(rule, _)| rule.as_str()).collect()
    };
    let mut lines = vec![(
        "rules kept",
        format!("{} of {}", with(RuleVerdict::Passed).len(), object.verdicts.len()),
    )];
    for (name, wanted) in [
        ("decided later", RuleVerdict::AtSigning),
        ("waived", RuleVerdict::Waived),
    ] {
        let rules = with(wanted);
        if !rules.is_empty() {
            lines.push((name, rules.join(", ")));
        }
    }
    lines
}

/// What happens if a signature is lost.
pub(super) fn spare_text(object: &PlannedObject) -> String {
    match (&object.spare, object.deterministic) {
        (_, true) => "the same bytes get the same signature: they can be signed again".to_owned(),
        (Some(spare), false) => format!("people decide: spare serial number {}", spare.serial),
        (None, false) => "people decide whether the same bytes are signed again".to_owned(),
    }
}
