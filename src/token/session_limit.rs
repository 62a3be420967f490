//! How many sessions a token can have, seen before one more is opened.

use cryptoki_sys::{CK_EFFECTIVELY_INFINITE, CK_UNAVAILABLE_INFORMATION};

use super::{Token, TokenError};

impl Token {
    /// Refuses another session if the token or its module cannot have one.
    pub(super) fn require_room(&self) -> Result<(), TokenError> {
        let token = &self.description().label;
        if self.module().is_single_threaded() {
            return Err(TokenError::NoLocks { token: token.clone() });
        }
        // Read again, because the number of open sessions changes.
        let Ok(info) = self.module().native().token_info(self.slot) else {
            // C_OpenSession will report what is wrong.
            return Ok(());
        };
        match limit_reached(info.ulMaxSessionCount, info.ulSessionCount) {
            Some(limit) => Err(TokenError::SessionLimit {
                token: token.clone(),
                limit: Some(limit),
            }),
            None => Ok(()),
        }
    }
}

/// The limit, if `open` sessions reach it; `CK_TOKEN_INFO` (PKCS#11 v2.40 section 3.2) has two values that are not numbers.
fn limit_reached(limit: u64, open: u64) -> Option<u64> {
    let is_number = |value| value != CK_UNAVAILABLE_INFORMATION;
    let is_limited = limit != CK_EFFECTIVELY_INFINITE && is_number(limit);
    (is_limited && is_number(open) && open >= limit).then_some(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_reached_only_where_the_token_gives_both_numbers() {
        assert_eq!(limit_reached(4, 3), None);
        assert_eq!(limit_reached(4, 4), Some(4));
        assert_eq!(limit_reached(4, 5), Some(4));
        assert_eq!(limit_reached(1, 1), Some(1));
        assert_eq!(limit_reached(CK_EFFECTIVELY_INFINITE, 1_000_000), None);
        assert_eq!(limit_reached(CK_UNAVAILABLE_INFORMATION, 1_000_000), None);
        assert_eq!(limit_reached(4, CK_UNAVAILABLE_INFORMATION), None);
    }
}
