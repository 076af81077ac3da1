//! What can go wrong, and whether it is certain that nothing was written.

use std::{error::Error, sync::Arc};

use rusqlite::{
    ErrorCode,
    ffi::{SQLITE_IOERR_SHMSIZE as NO_ROOM_FOR_INDEX, SQLITE_IOERR_SHORT_READ as SHORT_READ},
};

use crate::store::{OpenError, StoreError};

/// Why an operation could not run.
#[derive(Debug)]
pub(super) enum Fault {
    /// The whole transaction failed.
    Sqlite(rusqlite::Error),
    /// Only this operation failed: it met a row that no version of this store writes.
    Damaged(Box<str>),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            // The file ends within the bytes of a document.
            rusqlite::Error::SqliteFailure(why, _) if why.extended_code == SHORT_READ => {
                Self::Damaged("the end of a document is missing".into())
            }
            rusqlite::Error::SqliteFailure(..) => Self::Sqlite(error),
            // All other errors come from values that do not fit the columns of the table.
            other => Self::Damaged(other.to_string().into()),
        }
    }
}

/// A transaction that failed.
#[derive(Debug)]
pub(super) struct Setback {
    pub(super) failure: SqliteFailure,
    /// Whether the transaction may still have happened.
    pub(super) in_doubt: bool,
}

impl Setback {
    pub(super) fn certain(failure: impl Into<SqliteFailure>) -> Self {
        Self {
            failure: failure.into(),
            in_doubt: false,
        }
    }
}

/// A [`StoreError`] for all operations of one transaction.
#[derive(Clone, Debug)]
pub(super) enum SqliteFailure {
    Full,
    Damaged(Arc<str>),
    Unavailable(Arc<dyn Error + Send + Sync>),
}

impl SqliteFailure {
    pub(super) fn unavailable(why: &str) -> Self {
        Self::Unavailable(Arc::from(Box::<dyn Error + Send + Sync>::from(why)))
    }
}

impl From<rusqlite::Error> for SqliteFailure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            _ if is_full(&error) => Self::Full,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Damaged(error.to_string().into())
            }
            _ => Self::Unavailable(Arc::new(error)),
        }
    }
}

impl From<OpenError> for SqliteFailure {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Damaged { .. }
            | OpenError::NotADatabase { .. }
            | OpenError::Foreign { .. }
            | OpenError::Layout { .. } => Self::Damaged(error.to_string().into()),
            other => Self::Unavailable(Arc::new(other)),
        }
    }
}

impl From<SqliteFailure> for StoreError {
    fn from(failure: SqliteFailure) -> Self {
        match failure {
            SqliteFailure::Full => Self::Full("the disk has no room left"),
            SqliteFailure::Damaged(what) => Self::Damaged((*what).into()),
            SqliteFailure::Unavailable(error) => Self::Unavailable(Box::new(error)),
        }
    }
}

/// Whether the disk has no room left. This includes the case that SQLite cannot extend the index of
/// its log, for which it has no error code of its own.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == NO_ROOM_FOR_INDEX)
}

/// Whether a connection can still be used after this error. After any other error the store gives it up.
pub(super) fn is_passing(error: &rusqlite::Error) -> bool {
    is_full(error) || is_busy(error)
}

/// Whether a `COMMIT` that failed with this error certainly did not write the end of its
/// transaction. This is certain if another process held the lock, or if the log had no room. It is
/// not certain after any other error. If only the index of the log had no room, the end is written.
pub(super) fn is_certain(error: &rusqlite::Error) -> bool {
    is_busy(error) || error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
