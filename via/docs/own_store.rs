//! A store that is written outside of `via`, as its guide shows it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use tokio::sync::broadcast;
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Durability, Expect, Expiry, Key, Loaded, MAX_DOCUMENT,
    Notice, Put, Store, StoreError, StoreFuture, StoredDocument, Subscription, Timestamp, Version,
    Write,
};

/// Keeps documents in a map, up to a number.
#[derive(Debug)]
struct MapStore {
    limit: usize,
    /// `None` after the store was closed.
    documents: Mutex<Option<Documents>>,
}

#[derive(Debug)]
struct Documents {
    entries: BTreeMap<Key, Entry>,
    notices: broadcast::Sender<Notice>,
}

#[derive(Debug)]
struct Entry {
    version: Version,
    expiry: Expiry,
    /// `None` for a tombstone.
    content: Option<Put>,
}

impl MapStore {
    fn new(limit: usize) -> Self {
        let documents = Documents {
            entries: BTreeMap::new(),
            notices: broadcast::Sender::new(1024),
        };
        Self {
            limit,
            documents: Mutex::new(Some(documents)),
        }
    }

    /// Everything happens under one lock: nobody sees half of a commit, and notices come in the
    /// order of commits. No `.await` is in here, so a dropped future cannot stop in the middle.
    fn with<'a, T: Send + 'a>(
        &'a self,
        work: impl FnOnce(&mut Documents) -> Result<T, StoreError> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let mut documents = self
                .documents
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            work(documents.as_mut().ok_or(StoreError::Closed)?)
        })
    }
}

impl Documents {
    /// What has ended is not there, whether it was swept or not.
    fn present(&self, key: &Key, now: Timestamp) -> Option<&Entry> {
        let entry = self.entries.get(key)?;
        (!entry.expiry.has_passed(now)).then_some(entry)
    }

    fn load(&self, key: &Key, now: Timestamp) -> Loaded {
        match self.present(key, now) {
            None => Loaded::Absent,
            Some(Entry { content: None, .. }) => Loaded::Deleted,
            Some(Entry {
                version,
                expiry,
                content: Some(put),
            }) => Loaded::Found(StoredDocument {
                version: *version,
                bytes: put.bytes.clone(),
                expiry: *expiry,
                owner: put.owner.clone(),
            }),
        }
    }

    fn version(&self, key: &Key, now: Timestamp) -> Option<Version> {
        let entry = self.present(key, now)?;
        entry.content.as_ref().map(|_| entry.version)
    }

    fn bury(&mut self, key: Key, version: Version, until: Timestamp) {
        let expiry = Expiry {
            idle_until: until,
            absolute: until,
        };
        let tombstone = Entry {
            version,
            expiry,
            content: None,
        };
        self.entries.insert(key, tombstone);
    }

    fn announce(&self, notice: Notice) {
        // An error says that nobody listens.
        let _ = self.notices.send(notice);
    }

    fn commit(&mut self, commit: Commit, limit: usize) -> Result<CommitOutcome, StoreError> {
        // First all conditions, then all writes.
        let load = |write: &Write| self.load(&write.key, commit.now);
        let present: Vec<Loaded> = commit.writes.iter().map(load).collect();
        let mut conflict = false;
        for (write, loaded) in commit.writes.iter().zip(&present) {
            match (write.expect, loaded) {
                (Expect::Absent, Loaded::Absent) => {}
                (_, Loaded::Deleted) | (Expect::At(_), Loaded::Absent) => {
                    return Ok(CommitOutcome::Gone);
                }
                (Expect::Absent, Loaded::Found(_)) => conflict = true,
                (Expect::At(version), Loaded::Found(found)) => conflict |= found.version != version,
            }
        }
        if conflict {
            return Ok(CommitOutcome::Conflict(present));
        }
        let is_new = |write: &&Write| {
            !matches!(write.change, Change::Keep) && !self.entries.contains_key(&write.key)
        };
        let new = commit.writes.iter().filter(is_new).count();
        if new > 0 && self.entries.len() + new > limit {
            return Err(StoreError::Full(
                "the map has as many entries as it may have",
            ));
        }

        let mut versions = Vec::new();
        for write in commit.writes {
            let before = self.version(&write.key, commit.now);
            versions.push(self.write(write, before, commit.id));
        }
        Ok(CommitOutcome::Committed(versions))
    }

    fn write(&mut self, write: Write, before: Option<Version>, commit: CommitId) -> Version {
        let key = write.key;
        let version = Version {
            revision: before.map_or(1, |before| before.revision + 1),
            commit,
        };
        match write.change {
            Change::Keep => {
                let none = Version {
                    revision: 0,
                    commit,
                };
                return before.unwrap_or(none);
            }
            Change::Delete { tombstone_until } => {
                self.bury(key.clone(), version, tombstone_until);
                self.announce(Notice::Deleted { key });
            }
            Change::Put(put) => {
                let entry = Entry {
                    version,
                    expiry: put.expiry,
                    content: Some(put),
                };
                self.entries.insert(key.clone(), entry);
                self.announce(Notice::Committed { key, version });
            }
        }
        version
    }

    fn delete(&mut self, key: &Key, until: Timestamp, now: Timestamp) -> bool {
        let Some(entry) = self.present(key, now) else {
            return false;
        };
        let was_there = entry.content.is_some();
        let until = if was_there {
            until
        } else {
            until.max(entry.expiry.deadline())
        };
        self.bury(key.clone(), entry.version, until);
        if was_there {
            self.announce(Notice::Deleted { key: key.clone() });
        }
        was_there
    }
}

impl Store for MapStore {
    fn durability(&self) -> Durability {
        Durability::Volatile
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        self.with(move |it| Ok(keys.iter().map(|key| it.load(key, now)).collect()))
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        let sizes = commit.writes.iter().map(|write| match &write.change {
            Change::Put(put) => put.bytes.len(),
            Change::Delete { .. } | Change::Keep => 0,
        });
        let size = sizes.max().unwrap_or(0);
        self.with(move |it| {
            if size > MAX_DOCUMENT {
                let limit = MAX_DOCUMENT;
                return Err(StoreError::TooLarge { size, limit });
            }
            it.commit(commit, self.limit)
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        self.with(move |it| {
            let is_there = it.version(key, now).is_some();
            if let Some(entry) = it.entries.get_mut(key).filter(|_| is_there) {
                let wanted = idle_until.min(entry.expiry.absolute);
                entry.expiry.idle_until = entry.expiry.idle_until.max(wanted);
            }
            Ok(is_there)
        })
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        self.with(move |it| {
            let deleted = keys
                .iter()
                .filter(|key| it.delete(key, tombstone_until, now));
            Ok(deleted.count())
        })
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        self.with(move |it| {
            let ended = it
                .entries
                .extract_if(.., |_, entry| entry.expiry.has_passed(now));
            Ok(ended.take(limit).count())
        })
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        self.with(move |it| Ok(keys.iter().map(|key| it.version(key, now)).collect()))
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        self.with(move |it| {
            let is_owned = |key: &&Key| match it.load(key, now) {
                Loaded::Found(document) => document.owner.as_deref() == Some(owner),
                Loaded::Absent | Loaded::Deleted => false,
            };
            Ok(it.entries.keys().filter(is_owned).cloned().collect())
        })
    }

    fn subscribe(&self) -> Subscription {
        let documents = self
            .documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Subscription::new(match documents.as_ref() {
            Some(documents) => documents.notices.subscribe(),
            // Its sender is gone at once, so it has ended.
            None => broadcast::channel(1).1,
        })
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let mut documents = self
                .documents
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // With the documents goes the sender of notices, and with it every subscription.
            documents.take().map(drop).ok_or(StoreError::Closed)
        })
    }
}

/// What the suite needs: a way to open the store, and one to open it too small.
struct Map;

impl via::store::conformance::Harness for Map {
    type Store = MapStore;

    async fn open(&self) -> MapStore {
        MapStore::new(100_000)
    }
}

impl via::store::conformance::Small for Map {
    async fn open_small(&self) -> MapStore {
        MapStore::new(10)
    }
}

mod plain {
    use super::Map;

    via::store::conformance::tests! { Map; full }
}

mod behind_faults {
    use super::Map;
    use via::store::conformance::{Behind, Faults};

    via::store::conformance::tests! { Behind::new(Map, Faults::gentle(1)); full, unknown }
}
