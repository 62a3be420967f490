//! The tables that are derived from the events, the same in every database.

/// A table that is derived from the events.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    /// How many of the columns, from the first, are the key.
    pub(super) key: usize,
    /// The columns, by index, that one event sets: a row is set by several events. The first set is always present; another one is present
    /// if one of its columns outside the key is not null.
    pub(super) statements: &'static [&'static [usize]],
}

/// The indices of the tables in [`TABLES`].
pub(super) mod place {
    pub(in crate::ledger) const AUTHORITIES: usize = 0;
    pub(in crate::ledger) const ENTRIES: usize = 1;
    pub(in crate::ledger) const SERIALS: usize = 2;
    pub(in crate::ledger) const CRL_NUMBERS: usize = 3;
    pub(in crate::ledger) const REVOCATIONS: usize = 4;
    pub(in crate::ledger) const DELIVERIES: usize = 5;
    pub(in crate::ledger) const REQUESTS: usize = 6;
    pub(in crate::ledger) const KEYS: usize = 7;
    pub(in crate::ledger) const NAMES: usize = 8;
    pub(in crate::ledger) const AUTHORITY_CERTIFICATES: usize = 9;
}

/// No table has more columns.
pub(super) const MOST_COLUMNS: usize = 6;

pub(super) const TABLES: [Table; 10] = [
    Table {
        name: "authorities",
        columns: &["id", "issuer", "key_sha256", "subject_der", "subject"],
        key: 1,
        statements: &[&[0, 1, 2, 3, 4]],
    },
    Table {
        name: "entries",
        columns: &["sequence", "authority", "kind", "outcome", "ended"],
        key: 1,
        statements: &[&[0, 1, 2], &[0, 3, 4]],
    },
    Table {
        name: "serials",
        columns: &["issuer", "serial", "entry", "not_after"],
        key: 2,
        statements: &[&[0, 1, 2, 3]],
    },
    Table {
        name: "crl_numbers",
        columns: &["issuer", "number", "reserved", "complete", "delta"],
        key: 2,
        statements: &[&[0, 1, 2], &[0, 1, 3], &[0, 1, 4]],
    },
    Table {
        name: "revocations",
        columns: &[
            "authority",
            "serial",
            "reason",
            "revoked",
            "invalidity_date",
            "changed",
        ],
        key: 2,
        statements: &[&[0, 1, 2, 3, 4, 5]],
    },
    Table {
        name: "deliveries",
        columns: &["entry", "delivered"],
        key: 1,
        statements: &[&[0], &[0, 1]],
    },
    Table {
        name: "requests",
        columns: &["authority", "request_sha256", "entry"],
        key: 3,
        statements: &[&[0, 1, 2]],
    },
    Table {
        name: "keys",
        columns: &["begun", "ended"],
        key: 1,
        statements: &[&[0], &[0, 1]],
    },
    Table {
        name: "names",
        columns: &["entry", "names"],
        key: 1,
        statements: &[&[0, 1]],
    },
    Table {
        name: "authority_certificates",
        columns: &["authority", "sha256", "path", "event"],
        key: 2,
        statements: &[&[0, 1, 2, 3]],
    },
];
