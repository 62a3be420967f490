//! What [`super::NativeModule`] does between `C_SignInit` and `C_Sign`.

use crate::secret::Pin;

/// What a key needs between the start of its use and the use itself.
#[derive(Clone, Copy, Debug)]
pub(in crate::token) enum Authentication<'a> {
    /// Nothing: the login is enough.
    None,
    /// The PIN again.
    Pin(&'a Pin),
    /// The PIN again, at the token's own keypad.
    Keypad,
}
