//! An option that only another one puts to use is refused without it: silence would look like obedience.

use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::cli::Cli;

/// A command line without the option that one of its options needs, and that needed option.
const IDLE: &[(&str, &str)] = &[
    ("crl create --ca a --out b --profile c", "--all-shards"),
    ("crl create --ca a --out b --profile c", "--shard"),
    ("crl create --ca a --out b --shard 1", "--profile"),
    ("crl create --ca a --out b --out-dir c", "--all-shards"),
    ("crl create --ca a --out b --base-dir c", "--all-shards"),
    ("crl create --ca a --all-shards --profile b", "--out-dir"),
    ("crl create --ca a --all-shards --out-dir b", "--profile"),
    ("ledger prove 1 --verifier-key KEY", "--checkpoint"),
    ("ledger prove 1 --verifier-key KEY", "--since"),
    ("ledger verify --verifier-key KEY", "--checkpoint"),
    ("cluster check --client-ca a --dir b", "--client-cert"),
    ("token bench --force", "--plot"),
    ("ceremony plan --offline --out a", "FILE"),
    ("ceremony approve a --ssh-key b --reject", "--because"),
    ("ceremony approve a --ssh-key b --because c", "--reject"),
];

#[cfg(feature = "aws")]
const IDLE_WITH_AWS: &[(&str, &str)] = &[
    ("doctor --grant-token aa", "--key-id"),
    ("doctor --grant-token aa", "--pair"),
    (
        "kms import a --label b --keep-recipient-key",
        "--attestation-document",
    ),
    (
        "cluster initialize cluster-aaaaaaaaaaa --signed-cert a --trust-anchor b --wait-seconds 9",
        "--wait",
    ),
];

#[cfg(not(feature = "aws"))]
const IDLE_WITH_AWS: &[(&str, &str)] = &[];

/// A key in the form that `ledger checkpoint` prints.
const VERIFIER_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

#[test]
fn an_option_without_the_one_that_uses_it_is_refused() {
    for (line, needed) in IDLE.iter().chain(IDLE_WITH_AWS) {
        let line = line.replace("KEY", VERIFIER_KEY);
        let words = std::iter::once("hsm-ca").chain(line.split(' '));
        let error = Cli::command().try_get_matches_from(words).unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::MissingRequiredArgument,
            "{line}: {error}"
        );
        assert!(error.to_string().contains(needed), "{line}: {error}");
    }
}

/// The parser does not look for a required option that another one excludes.
#[cfg(feature = "aws")]
#[test]
fn a_cluster_is_named_once() {
    let words = [
        "hsm-ca",
        "cluster",
        "check",
        "cluster-aaaaaaaaaaa",
        "--cluster",
        "cluster-bbbbbbbbbbb",
    ];
    let error = Cli::command().try_get_matches_from(words).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ArgumentConflict, "{error}");
}
