//! The one table, and all SQL about its rows.

use rusqlite::{Connection, Row, params};

use super::failure::Fault;
use crate::store::{
    CommitId, Expiry, Key, Loaded, Put, StoredDocument, Timestamp, Version, compare::Standing,
};

/// The table of format 1.
///
/// - Keys and owners are blobs: SQLite's text functions stop at a NUL.
/// - A tombstone has `deleted = 1`, and both its deadlines are its end.
/// - `filed` is never later than the row ends. Deadlines mostly move later, with every commit; a
///   sweep moves `filed` after them once it comes across the row, so that a commit need not touch
///   the index.
/// - `bytes` is last: the columns before it are read without it.
pub(super) const SCHEMA: &str = "
    CREATE TABLE document (
        key BLOB NOT NULL PRIMARY KEY,
        revision INTEGER NOT NULL,
        commit_id BLOB NOT NULL,
        idle_until INTEGER NOT NULL,
        absolute INTEGER NOT NULL,
        filed INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        owner BLOB,
        bytes BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX document_by_end ON document (filed);
    CREATE INDEX document_by_owner ON document (owner) WHERE owner IS NOT NULL;
";

const FIND: &str = "SELECT revision, commit_id, idle_until, absolute, deleted, owner, filed \
                    FROM document WHERE key = ?1";
const LOAD: &str = "SELECT revision, commit_id, idle_until, absolute, deleted, owner, bytes \
                    FROM document WHERE key = ?1";
const UPDATE: &str = "UPDATE document SET revision = ?2, commit_id = ?3, idle_until = ?4, \
                      absolute = ?5, bytes = ?6 WHERE key = ?1";
const REPLACE: &str = "INSERT OR REPLACE INTO document \
                       (key, revision, commit_id, idle_until, absolute, filed, deleted, owner, bytes) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
const MOVE_IDLE: &str = "UPDATE document SET idle_until = ?2 WHERE key = ?1";
const OWNED: &str = "SELECT key FROM document WHERE owner = ?1 \
                     AND deleted = 0 AND idle_until > ?2 AND absolute > ?2";
const DUE: &str = "SELECT key, idle_until, absolute FROM document \
                   WHERE filed <= ?1 ORDER BY filed LIMIT ?2";
const FILE: &str = "UPDATE document SET filed = ?2 WHERE key = ?1";
const REMOVE: &str = "DELETE FROM document WHERE key = ?1";

/// A row without its bytes, live or a tombstone.
pub(super) struct Found {
    pub(super) version: Version,
    pub(super) expiry: Expiry,
    pub(super) deleted: bool,
    owner: Option<Box<str>>,
    filed: Timestamp,
}

impl Found {
    pub(super) fn standing(&self) -> Standing {
        if self.deleted {
            Standing::Deleted
        } else {
            Standing::At(self.version)
        }
    }
}

/// The table, within a transaction.
pub(super) struct Table<'c>(&'c Connection);

impl<'c> Table<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self(connection)
    }

    /// Compiles a statement that names every column, to see that the table is as it should be.
    pub(super) fn check(&self) -> rusqlite::Result<()> {
        self.0.prepare_cached(REPLACE).map(drop)
    }

    #[cfg(test)]
    pub(super) fn execute_batch(&self, sql: &str) -> rusqlite::Result<()> {
        self.0.execute_batch(sql)
    }

    /// The row of a key, whether it has ended or not.
    fn row(&self, key: &Key) -> Result<Option<Found>, Fault> {
        let mut statement = self.0.prepare_cached(FIND)?;
        let mut rows = statement.query([bytes_of(key)])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        Ok(Some(Found {
            version: version(row)?,
            expiry: expiry(row, 2)?,
            deleted: row.get(4)?,
            owner: owner(row)?,
            filed: Timestamp::from_millis(row.get(6)?),
        }))
    }

    /// The row of a key, if it has not ended.
    pub(super) fn find(&self, key: &Key, now: Timestamp) -> Result<Option<Found>, Fault> {
        Ok(self.row(key)?.filter(|row| !row.expiry.has_passed(now)))
    }

    pub(super) fn load(&self, key: &Key, now: Timestamp) -> Result<Loaded, Fault> {
        let mut statement = self.0.prepare_cached(LOAD)?;
        let mut rows = statement.query([bytes_of(key)])?;
        let Some(row) = rows.next()? else {
            return Ok(Loaded::Absent);
        };
        let expiry = expiry(row, 2)?;
        if expiry.has_passed(now) {
            return Ok(Loaded::Absent);
        }
        if row.get(4)? {
            return Ok(Loaded::Deleted);
        }
        Ok(Loaded::Found(StoredDocument {
            version: version(row)?,
            bytes: row.get::<_, Vec<u8>>(6)?.into(),
            expiry,
            owner: owner(row)?,
        }))
    }

    /// Writes a document where one is or is not.
    pub(super) fn put(&self, key: &Key, version: Version, put: &Put) -> Result<(), Fault> {
        let before = self.row(key)?;
        let deadline = put.expiry.deadline();
        let (revision, commit) = columns(version);
        let (idle_until, absolute) = (
            put.expiry.idle_until.as_millis(),
            put.expiry.absolute.as_millis(),
        );
        match before {
            // As most commits: no index changes.
            Some(row) if !row.deleted && row.filed <= deadline && row.owner == put.owner => {
                self.0.prepare_cached(UPDATE)?.execute(params![
                    bytes_of(key),
                    revision,
                    commit,
                    idle_until,
                    absolute,
                    &*put.bytes
                ])?;
            }
            _ => {
                self.0.prepare_cached(REPLACE)?.execute(params![
                    bytes_of(key),
                    revision,
                    commit,
                    idle_until,
                    absolute,
                    deadline.as_millis(),
                    false,
                    put.owner.as_deref().map(str::as_bytes),
                    &*put.bytes
                ])?;
            }
        }
        Ok(())
    }

    /// Leaves a tombstone.
    pub(super) fn bury(&self, key: &Key, version: Version, until: Timestamp) -> Result<(), Fault> {
        let (revision, commit) = columns(version);
        let until = until.as_millis();
        self.0.prepare_cached(REPLACE)?.execute(params![
            bytes_of(key),
            revision,
            commit,
            until,
            until,
            until,
            true,
            None::<&[u8]>,
            &[][..] as &[u8]
        ])?;
        Ok(())
    }

    pub(super) fn move_idle(&self, key: &Key, idle_until: Timestamp) -> Result<(), Fault> {
        let mut statement = self.0.prepare_cached(MOVE_IDLE)?;
        statement.execute(params![bytes_of(key), idle_until.as_millis()])?;
        Ok(())
    }

    pub(super) fn owned_by(&self, owner: &str, now: Timestamp) -> Result<Vec<Key>, Fault> {
        let mut statement = self.0.prepare_cached(OWNED)?;
        let mut rows = statement.query(params![owner.as_bytes(), now.as_millis()])?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next()? {
            let text = text(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
            keys.push(Key::new(text).ok_or_else(|| damaged("a key is empty or too long"))?);
        }
        Ok(keys)
    }

    /// Removes at most `limit` rows that have ended, looking at no more than `chunk`; answers how
    /// many it looked at and how many it removed.
    pub(super) fn sweep(
        &self,
        now: Timestamp,
        limit: usize,
        chunk: usize,
    ) -> Result<(usize, usize), Fault> {
        let mut statement = self.0.prepare_cached(DUE)?;
        let chunk = i64::try_from(chunk).unwrap_or(i64::MAX);
        let due = statement
            .query_map(params![now.as_millis(), chunk], |row| {
                Ok((row.get::<_, Vec<u8>>(0)?, expiry(row, 1)?))
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let (mut seen, mut removed) = (0, 0);
        for (key, expiry) in due {
            if removed == limit {
                break;
            }
            if expiry.has_passed(now) {
                removed += self.0.prepare_cached(REMOVE)?.execute([key])?;
            } else {
                let mut statement = self.0.prepare_cached(FILE)?;
                statement.execute(params![key, expiry.deadline().as_millis()])?;
            }
            seen += 1;
        }
        Ok((seen, removed))
    }
}

fn bytes_of(key: &Key) -> &[u8] {
    key.as_str().as_bytes()
}

fn columns(version: Version) -> (i64, [u8; 16]) {
    // One more per commit never gets there.
    let revision = i64::try_from(version.revision).unwrap_or(i64::MAX);
    (revision, version.commit.0.to_be_bytes())
}

fn version(row: &Row<'_>) -> Result<Version, Fault> {
    let revision = row.get::<_, i64>(0)?;
    Ok(Version {
        revision: u64::try_from(revision).map_err(|_| damaged("a revision is negative"))?,
        commit: CommitId(u128::from_be_bytes(row.get(1)?)),
    })
}

fn expiry(row: &Row<'_>, first: usize) -> rusqlite::Result<Expiry> {
    Ok(Expiry {
        idle_until: Timestamp::from_millis(row.get(first)?),
        absolute: Timestamp::from_millis(row.get(first + 1)?),
    })
}

fn owner(row: &Row<'_>) -> Result<Option<Box<str>>, Fault> {
    let owner = row
        .get_ref(5)?
        .as_blob_or_null()
        .map_err(rusqlite::Error::from)?;
    owner.map(|owner| text(owner).map(Box::from)).transpose()
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| damaged("a key or an owner is not UTF-8"))
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged(what.into())
}
