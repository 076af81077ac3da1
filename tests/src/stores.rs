//! A store with faults.
//!
//! It stands between an app and a store, logs every call, and lets a rule decide about each one:
//!
//! ```no_run
//! use via_tests::stores::{Fault, Faulty, Operation};
//!
//! let store = Faulty::default();
//! store.rule(|call| (call.operation == Operation::Touch).then_some(Fault::Away));
//! assert_eq!(store.written(), []);
//! ```

mod rewind;
mod wrong;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use serde_json::Value;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock as Gate, broadcast};
use via::store::{
    Commit, CommitOutcome, Durability, Key, Loaded, MemoryStore, Notice, Store, StoreError,
    StoreFuture, Subscription, Timestamp, Version,
};

use rewind::Reel;

/// What a store is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Read documents.
    Load,
    /// Write documents.
    Commit,
    /// Extend the time until a document expires.
    Touch,
    /// Delete documents.
    Delete,
    /// Remove what has expired.
    Sweep,
    /// Return versions of documents.
    Revisions,
    /// Find documents of a user.
    OwnedBy,
}

/// A call of a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The operation.
    pub operation: Operation,
    /// The keys of its documents.
    pub keys: Vec<Key>,
}

/// What goes wrong with a call. All but the first apply only to commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The store is not available.
    Away,
    /// Before it reaches the store, another server commits a change to its first document.
    Rival,
    /// The commit is done, but the answer says that the outcome is unknown.
    DoneAndUnknown,
    /// The commit is not done, and the answer says that the outcome is unknown.
    LostAndUnknown,
    /// The commit is done even if another one came first. No store may do this.
    LastWriteWins,
    /// The commit is acknowledged first, and done a moment later. No store may do this.
    Early,
}

type Rule = dyn Fn(&Call) -> Option<Fault> + Send + Sync;
type Silence = dyn Fn() -> bool + Send + Sync;

/// A store in front of another one. Clones are the same store.
#[derive(Clone, Debug)]
pub struct Faulty(Arc<State>);

struct State {
    inner: RwLock<Arc<dyn Store>>,
    rule: Mutex<Arc<Rule>>,
    /// What happens to the next commits of sessions, whatever the rule says.
    next: Mutex<VecDeque<Fault>>,
    gate: Arc<Gate<()>>,
    calls: Mutex<Vec<Call>>,
    keeps_log: bool,
    /// Whether notices are currently lost.
    silence: Mutex<Option<Arc<Silence>>>,
    reel: Option<Reel>,
}

impl Default for Faulty {
    fn default() -> Self {
        Self::new(MemoryStore::new())
    }
}

impl Faulty {
    /// A store that does what `inner` does.
    #[must_use]
    pub fn new(inner: impl Store) -> Self {
        Self::with(Arc::new(inner), true, None)
    }

    /// The same without a log, for a very large number of calls.
    #[must_use]
    pub fn without_log(inner: impl Store) -> Self {
        Self::with(Arc::new(inner), false, None)
    }

    fn with(inner: Arc<dyn Store>, keeps_log: bool, reel: Option<Reel>) -> Self {
        Self(Arc::new(State {
            inner: RwLock::new(inner),
            rule: Mutex::new(Arc::new(|_| None)),
            next: Mutex::default(),
            gate: Arc::default(),
            calls: Mutex::default(),
            keeps_log,
            silence: Mutex::default(),
            reel,
        }))
    }

    /// From now on decides what goes wrong with each call.
    pub fn rule(&self, rule: impl Fn(&Call) -> Option<Fault> + Send + Sync + 'static) {
        *lock(&self.0.rule) = Arc::new(rule);
    }

    /// From now on fails every call, or stops failing.
    pub fn set_away(&self, away: bool) {
        self.rule(move |_| away.then_some(Fault::Away));
    }

    /// Applies this fault to the next `times` commits of sessions.
    pub fn next(&self, fault: Fault, times: usize) {
        lock(&self.0.next).extend(std::iter::repeat_n(fault, times));
    }

    /// How many faults of [`next`](Self::next) are still to come.
    pub fn left(&self) -> usize {
        lock(&self.0.next).len()
    }

    /// Commits wait as long as the guard lives.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.0.gate).write_owned().await
    }

    /// From now on loses notices whenever `silence` says so. Earlier subscribers still hear all of
    /// them, unless the store can be wound back.
    pub fn lose_notices(&self, silence: impl Fn() -> bool + Send + Sync + 'static) {
        *lock(&self.0.silence) = Some(Arc::new(silence));
    }

    /// All calls so far, in order, whatever their outcome.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        lock(&self.0.calls).clone()
    }

    /// How many calls meet `condition`, whatever their outcome.
    pub fn count(&self, condition: impl Fn(&Call) -> bool) -> usize {
        let calls = lock(&self.0.calls);
        calls.iter().filter(|call| condition(call)).count()
    }

    /// How many writes, touches and deletions were requested, whatever their outcome.
    pub fn writes(&self) -> usize {
        self.count(Call::writes)
    }

    /// The keys of all requested writes, touches and deletions, in order, whatever their outcome.
    #[must_use]
    pub fn written(&self) -> Vec<Key> {
        let calls = lock(&self.0.calls);
        let writes = calls.iter().filter(|call| call.writes());
        writes.flat_map(|call| call.keys.iter().cloned()).collect()
    }

    /// The document of the only session.
    pub async fn document(&self) -> Value {
        let commits = self.calls();
        let commits = commits.iter().filter(|call| call.is_of_session());
        let sessions: BTreeSet<_> = commits.map(|call| call.keys[0].clone()).collect();
        let keys: Vec<_> = sessions.into_iter().collect();
        assert_eq!(keys.len(), 1, "there is another number of sessions");
        let loaded = self.inner().load(&keys, Timestamp::from_millis(0)).await;
        match &loaded.expect("the store inside is well")[0] {
            Loaded::Found(found) => serde_json::from_slice(&found.bytes).expect("a document"),
            other => panic!("the session is {other:?}"),
        }
    }

    fn inner(&self) -> Arc<dyn Store> {
        let inner = self.0.inner.read();
        Arc::clone(&inner.unwrap_or_else(PoisonError::into_inner))
    }

    /// Records a call and decides what goes wrong with it.
    fn arrive(&self, operation: Operation, keys: Vec<Key>) -> Option<Fault> {
        let call = Call { operation, keys };
        let rule = Arc::clone(&lock(&self.0.rule));
        let fault = rule(&call).or_else(|| {
            let next = &self.0.next;
            call.is_of_session()
                .then(|| lock(next).pop_front())
                .flatten()
        });
        if self.0.keeps_log {
            lock(&self.0.calls).push(call);
        }
        fault
    }

    /// The inner store, for a call that is not a commit.
    fn pass(
        &self,
        operation: Operation,
        keys: &[Key],
    ) -> impl Future<Output = Result<Arc<dyn Store>, StoreError>> + Send + use<> {
        let fault = self.arrive(operation, keys.to_vec());
        let inner = self.inner();
        async move {
            if fault == Some(Fault::Away) {
                Err(away())
            } else {
                Ok(inner)
            }
        }
    }

    /// Commits, and keeps what is needed to wind the store back.
    async fn record(&self, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let Some(reel) = &self.0.reel else {
            return self.inner().commit(commit).await;
        };
        let outcome = self.inner().commit(commit.clone()).await?;
        if let CommitOutcome::Committed(versions) = &outcome {
            reel.record(commit, versions, self.is_silent());
        }
        Ok(outcome)
    }

    fn is_silent(&self) -> bool {
        let silence = lock(&self.0.silence).clone();
        silence.is_some_and(|silence| silence())
    }
}

impl Call {
    /// Whether it changes documents.
    #[must_use]
    pub fn writes(&self) -> bool {
        use Operation::{Commit, Delete, Touch};
        matches!(self.operation, Commit | Touch | Delete)
    }

    /// Whether it commits a session.
    fn is_of_session(&self) -> bool {
        let is_session = |key: &Key| key.as_str().starts_with("session/");
        self.operation == Operation::Commit && self.keys.first().is_some_and(is_session)
    }
}

fn away() -> StoreError {
    StoreError::Unavailable("it is away on purpose".into())
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl Store for Faulty {
    fn durability(&self) -> Durability {
        match &self.0.reel {
            Some(_) => Durability::MayRollBack,
            None => self.inner().durability(),
        }
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        let store = self.pass(Operation::Load, keys);
        Box::pin(async move { store.await?.load(keys, now).await })
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        let keys = commit.writes.iter().map(|write| write.key.clone());
        let fault = self.arrive(Operation::Commit, keys.collect());
        Box::pin(async move {
            let _open = self.0.gate.read().await;
            match fault {
                None => self.record(commit).await,
                Some(Fault::Away) => Err(away()),
                Some(Fault::Rival) => {
                    wrong::rival(&*self.inner(), &commit).await;
                    self.record(commit).await
                }
                Some(Fault::DoneAndUnknown) => {
                    let outcome = self.record(commit).await;
                    assert!(
                        matches!(outcome, Ok(CommitOutcome::Committed(_))),
                        "{outcome:?}"
                    );
                    Ok(CommitOutcome::Unknown)
                }
                Some(Fault::LostAndUnknown) => Ok(CommitOutcome::Unknown),
                Some(Fault::LastWriteWins) => wrong::overwrite(&*self.inner(), commit).await,
                Some(Fault::Early) => Ok(wrong::promise(self.inner(), commit)),
            }
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        let store = self.pass(Operation::Touch, std::slice::from_ref(key));
        Box::pin(async move { store.await?.touch(key, idle_until, now).await })
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        let store = self.pass(Operation::Delete, keys);
        Box::pin(async move { store.await?.delete(keys, tombstone_until, now).await })
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        let store = self.pass(Operation::Sweep, &[]);
        Box::pin(async move { store.await?.sweep(now, limit).await })
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        let store = self.pass(Operation::Revisions, keys);
        Box::pin(async move { store.await?.revisions(keys, now).await })
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        let store = self.pass(Operation::OwnedBy, &[]);
        Box::pin(async move { store.await?.owned_by(owner, now).await })
    }

    fn subscribe(&self) -> Subscription {
        if let Some(reel) = &self.0.reel {
            return reel.subscribe();
        }
        let mut heard = self.inner().subscribe();
        let Some(silence) = lock(&self.0.silence).clone() else {
            return heard;
        };
        let (passed, subscription) = broadcast::channel::<Notice>(4096);
        tokio::spawn(async move {
            while let Some(notice) = heard.next().await {
                // If nobody listens any more, nobody misses the notice.
                if !silence() {
                    let _ = passed.send(notice);
                }
            }
        });
        Subscription::new(subscription)
    }

    /// Servers share a store that can be wound back, and one of them may stop.
    fn close(&self) -> StoreFuture<'_, ()> {
        let inner = self.0.reel.is_none().then(|| self.inner());
        Box::pin(async move {
            match inner {
                Some(inner) => inner.close().await,
                None => Ok(()),
            }
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
