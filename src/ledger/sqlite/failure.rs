//! Translates SQLite's errors.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Error as SqliteError, ErrorCode, ffi};

use super::super::store::Contradiction;
use super::super::{LedgerError, LedgerPlace};

/// An error to which the file's name is still to be added.
#[derive(Debug)]
pub(in crate::ledger) enum Failure {
    Sqlite(SqliteError),
    /// The tables contradict the events.
    Contradiction(String),
    Ledger(LedgerError),
}

impl From<SqliteError> for Failure {
    fn from(error: SqliteError) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Contradiction> for Failure {
    fn from(Contradiction(found): Contradiction) -> Self {
        Self::Contradiction(found)
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl Failure {
    pub(super) fn contradiction(found: impl Into<String>) -> Self {
        Self::Contradiction(found.into())
    }

    /// Whether SQLite could not create its shared memory beside the file.
    pub(super) fn is_no_place_for_shared_memory(&self) -> bool {
        let code = match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        };
        matches!(code, Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly))
    }

    pub(super) fn is_busy(&self) -> bool {
        let code = match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        };
        matches!(code, Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// The text without the file's name, for a report.
    pub(in crate::ledger) fn text(&self) -> String {
        match self {
            Self::Sqlite(error) => error.to_string(),
            Self::Contradiction(found) => found.clone(),
            Self::Ledger(error) => error.to_string(),
        }
    }

    /// Adds the file's name.
    pub(super) fn of(self, path: &Path, waited: Duration) -> LedgerError {
        let place = LedgerPlace::file(path);
        let error = match self {
            Self::Ledger(error) => return error,
            Self::Contradiction(found) => return LedgerError::Damaged { place, found },
            Self::Sqlite(error) => error,
        };
        let found = error.to_string();
        let extended = error.sqlite_error().map(|error| error.extended_code);
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                LedgerError::Locked { place, waited }
            }
            Some(ErrorCode::DiskFull) => LedgerError::Full { place },
            // The shared memory beside the file could not grow.
            _ if extended == Some(ffi::SQLITE_IOERR_SHMSIZE) => LedgerError::Full { place },
            Some(ErrorCode::NotADatabase) => LedgerError::NotALedger {
                place,
                found: "not an SQLite database",
            },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                LedgerError::Denied { place, found }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation) => {
                LedgerError::Damaged { place, found }
            }
            _ if matches!(
                error,
                SqliteError::FromSqlConversionFailure(..)
                    | SqliteError::InvalidColumnType(..)
                    | SqliteError::QueryReturnedNoRows
                    | SqliteError::IntegralValueOutOfRange(..)
                    | SqliteError::Utf8Error(..)
            ) =>
            {
                LedgerError::Damaged { place, found }
            }
            _ => LedgerError::Failed { place, found },
        }
    }
}

/// A number for a column.
pub(super) fn column(number: u64) -> Result<i64, LedgerError> {
    i64::try_from(number).map_err(|_| LedgerError::Range)
}

/// A number from a column.
pub(super) fn natural(number: i64) -> Result<u64, Failure> {
    u64::try_from(number).map_err(|_| Failure::contradiction(format!("a number is negative: {number}")))
}
