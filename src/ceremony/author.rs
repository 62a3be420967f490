//! Who says a note, a deviation or an abort in the transcript: a person of the plan, a login, or this program.

use super::PlannedPeople;
use super::look_alike::look_alike;

/// The author of the program's own entries.
pub(crate) const PROGRAM: &str = env!("CARGO_PKG_NAME");

/// How the author begins if it is a login.
const LOGIN: &str = "login ";

/// The author if nobody said whose remark it is.
pub(crate) fn login_author(login: &str) -> String {
    format!("{LOGIN}{login}")
}

/// Whether this can be an author.
pub(super) fn is_author(people: &PlannedPeople, by: &str) -> bool {
    by == PROGRAM
        || by.strip_prefix(LOGIN).is_some_and(|login| !login.is_empty())
        || people.person(by).is_some()
}

/// Whether people could take a person with this name for a login or for the program.
pub(super) fn is_reserved(name: &str) -> bool {
    let begins: String = name.chars().take(LOGIN.len()).collect();
    look_alike(name, PROGRAM) || look_alike(&begins, LOGIN)
}
