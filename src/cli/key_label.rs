//! The label of a key, as an option.

use hsm_ca::kms::SigningKeyName;
use hsm_ca::token::Pkcs11Uri;
use hsm_ca::values::is_unprintable;

/// CloudHSM's limit is 126 characters (its CLI's key-attributes table). Control characters could disguise a label, and `kms:` and `pkcs11:`
/// have a meaning in the names of keys.
pub(super) fn key_label(text: &str) -> Result<String, String> {
    let fits = !text.is_empty()
        && text.len() <= 126
        && ![Pkcs11Uri::SCHEME, SigningKeyName::SCHEME]
            .iter()
            .any(|scheme| text.starts_with(scheme))
        && !text.contains(is_unprintable);
    fits.then(|| text.to_owned()).ok_or_else(|| {
        "a label has 1 to 126 bytes, no invisible characters, and does not start with pkcs11: or kms:"
            .to_owned()
    })
}
