//! The tokens of a ceremony.

use std::collections::BTreeMap;

use hsm_ca::token::{Slots, Token, TokenError, TokenSelector};

use crate::cli::exit::CliError;

/// Finds each token of a ceremony by its serial number. `missing` makes the error for a token that is not there, from its name and its serial number.
pub(super) fn find_tokens<'a>(
    wanted: impl Iterator<Item = (&'a String, &'a str)>,
    slots: &Slots,
    missing: impl Fn(String, String) -> CliError,
) -> Result<BTreeMap<String, Token>, CliError> {
    let mut tokens = BTreeMap::new();
    for (name, serial) in wanted {
        let token = slots
            .token(&TokenSelector::with_serial(serial))
            .map_err(|error| match error {
                TokenError::NoToken { .. } => missing(name.clone(), serial.to_owned()),
                other => other.into(),
            })?;
        tokens.insert(name.clone(), token);
    }
    Ok(tokens)
}
