//! What people are shown.

use std::fmt::Display;

use hsm_ca::values::is_unprintable;
use hsm_ca::x509::ExtensionText;

/// Nothing of it moves a cursor, hides, or turns the direction of text.
pub(super) fn printable(shown: impl Display) {
    let text = shown.to_string();
    assert!(!text.contains(is_unprintable), "{text:?}");
}

pub(super) fn printable_extensions(extensions: &[ExtensionText]) {
    for extension in extensions {
        printable(&extension.name);
        printable(&extension.value);
    }
}

/// An error says something.
pub(super) fn told(error: impl Display) {
    assert!(!error.to_string().is_empty());
}
