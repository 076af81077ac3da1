//! A store in the memory of this process.

mod eviction;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeSet, HashMap, hash_map},
    fmt::{self, Debug},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use self::eviction::{Candidates, Evicted, Filed, Kind};
use super::{
    Change, Commit, CommitOutcome, Durability, Expiry, Key, Loaded, Store, StoreError, StoreFuture,
    StoredDocument, Subscription, Timestamp, Version, Write,
    compare::{ConditionResult, Occupancy},
    notices::Notices,
};

/// How many documents a sweep looks at before it releases the lock for other calls.
const SWEEP_CHUNK: usize = 256;

/// The last `1 / RESERVE` of the bytes is reserved for documents that already exist.
const RESERVE: usize = 16;

/// Keeps documents in memory, up to a limit. They end with the process.
///
/// Expired documents and tombstones count towards the limits until a sweep removes them, or until
/// the store needs their room.
///
/// # When it is full
///
/// If a commit would exceed a limit, the store evicts sessions in which nobody is logged in. First it
/// evicts sessions that were committed once and that nobody has used for 10 minutes. Then it evicts
/// other sessions that nobody has used for 24 hours. In both groups the session that was unused for
/// longest goes first. Every load, commit and touch is a use, and so is an open page, because the server
/// asks every few seconds whether the page is up to date. The store never evicts shared values or
/// documents that have an owner.
///
/// An evicted session has ended, as if it had been deleted: its tabs say so, and its actions change
/// nothing. The store remembers this of the sessions that were evicted last, four times as many as it may
/// hold documents.
///
/// If there is nothing to evict, the store refuses the commit with [`StoreError::Full`]. Documents
/// that already exist still work: the store reserves the last sixteenth of its bytes for their
/// growth. New visitors still see the pages of an app, live. Their first action waits until there is
/// room for their session.
///
/// Tested by: `tests/server/limits.rs`, `tests/server/newcomers.rs`.
///
/// # Example: with other limits
///
/// ```
/// use via::store::{Durability, MemoryStore, Store};
///
/// let store = MemoryStore::with_limits(10_000, 64 * 1024 * 1024);
/// assert_eq!(store.durability(), Durability::Volatile);
/// ```
pub struct MemoryStore {
    documents: Mutex<Option<Documents>>,
    notices: Notices,
}

impl MemoryStore {
    /// The limit of [`new`](Self::new): 100,000 documents.
    pub const DEFAULT_MAX_DOCUMENTS: usize = 100_000;
    /// The limit of [`new`](Self::new): 512 MiB of keys, owners and bytes.
    pub const DEFAULT_MAX_BYTES: usize = 512 * 1024 * 1024;

    /// An empty store with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(Self::DEFAULT_MAX_DOCUMENTS, Self::DEFAULT_MAX_BYTES)
    }

    /// An empty store of at most `max_documents` documents and `max_bytes` bytes, which include keys
    /// and owners. A new document may use only the first fifteen sixteenths of the bytes.
    #[must_use]
    pub fn with_limits(max_documents: usize, max_bytes: usize) -> Self {
        Self {
            documents: Mutex::new(Some(Documents {
                limits: Limits {
                    documents: max_documents,
                    bytes: max_bytes,
                },
                entries: HashMap::new(),
                by_deadline: BTreeSet::new(),
                by_owner: HashMap::new(),
                candidates: Candidates::default(),
                evicted: Evicted::new(max_documents),
                bytes: 0,
            })),
            notices: Notices::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Documents>> {
        // No code of an app runs under the lock.
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` under the lock, so that it is atomic.
    fn with<T>(
        &self,
        work: impl FnOnce(&mut Documents) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        work(self.lock().as_mut().ok_or(StoreError::Closed)?)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let documents = self.lock();
        f.debug_struct("MemoryStore")
            .field("documents", &documents.as_ref().map(|it| it.entries.len()))
            .field("bytes", &documents.as_ref().map(|it| it.bytes))
            .finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn durability(&self) -> Durability {
        Durability::Volatile
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        Box::pin(async move {
            self.with(|documents| {
                let load = |key| {
                    documents.note_use(key, now);
                    documents.load(key, now)
                };
                Ok(keys.iter().map(load).collect())
            })
        })
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            commit.check_sizes()?;
            self.with(|documents| {
                let mut evicted = Vec::new();
                let outcome = documents.commit(&commit, &mut evicted);
                // Under the lock, so that notices have the order of commits.
                self.notices.announce_deleted(&evicted);
                if let Ok(CommitOutcome::Committed(versions)) = &outcome {
                    self.notices.announce_commit(&commit, versions);
                }
                outcome
            })
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move { self.with(|documents| Ok(documents.touch(key, idle_until, now))) })
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        Box::pin(async move {
            self.with(|documents| {
                let mut deleted = 0;
                for key in keys {
                    if documents.delete(key, tombstone_until, now) {
                        deleted += 1;
                        self.notices.announce_deleted([key]);
                    }
                }
                Ok(deleted)
            })
        })
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(async move {
            let mut removed = 0;
            loop {
                let swept =
                    self.with(|documents| Ok(documents.sweep(now, limit - removed, SWEEP_CHUNK)))?;
                removed += swept.removed;
                if swept.finished {
                    return Ok(removed);
                }
                tokio::task::yield_now().await;
            }
        })
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        Box::pin(async move {
            self.with(|documents| {
                let version = |key| {
                    // Asked for every few seconds while a tab shows it.
                    documents.note_use(key, now);
                    match documents.occupancy(key, now) {
                        Occupancy::At(version) => Some(version),
                        Occupancy::Absent | Occupancy::Deleted => None,
                    }
                };
                Ok(keys.iter().map(version).collect())
            })
        })
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        Box::pin(async move { self.with(|documents| Ok(documents.owned_by(owner, now))) })
    }

    fn subscribe(&self) -> Subscription {
        self.notices.subscribe()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            let documents = self.lock().take();
            self.notices.close();
            documents.map(drop).ok_or(StoreError::Closed)
        })
    }
}

/// All documents and tombstones, with an index by deadline and one by owner.
struct Documents {
    limits: Limits,
    entries: HashMap<Arc<str>, Entry>,
    /// Every entry under its [`Entry::filed`].
    by_deadline: BTreeSet<(Timestamp, Arc<str>)>,
    by_owner: HashMap<Box<str>, BTreeSet<Arc<str>>>,
    /// Every entry with an [`Entry::eviction`].
    candidates: Candidates,
    evicted: Evicted,
    /// The sum of all [`size_of`].
    bytes: usize,
}

struct Limits {
    documents: usize,
    bytes: usize,
}

struct Entry {
    version: Version,
    expiry: Expiry,
    /// The moment under which [`Documents::by_deadline`] has the entry: never later than its
    /// deadline. Most commits move the deadline later and leave this alone; a sweep corrects it when
    /// it meets the entry.
    filed: Timestamp,
    /// When it was last used.
    used: Timestamp,
    /// Where [`Documents::candidates`] has it, if it may make way for others.
    eviction: Option<Filed>,
    /// `None` for a tombstone.
    content: Option<StoredBytes>,
}

struct StoredBytes {
    bytes: Bytes,
    owner: Option<Box<str>>,
}

struct SweptChunk {
    removed: usize,
    finished: bool,
}

impl Documents {
    fn present(&self, key: &Key, now: Timestamp) -> Option<&Entry> {
        self.entries
            .get(key.as_str())
            .filter(|entry| !entry.expiry.has_passed(now))
    }

    fn occupancy(&self, key: &Key, now: Timestamp) -> Occupancy {
        match self.present(key, now) {
            None if self.evicted.contains(key.as_str(), now) => Occupancy::Deleted,
            None => Occupancy::Absent,
            Some(Entry { content: None, .. }) => Occupancy::Deleted,
            Some(entry) => Occupancy::At(entry.version),
        }
    }

    fn load(&self, key: &Key, now: Timestamp) -> Loaded {
        let Some(entry) = self.present(key, now) else {
            return if self.evicted.contains(key.as_str(), now) {
                Loaded::Deleted
            } else {
                Loaded::Absent
            };
        };
        let Some(content) = &entry.content else {
            return Loaded::Deleted;
        };
        Loaded::Found(StoredDocument {
            version: entry.version,
            bytes: content.bytes.clone(),
            expiry: entry.expiry,
            owner: content.owner.clone(),
        })
    }

    fn note_use(&mut self, key: &Key, now: Timestamp) {
        if let Some(entry) = self.entries.get_mut(key.as_str()) {
            entry.used = entry.used.max(now);
        }
    }

    /// Adds the documents that it evicts to `evicted`.
    fn commit(
        &mut self,
        commit: &Commit,
        evicted: &mut Vec<Key>,
    ) -> Result<CommitOutcome, StoreError> {
        let now = commit.now;
        let judge = |write: &Write| write.expect.judge(self.occupancy(&write.key, now));
        let verdict = commit.writes.iter().map(judge).max();
        match verdict.unwrap_or(ConditionResult::Holds) {
            ConditionResult::Holds => {}
            ConditionResult::Gone => return Ok(CommitOutcome::Gone),
            ConditionResult::Differs => {
                let load = |write: &Write| self.load(&write.key, now);
                return Ok(CommitOutcome::Conflict(
                    commit.writes.iter().map(load).collect(),
                ));
            }
        }
        self.make_room(commit, evicted)?;
        let versions = commit.versions_after();
        for (write, &version) in commit.writes.iter().zip(&versions) {
            match &write.change {
                Change::Put(put) => {
                    let content = StoredBytes {
                        bytes: put.bytes.clone(),
                        owner: put.owner.clone(),
                    };
                    self.place(&write.key, version, put.expiry, Some(content), now);
                }
                Change::Delete { tombstone_until } => {
                    let expiry = Expiry::at(*tombstone_until);
                    self.place(&write.key, version, expiry, None, now);
                }
                Change::Keep => {}
            }
        }
        Ok(CommitOutcome::Committed(versions))
    }

    /// Refuses a commit that exceeds a limit, unless it makes enough room to remove what has expired and
    /// to evict what nobody uses. Adds what it evicts to `evicted`.
    fn make_room(&mut self, commit: &Commit, evicted: &mut Vec<Key>) -> Result<(), StoreError> {
        // What is committed now does not make way for itself.
        for write in &commit.writes {
            self.note_use(&write.key, commit.now);
        }
        loop {
            let growth = self.growth(commit);
            let Some(refusal) = self.refusal(growth) else {
                return Ok(());
            };
            let swept = self.sweep(commit.now, SWEEP_CHUNK, SWEEP_CHUNK);
            // All entries of this chunk may have later deadlines by now, so look at the next chunk.
            if swept.removed > 0 || !swept.finished {
                continue;
            }
            let Some(name) = self.evict(commit.now) else {
                return Err(StoreError::Full(refusal));
            };
            evicted.extend(Key::new(name));
        }
    }

    /// Removes one document that nobody has used for a while; `None` if there is none.
    fn evict(&mut self, now: Timestamp) -> Option<Arc<str>> {
        while let Some((kind, name)) = self.candidates.pop_due(now) {
            let hash_map::Entry::Occupied(mut slot) = self.entries.entry(name.clone()) else {
                continue;
            };
            let entry = slot.get_mut();
            if kind.from(entry.used) > now {
                let filed = Filed::new(kind, entry.used);
                entry.eviction = Some(filed);
                self.candidates.insert(filed, name);
                continue;
            }
            let entry = slot.remove();
            self.bytes -= entry.size(&name);
            self.by_deadline.remove(&(entry.filed, name.clone()));
            self.evicted.remember(&name, entry.expiry.deadline());
            return Some(name);
        }
        None
    }

    /// Why the store cannot grow by this many entries and bytes; `None` if it can.
    fn refusal(&self, (entries, bytes): (usize, usize)) -> Option<&'static str> {
        let most = if entries > 0 {
            self.limits.bytes - self.limits.bytes / RESERVE
        } else {
            self.limits.bytes
        };
        if entries > 0 && self.entries.len() + entries > self.limits.documents {
            Some("it has reached its limit of documents; set a higher one for the memory store")
        } else if bytes > 0 && self.bytes + bytes > most {
            Some("it has reached its limit of bytes; set a higher one for the memory store")
        } else {
            None
        }
    }

    /// By how many entries and bytes the store grows with a commit.
    fn growth(&self, commit: &Commit) -> (usize, usize) {
        let (mut entries, mut more, mut less) = (0, 0, 0);
        for write in &commit.writes {
            let key = write.key.as_str();
            let size = match &write.change {
                Change::Put(put) => size_of(key, put.bytes.len(), put.owner.as_deref()),
                Change::Delete { .. } => size_of(key, 0, None),
                Change::Keep => continue,
            };
            more += size;
            match self.entries.get(key) {
                Some(entry) => less += entry.size(key),
                None => entries += 1,
            }
        }
        (entries, more.saturating_sub(less))
    }

    fn touch(&mut self, key: &Key, idle_until: Timestamp, now: Timestamp) -> bool {
        if !matches!(self.occupancy(key, now), Occupancy::At(_)) {
            return false;
        }
        if let Some(entry) = self.entries.get_mut(key.as_str()) {
            entry.expiry = entry.expiry.touched(idle_until);
            entry.used = entry.used.max(now);
        }
        true
    }

    fn delete(&mut self, key: &Key, tombstone_until: Timestamp, now: Timestamp) -> bool {
        let Some(entry) = self.present(key, now) else {
            self.evicted.prolong(key.as_str(), tombstone_until);
            return false;
        };
        let was_there = entry.content.is_some();
        let version = entry.version;
        let until = if was_there {
            tombstone_until
        } else {
            tombstone_until.max(entry.expiry.deadline())
        };
        self.place(key, version, Expiry::at(until), None, now);
        was_there
    }

    /// Removes at most `limit` expired entries; looks at no more than `chunk`.
    fn sweep(&mut self, now: Timestamp, limit: usize, chunk: usize) -> SweptChunk {
        let mut removed = 0;
        for _ in 0..chunk {
            let due = self.by_deadline.first().filter(|(filed, _)| *filed <= now);
            let finished = SweptChunk {
                removed,
                finished: true,
            };
            if removed == limit || due.is_none() {
                return finished;
            }
            let Some((_, name)) = self.by_deadline.pop_first() else {
                return finished;
            };
            let hash_map::Entry::Occupied(mut slot) = self.entries.entry(name.clone()) else {
                continue;
            };
            let entry = slot.get_mut();
            if entry.expiry.has_passed(now) {
                let entry = slot.remove();
                self.bytes -= entry.size(&name);
                if let Some(filed) = entry.eviction {
                    self.candidates.remove(filed, name.clone());
                }
                if let Some(owner) = entry.owner() {
                    self.disown(owner, &name);
                }
                removed += 1;
            } else {
                entry.filed = entry.expiry.deadline();
                self.by_deadline.insert((entry.filed, name));
            }
        }
        SweptChunk {
            removed,
            finished: false,
        }
    }

    fn owned_by(&self, owner: &str, now: Timestamp) -> Vec<Key> {
        let names = self.by_owner.get(owner).into_iter().flatten();
        names
            .filter_map(|name| Key::new(&**name))
            .filter(|key| self.present(key, now).is_some())
            .collect()
    }

    /// Inserts an entry, or replaces the one under this key.
    fn place(
        &mut self,
        key: &Key,
        version: Version,
        expiry: Expiry,
        content: Option<StoredBytes>,
        now: Timestamp,
    ) {
        let key = key.as_str();
        let deadline = expiry.deadline();
        let owner = content.as_ref().and_then(|content| content.owner.clone());
        let kind = content
            .as_ref()
            .and_then(|content| Kind::of(version, expiry, content.owner.as_deref()));
        let mut entry = Entry {
            version,
            expiry,
            filed: deadline,
            used: now,
            eviction: kind.map(|kind| Filed::new(kind, now)),
            content,
        };
        self.bytes += entry.size(key);

        let name = match self.entries.get_key_value(key) {
            Some((name, _)) => name.clone(),
            None => Arc::from(key),
        };
        match self.entries.entry(name.clone()) {
            hash_map::Entry::Vacant(slot) => {
                if let Some(filed) = entry.eviction {
                    self.candidates.insert(filed, name.clone());
                }
                slot.insert(entry);
                self.by_deadline.insert((deadline, name.clone()));
                self.own(owner, name);
            }
            hash_map::Entry::Occupied(mut slot) => {
                entry.filed = deadline.min(slot.get().filed);
                entry.used = now.max(slot.get().used);
                let before = slot.get().eviction;
                if before.map(Filed::kind) == kind {
                    entry.eviction = before;
                } else {
                    if let Some(filed) = before {
                        self.candidates.remove(filed, name.clone());
                    }
                    if let Some(filed) = entry.eviction {
                        self.candidates.insert(filed, name.clone());
                    }
                }
                let filed = entry.filed;
                let old = mem::replace(slot.get_mut(), entry);
                self.bytes -= old.size(key);
                if filed != old.filed {
                    self.by_deadline.remove(&(old.filed, name.clone()));
                    self.by_deadline.insert((filed, name.clone()));
                }
                if old.owner() != owner.as_deref() {
                    if let Some(owner) = old.owner() {
                        self.disown(owner, &name);
                    }
                    self.own(owner, name);
                }
            }
        }
    }

    fn own(&mut self, owner: Option<Box<str>>, name: Arc<str>) {
        if let Some(owner) = owner {
            self.by_owner.entry(owner).or_default().insert(name);
        }
    }

    fn disown(&mut self, owner: &str, name: &Arc<str>) {
        if let Some(names) = self.by_owner.get_mut(owner) {
            names.remove(name);
            if names.is_empty() {
                self.by_owner.remove(owner);
            }
        }
    }
}

impl Entry {
    fn owner(&self) -> Option<&str> {
        self.content.as_ref()?.owner.as_deref()
    }

    fn size(&self, key: &str) -> usize {
        let bytes = self.content.as_ref().map_or(0, |it| it.bytes.len());
        size_of(key, bytes, self.owner())
    }
}

/// How many bytes of the limit an entry uses.
fn size_of(key: &str, bytes: usize, owner: Option<&str>) -> usize {
    key.len() + bytes + owner.map_or(0, str::len)
}
