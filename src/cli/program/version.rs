//! `version`.

use hsm_ca::token::PKCS11_HEADERS;

use crate::cli::json::Output as _;
use crate::cli::json::program::Version;
use crate::cli::report::{Fields, Report};

/// The crates that compute, encode or compare something that a signature depends on.
const CRYPTOGRAPHY: [&str; 12] = [
    "aws-lc-rs",
    "aws-lc-sys",
    "sha2",
    "crypto-bigint",
    "num-bigint",
    "rustls",
    "zeroize",
    "der",
    "x509-cert",
    "x509-parser",
    "cryptoki",
    "cryptoki-sys",
];

const NOT_RECORDED: &str = "not recorded: a debug build, or one from source without its history";

pub(super) fn show(verbose: bool) -> Report {
    let version = env!("CARGO_PKG_VERSION");
    let commit = Some(env!("HSM_CA_COMMIT")).filter(|commit| !commit.is_empty());
    let features = features();
    let crates = crates(env!("HSM_CA_CRATES"));
    let (major, minor) = PKCS11_HEADERS;
    let api = format!("PKCS#11 {major}.{minor}");
    let mut text = format!("hsm-ca {version}\n");
    if verbose {
        let mut fields = Fields::default();
        fields.add("commit", commit.unwrap_or(NOT_RECORDED)).add(
            "features",
            if features.is_empty() {
                "none".to_owned()
            } else {
                features.join(", ")
            },
        );
        fields.add(
            "module API",
            format!("{api} headers; `hsm-ca token show` shows a module's version"),
        );
        for (name, version) in &crates {
            fields.add(name.as_str(), version);
        }
        text.push_str(&fields.render(2));
    }
    let json = Version {
        version,
        commit,
        features,
        module_api: api,
        crates: crates.into_iter().collect(),
    };
    Report::new(text, json.document())
}

fn features() -> Vec<&'static str> {
    let all = [
        ("aws", cfg!(feature = "aws")),
        ("nitro-enclave", cfg!(feature = "nitro-enclave")),
        ("postgres", cfg!(feature = "postgres")),
    ];
    all.into_iter()
        .filter(|(_, is_on)| *is_on)
        .map(|(name, _)| name)
        .collect()
}

/// The cryptography crates in this build. Two versions of a crate are both listed.
fn crates(locked: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for name in CRYPTOGRAPHY {
        if name == "rustls" && !cfg!(any(feature = "aws", feature = "postgres")) {
            continue;
        }
        let versions: Vec<_> = locked
            .split(' ')
            .filter_map(|one| one.split_once('='))
            .filter(|(other, _)| *other == name)
            .map(|(_, version)| version)
            .collect();
        if !versions.is_empty() {
            found.push((name.to_owned(), versions.join(", ")));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_cryptography_is_in_the_lock_file() {
        let found = crates(env!("HSM_CA_CRATES"));
        let names: Vec<_> = found.iter().map(|(name, _)| name.as_str()).collect();
        let missing: Vec<_> = CRYPTOGRAPHY.iter().filter(|name| !names.contains(name)).collect();
        assert!(
            missing.is_empty() || missing == [&"rustls"],
            "not in Cargo.lock: {missing:?}"
        );
    }
}
