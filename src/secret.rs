//! Secrets as types: wiped when dropped, redacted in `Debug`, without `Clone`, in memory that is not swapped
//! and not dumped.

mod ed25519_key;
mod locked;
mod memory_guard;
mod pem;
mod pin;
mod pkcs8;
mod practice_key;
mod private_key;
#[cfg(feature = "postgres")]
mod tls_key;

pub use ed25519_key::{Ed25519Key, Ed25519KeyError};
pub use locked::LockedBytes;
pub use memory_guard::{MemoryError, MemoryGuard};
pub use pin::Pin;
pub(crate) use practice_key::PracticeKeyPair;
pub use private_key::{CheckedPrivateKey, PrivateKeyDer, PrivateKeyError, PrivateKeyParts};
#[cfg(feature = "postgres")]
pub(crate) use tls_key::{TlsKey, TlsKeyForm};
