//! A store in memory that can be wound back, like one that loses commits in a failover.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::broadcast;
use via::store::{
    Change, Commit, CommitOutcome, MemoryStore, Notice, Store, Subscription, Version,
};

use super::{Faulty, lock};

/// What a store has done. It sends the notices itself, because the inner store is replaced.
#[derive(Debug)]
pub(super) struct Reel {
    commits: Mutex<Vec<Commit>>,
    notices: broadcast::Sender<Notice>,
    announced: AtomicUsize,
}

impl Faulty {
    /// A store in memory that remembers its commits.
    #[must_use]
    pub fn rewindable() -> Self {
        let reel = Reel {
            commits: Mutex::default(),
            notices: broadcast::Sender::new(1024),
            announced: AtomicUsize::new(0),
        };
        Self::with(Arc::new(MemoryStore::new()), true, Some(reel))
    }

    /// How many commits it has done, without those that were wound back.
    pub fn commits(&self) -> usize {
        lock(&self.reel().commits).len()
    }

    /// How many notices it should have sent, whether or not they were lost.
    pub fn announced(&self) -> usize {
        self.reel().announced.load(Ordering::SeqCst)
    }

    /// Says that notices were lost.
    pub fn lag(&self) {
        let _ = self.reel().notices.send(Notice::Lagged);
    }

    /// Loses the last `count` commits, as if they had never happened.
    pub async fn wind_back(&self, count: usize) {
        let mut kept = lock(&self.reel().commits).clone();
        kept.truncate(kept.len().checked_sub(count).expect("so many commits"));
        self.replay(kept).await;
    }

    /// Loses everything except documents whose keys begin with `prefix`.
    pub async fn flush_but(&self, prefix: &str) {
        let mut kept = lock(&self.reel().commits).clone();
        kept.retain(|commit| {
            let mut keys = commit.writes.iter().map(|write| write.key.as_str());
            keys.all(|key| key.starts_with(prefix))
        });
        self.replay(kept).await;
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
        let mut kept = lock(&self.reel().commits);
        *self.0.inner.write().unwrap_or_else(PoisonError::into_inner) = store;
        *kept = commits;
    }

    fn reel(&self) -> &Reel {
        let reel = self.0.reel.as_ref();
        reel.expect("a store that can be wound back")
    }
}

impl Reel {
    /// Records a commit, and sends its notice unless the notice is to be lost.
    pub(super) fn record(&self, commit: Commit, versions: &[Version], is_silent: bool) {
        lock(&self.commits).push(commit.clone());
        for (write, version) in commit.writes.into_iter().zip(versions) {
            let (key, version) = (write.key, *version);
            let notice = match write.change {
                Change::Put(_) => Notice::Committed { key, version },
                Change::Delete { .. } => Notice::Deleted { key },
                Change::Keep => continue,
            };
            self.announced.fetch_add(1, Ordering::SeqCst);
            if !is_silent {
                // If nobody listens, nobody misses the notice.
                let _ = self.notices.send(notice);
            }
        }
    }

    pub(super) fn subscribe(&self) -> Subscription {
        Subscription::new(self.notices.subscribe())
    }
}
