//! A store that can be wound back, as one after a failover, and that can lose its notices.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;
use via::store::{
    Change, Commit, CommitOutcome, Durability, Key, Loaded, MemoryStore, Notice, Store, StoreError,
    StoreFuture, Subscription, Timestamp, Version,
};

/// A store in memory that remembers its commits. Its clones are the same store.
#[derive(Clone, Debug)]
pub struct Tape(Arc<State>);

#[derive(Debug)]
struct State {
    reel: Mutex<Reel>,
    notices: broadcast::Sender<Notice>,
    silent: AtomicBool,
    away: AtomicBool,
    announced: AtomicUsize,
    /// How many writes, touches and deletions were asked for.
    writes: AtomicUsize,
    /// How many questions for revisions came, and for how many keys at most.
    checks: AtomicUsize,
    widest_check: AtomicUsize,
}

#[derive(Debug, Default)]
struct Reel {
    store: Arc<MemoryStore>,
    commits: Vec<Commit>,
}

impl Default for Tape {
    fn default() -> Self {
        Self(Arc::new(State {
            reel: Mutex::default(),
            notices: broadcast::Sender::new(1024),
            silent: AtomicBool::new(false),
            away: AtomicBool::new(false),
            announced: AtomicUsize::new(0),
            writes: AtomicUsize::new(0),
            checks: AtomicUsize::new(0),
            widest_check: AtomicUsize::new(0),
        }))
    }
}

impl Tape {
    /// Loses all notices from now on, or none.
    pub fn set_silent(&self, silent: bool) {
        self.0.silent.store(silent, Ordering::SeqCst);
    }

    /// Fails whatever is asked, or does it again.
    pub fn set_away(&self, away: bool) {
        self.0.away.store(away, Ordering::SeqCst);
    }

    /// Says that notices were lost.
    pub fn lag(&self) {
        let _ = self.0.notices.send(Notice::Lagged);
    }

    /// How many commits it has seen that are not wound back.
    pub fn commits(&self) -> usize {
        self.reel().commits.len()
    }

    /// How many writes, touches and deletions were asked for, whatever came of them.
    pub fn writes(&self) -> usize {
        self.0.writes.load(Ordering::SeqCst)
    }

    /// How many notices were given.
    pub fn announced(&self) -> usize {
        self.0.announced.load(Ordering::SeqCst)
    }

    /// How often somebody asked for revisions, whatever the number of keys.
    pub fn checks(&self) -> usize {
        self.0.checks.load(Ordering::SeqCst)
    }

    /// For how many keys at most.
    pub fn widest_check(&self) -> usize {
        self.0.widest_check.load(Ordering::SeqCst)
    }

    /// Loses the last `count` commits, as if they had never been.
    pub async fn wind_back(&self, count: usize) {
        let kept = {
            let reel = self.reel();
            reel.commits[..reel.commits.len() - count].to_vec()
        };
        self.replay(kept).await;
    }

    /// Loses everything but documents whose keys begin with `prefix`.
    pub async fn flush_but(&self, prefix: &str) {
        let commits = self.reel().commits.clone();
        let kept = commits.into_iter().filter(|commit| {
            let mut keys = commit.writes.iter().map(|write| write.key.as_str());
            keys.all(|key| key.starts_with(prefix))
        });
        self.replay(kept.collect()).await;
    }

    async fn replay(&self, commits: Vec<Commit>) {
        let store = Arc::new(MemoryStore::new());
        for commit in &commits {
            let outcome = store.commit(commit.clone()).await;
            assert!(
                matches!(outcome, Ok(CommitOutcome::Committed(_))),
                "{outcome:?}"
            );
        }
        *self.reel() = Reel { store, commits };
    }

    fn there(&self) -> Result<Arc<MemoryStore>, StoreError> {
        if self.0.away.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("it is away on purpose".into()));
        }
        Ok(Arc::clone(&self.reel().store))
    }

    fn reel(&self) -> MutexGuard<'_, Reel> {
        self.0.reel.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn announce(&self, notice: Notice) {
        self.0.announced.fetch_add(1, Ordering::SeqCst);
        if !self.0.silent.load(Ordering::SeqCst) {
            // Nobody listens: then nobody misses it.
            let _ = self.0.notices.send(notice);
        }
    }

    fn count_write(&self) {
        self.0.writes.fetch_add(1, Ordering::SeqCst);
    }
}

impl Store for Tape {
    fn durability(&self) -> Durability {
        Durability::MayRollBack
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        Box::pin(async move { self.there()?.load(keys, now).await })
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            self.count_write();
            let outcome = self.there()?.commit(commit.clone()).await?;
            if let CommitOutcome::Committed(versions) = &outcome {
                self.reel().commits.push(commit.clone());
                for (write, version) in commit.writes.into_iter().zip(versions) {
                    let (key, version) = (write.key, *version);
                    match write.change {
                        Change::Put(_) => self.announce(Notice::Committed { key, version }),
                        Change::Delete { .. } => self.announce(Notice::Deleted { key }),
                        Change::Keep => {}
                    }
                }
            }
            Ok(outcome)
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        self.count_write();
        Box::pin(async move { self.there()?.touch(key, idle_until, now).await })
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        self.count_write();
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
        self.0.checks.fetch_add(1, Ordering::SeqCst);
        self.0.widest_check.fetch_max(keys.len(), Ordering::SeqCst);
        Box::pin(async move { self.there()?.revisions(keys, now).await })
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        Box::pin(async move { self.there()?.owned_by(owner, now).await })
    }

    fn subscribe(&self) -> Subscription {
        Subscription::new(self.0.notices.subscribe())
    }

    /// Two servers share it, and one of them may stop.
    fn close(&self) -> StoreFuture<'_, ()> {
        Box::pin(async { Ok(()) })
    }
}
