//! A store that can be told to be wrong, or silent, from outside the process.
//!
//! The history check has to find the first two out; the third it has to survive.
//!
//! | environment | what it does |
//! |---|---|
//! | `LEDGER_TWIST=last-write-wins` | a commit that others overtook is done all the same |
//! | `LEDGER_TWIST=early` | a commit is acknowledged, and done a moment later |
//! | `LEDGER_SILENCE=path` | while there is a file at this path, no notice gets through |

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::time::sleep;
use via::store::{
    Change, Commit, CommitOutcome, Durability, Expect, Key, Loaded, Notice, Store, StoreFuture,
    Subscription, Timestamp, Version, Write,
};

/// How long an early acknowledgement comes before its commit.
const EARLY: Duration = Duration::from_millis(30);
/// How often the last writer tries to win.
const ATTEMPTS: usize = 50;

/// A store in front of another one.
#[derive(Debug)]
pub struct Twisted {
    inner: Arc<dyn Store>,
    twist: Twist,
    silence: Option<PathBuf>,
}

/// What is wrong with a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Twist {
    /// Nothing.
    None,
    /// A commit that others overtook is done all the same.
    LastWriteWins,
    /// A commit is acknowledged, and done a moment later.
    Early,
}

impl Twisted {
    /// What the environment asks for.
    ///
    /// # Panics
    ///
    /// Panics if the environment names no such twist.
    #[must_use]
    pub fn from_env(inner: Arc<dyn Store>) -> Self {
        let twist = match std::env::var("LEDGER_TWIST").as_deref() {
            Err(_) | Ok("") => Twist::None,
            Ok("last-write-wins") => Twist::LastWriteWins,
            Ok("early") => Twist::Early,
            Ok(other) => panic!("there is no twist `{other}`"),
        };
        Self {
            inner,
            twist,
            silence: std::env::var_os("LEDGER_SILENCE").map(PathBuf::from),
        }
    }

    /// Does it at whatever version is there.
    async fn overwrite(&self, mut commit: Commit) -> Result<CommitOutcome, via::store::StoreError> {
        for _ in 0..ATTEMPTS {
            match self.inner.commit(commit.clone()).await? {
                CommitOutcome::Conflict(there) => {
                    for (write, loaded) in commit.writes.iter_mut().zip(there) {
                        write.expect = match loaded {
                            Loaded::Found(found) => Expect::At(found.version),
                            Loaded::Absent | Loaded::Deleted => Expect::Absent,
                        };
                    }
                }
                outcome => return Ok(outcome),
            }
        }
        Ok(CommitOutcome::Unknown)
    }

    /// Says that it is done, and does it later.
    fn promise(&self, commit: Commit) -> CommitOutcome {
        let versions = commit.writes.iter().map(|write| promised(write, &commit));
        let outcome = CommitOutcome::Committed(versions.collect());
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move {
            sleep(EARLY).await;
            let _ = inner.commit(commit).await;
        });
        outcome
    }

    /// What belongs to the framework itself is left alone.
    fn twists(commit: &Commit) -> bool {
        let values = ["session/", "shared/"];
        commit.writes.iter().all(|write| {
            values
                .iter()
                .any(|kind| write.key.as_str().starts_with(kind))
        })
    }
}

fn promised(write: &Write, commit: &Commit) -> Version {
    match (write.expect, &write.change) {
        (Expect::At(version), Change::Keep) => version,
        (Expect::At(version), _) => Version {
            revision: version.revision + 1,
            commit: commit.id,
        },
        (Expect::Absent, _) => Version {
            revision: 1,
            commit: commit.id,
        },
    }
}

impl Store for Twisted {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        self.inner.load(keys, now)
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        match self.twist {
            Twist::LastWriteWins if Self::twists(&commit) => Box::pin(self.overwrite(commit)),
            Twist::Early if Self::twists(&commit) => {
                let outcome = self.promise(commit);
                Box::pin(async move { Ok(outcome) })
            }
            _ => self.inner.commit(commit),
        }
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        self.inner.touch(key, idle_until, now)
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        self.inner.delete(keys, tombstone_until, now)
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        self.inner.sweep(now, limit)
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        self.inner.revisions(keys, now)
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        self.inner.owned_by(owner, now)
    }

    fn subscribe(&self) -> Subscription {
        let Some(silence) = self.silence.clone() else {
            return self.inner.subscribe();
        };
        let mut heard = self.inner.subscribe();
        let (passed, subscription) = broadcast::channel::<Notice>(4096);
        tokio::spawn(async move {
            while let Some(notice) = heard.next().await {
                // Somebody may still listen, or nobody does: then nobody misses it.
                if !silence.exists() {
                    let _ = passed.send(notice);
                }
            }
        });
        Subscription::new(subscription)
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.inner.close()
    }
}
