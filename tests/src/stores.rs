//! A store on its bad days.

use std::collections::{BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::watch;
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Durability, Expect, Key, Loaded, Put, Store,
    StoreError, StoreFuture, Subscription, Timestamp, Version, Write,
};

/// What happens to a commit of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Before it reaches the store, somebody else commits a change to the same document.
    Rival,
    /// It is done, and the answer says that this is not known.
    DoneAndUnknown,
    /// It is not done, and the answer says that this is not known.
    LostAndUnknown,
}

/// A store in front of another one. Its clones are the same store.
#[derive(Clone, Debug)]
pub struct Faulty(Arc<State>);

#[derive(Debug)]
struct State {
    inner: Box<dyn Store>,
    faults: Mutex<VecDeque<Fault>>,
    sessions: Mutex<BTreeSet<Key>>,
    away: AtomicBool,
    held: watch::Sender<bool>,
    arrived: AtomicUsize,
}

impl Faulty {
    /// A store that does what `inner` does.
    #[must_use]
    pub fn new(inner: impl Store) -> Self {
        Self(Arc::new(State {
            inner: Box::new(inner),
            faults: Mutex::default(),
            sessions: Mutex::default(),
            away: AtomicBool::new(false),
            held: watch::Sender::new(false),
            arrived: AtomicUsize::new(0),
        }))
    }

    /// Lets this happen to the next `times` commits of sessions.
    pub fn next(&self, fault: Fault, times: usize) {
        lock(&self.0.faults).extend(std::iter::repeat_n(fault, times));
    }

    /// How many faults are still to happen.
    pub fn left(&self) -> usize {
        lock(&self.0.faults).len()
    }

    /// Fails whatever is asked, or does it again.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    /// Holds commits of sessions back, or lets them go.
    pub fn hold(&self, held: bool) {
        self.0.held.send_replace(held);
    }

    /// How many commits of sessions have arrived, whatever became of them.
    pub fn commits(&self) -> usize {
        self.0.arrived.load(Ordering::SeqCst)
    }

    /// The document of the only session.
    pub async fn document(&self) -> Value {
        let keys: Vec<_> = lock(&self.0.sessions).iter().cloned().collect();
        assert_eq!(keys.len(), 1, "there is another number of sessions");
        let loaded = self.0.inner.load(&keys, Timestamp::from_millis(0)).await;
        match &loaded.expect("the store inside is well")[0] {
            Loaded::Found(found) => serde_json::from_slice(&found.bytes).expect("a document"),
            other => panic!("the session is {other:?}"),
        }
    }

    fn there(&self) -> Result<&dyn Store, StoreError> {
        if self.0.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is away on purpose".into()));
        }
        Ok(&*self.0.inner)
    }

    /// Another server's commit to the document of `write`.
    async fn rival(&self, write: &Write, now: Timestamp) {
        let loaded = self.0.inner.load(std::slice::from_ref(&write.key), now);
        let Loaded::Found(found) = loaded.await.expect("the store inside is well").remove(0) else {
            panic!("a rival needs a document to change");
        };
        let mut document: Value = serde_json::from_slice(&found.bytes).expect("a document");
        let count = &mut document["fields"]["Rival.commits"];
        *count = json!(count.as_u64().unwrap_or(0) + 1);
        let commit = Commit {
            id: CommitId(found.version.commit.0.wrapping_add(1)),
            now,
            writes: vec![Write {
                key: write.key.clone(),
                expect: Expect::At(found.version),
                change: Change::Put(Put {
                    bytes: document.to_string().into(),
                    expiry: found.expiry,
                    owner: found.owner,
                }),
            }],
        };
        let outcome = self.0.inner.commit(commit).await;
        assert!(
            matches!(outcome, Ok(CommitOutcome::Committed(_))),
            "{outcome:?}"
        );
    }
}

impl Store for Faulty {
    fn durability(&self) -> Durability {
        self.0.inner.durability()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        Box::pin(async move { self.there()?.load(keys, now).await })
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            let write = commit.writes[0].clone();
            if !write.key.as_str().starts_with("session/") {
                return self.there()?.commit(commit).await;
            }
            lock(&self.0.sessions).insert(write.key.clone());
            self.0.arrived.fetch_add(1, Ordering::SeqCst);
            let mut held = self.0.held.subscribe();
            // The sender lives as long as this store.
            let _ = held.wait_for(|held| !held).await;
            let inner = self.there()?;
            let fault = lock(&self.0.faults).pop_front();
            match fault {
                None => inner.commit(commit).await,
                Some(Fault::Rival) => {
                    self.rival(&write, commit.now).await;
                    inner.commit(commit).await
                }
                Some(Fault::DoneAndUnknown) => {
                    let outcome = inner.commit(commit).await;
                    assert!(
                        matches!(outcome, Ok(CommitOutcome::Committed(_))),
                        "{outcome:?}"
                    );
                    Ok(CommitOutcome::Unknown)
                }
                Some(Fault::LostAndUnknown) => Ok(CommitOutcome::Unknown),
            }
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        Box::pin(async move { self.there()?.touch(key, idle_until, now).await })
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        Box::pin(async move { self.there()?.delete(keys, tombstone_until, now).await })
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(async move { self.there()?.sweep(now, limit).await })
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        Box::pin(async move { self.there()?.revisions(keys, now).await })
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        Box::pin(async move { self.there()?.owned_by(owner, now).await })
    }

    fn subscribe(&self) -> Subscription {
        self.0.inner.subscribe()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.0.inner.close()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
