//! The type of the terminal, as the environment names it.

use std::env;

/// Whether `TERM` names a terminal that has no colours and does not move its cursor.
pub(super) fn is_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}
