//! Finds an independent program.

use std::path::{Path, PathBuf};

use crate::file_trust::{self, Owners, TrustError};
use crate::x509::Linter;

/// The file of a program: its path, or the first file of that name in [`Linter::PATH`]. `None` if it does not exist. The caller's `PATH` is not
/// used.
///
/// # Errors
/// [`TrustError`] if anyone but its owner or root could change it.
pub(super) fn find_program(program: &str) -> Result<Option<PathBuf>, TrustError> {
    let found = if program.contains('/') {
        Some(PathBuf::from(program))
    } else {
        let mut places = Linter::PATH
            .split(':')
            .map(|place| Path::new(place).join(program));
        places.find(|place| place.is_file())
    };
    match found.filter(|found| found.exists()) {
        Some(found) => file_trust::check_file(&found, Owners::Any).map(|_| Some(found)),
        None => Ok(None),
    }
}
