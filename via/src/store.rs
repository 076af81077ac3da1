//! Where documents live: the [`Store`] trait, its values, and the stores that come with `via`.
//!
//! A store knows keys, bytes, versions and expiry. It does not know HTTP, tabs, or the
//! types of an application. The safety of `via` rests on one operation: [`Store::commit`] is an
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
#[cfg(feature = "fuzzing")]
pub(crate) use redis::law as redis_law;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, Synchronous};
pub use url::open;

/// The maximum size of a document in bytes, the same in every store.
pub const MAX_DOCUMENT: usize = limits::DOCUMENT;

/// The future that every method of a [`Store`] returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Stores documents and commits changes to them by compare-and-set.
///
/// A store has no clock of its own: every method takes the present time if it needs it. Any number of
/// tasks may call any method at the same time, and so may several processes that share the store.
///
/// # Guarantees of an implementation
///
/// Run `via::store::conformance` on your store: its guide says how to write one, and its cases check
/// each of these guarantees.
///
/// - After [`commit`](Self::commit) answers [`CommitOutcome::Committed`], every later
///   [`load`](Self::load) of every instance sees that commit. It survives what
///   [`durability`](Self::durability) says.
///   Tested by: `what_was_acknowledged_is_seen_by_the_next_load`,
///   `an_instance_sees_what_another_committed`, `a_process_sees_what_another_committed`,
///   `what_was_acknowledged_is_there_after_a_drop`, `what_was_acknowledged_survives_a_killed_process`.
/// - A commit is atomic, even if its future is dropped.
///   Tested by: `several_documents_commit_together_or_not_at_all`,
///   `a_dropped_commit_is_whole_or_absent`.
/// - Each commit raises the revision of a document by exactly one.
///   Tested by: `the_revision_rises_by_one`, `no_increment_is_lost`.
/// - If the store cannot tell whether a commit was written, it answers [`CommitOutcome::Unknown`] and
///   never an error.
///   Tested by: `an_outcome_that_is_not_known_is_said_to_be_unknown`.
/// - A deleted document stays [`Loaded::Deleted`] until its tombstone expires.
///   Tested by: `a_deleted_document_stays_deleted_until_its_tombstone_ends`,
///   `a_commit_prepared_before_a_deletion_is_gone`, `deletion_beats_a_racing_commit`.
/// - A store that is full may delete documents that have an absolute deadline and no owner. It announces
///   this, and answers [`Loaded::Deleted`] for them as long as it can. It deletes nothing else by itself.
///   Tested by: `a_full_store_says_so_and_can_still_be_read`.
/// - The store never returns an expired document, even if it has not swept it yet.
///   Tested by: `a_document_ends_at_its_deadlines`.
/// - Every subscriber receives a notice of every change, or [`Notice::Lagged`] instead. The store
///   announces nothing that was not committed.
///   Tested by: `every_commit_is_announced_in_order_or_covered`,
///   `a_commit_of_another_instance_is_announced_or_covered`, `subscribe_then_load_misses_nothing`,
///   `what_is_not_committed_is_not_announced`.
pub trait Store: Debug + Send + Sync + 'static {
    /// What an acknowledged commit survives.
    fn durability(&self) -> Durability;

    /// Loads several documents from one consistent snapshot, in the order of `keys`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store cannot be read. A store never answers that a document is absent
    /// because it could not read it.
    fn load<'a>(&'a self, keys: &'a [Key], now: Timestamp) -> StoreFuture<'a, Vec<Loaded>>;

    /// Commits all writes of `commit`, or none of them.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if it is certain that nothing was written. If it is not certain, the answer is
    /// [`CommitOutcome::Unknown`].
    fn commit(&self, commit: Commit) -> StoreFuture<'_, CommitOutcome>;

    /// Moves the idle deadline of a document to `idle_until`, but never to an earlier moment, and never
    /// past its absolute deadline. Answers whether the document exists.
    ///
    /// The revision stays the same, and a concurrent commit does not conflict with it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unavailable.
    fn touch<'a>(
        &'a self,
        key: &'a Key,
        idle_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, bool>;

    /// Deletes documents, whatever their version, and leaves a tombstone until `tombstone_until`.
    /// Answers how many documents it deleted.
    ///
    /// If a document does not exist, this leaves no tombstone; but an existing tombstone stays at least
    /// until `tombstone_until`. To leave a tombstone for a document that never existed,
    /// [`commit`](Self::commit) a [`Change::Delete`] with [`Expect::Absent`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unavailable.
    fn delete<'a>(
        &'a self,
        keys: &'a [Key],
        tombstone_until: Timestamp,
        now: Timestamp,
    ) -> StoreFuture<'a, usize>;

    /// Removes at most `limit` expired documents and expired tombstones. Answers how many it removed.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unavailable.
    fn sweep(&self, now: Timestamp, limit: usize) -> StoreFuture<'_, usize>;

    /// The versions of many documents in one call, in the order of `keys`; `None` if a document does
    /// not exist, has expired or was deleted.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unavailable.
    fn revisions<'a>(
        &'a self,
        keys: &'a [Key],
        now: Timestamp,
    ) -> StoreFuture<'a, Vec<Option<Version>>>;

    /// The keys of all documents whose [`Put::owner`] is `owner`, in no particular order, without
    /// those that are deleted or expired.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store is unavailable.
    fn owned_by<'a>(&'a self, owner: &'a str, now: Timestamp) -> StoreFuture<'a, Vec<Key>>;

    /// Subscribes to every commit and deletion from now on, of this instance and of others.
    fn subscribe(&self) -> Subscription;

    /// Finishes all calls that have begun, and closes files and connections. Later calls answer
    /// [`StoreError::Closed`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call that had begun could not be finished.
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
    /// Nothing: the data ends with the process.
    Volatile,
    /// A crash of the process, but not of the machine.
    ProcessCrash,
    /// A power failure.
    PowerLoss,
    /// A power failure, except for commits of the last `millis` milliseconds.
    BoundedLoss {
        /// The length of the window whose commits may be lost.
        millis: u32,
    },
    /// A failover may roll back acknowledged commits. `via` detects and reports it.
    MayRollBack,
}

/// The name of a document: a string of 1 to [`Key::MAX_LEN`] bytes. Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The maximum length of a key in bytes.
    pub const MAX_LEN: usize = 512;

    /// Makes a key from any text, or answers `None` if it is empty or longer than
    /// [`MAX_LEN`](Self::MAX_LEN).
    ///
    /// # Example: all characters are allowed
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

/// Identifies the commit that wrote a document: by its number and its random id.
///
/// After a failover or a restored backup two commits can have the same number. Their ids differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Version {
    /// 1 for the commit that created the document, then one more for each commit.
    pub revision: u64,
    /// The [`Commit::id`] of that commit.
    pub commit: CommitId,
}

/// The random id of a commit. The caller of [`Store::commit`] chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitId(pub u128);

impl CommitId {
    /// Half of the id, which is enough to tell a few commits apart.
    pub(crate) fn mark(self) -> u64 {
        u64::try_from(self.0 >> 64).unwrap_or_default()
    }
}

/// When a document expires: at the earlier of two deadlines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// [`Store::touch`] moves this one.
    pub idle_until: Timestamp,
    /// Only a commit moves this one.
    pub absolute: Timestamp,
}

impl Expiry {
    /// The document never expires.
    pub const NEVER: Self = Self {
        idle_until: Timestamp::NEVER,
        absolute: Timestamp::NEVER,
    };

    /// Whether a document with these deadlines has expired at `now`: the deadline is the first moment at
    /// which the document no longer exists.
    #[must_use]
    pub fn has_passed(self, now: Timestamp) -> bool {
        now >= self.deadline()
    }

    /// The earlier of the two deadlines.
    #[must_use]
    pub fn deadline(self) -> Timestamp {
        self.idle_until.min(self.absolute)
    }

    /// Both deadlines at the same moment.
    const fn at(moment: Timestamp) -> Self {
        Self {
            idle_until: moment,
            absolute: moment,
        }
    }

    /// These deadlines after [`Store::touch`].
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
    /// Nothing: the document never existed, or it expired, or its tombstone expired.
    Absent,
    /// The document was deleted, and its tombstone has not expired.
    Deleted,
    /// The document.
    Found(StoredDocument),
}

/// A document as the store holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// The commit that wrote it.
    pub version: Version,
    /// Exactly the bytes that were committed.
    pub bytes: Bytes,
    /// When it expires.
    pub expiry: Expiry,
    /// The owner, for [`Store::owned_by`].
    pub owner: Option<Box<str>>,
}

/// Several writes that the store carries out together or not at all.
#[derive(Clone, Debug)]
pub struct Commit {
    /// A random id, different for every commit.
    pub id: CommitId,
    /// The current time, to decide what has expired.
    pub now: Timestamp,
    /// The writes. No two of them have the same key.
    pub writes: Vec<Write>,
}

/// What a [`Commit`] does with one document.
#[derive(Clone, Debug)]
pub struct Write {
    /// The document.
    pub key: Key,
    /// The condition: what the store must hold now.
    pub expect: Expect,
    /// The change.
    pub change: Change,
}

/// The condition of compare-and-set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// The document does not exist and has no tombstone. If it has one, the outcome is
    /// [`CommitOutcome::Gone`].
    Absent,
    /// The document is at exactly this version.
    At(Version),
}

/// What a [`Write`] does.
#[derive(Clone, Debug)]
pub enum Change {
    /// Replaces the document, or creates it with revision 1.
    Put(Put),
    /// Deletes the document and leaves a tombstone.
    Delete {
        /// Until when a load answers [`Loaded::Deleted`].
        tombstone_until: Timestamp,
    },
    /// Changes nothing; the store only checks the condition.
    Keep,
}

/// New content of a document.
#[derive(Clone, Debug)]
pub struct Put {
    /// The bytes. The store does not interpret them.
    pub bytes: Bytes,
    /// When it expires.
    pub expiry: Expiry,
    /// The owner, for [`Store::owned_by`].
    pub owner: Option<Box<str>>,
}

/// The result of a [`Commit`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// The store carried out all writes. These are the new versions, in the order of the writes. A
    /// deleted document gets the version that a `Put` would have made; an absent document with
    /// [`Change::Keep`] gets revision 0.
    Committed(Vec<Version>),
    /// The store changed nothing, because a document is at another version, or exists although the
    /// commit expected it to be absent. Holds the current documents, in the order of the writes.
    Conflict(Vec<Loaded>),
    /// The store changed nothing, because a document that should exist does not, or because a document
    /// was deleted. If a commit is both `Gone` and a `Conflict`, the answer is `Gone`.
    Gone,
    /// The store cannot tell whether it carried out the writes. Load the documents to find out.
    Unknown,
}

/// What a [`Subscription`] receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A document was committed.
    Committed {
        /// The document.
        key: Key,
        /// Its new version.
        version: Version,
    },
    /// A document was deleted.
    Deleted {
        /// The document.
        key: Key,
    },
    /// Some notices were lost: any document may have changed.
    Lagged,
}

/// Receives the notices of a store. A notice is a hint and may be lost; then the subscriber receives
/// [`Notice::Lagged`].
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

/// Why a store did not carry out a call. It has written nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store cannot be reached, or did not answer in time.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A document is larger than the store accepts.
    #[error("a document of {size} bytes exceeds the limit of {limit} bytes")]
    TooLarge {
        /// The size of the document, in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The store has no room for this at the moment. Reads still work, and so do changes of existing
    /// documents that need no more room. On a full disk, every change may fail.
    #[error("the store is full: {0}")]
    Full(&'static str),
    /// The store holds something that cannot be read. It left that as it is.
    #[error("the store's content is damaged: {0}")]
    Damaged(Box<str>),
    /// [`Store::close`] was called.
    #[error("the store is closed")]
    Closed,
}
