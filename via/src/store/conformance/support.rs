//! Helpers of the cases: they write commits and wait for notices.

use std::{
    fmt::Debug,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{task::yield_now, time::timeout};

use crate::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, Notice, Put, Store,
    StoreError, StoredDocument, Subscription, Timestamp, Version, Write,
};

/// The longest wait for something that should happen soon. Only a failing case takes so long.
pub(in crate::store) const PATIENCE: Duration = Duration::from_secs(20);

/// The current time of most cases.
pub(in crate::store) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

pub(in crate::store) fn after(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

/// Ends the case if the store failed without a reason.
pub(in crate::store) trait Must<T> {
    fn must(self) -> T;
}

impl<T, E: Debug> Must<T> for Result<T, E> {
    #[track_caller]
    fn must(self) -> T {
        self.unwrap_or_else(|error| panic!("the store failed: {error:?}"))
    }
}

pub(in crate::store) fn key(name: &str) -> Key {
    Key::new(name).unwrap_or_else(|| panic!("{name:?} is not a valid key"))
}

/// An id that is unique among all commits of all processes.
pub(in crate::store) fn fresh_id() -> CommitId {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let process = *PROCESS.get_or_init(|| {
        let mut bytes = [0; 8];
        getrandom::fill(&mut bytes).expect("the system has random numbers");
        u64::from_be_bytes(bytes)
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    CommitId(u128::from(process) << 64 | u128::from(number))
}

pub(in crate::store) fn put(bytes: impl Into<Bytes>) -> Put {
    Put {
        bytes: bytes.into(),
        expiry: Expiry::NEVER,
        owner: None,
    }
}

/// A document of `owner` with these deadlines.
pub(in crate::store) fn expiring(idle: i64, absolute: i64) -> Put {
    Put {
        expiry: Expiry {
            idle_until: after(idle),
            absolute: after(absolute),
        },
        owner: Some("owner".into()),
        ..zero()
    }
}

pub(in crate::store) fn write(key: &Key, expect: Expect, put: Put) -> Write {
    Write {
        key: key.clone(),
        expect,
        change: Change::Put(put),
    }
}

pub(in crate::store) fn keep(key: &Key, expect: Expect) -> Write {
    Write {
        key: key.clone(),
        expect,
        change: Change::Keep,
    }
}

pub(in crate::store) fn remove(key: &Key, expect: Expect, tombstone_until: Timestamp) -> Write {
    Write {
        key: key.clone(),
        expect,
        change: Change::Delete { tombstone_until },
    }
}

pub(in crate::store) async fn commit_at(
    store: &impl Store,
    now: Timestamp,
    writes: Vec<Write>,
) -> Result<CommitOutcome, StoreError> {
    let id = fresh_id();
    store.commit(Commit { id, now, writes }).await
}

pub(in crate::store) async fn commit(store: &impl Store, writes: Vec<Write>) -> CommitOutcome {
    commit_at(store, NOW, writes).await.must()
}

/// The versions of a commit that had to succeed.
#[track_caller]
pub(in crate::store) fn committed(outcome: CommitOutcome) -> Vec<Version> {
    match outcome {
        CommitOutcome::Committed(versions) => versions,
        other => panic!("the commit did not succeed: {other:?}"),
    }
}

pub(in crate::store) async fn create(store: &impl Store, key: &Key, put: Put) -> Version {
    committed(commit(store, vec![write(key, Expect::Absent, put)]).await)[0]
}

/// Commits the next version of a document that has this version now.
pub(in crate::store) async fn replace(
    store: &impl Store,
    key: &Key,
    version: Version,
    put: Put,
) -> Version {
    committed(commit(store, vec![write(key, Expect::At(version), put)]).await)[0]
}

pub(in crate::store) async fn load_at(store: &impl Store, key: &Key, now: Timestamp) -> Loaded {
    let mut loaded = store.load(std::slice::from_ref(key), now).await.must();
    assert_eq!(loaded.len(), 1, "a load must return one answer per key");
    loaded.remove(0)
}

pub(in crate::store) async fn load(store: &impl Store, key: &Key) -> Loaded {
    load_at(store, key, NOW).await
}

pub(in crate::store) async fn found(store: &impl Store, key: &Key) -> StoredDocument {
    match load(store, key).await {
        Loaded::Found(document) => document,
        other => panic!("the document {key:?} does not exist: {other:?}"),
    }
}

pub(in crate::store) fn zero() -> Put {
    number_as_put(0)
}

fn number_as_put(number: u64) -> Put {
    put(Bytes::copy_from_slice(&number.to_be_bytes()))
}

fn number_of(document: &StoredDocument) -> u64 {
    let bytes = (*document.bytes).try_into();
    u64::from_be_bytes(bytes.unwrap_or_else(|_| panic!("not a number: {document:?}")))
}

/// The number that [`increment`] counts.
pub(in crate::store) async fn number(store: &impl Store, key: &Key) -> u64 {
    number_of(&found(store, key).await)
}

/// Adds 1 to a number, `times` times, by compare-and-set.
pub(in crate::store) async fn increment(store: &impl Store, key: &Key, times: usize) {
    let mut current = found(store, key).await;
    for time in 0..times {
        if time % 8 == 0 {
            // So that other tasks can commit between this read and this write.
            yield_now().await;
        }
        loop {
            let next = number_as_put(number_of(&current) + 1);
            let bytes = next.bytes.clone();
            let change = write(key, Expect::At(current.version), next);
            match commit(store, vec![change]).await {
                CommitOutcome::Committed(versions) => {
                    current.version = versions[0];
                    current.bytes = bytes;
                    break;
                }
                CommitOutcome::Conflict(mut loaded) => match loaded.remove(0) {
                    Loaded::Found(document) => current = document,
                    other => panic!("a conflict with {other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
    }
}

/// The next notice, which must come.
pub(in crate::store) async fn next(subscription: &mut Subscription) -> Option<Notice> {
    timeout(PATIENCE, subscription.next())
        .await
        .unwrap_or_else(|_| panic!("no notice came within {PATIENCE:?}"))
}

/// Waits for exactly the notices `expected`, in this order. The first [`Notice::Lagged`] covers all
/// later ones.
pub(in crate::store) async fn hears(subscription: &mut Subscription, expected: &[Notice]) {
    for expected in expected {
        match next(subscription).await {
            Some(Notice::Lagged) => return,
            heard => assert_eq!(heard.as_ref(), Some(expected)),
        }
    }
}
