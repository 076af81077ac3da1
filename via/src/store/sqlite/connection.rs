//! Opens the file: checks that it is a store, that it is not damaged, and that it can be written.

use std::{
    cell::Cell,
    error::Error,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::{
    Synchronous,
    failure::{Fault, is_full},
    table::{DocumentTable, SCHEMA},
};
use crate::{
    log_text::LogText,
    store::{Durability, OpenError},
};

/// `PRAGMA application_id` of our files: "viaS".
pub(super) const APPLICATION_ID: i32 = 0x7669_6153;
/// `PRAGMA user_version` of the files that this build writes.
pub(super) const FORMAT: i32 = 1;
/// An older SQLite can damage a file in WAL mode if several connections write it.
const MIN_SQLITE: i32 = 3_051_003;
/// How long to wait for another process.
const BUSY_PATIENCE: Duration = Duration::from_millis(1500);
/// How long to wait for other processes that open the file at the same time. Each of them checks
/// the file and writes to the disk.
const OPENING_PATIENCE: Duration = Duration::from_secs(10);
/// After how many pages SQLite writes the log back. With so many pages the pause for this is rare,
/// and the log needs at most about 40 MiB of disk.
const CHECKPOINT_PAGES: i32 = 10_000;
/// The size in bytes to which SQLite then truncates the log.
const LOG_BYTES: i64 = 64 * 1024 * 1024;
/// The page cache in KiB. SQLite takes a negative number as KiB.
const WRITER_CACHE: i32 = -16 * 1024;
const STATEMENTS: usize = 32;
/// The reason for refusing a file that cannot be written.
const READ_ONLY: &str = "it cannot be written; check its permissions";

type Source = Box<dyn Error + Send + Sync>;

/// The file, and how to use it.
#[derive(Clone, Debug)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    synchronous: Synchronous,
}

impl DatabaseFile {
    /// Looks only at names and lengths. Only SQLite may open the file: if this opened and closed it,
    /// the process would lose the locks that SQLite holds.
    pub(super) fn new(path: &Path, synchronous: Synchronous) -> Result<Self, OpenError> {
        // In an absolute path, names like `:memory:` have no special meaning to SQLite.
        let path = std::path::absolute(path).map_err(|error| OpenError::Place {
            path: path.to_owned(),
            reason: "the path is empty or cannot be resolved".to_owned(),
            source: Some(error.into()),
        })?;
        let file = Self { path, synchronous };
        if file.path.is_dir() {
            return Err(file.refused("it is a directory; name a file in it", None));
        }
        if let Some(parent) = file.path.parent()
            && !parent.is_dir()
        {
            let parent = parent.display();
            let reason = format!("there is no directory `{parent}`; create it first");
            return Err(file.refused(&reason, None));
        }
        if file.has_lost_all_but_its_log() {
            let finding = "the file is empty or missing, but its log `-wal` is not";
            return Err(file.damaged(finding.to_owned()));
        }
        Ok(file)
    }

    /// SQLite would treat the file as new and remove its log. It writes the first page before it
    /// creates a log, so this cannot be a file that another process is just creating.
    fn has_lost_all_but_its_log(&self) -> bool {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        // SQLite treats a file of one byte as empty too.
        length(log.as_ref()) > 0 && length(&self.path) <= 1
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens or creates the file for writing, and checks all of it.
    pub(super) fn open_writer(&self) -> Result<Connection, OpenError> {
        check_sqlite(rusqlite::version_number())?;
        let mut connection = Connection::open_with_flags(&self.path, flags(true))
            .map_err(|error| self.explain(error))?;
        if connection.is_readonly("main").map_err(|e| self.sqlite(e))? {
            return Err(self.refused(READ_ONLY, None));
        }
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection
            .busy_handler(Some(wait_to_open))
            .map_err(|error| self.sqlite(error))?;
        // Until we know that it is a store, we do not even write its log back.
        self.checkpoint_on_close(&connection, false)?;
        let ours = self.is_ours(&connection)?;
        if ours {
            self.check_layout(&connection)?;
            self.check(&connection)?;
        }
        self.configure(&connection)
            .and_then(|()| self.create(&mut connection))
            .map_err(|error| self.explain(error))?;
        if !ours {
            // Another process may have created it.
            self.check_layout(&connection)?;
        }
        self.checkpoint_on_close(&connection, true)?;
        connection
            .busy_handler(Some(wait_for_turn))
            .map_err(|error| self.sqlite(error))?;
        Ok(connection)
    }

    /// Opens a file that [`open_writer`](Self::open_writer) has opened, for reading only.
    pub(super) fn open_reader(&self) -> rusqlite::Result<Connection> {
        let mut connection = Connection::open_with_flags(&self.path, flags(false))?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_handler(Some(wait_for_turn))?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }

    /// Whether the file is a store, and not an empty file.
    fn is_ours(&self, connection: &Connection) -> Result<bool, OpenError> {
        let (application_id, format, tables) = identity(connection).map_err(|e| self.explain(e))?;
        let path = self.path.clone();
        match (application_id, format) {
            (0, 0) if tables == 0 => Ok(false),
            (APPLICATION_ID, FORMAT) => Ok(true),
            (APPLICATION_ID, found) if found > FORMAT => Err(OpenError::NewerFormat {
                path,
                found,
                known: FORMAT,
            }),
            (application_id, format) => Err(OpenError::Foreign {
                path,
                application_id,
                format,
            }),
        }
    }

    fn check(&self, connection: &Connection) -> Result<(), OpenError> {
        let finding = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
            .map_err(|error| self.explain(error))?;
        if finding != "ok" {
            return Err(self.damaged(finding));
        }
        match DocumentTable::new(connection).check_rows() {
            Ok(()) => Ok(()),
            Err(Fault::Damaged(finding)) => Err(self.damaged(finding.into())),
            Err(Fault::Sqlite(error)) => Err(self.explain(error)),
        }
    }

    fn check_layout(&self, connection: &Connection) -> Result<(), OpenError> {
        let checked = DocumentTable::new(connection).check_layout();
        checked.map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::Unknown) => OpenError::Layout {
                path: self.path.clone(),
                format: FORMAT,
                source: error.into(),
            },
            _ => self.explain(error),
        })
    }

    fn configure(&self, connection: &Connection) -> rusqlite::Result<()> {
        let begun = Instant::now();
        let mode = loop {
            // To change the mode, SQLite needs exclusive access to the file, but does not wait for it.
            match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
                Err(error) if is_busy(&error) && begun.elapsed() < OPENING_PATIENCE => {
                    thread::sleep(Duration::from_millis(5));
                }
                mode => break mode?,
            }
        };
        let mode: String = mode;
        if mode != "wal" {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
                Some("the file system does not allow a write-ahead log".to_owned()),
            ));
        }
        let synchronous = match self.synchronous {
            Synchronous::Full => "FULL",
            Synchronous::Normal => "NORMAL",
        };
        connection.pragma_update(None, "synchronous", synchronous)?;
        // These two make a difference only on macOS.
        connection.pragma_update(None, "fullfsync", true)?;
        connection.pragma_update(None, "checkpoint_fullfsync", true)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
        connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
        // So the data to undo a large statement needs no room in a temporary directory.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        connection.pragma_update(None, "trusted_schema", false)
    }

    /// Creates the table, unless it exists or another process creates it first.
    fn create(&self, connection: &mut Connection) -> rusqlite::Result<()> {
        let behavior = rusqlite::TransactionBehavior::Immediate;
        let transaction = connection.transaction_with_behavior(behavior)?;
        if identity(&transaction)? == (0, 0, 0) {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
            tracing::debug!(store = %LogText(self.path.display()), "created a new store");
            return transaction.commit();
        }
        transaction.rollback()
    }

    fn checkpoint_on_close(&self, connection: &Connection, yes: bool) -> Result<(), OpenError> {
        connection
            .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !yes)
            .map(drop)
            .map_err(|error| self.sqlite(error))
    }

    /// Why SQLite refused the file, in words for the operator of the program.
    fn explain(&self, error: rusqlite::Error) -> OpenError {
        let reason = match error.sqlite_error_code() {
            _ if is_full(&error) => "the disk has no room left",
            Some(ErrorCode::NotADatabase) => {
                return OpenError::NotADatabase {
                    path: self.path.clone(),
                    source: error.into(),
                };
            }
            Some(ErrorCode::DatabaseCorrupt) => return self.damaged(error.to_string()),
            Some(ErrorCode::CannotOpen) => {
                "SQLite can neither open nor create it; check the permissions"
            }
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => READ_ONLY,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                "another process holds a lock on it; end that process, or try again"
            }
            _ => return self.sqlite(error),
        };
        self.refused(reason, Some(error.into()))
    }

    pub(super) fn sqlite(&self, error: rusqlite::Error) -> OpenError {
        OpenError::Sqlite {
            path: self.path.clone(),
            source: error.into(),
        }
    }

    pub(super) fn refused(&self, reason: &str, source: Option<Source>) -> OpenError {
        OpenError::Place {
            path: self.path.clone(),
            reason: reason.to_owned(),
            source,
        }
    }

    fn damaged(&self, finding: String) -> OpenError {
        OpenError::Damaged {
            path: self.path.clone(),
            finding,
        }
    }
}

/// 0 if the file does not exist.
fn length(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// What a commit on this connection survives.
pub(super) fn durability(connection: &Connection) -> rusqlite::Result<Durability> {
    let synchronous = pragma::<i64>(connection, "synchronous")?;
    Ok(match synchronous {
        0 => Durability::Volatile,
        1 => Durability::ProcessCrash,
        _ => Durability::PowerLoss,
    })
}

/// A number that changes if another connection commits, but not if this one does.
pub(super) fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA data_version")?;
    statement.query_row([], |row| row.get(0))
}

/// Commits a page whose content does not change.
pub(super) fn rewrite_format(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "user_version", FORMAT)
}

/// Writes the log back as far as other processes allow, and closes the connection.
pub(super) fn close(connection: Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::ZERO)?;
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    connection.close().map_err(|(_, error)| error)?;
    match checkpoint {
        Err(error) if !is_busy(&error) => Err(error),
        _ => Ok(()),
    }
}

fn check_sqlite(version: i32) -> Result<(), OpenError> {
    if version >= MIN_SQLITE {
        return Ok(());
    }
    let (major, minor, patch) = (version / 1_000_000, version / 1000 % 1000, version % 1000);
    Err(OpenError::OldSqlite {
        version: format!("{major}.{minor}.{patch}"),
    })
}

/// The application id, the format, and how many tables and indexes there are.
fn identity(connection: &Connection) -> rusqlite::Result<(i32, i32, i64)> {
    let tables =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok((
        pragma(connection, "application_id")?,
        pragma(connection, "user_version")?,
        tables,
    ))
}

fn pragma<T: rusqlite::types::FromSql>(connection: &Connection, name: &str) -> rusqlite::Result<T> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// Only one thread at a time uses a connection, and its path is not a URI.
fn flags(create: bool) -> OpenFlags {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    if create {
        flags | OpenFlags::SQLITE_OPEN_CREATE
    } else {
        flags
    }
}

thread_local! {
    /// When this thread began to wait. Older versions of rusqlite take a handler without a state.
    static WAITING_SINCE: Cell<Instant> = Cell::new(Instant::now());
}

/// Waits for other processes that open the file.
fn wait_to_open(tries: i32) -> bool {
    wait(tries, OPENING_PATIENCE)
}

/// Waits for a transaction of another process.
fn wait_for_turn(tries: i32) -> bool {
    wait(tries, BUSY_PATIENCE)
}

/// Waits in short steps, for a bounded time. A transaction does not take long.
fn wait(tries: i32, limit: Duration) -> bool {
    if tries == 0 {
        WAITING_SINCE.set(Instant::now());
    }
    let step = if tries < 10 { 100 } else { 1000 };
    thread::sleep(Duration::from_micros(step));
    WAITING_SINCE.get().elapsed() < limit
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_sqlite_has_no_known_fault() {
        check_sqlite(rusqlite::version_number()).unwrap();
    }

    #[test]
    fn an_older_sqlite_is_refused_by_version() {
        let sentence = check_sqlite(3_051_002).unwrap_err().to_string();
        assert!(sentence.contains("SQLite 3.51.2"), "{sentence}");
    }
}
