//! Wrong stores, each in front of a correct one.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt as _;

use super::super::{Faults, Faulty, Harness, LosesAnswers};
use crate::store::{
    Change, Commit, CommitOutcome, Durability, Expect, Key, Loaded, MemoryStore, Store, StoreError,
    StoreFuture, Subscription, Timestamp, Version, Write,
};

/// Writes the methods that pass a call to `self.0` unchanged.
macro_rules! hand_on {
    ($($method:ident)*) => { $(hand_on! { @ $method })* };
    (@ durability) => {
        fn durability(&self) -> Durability {
            self.0.durability()
        }
    };
    (@ load) => {
        fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
            self.0.load(keys, now)
        }
    };
    (@ commit) => {
        fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
            self.0.commit(commit)
        }
    };
    (@ touch) => {
        fn touch<'a>(
            &'a self,
            key: &'a Key,
            idle_until: Timestamp,
            now: Timestamp,
        ) -> StoreFuture<'a, bool> {
            self.0.touch(key, idle_until, now)
        }
    };
    (@ delete) => {
        fn delete<'a>(
            &'a self,
            keys: &'a [Key],
            tombstone_until: Timestamp,
            now: Timestamp,
        ) -> StoreFuture<'a, usize> {
            self.0.delete(keys, tombstone_until, now)
        }
    };
    (@ sweep) => {
        fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
            self.0.sweep(now, limit)
        }
    };
    (@ revisions) => {
        fn revisions<'a>(
            &'a self,
            keys: &'a [Key],
            now: Timestamp,
        ) -> StoreFuture<'a, Vec<Option<Version>>> {
            self.0.revisions(keys, now)
        }
    };
    (@ owned_by) => {
        fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
            self.0.owned_by(owner, now)
        }
    };
    (@ subscribe) => {
        fn subscribe(&self) -> Subscription {
            self.0.subscribe()
        }
    };
    (@ close) => {
        fn close(&self) -> StoreFuture<'_, ()> {
            self.0.close()
        }
    };
}

/// Overwrites a document at any version.
pub(super) struct LastWriteWins;

#[derive(Debug)]
pub(super) struct LastWriteWinsStore(MemoryStore);

impl Harness for LastWriteWins {
    type Store = LastWriteWinsStore;

    async fn open(&self) -> LastWriteWinsStore {
        LastWriteWinsStore(MemoryStore::new())
    }
}

impl Store for LastWriteWinsStore {
    fn commit(&self, mut commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            loop {
                match self.0.commit(commit.clone()).await? {
                    CommitOutcome::Conflict(current) => {
                        for (write, loaded) in commit.writes.iter_mut().zip(current) {
                            if let Loaded::Found(document) = loaded {
                                write.expect = Expect::At(document.version);
                            }
                        }
                    }
                    outcome => return Ok(outcome),
                }
            }
        })
    }

    hand_on! { durability load touch delete sweep revisions owned_by subscribe close }
}

/// Leaves no tombstone, so a caller that does not know of a deletion creates the document again.
pub(super) struct NoTombstones;

#[derive(Debug)]
pub(super) struct NoTombstonesStore(MemoryStore);

impl Harness for NoTombstones {
    type Store = NoTombstonesStore;

    async fn open(&self) -> NoTombstonesStore {
        NoTombstonesStore(MemoryStore::new())
    }
}

impl Store for NoTombstonesStore {
    fn commit(&self, mut commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        for write in &mut commit.writes {
            if let Change::Delete { tombstone_until } = &mut write.change {
                *tombstone_until = commit.now;
            }
        }
        self.0.commit(commit)
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        _tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        self.0.delete(keys, now, now)
    }

    hand_on! { durability load touch sweep revisions owned_by subscribe close }
}

/// Acknowledges a commit after checking its conditions, and writes it a moment later. Its own reads
/// see such a commit, but other instances do not. If the store ends before it writes, it loses the
/// commit.
#[derive(Default)]
pub(super) struct Early(Arc<MemoryStore>);

#[derive(Debug)]
pub(super) struct EarlyStore(Arc<MemoryStore>, Arc<Pending>);

/// Commits that are checked and acknowledged, but not written.
type Pending = Mutex<VecDeque<Commit>>;

/// How long a commit stays unwritten, unless another call comes first.
const DELAY: Duration = Duration::from_millis(100);

impl Harness for Early {
    type Store = EarlyStore;

    async fn open(&self) -> EarlyStore {
        EarlyStore(self.0.clone(), Arc::default())
    }
}

impl EarlyStore {
    fn written(&self) -> &MemoryStore {
        flush(&self.0, &self.1);
        &self.0
    }
}

fn flush(store: &MemoryStore, pending: &Pending) {
    let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
    for commit in pending.drain(..) {
        store.commit(commit).now_or_never().unwrap().ok();
    }
}

impl Store for EarlyStore {
    fn durability(&self) -> Durability {
        self.0.durability()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        self.written().load(keys, now)
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            commit.check_sizes()?;
            let (store, pending) = (self.0.clone(), Arc::downgrade(&self.1));
            let mut queue = self.1.lock().unwrap_or_else(PoisonError::into_inner);
            for commit in queue.drain(..) {
                store.commit(commit).now_or_never().unwrap()?;
            }
            let keep = |write: &Write| Write {
                change: Change::Keep,
                ..write.clone()
            };
            let judge = Commit {
                writes: commit.writes.iter().map(keep).collect(),
                ..commit.clone()
            };
            let outcome = store.commit(judge).now_or_never().unwrap()?;
            if !matches!(outcome, CommitOutcome::Committed(_)) {
                return Ok(outcome);
            }
            let versions = commit.versions_after();
            queue.push_back(commit);
            tokio::spawn(async move {
                tokio::time::sleep(DELAY).await;
                if let Some(pending) = pending.upgrade() {
                    flush(&store, &pending);
                }
            });
            Ok(CommitOutcome::Committed(versions))
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        self.written().touch(key, idle_until, now)
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        self.written().delete(keys, tombstone_until, now)
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        self.written().sweep(now, limit)
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        self.written().revisions(keys, now)
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        self.written().owned_by(owner, now)
    }

    fn subscribe(&self) -> Subscription {
        self.written().subscribe()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.written().close()
    }
}

/// Answers something else instead of `Unknown`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Forgetful {
    Error,
    Conflict,
    Committed,
}

#[derive(Debug)]
pub(super) struct ForgetfulStore(Faulty<MemoryStore>, Forgetful);

impl Harness for Forgetful {
    type Store = ForgetfulStore;

    async fn open(&self) -> ForgetfulStore {
        let faults = Faults {
            delay: 0,
            repeat: 0,
            lose_notice: 0,
            ..Faults::gentle(1)
        };
        ForgetfulStore(Faulty::new(MemoryStore::new(), faults), *self)
    }
}

impl LosesAnswers for Forgetful {
    async fn lose_answers(&self, store: &ForgetfulStore, lost: bool) {
        store.0.lose_answers(lost);
    }
}

impl Store for ForgetfulStore {
    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            let keys: Vec<Key> = commit.writes.iter().map(|it| it.key.clone()).collect();
            let (now, versions) = (commit.now, commit.versions_after());
            match (self.0.commit(commit).await?, self.1) {
                (CommitOutcome::Unknown, Forgetful::Error) => {
                    Err(StoreError::Unavailable("the connection is lost".into()))
                }
                (CommitOutcome::Unknown, Forgetful::Conflict) => {
                    Ok(CommitOutcome::Conflict(self.0.load(&keys, now).await?))
                }
                (CommitOutcome::Unknown, Forgetful::Committed) => {
                    Ok(CommitOutcome::Committed(versions))
                }
                (outcome, _) => Ok(outcome),
            }
        })
    }

    hand_on! { durability load touch delete sweep revisions owned_by subscribe close }
}

/// Declares any durability that a test wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boastful {
    pub(super) level: Durability,
    pub(super) configured: Durability,
}

#[derive(Debug)]
pub(super) struct BoastfulStore(MemoryStore, Durability);

impl Harness for Boastful {
    type Store = BoastfulStore;

    async fn open(&self) -> BoastfulStore {
        BoastfulStore(MemoryStore::new(), self.level)
    }

    fn durability(&self) -> Durability {
        self.configured
    }
}

impl Store for BoastfulStore {
    fn durability(&self) -> Durability {
        self.1
    }

    hand_on! { load commit touch delete sweep revisions owned_by subscribe close }
}
