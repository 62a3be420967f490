//! Writes files: complete or not at all, never over another file, and only with verified content.

mod database;
mod destination;
mod directory;
mod directory_lock;
mod error;
mod holder;
mod lock_file;
mod manual;
mod occupant;
mod pem;
mod protected;
mod replacement;
mod subdirectory;
mod temporary;
mod verified;
mod written;

pub use database::database_files;
pub use destination::{Destination, Reserved, TriedDirectories};
pub use directory::{NewDirectory, OutputDirectory};
pub use directory_lock::DirectoryLock;
pub use error::OutputError;
pub(crate) use holder::lock_holder;
pub(crate) use lock_file::LockFile;
pub use manual::ManualPage;
pub(crate) use occupant::Occupant;
pub use pem::{encode_pem, pem_length, write_pem};
pub use protected::Protected;
pub(crate) use replacement::{Replaced, Replacement};
pub use subdirectory::Subdirectory;
pub(crate) use temporary::make_temporary;
pub(crate) use verified::sealed::Sealed;
pub use verified::{Encoding, Verified};
pub(crate) use written::Synced;
pub use written::Written;
