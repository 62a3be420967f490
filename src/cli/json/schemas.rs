//! The schemas, as checked in.

/// Each schema with its name, sorted.
pub(in crate::cli) const SCHEMAS: &[(&str, &str)] = &[
    ("ca-adopt", include_str!("../../../docs/schema/ca-adopt.json")),
    ("ca-create", include_str!("../../../docs/schema/ca-create.json")),
    (
        "ceremony-abort",
        include_str!("../../../docs/schema/ceremony-abort.json"),
    ),
    (
        "ceremony-approvals",
        include_str!("../../../docs/schema/ceremony-approvals.json"),
    ),
    (
        "ceremony-approve",
        include_str!("../../../docs/schema/ceremony-approve.json"),
    ),
    (
        "ceremony-attest",
        include_str!("../../../docs/schema/ceremony-attest.json"),
    ),
    (
        "ceremony-check",
        include_str!("../../../docs/schema/ceremony-check.json"),
    ),
    (
        "ceremony-export",
        include_str!("../../../docs/schema/ceremony-export.json"),
    ),
    (
        "ceremony-new",
        include_str!("../../../docs/schema/ceremony-new.json"),
    ),
    (
        "ceremony-note",
        include_str!("../../../docs/schema/ceremony-note.json"),
    ),
    (
        "ceremony-plan",
        include_str!("../../../docs/schema/ceremony-plan.json"),
    ),
    (
        "ceremony-rehearse",
        include_str!("../../../docs/schema/ceremony-rehearse.json"),
    ),
    (
        "ceremony-rehearse-session",
        include_str!("../../../docs/schema/ceremony-rehearse-session.json"),
    ),
    (
        "ceremony-report",
        include_str!("../../../docs/schema/ceremony-report.json"),
    ),
    (
        "ceremony-run",
        include_str!("../../../docs/schema/ceremony-run.json"),
    ),
    (
        "ceremony-script",
        include_str!("../../../docs/schema/ceremony-script.json"),
    ),
    (
        "ceremony-show",
        include_str!("../../../docs/schema/ceremony-show.json"),
    ),
    (
        "ceremony-verify",
        include_str!("../../../docs/schema/ceremony-verify.json"),
    ),
    (
        "cert-cross-sign",
        include_str!("../../../docs/schema/cert-cross-sign.json"),
    ),
    (
        "cert-revoke",
        include_str!("../../../docs/schema/cert-revoke.json"),
    ),
    ("cert-rules", include_str!("../../../docs/schema/cert-rules.json")),
    ("cert-show", include_str!("../../../docs/schema/cert-show.json")),
    (
        "cert-verify",
        include_str!("../../../docs/schema/cert-verify.json"),
    ),
    (
        "cluster-check",
        include_str!("../../../docs/schema/cluster-check.json"),
    ),
    (
        "cluster-fetch",
        include_str!("../../../docs/schema/cluster-fetch.json"),
    ),
    (
        "cluster-initialize",
        include_str!("../../../docs/schema/cluster-initialize.json"),
    ),
    (
        "cluster-list",
        include_str!("../../../docs/schema/cluster-list.json"),
    ),
    (
        "cluster-verify",
        include_str!("../../../docs/schema/cluster-verify.json"),
    ),
    (
        "completions",
        include_str!("../../../docs/schema/completions.json"),
    ),
    ("crl-create", include_str!("../../../docs/schema/crl-create.json")),
    (
        "crl-create-shards",
        include_str!("../../../docs/schema/crl-create-shards.json"),
    ),
    ("crl-show", include_str!("../../../docs/schema/crl-show.json")),
    ("csr-create", include_str!("../../../docs/schema/csr-create.json")),
    ("csr-show", include_str!("../../../docs/schema/csr-show.json")),
    ("csr-sign", include_str!("../../../docs/schema/csr-sign.json")),
    (
        "csr-sign-line",
        include_str!("../../../docs/schema/csr-sign-line.json"),
    ),
    ("doctor", include_str!("../../../docs/schema/doctor.json")),
    ("error", include_str!("../../../docs/schema/error.json")),
    ("key-delete", include_str!("../../../docs/schema/key-delete.json")),
    (
        "key-export-public",
        include_str!("../../../docs/schema/key-export-public.json"),
    ),
    (
        "key-generate",
        include_str!("../../../docs/schema/key-generate.json"),
    ),
    ("key-list", include_str!("../../../docs/schema/key-list.json")),
    ("key-show", include_str!("../../../docs/schema/key-show.json")),
    ("key-verify", include_str!("../../../docs/schema/key-verify.json")),
    ("kms-attest", include_str!("../../../docs/schema/kms-attest.json")),
    (
        "kms-create-key",
        include_str!("../../../docs/schema/kms-create-key.json"),
    ),
    (
        "kms-generate-key-pair",
        include_str!("../../../docs/schema/kms-generate-key-pair.json"),
    ),
    ("kms-import", include_str!("../../../docs/schema/kms-import.json")),
    (
        "kms-recipient-key",
        include_str!("../../../docs/schema/kms-recipient-key.json"),
    ),
    (
        "kms-recipient-key-delete",
        include_str!("../../../docs/schema/kms-recipient-key-delete.json"),
    ),
    (
        "ledger-accept",
        include_str!("../../../docs/schema/ledger-accept.json"),
    ),
    (
        "ledger-checkpoint",
        include_str!("../../../docs/schema/ledger-checkpoint.json"),
    ),
    (
        "ledger-copy",
        include_str!("../../../docs/schema/ledger-copy.json"),
    ),
    (
        "ledger-deliver",
        include_str!("../../../docs/schema/ledger-deliver.json"),
    ),
    (
        "ledger-list",
        include_str!("../../../docs/schema/ledger-list.json"),
    ),
    ("ledger-new", include_str!("../../../docs/schema/ledger-new.json")),
    (
        "ledger-prove",
        include_str!("../../../docs/schema/ledger-prove.json"),
    ),
    (
        "ledger-show",
        include_str!("../../../docs/schema/ledger-show.json"),
    ),
    (
        "ledger-verify",
        include_str!("../../../docs/schema/ledger-verify.json"),
    ),
    (
        "ledger-verify-proof",
        include_str!("../../../docs/schema/ledger-verify-proof.json"),
    ),
    ("man", include_str!("../../../docs/schema/man.json")),
    (
        "ocsp-publish",
        include_str!("../../../docs/schema/ocsp-publish.json"),
    ),
    (
        "ocsp-respond",
        include_str!("../../../docs/schema/ocsp-respond.json"),
    ),
    ("ocsp-show", include_str!("../../../docs/schema/ocsp-show.json")),
    ("options", include_str!("../../../docs/schema/options.json")),
    (
        "profile-list",
        include_str!("../../../docs/schema/profile-list.json"),
    ),
    (
        "profile-show",
        include_str!("../../../docs/schema/profile-show.json"),
    ),
    (
        "rig-initialize-token",
        include_str!("../../../docs/schema/rig-initialize-token.json"),
    ),
    ("rig-new", include_str!("../../../docs/schema/rig-new.json")),
    ("schema", include_str!("../../../docs/schema/schema.json")),
    (
        "show-ceremony-export",
        include_str!("../../../docs/schema/show-ceremony-export.json"),
    ),
    (
        "show-ceremony-plan",
        include_str!("../../../docs/schema/show-ceremony-plan.json"),
    ),
    (
        "show-ceremony-statement",
        include_str!("../../../docs/schema/show-ceremony-statement.json"),
    ),
    (
        "show-checkpoint",
        include_str!("../../../docs/schema/show-checkpoint.json"),
    ),
    (
        "show-ledger-export",
        include_str!("../../../docs/schema/show-ledger-export.json"),
    ),
    ("show-pair", include_str!("../../../docs/schema/show-pair.json")),
    ("show-proof", include_str!("../../../docs/schema/show-proof.json")),
    (
        "show-public-key",
        include_str!("../../../docs/schema/show-public-key.json"),
    ),
    (
        "show-settings",
        include_str!("../../../docs/schema/show-settings.json"),
    ),
    (
        "show-transcript",
        include_str!("../../../docs/schema/show-transcript.json"),
    ),
    (
        "token-bench",
        include_str!("../../../docs/schema/token-bench.json"),
    ),
    ("token-list", include_str!("../../../docs/schema/token-list.json")),
    ("token-show", include_str!("../../../docs/schema/token-show.json")),
    ("version", include_str!("../../../docs/schema/version.json")),
];

/// The schema of that name.
pub(in crate::cli) fn schema_of(name: &str) -> Option<&'static str> {
    let at = SCHEMAS.binary_search_by_key(&name, |(name, _)| name).ok()?;
    Some(SCHEMAS[at].1)
}
