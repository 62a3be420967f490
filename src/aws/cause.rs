//! The chain of causes below an error of the SDK.

use std::error::Error as StdError;

/// The cause at the bottom says what happened ("connection refused"), those above only where.
pub(super) fn innermost(error: &dyn StdError) -> String {
    let mut current = error;
    while let Some(source) = current.source() {
        current = source;
    }
    current.to_string()
}

/// Every message of the chain, in lower case.
pub(super) fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut current = error.source();
    while let Some(source) = current {
        text.push_str(": ");
        text.push_str(&source.to_string());
        current = source.source();
    }
    text.to_lowercase()
}

/// The first cause of type `T`, the error itself included.
pub(super) fn find_cause<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        current = error.source();
    }
    None
}
