//! A store in the memory of this process.

mod eviction;

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

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;
    use crate::store::{
        Expect, Notice, Put,
        conformance::{Behind, Faults, Harness, Small, support::*},
    };

    struct Memory;

    impl Harness for Memory {
        type Store = MemoryStore;

        async fn open(&self) -> MemoryStore {
            MemoryStore::new()
        }
    }

    impl Small for Memory {
        async fn open_small(&self) -> MemoryStore {
            MemoryStore::with_limits(100, usize::MAX)
        }
    }

    /// A store that reaches its limit of bytes.
    struct FewBytes;

    impl Harness for FewBytes {
        type Store = MemoryStore;

        async fn open(&self) -> MemoryStore {
            MemoryStore::new()
        }
    }

    impl Small for FewBytes {
        async fn open_small(&self) -> MemoryStore {
            MemoryStore::with_limits(usize::MAX, 300_000)
        }
    }

    mod plain {
        use super::*;

        crate::store::conformance::tests! { Memory; full }
    }

    mod behind_faults {
        use super::*;

        crate::store::conformance::tests! {
            Behind::new(Memory, Faults::gentle(1)); full, unknown
        }
    }

    #[test]
    fn few_bytes_are_full_as_well() {
        for case in crate::store::conformance::full() {
            case.run(&|| FewBytes);
        }
    }

    fn is_full(result: &Result<CommitOutcome, StoreError>) -> bool {
        matches!(result, Err(StoreError::Full(_)))
    }

    fn until(millis: i64) -> Put {
        Put {
            expiry: Expiry::at(after(millis)),
            ..put("")
        }
    }

    #[tokio::test]
    async fn over_the_limit_of_documents_only_a_create_is_refused() {
        let store = MemoryStore::with_limits(2, usize::MAX);
        let (a, b, c) = (key("a"), key("b"), key("c"));
        let version = create(&store, &a, put("")).await;
        create(&store, &b, until(100)).await;

        let create_c = vec![write(&c, Expect::Absent, put(""))];
        assert!(is_full(&commit_at(&store, NOW, create_c.clone()).await));
        let both = vec![
            write(&a, Expect::At(version), put("no")),
            write(&c, Expect::Absent, put("no")),
        ];
        assert!(is_full(&commit_at(&store, NOW, both).await));
        assert_eq!(found(&store, &a).await.version, version);

        let change = vec![write(&a, Expect::At(version), put("yes"))];
        commit_at(&store, NOW, change).await.unwrap();
        assert_eq!(found(&store, &a).await.bytes, "yes");
        // An expired document makes room.
        commit_at(&store, after(100), create_c).await.unwrap();
        found(&store, &c).await;
    }

    #[tokio::test]
    async fn over_the_limit_of_bytes_only_growth_is_refused() {
        let store = MemoryStore::with_limits(10, 160);
        let (a, b) = (key("a"), key("b"));
        // A new document may use fifteen sixteenths.
        let too_large = vec![write(&a, Expect::Absent, put(vec![0; 150]))];
        assert!(is_full(&commit_at(&store, NOW, too_large).await));
        let mut version = create(&store, &a, put(vec![0; 149])).await;
        let create_b = vec![write(&b, Expect::Absent, put(""))];
        assert!(is_full(&commit_at(&store, NOW, create_b.clone()).await));
        // An existing document may use all of the limit.
        let grow = vec![write(&a, Expect::At(version), put(vec![0; 160]))];
        assert!(is_full(&commit_at(&store, NOW, grow).await));
        for size in [158, 159, 148] {
            let change = vec![write(&a, Expect::At(version), put(vec![1; size]))];
            let outcome = commit_at(&store, NOW, change).await.unwrap();
            let CommitOutcome::Committed(versions) = outcome else {
                panic!("{outcome:?}");
            };
            version = versions[0];
        }
        commit_at(&store, NOW, create_b).await.unwrap();
        assert!(store.touch(&a, after(9), NOW).await.unwrap());
        assert_eq!(store.delete(&[a], after(9), NOW).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn the_default_limits_are_100_000_documents_and_512_mib() {
        let store = MemoryStore::new();
        for i in 0..100_000 {
            create(&store, &key(&format!("{i}")), put("")).await;
        }
        let more = vec![write(&key("more"), Expect::Absent, put(""))];
        assert!(is_full(&commit_at(&store, NOW, more).await));

        // All documents share their bytes, so this needs no more memory than one of them.
        let store = MemoryStore::new();
        let content = Bytes::from(vec![0; 1024 * 1024 - 2]);
        let mut versions = Vec::new();
        for i in 0..480 {
            let key = key(&format!("{i:03}"));
            versions.push(create(&store, &key, put(content.slice(1..))).await);
        }
        let more = vec![write(&key("480"), Expect::Absent, put(content.clone()))];
        assert!(is_full(&commit_at(&store, NOW, more).await));
        let grow = vec![write(&key("000"), Expect::At(versions[0]), put(content))];
        commit_at(&store, NOW, grow).await.unwrap();
    }

    #[tokio::test]
    async fn what_has_expired_makes_way_behind_many_that_were_used_again() {
        let store = MemoryStore::with_limits(2 * SWEEP_CHUNK + 1, usize::MAX);
        for i in 0..2 * SWEEP_CHUNK {
            let key = key(&format!("{i}"));
            let put = Put {
                expiry: Expiry {
                    idle_until: after(1),
                    absolute: Timestamp::NEVER,
                },
                ..put("")
            };
            create(&store, &key, put).await;
            assert!(store.touch(&key, after(1000), NOW).await.unwrap());
        }
        create(&store, &key("expired"), until(2)).await;
        let create_new = vec![write(&key("new"), Expect::Absent, put(""))];
        assert!(is_full(
            &commit_at(&store, after(1), create_new.clone()).await
        ));
        commit_at(&store, after(2), create_new).await.unwrap();
    }

    #[tokio::test]
    async fn nothing_is_counted_once_everything_is_swept() {
        let store = MemoryStore::new();
        for i in 0..1000 {
            let put = Put {
                owner: Some(format!("owner {}", i % 7).into()),
                ..until(i)
            };
            create(&store, &key(&format!("{i}")), put).await;
        }
        store.delete(&[key("5")], after(9), NOW).await.unwrap();
        assert_eq!(store.sweep(after(1000), usize::MAX).await.unwrap(), 1000);
        let documents = store.lock();
        let documents = documents.as_ref().unwrap();
        assert_eq!(documents.bytes, 0);
        assert!(documents.entries.is_empty());
        assert!(documents.by_deadline.is_empty());
        assert!(documents.by_owner.is_empty());
        assert!(documents.candidates.is_empty());
    }

    const MINUTES: i64 = 60 * 1000;
    const DAYS: i64 = 24 * 60 * MINUTES;

    /// A session in which nobody is logged in.
    fn session() -> Put {
        Put {
            expiry: Expiry {
                idle_until: after(14 * DAYS),
                absolute: after(90 * DAYS),
            },
            ..put("")
        }
    }

    /// Creates a document after so many milliseconds and answers whether there was room.
    async fn created(store: &MemoryStore, millis: i64, name: &str, put: Put) -> bool {
        let create = vec![write(&key(name), Expect::Absent, put)];
        let result = commit_at(store, after(millis), create).await;
        assert!(result.is_ok() || is_full(&result), "{result:?}");
        result.is_ok_and(|outcome| matches!(outcome, CommitOutcome::Committed(_)))
    }

    /// Which of these documents exist after so many milliseconds. Looking is no use of them.
    fn existing<'n>(store: &MemoryStore, millis: i64, names: &[&'n str]) -> Vec<&'n str> {
        let documents = store.lock();
        let documents = documents.as_ref().unwrap();
        let exists = |name: &&&str| documents.present(&key(name), after(millis)).is_some();
        names.iter().filter(exists).copied().collect()
    }

    #[tokio::test]
    async fn a_session_that_was_committed_once_makes_way_after_ten_minutes_and_has_ended() {
        let store = MemoryStore::with_limits(2, usize::MAX);
        let (first, second) = (key("first"), key("second"));
        let version = create(&store, &first, session()).await;
        assert!(created(&store, MINUTES, "second", session()).await);
        assert!(!created(&store, 10 * MINUTES - 1, "third", session()).await);
        let mut notices = store.subscribe();
        let now = after(10 * MINUTES);
        assert!(created(&store, 10 * MINUTES, "third", session()).await);
        assert_eq!(
            next(&mut notices).await,
            Some(Notice::Deleted { key: first.clone() })
        );
        assert!(matches!(
            next(&mut notices).await,
            Some(Notice::Committed { .. })
        ));

        assert_eq!(load_at(&store, &first, now).await, Loaded::Deleted);
        assert_eq!(
            store.revisions(slice::from_ref(&first), now).await.unwrap(),
            [None]
        );
        assert!(!store.touch(&first, after(DAYS), now).await.unwrap());
        for expect in [Expect::Absent, Expect::At(version)] {
            let again = vec![write(&first, expect, session())];
            let outcome = commit_at(&store, now, again).await.unwrap();
            assert_eq!(outcome, CommitOutcome::Gone);
        }
        // Until then its cookie may come back.
        let last = after(14 * DAYS - 1);
        assert_eq!(load_at(&store, &first, last).await, Loaded::Deleted);
        assert_eq!(
            load_at(&store, &first, after(14 * DAYS)).await,
            Loaded::Absent
        );
        assert!(matches!(
            load_at(&store, &second, now).await,
            Loaded::Found(_)
        ));
    }

    #[tokio::test]
    async fn whatever_is_used_stays() {
        let store = MemoryStore::with_limits(4, usize::MAX);
        let names = ["loaded", "touched", "shown", "committed"];
        let mut versions = Vec::new();
        for name in names {
            versions.push(create(&store, &key(name), session()).await);
        }
        let now = after(10 * MINUTES);
        load_at(&store, &key("loaded"), now).await;
        assert!(store.touch(&key("touched"), after(0), now).await.unwrap());
        store.revisions(&[key("shown")], now).await.unwrap();
        // A commit that needs room does not evict what it writes.
        let both = vec![
            write(&key("committed"), Expect::At(versions[3]), session()),
            write(&key("new"), Expect::Absent, session()),
        ];
        assert!(is_full(&commit_at(&store, now, both.clone()).await));
        assert_eq!(existing(&store, 10 * MINUTES, &names), names);
        let later = after(20 * MINUTES);
        assert!(matches!(
            commit_at(&store, later, both).await.unwrap(),
            CommitOutcome::Committed(_)
        ));
        let left = existing(&store, 20 * MINUTES, &names);
        assert_eq!(left.len(), 3);
        assert!(left.contains(&"committed"));
    }

    #[tokio::test]
    async fn what_was_committed_once_makes_way_before_what_was_not_used_for_a_day() {
        let store = MemoryStore::with_limits(5, usize::MAX);
        let often = create(&store, &key("often"), session()).await;
        replace(&store, &key("often"), often, session()).await;
        let logged_in = Put {
            owner: Some("ann".into()),
            ..session()
        };
        create(&store, &key("owned"), logged_in).await;
        create(&store, &key("shared"), put("")).await;
        let with_ttl = Put {
            expiry: Expiry {
                idle_until: after(30 * DAYS),
                absolute: Timestamp::NEVER,
            },
            ..put("")
        };
        create(&store, &key("kept"), with_ttl).await;
        assert!(created(&store, DAYS - 10 * MINUTES, "once", session()).await);
        let names = ["often", "owned", "shared", "kept", "once"];
        assert!(created(&store, DAYS, "new", session()).await);
        assert_eq!(existing(&store, DAYS, &names), names[..4]);
        assert!(created(&store, DAYS + 1, "newer", session()).await);
        assert_eq!(existing(&store, DAYS, &names), names[1..4]);
        // The others would stay for ever.
        for (days, name) in [(2, "a"), (3, "b"), (4, "c")] {
            assert!(created(&store, days * DAYS, name, session()).await);
        }
        assert_eq!(existing(&store, 4 * DAYS, &names), names[1..4]);
    }

    #[tokio::test]
    async fn bytes_are_made_free_in_the_same_way() {
        let store = MemoryStore::with_limits(usize::MAX, 160);
        for name in ["a", "b"] {
            let put = Put {
                bytes: vec![0; 70].into(),
                ..session()
            };
            create(&store, &key(name), put).await;
        }
        let large = Put {
            bytes: vec![0; 140].into(),
            ..session()
        };
        assert!(!created(&store, 9 * MINUTES, "c", large.clone()).await);
        assert!(created(&store, 10 * MINUTES, "c", large).await);
        assert!(existing(&store, 10 * MINUTES, &["a", "b"]).is_empty());
    }
}
