//! The one table, and all SQL about its rows.

use rusqlite::{Connection, Row, params};

use super::failure::Fault;
use crate::store::{
    CommitId, Expiry, Key, Loaded, Put, StoredDocument, Timestamp, Version, compare::Occupancy,
};

/// The table of format 1.
///
/// - Keys and owners are blobs, because the text functions of SQLite stop at a NUL.
/// - A tombstone has `deleted = 1`, and both its deadlines are the moment when it expires.
/// - `filed` is never later than the deadline of the row. Most commits move the deadline later and
///   leave `filed` alone, so they need not change the index. A sweep corrects `filed` when it meets
///   the row.
/// - `row_hash` covers all columns except `filed`, with `bytes_hash` in place of `bytes`; see
///   [`RowHead`]. SQLite does not notice if a byte within a value changes on the disk.
/// - `bytes` is last, so that SQLite can read the other columns without it.
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
        bytes_hash INTEGER NOT NULL,
        row_hash INTEGER NOT NULL,
        bytes BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX document_by_end ON document (filed);
    CREATE INDEX document_by_owner ON document (owner) WHERE owner IS NOT NULL;
";

/// Begins with the columns of [`RowHead::of`].
macro_rules! select {
    ($and:literal) => {
        concat!(
            "SELECT key, revision, commit_id, idle_until, absolute, deleted, owner, bytes_hash, \
             row_hash",
            $and
        )
    };
}

const FIND: &str = select!(", filed FROM document WHERE key = ?1");
const LOAD: &str = select!(", bytes FROM document WHERE key = ?1");
const EVERY: &str = select!(" FROM document");
const OWNED: &str = select!(" FROM document WHERE owner = ?1");
const DUE: &str = select!(" FROM document WHERE filed <= ?1 ORDER BY filed LIMIT ?2");
const UPDATE: &str = "UPDATE document SET revision = ?2, commit_id = ?3, idle_until = ?4, \
                      absolute = ?5, bytes_hash = ?6, row_hash = ?7, bytes = ?8 WHERE key = ?1";
const REPLACE: &str = "INSERT OR REPLACE INTO document \
                       (key, revision, commit_id, idle_until, absolute, filed, deleted, owner, \
                       bytes_hash, row_hash, bytes) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
const MOVE_IDLE: &str = "UPDATE document SET idle_until = ?2, row_hash = ?3 WHERE key = ?1";
const FILE: &str = "UPDATE document SET filed = ?2 WHERE key = ?1";
const REMOVE: &str = "DELETE FROM document WHERE key = ?1";

/// A row, live or a tombstone, without its bytes.
pub(super) struct RowHead {
    pub(super) version: Version,
    pub(super) expiry: Expiry,
    pub(super) deleted: bool,
    owner: Option<Box<str>>,
    bytes_hash: i64,
}

impl RowHead {
    /// Reads the columns that [`select`] names, and compares them with their hash.
    fn of(row: &Row<'_>) -> Result<Self, Fault> {
        let key = row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?;
        let revision = row.get::<_, i64>(1)?;
        let owner = row
            .get_ref(6)?
            .as_blob_or_null()
            .map_err(rusqlite::Error::from)?;
        let head = Self {
            version: Version {
                revision: u64::try_from(revision).map_err(|_| damaged("a revision is negative"))?,
                commit: CommitId(u128::from_be_bytes(row.get(2)?)),
            },
            expiry: Expiry {
                idle_until: Timestamp::from_millis(row.get(3)?),
                absolute: Timestamp::from_millis(row.get(4)?),
            },
            deleted: row.get(5)?,
            owner: owner.map(|owner| text(owner).map(Box::from)).transpose()?,
            bytes_hash: row.get(7)?,
        };
        if head.hash(key) == row.get::<_, i64>(8)? {
            Ok(head)
        } else {
            Err(damaged("a row differs from its hash"))
        }
    }

    fn tombstone(version: Version, until: Timestamp) -> Self {
        Self {
            version,
            expiry: Expiry::at(until),
            deleted: true,
            owner: None,
            bytes_hash: hash(&[]),
        }
    }

    /// The `row_hash` for this key.
    fn hash(&self, key: &[u8]) -> i64 {
        let mut all = Vec::with_capacity(256);
        // With its length, so that a part of the key cannot pass for the next value.
        all.extend((key.len() as u64).to_le_bytes());
        all.extend(key);
        all.extend(self.version.revision.to_le_bytes());
        all.extend(self.version.commit.0.to_le_bytes());
        all.extend(self.expiry.idle_until.as_millis().to_le_bytes());
        all.extend(self.expiry.absolute.as_millis().to_le_bytes());
        all.extend([u8::from(self.deleted), u8::from(self.owner.is_some())]);
        all.extend(self.bytes_hash.to_le_bytes());
        all.extend(self.owner.as_deref().unwrap_or_default().as_bytes());
        hash(&all)
    }

    pub(super) fn occupancy(&self) -> Occupancy {
        if self.deleted {
            Occupancy::Deleted
        } else {
            Occupancy::At(self.version)
        }
    }
}

/// The table, within a transaction.
pub(super) struct DocumentTable<'c>(&'c Connection);

impl<'c> DocumentTable<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self(connection)
    }

    /// Compiles a statement that names every column, to check that the table has them.
    pub(super) fn check_layout(&self) -> rusqlite::Result<()> {
        self.0.prepare_cached(REPLACE).map(drop)
    }

    /// Compares all rows, without their bytes, with their hashes.
    ///
    /// If a key changed on the disk, no lookup by key would ever find its row.
    pub(super) fn check_rows(&self) -> Result<(), Fault> {
        let mut statement = self.0.prepare(EVERY)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            RowHead::of(row)?;
        }
        Ok(())
    }

    #[cfg(test)]
    pub(super) fn execute_batch(&self, sql: &str) -> rusqlite::Result<()> {
        self.0.execute_batch(sql)
    }

    /// The row of a key, expired or not, and its `filed`.
    fn row(&self, key: &Key) -> Result<Option<(RowHead, Timestamp)>, Fault> {
        let mut statement = self.0.prepare_cached(FIND)?;
        let mut rows = statement.query([bytes_of(key)])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        Ok(Some((
            RowHead::of(row)?,
            Timestamp::from_millis(row.get(9)?),
        )))
    }

    /// The row of a key, if it has not expired.
    pub(super) fn find(&self, key: &Key, now: Timestamp) -> Result<Option<RowHead>, Fault> {
        let head = self.row(key)?.map(|(head, _)| head);
        Ok(head.filter(|head| !head.expiry.has_passed(now)))
    }

    pub(super) fn load(&self, key: &Key, now: Timestamp) -> Result<Loaded, Fault> {
        let mut statement = self.0.prepare_cached(LOAD)?;
        let mut rows = statement.query([bytes_of(key)])?;
        let Some(row) = rows.next()? else {
            return Ok(Loaded::Absent);
        };
        let head = RowHead::of(row)?;
        if head.expiry.has_passed(now) {
            return Ok(Loaded::Absent);
        }
        if head.deleted {
            return Ok(Loaded::Deleted);
        }
        let bytes = row.get::<_, Vec<u8>>(9)?;
        if hash(&bytes) != head.bytes_hash {
            return Err(damaged("the bytes of a document differ from their hash"));
        }
        Ok(Loaded::Found(StoredDocument {
            version: head.version,
            bytes: bytes.into(),
            expiry: head.expiry,
            owner: head.owner,
        }))
    }

    /// Creates a document, or replaces the one under this key.
    pub(super) fn put(&self, key: &Key, version: Version, put: &Put) -> Result<(), Fault> {
        let before = self.row(key)?;
        let head = RowHead {
            version,
            expiry: put.expiry,
            deleted: false,
            owner: put.owner.clone(),
            bytes_hash: hash(&put.bytes),
        };
        match before {
            // Most commits take this way, which changes no index.
            Some((row, filed))
                if !row.deleted && filed <= head.expiry.deadline() && row.owner == head.owner =>
            {
                let (revision, commit) = columns(version);
                self.0.prepare_cached(UPDATE)?.execute(params![
                    bytes_of(key),
                    revision,
                    commit,
                    head.expiry.idle_until.as_millis(),
                    head.expiry.absolute.as_millis(),
                    head.bytes_hash,
                    head.hash(bytes_of(key)),
                    &*put.bytes
                ])?;
                Ok(())
            }
            _ => self.replace(key, &head, &put.bytes),
        }
    }

    /// Leaves a tombstone.
    pub(super) fn bury(&self, key: &Key, version: Version, until: Timestamp) -> Result<(), Fault> {
        self.replace(key, &RowHead::tombstone(version, until), &[])
    }

    fn replace(&self, key: &Key, head: &RowHead, bytes: &[u8]) -> Result<(), Fault> {
        let (revision, commit) = columns(head.version);
        self.0.prepare_cached(REPLACE)?.execute(params![
            bytes_of(key),
            revision,
            commit,
            head.expiry.idle_until.as_millis(),
            head.expiry.absolute.as_millis(),
            head.expiry.deadline().as_millis(),
            head.deleted,
            head.owner.as_deref().map(str::as_bytes),
            head.bytes_hash,
            head.hash(bytes_of(key)),
            bytes
        ])?;
        Ok(())
    }

    /// Changes the idle deadline of a row that was just found.
    pub(super) fn move_idle(&self, key: &Key, head: RowHead, expiry: Expiry) -> Result<(), Fault> {
        let head = RowHead { expiry, ..head };
        self.0.prepare_cached(MOVE_IDLE)?.execute(params![
            bytes_of(key),
            expiry.idle_until.as_millis(),
            head.hash(bytes_of(key))
        ])?;
        Ok(())
    }

    pub(super) fn owned_by(&self, owner: &str, now: Timestamp) -> Result<Vec<Key>, Fault> {
        let mut statement = self.0.prepare_cached(OWNED)?;
        let mut rows = statement.query([owner.as_bytes()])?;
        let mut keys = Vec::new();
        while let Some(row) = rows.next()? {
            let head = RowHead::of(row)?;
            if head.deleted || head.expiry.has_passed(now) {
                continue;
            }
            let text = text(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
            keys.push(Key::new(text).ok_or_else(|| damaged("a key is empty or too long"))?);
        }
        Ok(keys)
    }

    /// Removes at most `limit` expired rows and looks at no more than `chunk`; answers how many it
    /// looked at and how many it removed.
    pub(super) fn sweep(
        &self,
        now: Timestamp,
        limit: usize,
        chunk: usize,
    ) -> Result<(usize, usize), Fault> {
        let mut statement = self.0.prepare_cached(DUE)?;
        let chunk = i64::try_from(chunk).unwrap_or(i64::MAX);
        let mut rows = statement.query(params![now.as_millis(), chunk])?;
        let mut due = Vec::new();
        while let Some(row) = rows.next()? {
            let key = row.get::<_, Vec<u8>>(0)?;
            // The deadline of a damaged row is unknown, so it stays, and no sweep looks at it again.
            let expiry = match RowHead::of(row) {
                Ok(head) => head.expiry,
                Err(Fault::Damaged(_)) => Expiry::NEVER,
                Err(fault) => return Err(fault),
            };
            due.push((key, expiry));
        }
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
    // A revision that rises by one with each commit never gets so large.
    let revision = i64::try_from(version.revision).unwrap_or(i64::MAX);
    (revision, version.commit.0.to_be_bytes())
}

fn hash(bytes: &[u8]) -> i64 {
    xxhash_rust::xxh3::xxh3_64(bytes).cast_signed()
}

fn text(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes).map_err(|_| damaged("a key or an owner is not UTF-8"))
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged(what.into())
}
