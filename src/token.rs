//! The PKCS#11 token: module, session, keys, import, signature. Nothing here knows X.509 or files.

mod description;
mod error;
mod import;
mod imported;
mod initialise;
mod key;
mod module;
mod selector;
mod session;
mod signer;
mod softhsm;
mod template;
mod uri;
mod wrapping;

pub use description::{ModuleDescription, PinTries, TokenDescription};
pub use error::TokenError;
pub use import::ImportRoute;
pub use imported::ImportedKey;
pub use initialise::initialise_token;
pub use key::{KeyClass, KeyDescription, PrivateKey};
pub use module::{Module, Token};
pub use selector::{KeySelector, TokenSelector};
pub use session::Session;
pub use signer::TokenSigner;
pub use softhsm::{find_softhsm_module, softhsm_configuration};
pub use template::{KeyAttributes, UnfitAttribute};
pub use uri::{Pkcs11Uri, UriError};
pub use wrapping::WrappingKey;
