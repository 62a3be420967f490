//! Writes files: complete or not at all, never over another file, and only with verified content.

mod database;
mod destination;
mod directory;
mod directory_lock;
mod error;
mod holder;
mod lock_file;
mod manual;
mod pem;
mod protected;
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
pub use pem::{encode_pem, pem_length, write_pem};
pub use protected::Protected;
pub use subdirectory::Subdirectory;
pub(crate) use temporary::make_temporary;
pub(crate) use verified::sealed::Sealed;
pub use verified::{Encoding, Verified};
pub use written::Written;
