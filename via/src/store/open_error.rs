//! Why a store could not be opened.

use std::{error::Error, path::PathBuf};

type Source = Box<dyn Error + Send + Sync>;

/// Why a store could not be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL does not name a store.
    #[error(
        "`{url}` does not name a store: {reason}; write `memory:`, `sqlite://relative/path.db`, \
         `sqlite:///absolute/path.db`, or `redis://host:port/database`"
    )]
    Url {
        /// The URL, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The URL names a kind of store that this build does not have.
    #[error("`{scheme}` stores are not available in this build{hint}")]
    NotAvailable {
        /// How URLs of such stores begin.
        scheme: &'static str,
        /// What to do about it, or nothing.
        hint: &'static str,
    },
    /// No file can be opened or made in this place.
    #[error("cannot open the store `{path}`: {reason}")]
    Place {
        /// The file of the store.
        path: PathBuf,
        /// Why not.
        reason: String,
        /// What the operating system or SQLite said, if it was asked.
        #[source]
        source: Option<Source>,
    },
    /// The file is something else.
    #[error("cannot open the store `{path}`: the file is not a SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: Source,
    },
    /// The file is a SQLite database, but no store.
    #[error(
        "cannot open the store `{path}`: the file is a SQLite database of another program \
         (application id {application_id:#x}, format {format})"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its `PRAGMA application_id`.
        application_id: i32,
        /// Its `PRAGMA user_version`.
        format: i32,
    },
    /// A newer version of `via` made the file.
    #[error(
        "cannot open the store `{path}`: it has format {found}, made by a newer version of via; \
         this version knows formats up to {known}"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i32,
        /// The newest format that this build knows.
        known: i32,
    },
    /// The file has the format of this build, but not its table: it was made before the first
    /// release.
    #[error(
        "cannot open the store `{path}`: its table is not that of format {format} ({source}); it \
         was left as it is"
    )]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: i32,
        /// What SQLite misses.
        #[source]
        source: Source,
    },
    /// The file does not pass SQLite's check, or a row in it is not what was written.
    #[error(
        "cannot open the store `{path}`: the database is damaged ({finding}); it was left as it is, \
         restore it from a backup"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first finding.
        finding: String,
    },
    /// The linked SQLite has a known fault that loses data.
    #[error(
        "this build uses SQLite {version}, which can damage a database that has several writers; \
         build with SQLite 3.51.3 or newer"
    )]
    OldSqlite {
        /// The version that is linked.
        version: String,
    },
    /// A server does not answer, or the way to it is closed.
    #[error("cannot reach the Redis at `{place}`: {source}")]
    Unreachable {
        /// Its host and port.
        place: String,
        /// What came instead of an answer.
        #[source]
        source: Source,
    },
    /// A server answers, but it cannot keep documents, or is not what the URL says of it.
    #[error("cannot use the Redis at `{place}`: {reason}")]
    Redis {
        /// Its host and port.
        place: String,
        /// What is wrong, and what to change.
        reason: String,
    },
    /// Anything else that SQLite refused.
    #[error("cannot open the store `{path}`: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: Source,
    },
}
