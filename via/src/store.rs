//! Where documents live: the [`Store`] trait, its values, and the stores that come with `via`.
//!
//! A store knows keys, bytes, versions and expiry. It knows nothing of HTTP, of tabs, or of the
//! types of an application. All safety of `via` rests on one operation: [`Store::commit`] is an
//! atomic compare-and-set over one or several documents.

use std::{
    fmt::{self, Debug, Display},
    future::Future,
    pin::Pin,
    sync::Arc,
};

use bytes::Bytes;
use tokio::sync::broadcast;

use crate::limits;

mod compare;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod memory;
mod notices;
mod open_error;
#[cfg(feature = "redis")]
mod redis;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;

pub use crate::clock::Timestamp;
pub use memory::MemoryStore;
pub use open_error::OpenError;
#[cfg(feature = "redis")]
pub use redis::RedisStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, Synchronous};
pub use url::open;

/// The most bytes that a document may have, in every store.
pub const MAX_DOCUMENT: usize = limits::DOCUMENT;

/// The future that every method of a [`Store`] returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps documents and commits changes to them by compare-and-set.
///
/// Every method takes the present time where it matters, so a store has no clock of its own.
/// All methods may be called from any number of tasks at once, and from several processes where
/// the store is shared.
///
/// # Guarantees that an implementation owes
///
/// Each is shown by cases of the suite in `via::store::conformance`, which has a guide to writing a
/// store.
///
/// - What [`commit`](Self::commit) answered with [`CommitOutcome::Committed`] is seen by every
///   later [`load`](Self::load) of any instance
///   (`what_was_acknowledged_is_seen_by_the_next_load`, `an_instance_sees_what_another_committed`,
///   `a_process_sees_what_another_committed`), and survives what
///   [`durability`](Self::durability) says (`what_was_acknowledged_is_there_after_a_drop`,
///   `what_was_acknowledged_survives_a_killed_process`).
/// - A commit is wholly there or wholly absent, also when its future is dropped
///   (`several_documents_commit_together_or_not_at_all`, `a_dropped_commit_is_whole_or_absent`).
/// - Revisions of a document rise by exactly one per commit (`the_revision_rises_by_one`,
///   `no_increment_is_lost`).
/// - A commit whose fate is not known is [`CommitOutcome::Unknown`], never an error
///   (`an_outcome_that_is_not_known_is_said_to_be_unknown`).
/// - A deleted document stays [`Loaded::Deleted`] until its tombstone ends
///   (`a_deleted_document_stays_deleted_until_its_tombstone_ends`,
///   `a_commit_prepared_before_a_deletion_is_gone`, `deletion_beats_a_racing_commit`).
/// - A document past its expiry is never returned, whether it was swept yet or not
///   (`a_document_ends_at_its_deadlines`).
/// - Every change is announced to every subscriber, or covered by [`Notice::Lagged`]; what was not
///   committed is not announced (`every_commit_is_announced_in_order_or_covered`,
///   `a_commit_of_another_instance_is_announced_or_covered`, `subscribe_then_load_misses_nothing`,
///   `what_is_not_committed_is_not_announced`).
pub trait Store: Debug + Send + Sync + 'static {
    /// What survives, once a commit was acknowledged.
    fn durability(&self) -> Durability;

    /// Loads several documents as of one moment, in the order of `keys`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read; this is never reported as an absent document.
    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>>;

    /// Commits all writes of `commit` or none of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is certain that nothing was written. Where that is not certain, the
    /// answer is [`CommitOutcome::Unknown`].
    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome>;

    /// Moves the idle deadline of a document to `idle_until`, never earlier than it is and never
    /// past its absolute deadline; answers whether the document is there.
    ///
    /// The revision stays as it is, and a commit that runs at the same time is not disturbed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is away.
    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool>;

    /// Deletes documents whatever their version, leaving a tombstone until `tombstone_until`;
    /// answers how many were there.
    ///
    /// Where no document is there, nothing is left either, but a tombstone that stands already
    /// stays at least until `tombstone_until`. A tombstone for a document that never was takes a
    /// [`commit`](Self::commit) of [`Expect::Absent`] with [`Change::Delete`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is away.
    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize>;

    /// Removes at most `limit` expired documents and ended tombstones; answers how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is away.
    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize>;

    /// The versions of many documents in one call, in the order of `keys`; `None` where there is
    /// no live document.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is away.
    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>>;

    /// The keys of all live documents whose [`Put::owner`] is `owner`, in no particular order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is away.
    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>>;

    /// Hears of every commit and deletion from now on, of this instance and of others.
    fn subscribe(&self) -> Subscription;

    /// Finishes what was begun and lets go of files and connections; later calls answer
    /// [`StoreError::Closed`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if what was begun could not be finished.
    fn close(&self) -> StoreFuture<'_, ()>;
}

impl<S: Store + ?Sized> Store for Arc<S> {
    fn durability(&self) -> Durability {
        (**self).durability()
    }

    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>> {
        (**self).load(keys, now)
    }

    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome> {
        (**self).commit(commit)
    }

    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool> {
        (**self).touch(key, idle_until, now)
    }

    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize> {
        (**self).delete(keys, tombstone_until, now)
    }

    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize> {
        (**self).sweep(now, limit)
    }

    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>> {
        (**self).revisions(keys, now)
    }

    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>> {
        (**self).owned_by(owner, now)
    }

    fn subscribe(&self) -> Subscription {
        (**self).subscribe()
    }

    fn close(&self) -> StoreFuture<'_, ()> {
        (**self).close()
    }
}

/// What an acknowledged commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Durability {
    /// Nothing: it ends with the process.
    Volatile,
    /// A killed process, not a lost machine.
    ProcessCrash,
    /// A loss of power.
    PowerLoss,
    /// A loss of power, except for what was acknowledged within the last `millis` milliseconds.
    BoundedLoss {
        /// The longest window that may be lost.
        millis: u32,
    },
    /// A failover may roll back acknowledged commits; this is detected and reported.
    MayRollBack,
}

/// The name of a document: a non-empty string of at most [`Key::MAX_LEN`] bytes. Clones share it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The longest key, in bytes.
    pub const MAX_LEN: usize = 512;

    /// Makes a key from any text, or answers `None` if it is empty or longer than
    /// [`MAX_LEN`](Self::MAX_LEN).
    ///
    /// # Example: every character is allowed
    ///
    /// ```
    /// use via::store::Key;
    ///
    /// assert_eq!(Key::new("room/a b\0c").unwrap().as_str(), "room/a b\0c");
    /// assert!(Key::new("").is_none());
    /// ```
    pub fn new(key: impl Into<Arc<str>>) -> Option<Self> {
        let key = key.into();
        (!key.is_empty() && key.len() <= Self::MAX_LEN).then_some(Self(key))
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, f)
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

/// Which commit a document shows: its number, and the random id of the commit that made it.
///
/// The id tells two histories apart that have the same numbers, after a failover or a restored
/// backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// 1 for the commit that created the document, then one more per commit.
    pub revision: u64,
    /// The [`Commit::id`] of that commit.
    pub commit: CommitId,
}

/// The random id of a commit, chosen by who commits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitId(pub u128);

impl CommitId {
    /// Half of it: enough to tell a few commits apart.
    pub(crate) fn mark(self) -> u64 {
        u64::try_from(self.0 >> 64).unwrap_or_default()
    }
}

/// Until when a document is kept: the earlier of two deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Moved by [`Store::touch`].
    pub idle_until: Timestamp,
    /// Moved by nothing but a commit.
    pub absolute: Timestamp,
}

impl Expiry {
    /// Kept until it is deleted.
    pub const NEVER: Self = Self {
        idle_until: Timestamp::NEVER,
        absolute: Timestamp::NEVER,
    };

    /// Whether a document with these deadlines has ended at `now`: a deadline is the first
    /// moment at which the document is no more.
    #[must_use]
    pub fn has_passed(self, now: Timestamp) -> bool {
        now >= self.deadline()
    }

    /// The earlier of both deadlines.
    #[must_use]
    pub fn deadline(self) -> Timestamp {
        self.idle_until.min(self.absolute)
    }

    /// Both deadlines at one moment.
    const fn at(moment: Timestamp) -> Self {
        Self {
            idle_until: moment,
            absolute: moment,
        }
    }

    /// What [`Store::touch`] makes of it.
    fn touched(self, idle_until: Timestamp) -> Self {
        Self {
            idle_until: self.idle_until.max(idle_until.min(self.absolute)),
            ..self
        }
    }
}

/// What a load found under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// Nothing is there: it never existed, or it expired, or its tombstone ended.
    Absent,
    /// It was deleted, and its tombstone stands.
    Deleted,
    /// It is there.
    Found(StoredDocument),
}

/// A document as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// Which commit this is.
    pub version: Version,
    /// The bytes as they were committed.
    pub bytes: Bytes,
    /// Until when it is kept.
    pub expiry: Expiry,
    /// Whose it is, see [`Store::owned_by`].
    pub owner: Option<Box<str>>,
}

/// Several writes that happen together or not at all.
#[derive(Clone, Debug)]
pub struct Commit {
    /// A random id that no other commit has.
    pub id: CommitId,
    /// The present time, for expiry.
    pub now: Timestamp,
    /// The writes; no key occurs twice.
    pub writes: Vec<Write>,
}

/// One document's part in a [`Commit`].
#[derive(Clone, Debug)]
pub struct Write {
    /// Which document.
    pub key: Key,
    /// What must be there now.
    pub expect: Expect,
    /// What happens to it.
    pub change: Change,
}

/// The condition of compare-and-set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Nothing is there, nor was it deleted. On a tombstone the outcome is
    /// [`CommitOutcome::Gone`].
    Absent,
    /// Exactly this commit is there.
    At(Version),
}

/// What a [`Write`] does.
#[derive(Clone, Debug)]
pub enum Change {
    /// The document is replaced, or created with revision 1.
    Put(Put),
    /// The document is deleted.
    Delete {
        /// Until when it answers [`Loaded::Deleted`].
        tombstone_until: Timestamp,
    },
    /// Nothing; only the condition is checked.
    Keep,
}

/// New content of a document.
#[derive(Clone, Debug)]
pub struct Put {
    /// The bytes; the store does not look into them.
    pub bytes: Bytes,
    /// Until when it is kept.
    pub expiry: Expiry,
    /// Whose it is, see [`Store::owned_by`].
    pub owner: Option<Box<str>>,
}

/// What became of a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// All of it is done; the versions are those of the writes, in their order (that of a
    /// deleted document is the one it would have had, that of a document that was kept absent
    /// has revision 0).
    Committed(Vec<Version>),
    /// None of it is done, because some document is at another version, or is there although it
    /// was expected to be absent. Holds what is there, in the order of the writes.
    Conflict(Vec<Loaded>),
    /// None of it is done, because some document that should be there is not, or because some
    /// document was deleted.
    /// Wins over `Conflict` where both are true.
    Gone,
    /// It cannot be said whether it is done; only loading can tell.
    Unknown,
}

/// What a [`Subscription`] hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A document was committed.
    Committed {
        /// Which document.
        key: Key,
        /// Its new version.
        version: Version,
    },
    /// A document was deleted.
    Deleted {
        /// Which document.
        key: Key,
    },
    /// Some notices were lost: everything may have changed.
    Lagged,
}

/// Hears the notices of a store. A notice is a hint that may be lost; a subscriber that lost some
/// is told by [`Notice::Lagged`].
#[derive(Debug)]
pub struct Subscription {
    notices: broadcast::Receiver<Notice>,
}

impl Subscription {
    /// Wraps the receiving end of a store's channel.
    #[must_use]
    pub fn new(notices: broadcast::Receiver<Notice>) -> Self {
        Self { notices }
    }

    /// The next notice, or `None` after the store was closed.
    pub async fn next(&mut self) -> Option<Notice> {
        match self.notices.recv().await {
            Ok(notice) => Some(notice),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Notice::Lagged),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// Why a store did not do what it was asked, with nothing written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, or did not answer in time.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A document is larger than the store takes.
    #[error("a document of {size} bytes is over the limit of {limit} bytes")]
    TooLarge {
        /// The size of the document, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// There is no room for this at the moment. Reads still work, and so do changes of existing
    /// documents that need no more room; on a full disk each one may.
    #[error("the store is full: {0}")]
    Full(&'static str),
    /// What it holds cannot be understood; it was left as it is.
    #[error("the store's content is damaged: {0}")]
    Damaged(Box<str>),
    /// [`Store::close`] was called.
    #[error("the store is closed")]
    Closed,
}
