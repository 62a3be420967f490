//! Text that people see.

use std::fmt::Display;

use hsm_ca::values::is_unprintable;
use hsm_ca::x509::ExtensionText;

/// It contains no character that moves the cursor, hides text, or changes its direction.
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

/// An error has a message.
pub(super) fn told(error: impl Display) {
    assert!(!error.to_string().is_empty());
}
