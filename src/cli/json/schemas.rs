//! The schemas, as they are checked in.

/// Each schema with its name, sorted.
pub(in crate::cli) const SCHEMAS: &[(&str, &str)] = &[
    (
        "completions",
        include_str!("../../../docs/schema/completions.json"),
    ),
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
    ("man", include_str!("../../../docs/schema/man.json")),
    ("options", include_str!("../../../docs/schema/options.json")),
    (
        "profile-list",
        include_str!("../../../docs/schema/profile-list.json"),
    ),
    (
        "profile-show",
        include_str!("../../../docs/schema/profile-show.json"),
    ),
    ("schema", include_str!("../../../docs/schema/schema.json")),
    (
        "show-ceremony-plan",
        include_str!("../../../docs/schema/show-ceremony-plan.json"),
    ),
    (
        "show-ledger-export",
        include_str!("../../../docs/schema/show-ledger-export.json"),
    ),
    ("show-pair", include_str!("../../../docs/schema/show-pair.json")),
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
