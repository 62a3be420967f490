//! A profile from a stranger, in TOML.

use hsm_ca::x509::{ProfileFile, X509Error};

use super::made::{issue, issue_root, named, sound_request};
use super::shown::told;

/// A valid profile issues certificates, or is refused with the name of a rule.
pub fn check(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let file: ProfileFile = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => return told(error),
    };
    let profile = match file.check() {
        Ok(profile) => profile,
        Err(error @ X509Error::Profile { .. }) => return told(error),
        Err(other) => panic!("no field: {other:?}"),
    };
    assert!((1..=profile.longest_days.unwrap_or(u32::MAX)).contains(&profile.default_days));
    let outcome = match profile.is_self_signed() {
        true => issue_root(profile),
        false => issue(profile, &sound_request()),
    };
    match outcome {
        Ok(_) | Err(X509Error::OutlivesIssuer { .. }) => {}
        Err(error) => named(&error),
    }
}
