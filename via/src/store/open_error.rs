//! Why a store could not be opened.

use std::{error::Error, path::PathBuf};

type Source = Box<dyn Error + Send + Sync>;

/// Why a store could not be opened. An existing store is unchanged.
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
    /// The URL names a kind of store that is not compiled into this build.
    #[error("`{scheme}` stores are not available in this build{hint}")]
    NotAvailable {
        /// The beginning of the URLs of such stores.
        scheme: &'static str,
        /// What to do about it, or an empty string.
        hint: &'static str,
    },
    /// The path cannot be used, or the file cannot be opened or created.
    #[error("cannot open the store `{path}`: {reason}")]
    Place {
        /// The file of the store.
        path: PathBuf,
        /// Why not.
        reason: String,
        /// The error of the operating system or of SQLite, if there is one.
        #[source]
        source: Option<Source>,
    },
    /// The file is not a SQLite database.
    #[error("cannot open the store `{path}`: the file is not a SQLite database")]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        #[source]
        source: Source,
    },
    /// The file is a SQLite database, but not a store.
    #[error(
        "cannot open the store `{path}`: the file is a SQLite database of another program \
         (application id {application_id:#x}, format {format}); choose another path"
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
        "cannot open the store `{path}`: it has format {found}, which a newer version of via wrote; \
         this version knows formats up to {known}, so run the newer version"
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i32,
        /// The newest format that this build knows.
        known: i32,
    },
    /// The file has the format number of this build, but another table: a version of `via` before
    /// the first release made it.
    #[error(
        "cannot open the store `{path}`: its table is not that of format {format} ({source}), so an \
         unreleased version of via made it; it was not changed, choose another path"
    )]
    Layout {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: i32,
        /// The error of SQLite, which names what is missing.
        #[source]
        source: Source,
    },
    /// The file fails the check of SQLite, or a row differs from its hash.
    #[error(
        "cannot open the store `{path}`: the database is damaged ({finding}); it was not changed, \
         restore it from a backup"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The first problem that was found.
        finding: String,
    },
    /// The linked SQLite has a known bug that loses data.
    #[error(
        "this build uses SQLite {version}, which can damage a database with several writers; \
         build with SQLite 3.51.3 or newer"
    )]
    OldSqlite {
        /// The version that is linked.
        version: String,
    },
    /// The Redis server does not answer or cannot be reached.
    #[error("cannot reach the Redis server at `{endpoint}`: {source}")]
    Unreachable {
        /// Its host and port.
        endpoint: String,
        /// The error of the connection.
        #[source]
        source: Source,
    },
    /// The Redis server answers, but it would lose documents, or contradicts the URL.
    #[error("cannot use the Redis server at `{endpoint}`: {reason}")]
    Redis {
        /// Its host and port.
        endpoint: String,
        /// What is wrong, and what to change.
        reason: String,
    },
    /// Any other error of SQLite.
    #[error("cannot open the store `{path}`: {source}")]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The error of SQLite.
        #[source]
        source: Source,
    },
}
