//! Apps of a test's own, served over HTTP within its process, and a store that takes notes.
//!
//! ```no_run
//! # async fn example() {
//! use via_tests::serving::{Serving, Witness};
//!
//! let store = Witness::default();
//! let server = Serving::start(via::App::new().store(store.clone())).await;
//! server.visitor().get("/").await.assert_ok();
//! assert_eq!(store.written().len(), 1);
//! server.stop().await;
//! # }
//! ```

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedRwLockWriteGuard, RwLock, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use via::store::{
    Commit, CommitOutcome, Durability, Key, Loaded, MemoryStore, Store, StoreFuture, Subscription,
    Timestamp, Version,
};

use crate::http::Visitor;
use crate::patience::PATIENCE;

/// A served app. Dropping it tells the app to stop, without waiting for it.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    done: JoinHandle<via::Result<()>>,
}

impl Serving {
    /// Serves the app on a free port of the loopback interface, to visitors who act as often as they
    /// can: no person does what a test does.
    pub async fn start(app: via::App) -> Self {
        Self::start_as_it_is(app.action_rate(1_000_000, 1_000_000)).await
    }

    /// Serves the app with the rate of actions that it has.
    pub async fn start_as_it_is(app: via::App) -> Self {
        let server = app.bind("127.0.0.1:0").await.expect("the app starts");
        let address = server.address();
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(server.run_until(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop: Some(stop),
            done,
        }
    }

    /// Where the app listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody who was never here before.
    #[must_use]
    pub fn visitor(&self) -> Visitor {
        Visitor::new(self.address)
    }

    /// Somebody new who has loaded the page at `path`.
    pub async fn visit(&self, path: &str) -> Visitor {
        let visitor = self.visitor();
        visitor.get(path).await.assert_ok();
        visitor
    }

    /// Tells the app to stop.
    pub fn begin_to_stop(&mut self) {
        self.stop = None;
    }

    /// Tells the app to stop and waits until it has.
    pub async fn stop(mut self) {
        self.begin_to_stop();
        timeout(PATIENCE, self.done)
            .await
            .unwrap_or_else(|_| panic!("the app did not stop within {PATIENCE:?}"))
            .expect("serving does not panic")
            .expect("the app stops without an error");
    }
}

/// A store in memory that notes what is written, and holds commits back when it is told to.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    store: Arc<MemoryStore>,
    written: Arc<Mutex<Vec<Key>>>,
    gate: Arc<RwLock<()>>,
}

impl Witness {
    /// The keys that somebody wanted to write, touch or delete, in order, whatever came of it.
    #[must_use]
    pub fn written(&self) -> Vec<Key> {
        self.notes().clone()
    }

    /// Commits wait for as long as the guard lives.
    pub async fn hold(&self) -> OwnedRwLockWriteGuard<()> {
        Arc::clone(&self.gate).write_owned().await
    }

    fn note<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) {
        self.notes().extend(keys.into_iter().cloned());
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Vec<Key>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Witness {
    fn durability(&self) -> Durability {
        self.store.durability()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        self.store.load(keys, now)
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        self.note(commit.writes.iter().map(|write| &write.key));
        Box::pin(async move {
            let _open = self.gate.read().await;
            self.store.commit(commit).await
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        self.note([key]);
        self.store.touch(key, idle_until, now)
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        self.note(keys);
        self.store.delete(keys, tombstone_until, now)
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        self.store.sweep(now, limit)
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        self.store.revisions(keys, now)
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        self.store.owned_by(owner, now)
    }

    fn subscribe(&self) -> Subscription {
        self.store.subscribe()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.store.close()
    }
}
