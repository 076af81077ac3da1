//! What can go wrong, and what is known then.

use std::{error::Error, sync::Arc};

use rusqlite::{
    ErrorCode,
    ffi::{SQLITE_IOERR_SHMSIZE as NO_ROOM_FOR_INDEX, SQLITE_IOERR_SHORT_READ as SHORT_READ},
};

use crate::store::{OpenError, StoreError};

/// Why an operation could not run.
#[derive(Debug)]
pub(super) enum Fault {
    /// The whole transaction is off.
    Sqlite(rusqlite::Error),
    /// This operation alone is off: it met a row that no version of this store writes.
    Damaged(Box<str>),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error {
            // The file ends within the bytes of a document.
            rusqlite::Error::SqliteFailure(why, _) if why.extended_code == SHORT_READ => {
                Self::Damaged("the bytes of a document are not all there".into())
            }
            rusqlite::Error::SqliteFailure(..) => Self::Sqlite(error),
            // All others are values that are not what the table's columns hold.
            other => Self::Damaged(other.to_string().into()),
        }
    }
}

/// A transaction that did not succeed.
#[derive(Debug)]
pub(super) struct Setback {
    pub(super) failure: SqliteFailure,
    /// Whether the transaction may have happened nevertheless.
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
            SqliteFailure::Full => Self::Full("the disk has no room"),
            SqliteFailure::Damaged(what) => Self::Damaged((*what).into()),
            SqliteFailure::Unavailable(error) => Self::Unavailable(Box::new(error)),
        }
    }
}

/// Whether the disk has no room: also where SQLite cannot make the index of its log longer and
/// has no word of its own for that.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || error
            .sqlite_error()
            .is_some_and(|error| error.extended_code == NO_ROOM_FOR_INDEX)
}

/// Whether a connection is as good as before after this error; any other one is given up.
pub(super) fn is_passing(error: &rusqlite::Error) -> bool {
    is_full(error) || is_busy(error)
}

/// Whether a `COMMIT` that failed with this error has certainly not written the end of its
/// transaction: not with another process in the way, and not where the log had no room. After any
/// other error it may have, and so it has where only the index of the log had none.
pub(super) fn is_certain(error: &rusqlite::Error) -> bool {
    is_busy(error) || error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}
