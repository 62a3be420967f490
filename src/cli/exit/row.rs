//! One row of the table.

/// Kind, exit code, hint.
pub(super) type Row = (&'static str, u8, Option<&'static str>);
