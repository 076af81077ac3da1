//! A store behind a bad network.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::broadcast, task::yield_now};

use crate::store::{
    Change, Commit, CommitOutcome, Durability, Expect, Key, Loaded, Notice, Store, StoreError,
    StoreFuture, Subscription, Timestamp, Version,
};

/// How many notices wait for a subscriber of a faulty store.
const BACKLOG: usize = 1024;

/// How often each kind of fault happens: each number is a share of 256.
///
/// # Example: harsh faults from a seed
///
/// ```
/// use via::store::conformance::Faults;
///
/// let faults = Faults { cut: 255, ..Faults::gentle(42) };
/// assert_eq!(faults.seed, 42);
/// assert_eq!(Faults::harsh(42).seed, 42);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// The seed. Calls in the same order meet the same faults.
    pub seed: u64,
    /// A call, or its answer, is late.
    pub delay: u8,
    /// A request arrives twice. This happens only to requests for which it must be harmless: reads,
    /// touches, and commits that succeeded and expect a version.
    pub repeat: u8,
    /// A notice is lost, and [`Notice::Lagged`] comes in its place.
    pub lose_notice: u8,
    /// A call does not arrive, so its answer is [`StoreError::Unavailable`].
    pub cut: u8,
    /// The answer to a commit does not arrive, so its outcome is [`CommitOutcome::Unknown`]. Half of
    /// these commits happen.
    pub unknown: u8,
}

impl Faults {
    /// Faults that callers do not notice: delays, repeated requests, and lost notices.
    #[must_use]
    pub const fn gentle(seed: u64) -> Self {
        Self {
            seed,
            delay: 40,
            repeat: 24,
            lose_notice: 32,
            cut: 0,
            unknown: 0,
        }
    }

    /// All of [`gentle`](Self::gentle), and connections that are cut before or after a commit.
    #[must_use]
    pub const fn harsh(seed: u64) -> Self {
        Self {
            cut: 24,
            unknown: 32,
            ..Self::gentle(seed)
        }
    }
}

/// Wraps a store and behaves like a bad network: it delays, repeats and cuts requests, and loses
/// notices and answers.
///
/// It does only what every store may do, so every caller must cope with it. The faults come from a
/// seed, which `Debug` shows.
///
/// # Panics
///
/// If a commit that succeeded arrives again, the inner store must refuse it. If it commits again,
/// the call panics. [`subscribe`](Store::subscribe) panics outside a Tokio runtime.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use via::store::{MemoryStore, Store, StoreError, Timestamp};
/// use via::store::conformance::{Faults, Faulty};
///
/// let store = Faulty::new(MemoryStore::new(), Faults { cut: 255, ..Faults::gentle(7) });
/// let mut cut = 0;
/// for _ in 0..100 {
///     match store.load(&[], Timestamp::from_millis(0)).await {
///         Err(StoreError::Unavailable(_)) => cut += 1,
///         other => assert_eq!(other.unwrap(), []),
///     }
/// }
/// assert!(cut > 80);
/// # }
/// ```
#[derive(Debug)]
pub struct Faulty<S> {
    inner: S,
    faults: Faults,
    dice: Mutex<Dice>,
    loses_answers: AtomicBool,
}

impl<S: Store> Faulty<S> {
    /// Puts `faults` between the caller and `inner`.
    #[must_use]
    pub fn new(inner: S, faults: Faults) -> Self {
        Self {
            inner,
            faults,
            dice: Mutex::new(Dice(faults.seed)),
            loses_answers: AtomicBool::new(false),
        }
    }

    /// The store behind the faults.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// If `lost`, the outcome of every later commit is [`CommitOutcome::Unknown`], and half of these
    /// commits happen. Otherwise answers arrive again.
    pub fn lose_answers(&self, lost: bool) {
        self.loses_answers.store(lost, Ordering::SeqCst);
    }

    fn roll(&self) -> u64 {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        dice.roll()
    }

    fn happens(&self, share: u8) -> bool {
        self.roll() % 256 < u64::from(share)
    }

    async fn delay(&self) {
        if self.happens(self.faults.delay) {
            late(self.roll()).await;
        }
    }

    /// Delivers a call to the store, unless it is cut.
    async fn way(&self) -> Result<&S, StoreError> {
        self.delay().await;
        if self.happens(self.faults.cut) {
            return Err(StoreError::Unavailable("the line is cut".into()));
        }
        Ok(&self.inner)
    }

    /// Sends a call that may be sent twice.
    async fn send<'a, T>(
        &'a self,
        call: impl Fn(&'a S) -> StoreFuture<'a, T>,
    ) -> Result<T, StoreError> {
        let store = self.way().await?;
        let answer = call(store).await;
        if self.happens(self.faults.repeat) {
            // The first answer arrives, and the second one is dropped.
            let _ = call(store).await;
        }
        self.delay().await;
        answer
    }

    /// Sends a commit that succeeded again: the store must notice that it is stale.
    async fn send_again(&self, commit: Commit) {
        let id = commit.id;
        let again = self.inner.commit(commit).await;
        assert!(
            !matches!(again, Ok(CommitOutcome::Committed(_))),
            "{id:?} was sent twice and done twice"
        );
    }
}

/// Whether a commit cannot succeed a second time, because the version that it expects can never come
/// back.
fn is_spent(commit: &Commit) -> bool {
    commit
        .writes
        .iter()
        .any(|write| matches!(write.expect, Expect::At(_)) && !matches!(write.change, Change::Keep))
}

/// Waits, usually for a very short time.
async fn late(dice: u64) {
    if dice.is_multiple_of(64) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..dice % 8 {
        yield_now().await;
    }
}

impl<S: Store> Store for Faulty<S> {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        Box::pin(self.send(move |store| store.load(keys, now)))
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        Box::pin(async move {
            let store = self.way().await?;
            let lost =
                self.loses_answers.load(Ordering::SeqCst) || self.happens(self.faults.unknown);
            if lost && self.happens(128) {
                return Ok(CommitOutcome::Unknown);
            }
            let again =
                (is_spent(&commit) && self.happens(self.faults.repeat)).then(|| commit.clone());
            let outcome = store.commit(commit).await;
            if let (Some(again), Ok(CommitOutcome::Committed(_))) = (again, &outcome) {
                self.send_again(again).await;
            }
            self.delay().await;
            if lost {
                return Ok(CommitOutcome::Unknown);
            }
            outcome
        })
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        Box::pin(self.send(move |store| store.touch(key, idle_until, now)))
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        Box::pin(async move {
            let deleted = self.way().await?.delete(keys, tombstone_until, now).await;
            self.delay().await;
            deleted
        })
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        Box::pin(async move {
            let removed = self.way().await?.sweep(now, limit).await;
            self.delay().await;
            removed
        })
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        Box::pin(self.send(move |store| store.revisions(keys, now)))
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        Box::pin(self.send(move |store| store.owned_by(owner, now)))
    }

    fn subscribe(&self) -> Subscription {
        let notices = self.inner.subscribe();
        let (sender, receiver) = broadcast::channel(BACKLOG);
        tokio::spawn(forward(notices, sender, self.faults, Dice(self.roll())));
        Subscription::new(receiver)
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        self.inner.close()
    }
}

/// Forwards notices, except for those that are lost, until either end is gone.
async fn forward(
    mut notices: Subscription,
    sender: broadcast::Sender<Notice>,
    faults: Faults,
    mut dice: Dice,
) {
    loop {
        let notice = tokio::select! {
            notice = notices.next() => notice,
            () = sender.closed() => return,
        };
        let Some(mut notice) = notice else { return };
        if dice.roll() % 256 < u64::from(faults.delay) {
            late(dice.roll()).await;
        }
        if dice.roll() % 256 < u64::from(faults.lose_notice) {
            notice = Notice::Lagged;
        }
        // If the receiver is gone, the next turn of the loop ends.
        let _ = sender.send(notice);
    }
}

/// Splitmix64: small, and equal on all machines.
#[derive(Debug)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}
