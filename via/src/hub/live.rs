//! One document that a tab shows or an action changes now.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::{
    Mail, StreamId, Table, WakeGuard, Watch,
    admission::{Admission, QueueSlot},
    rollback,
    watch::MAX_COMMANDS,
};
use crate::{
    limits,
    lock::lock,
    log_text::LogText,
    refusal::Refusal,
    state::{Document, DocumentError, SharedDocument, TabId},
    store::{CommitId, Expiry, Key, Loaded, StoreError, StoredDocument, Timestamp, Version},
};

/// What the bytes of a document mean.
pub(crate) trait Content: fmt::Debug + Sized {
    /// What such a document is called in the log, and whether its key may be logged. A session's
    /// key is half of its credentials.
    const KIND: (&'static str, bool);

    /// Reads the stored form.
    fn read(bytes: &[u8]) -> Result<Self, DocumentError>;

    /// Whether it proves that it was not made from `before`, which `commit` made `ago` commits
    /// earlier.
    fn denies(&self, before: &Self, commit: CommitId, ago: u64) -> bool;
}

impl Content for Document {
    const KIND: (&'static str, bool) = ("a session", false);

    fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        Self::decode(bytes)
    }

    fn denies(&self, before: &Self, commit: CommitId, ago: u64) -> bool {
        before.comes_from(commit) && self.misses(commit, ago)
    }
}

impl Content for SharedDocument {
    const KIND: (&'static str, bool) = ("a shared value", true);

    fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        Self::decode(bytes)
    }

    fn denies(&self, _: &Self, _: CommitId, _: u64) -> bool {
        false
    }
}

/// A document as of one commit.
#[derive(Debug)]
pub(crate) struct Snapshot<C> {
    pub(crate) document: C,
    pub(crate) version: Version,
    pub(crate) expiry: Expiry,
    /// The owner: for a session, the principal that is logged in.
    pub(crate) owner: Option<Box<str>>,
}

/// What the store has under a key. That it cannot be read is an error and not one of these.
#[derive(Debug)]
pub(crate) enum DocumentState<C> {
    /// Nothing was committed yet, or it has expired.
    Absent,
    /// It was ended.
    Deleted,
    Found(Arc<Snapshot<C>>),
}

/// The state of a session.
pub(crate) type SessionState = DocumentState<Document>;

/// The state of a value of the application, or of one key.
pub(crate) type SharedState = DocumentState<SharedDocument>;

/// Why documents could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("the store did not answer in time")]
    Timeout,
}

impl LoadError {
    /// Whether this build can never read the document.
    pub(crate) fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Document(_) | Self::Store(StoreError::Damaged(_))
        )
    }

    /// Logs that `what` could not be loaded, and answers what the browser is told.
    pub(crate) fn refusal(&self, what: &str) -> Refusal {
        if self.is_damage() {
            tracing::error!(error = %LogText(self), "{what} cannot be read");
            Refusal::DAMAGED
        } else {
            tracing::warn!(error = %LogText(self), "{what} cannot be loaded");
            Refusal::UNAVAILABLE
        }
    }
}

impl From<LoadError> for crate::Error {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Store(error) => error,
            LoadError::Document(error) => StoreError::Damaged(error.to_string().into()),
            LoadError::Timeout => StoreError::Unavailable(error.into()),
        }
        .into()
    }
}

/// A live document.
#[derive(Debug)]
pub(crate) struct Live<C> {
    key: Key,
    table: Table<C>,
    /// Lets the actions of this process that change it run one after the other. This is for speed;
    /// safety is compare-and-set.
    turn: Semaphore,
    waiting: AtomicUsize,
    pub(super) admission: Admission,
    known: Mutex<Latest<C>>,
    watches: Mutex<Watches>,
}

/// The streams that show a document, and the messages to tabs that have no stream yet.
#[derive(Debug, Default)]
struct Watches {
    list: Vec<Arc<Watch>>,
    mail: Vec<Mail>,
}

impl Watches {
    /// Gives a message to the newest stream of its tab, or keeps it until there is one. Answers whether
    /// it is kept.
    fn deliver(&mut self, mail: Mail) -> bool {
        let of_tab = self.list.iter().rev().find(|watch| watch.has(mail.tab));
        if let Some(watch) = of_tab {
            watch.tell(mail);
            return false;
        }
        self.mail.retain(|mail| !mail.is_old());
        let of_tab = self.mail.iter().filter(|other| other.tab == mail.tab);
        let has_room = of_tab.count() < MAX_COMMANDS && self.mail.len() < limits::WAITING_MAIL;
        if has_room {
            self.mail.push(mail);
        }
        has_room
    }
}

/// A live session.
pub(crate) type LiveSession = Live<Document>;

/// A live shared value.
pub(crate) type LiveShared = Live<SharedDocument>;

#[derive(Debug)]
struct Latest<C> {
    state: Option<DocumentState<C>>,
    /// Counts the reasons to load again.
    doubts: u64,
    /// How many of them `state` has answered.
    answered: u64,
    /// The mark of a commit of this process whose answer is on its way.
    expected: Option<u64>,
    /// The revision that a notice announced in the meantime; 0 for none.
    announced: u64,
}

/// What was known of a document when the store was asked. The answer is compared with this: a store
/// never answers with an older version than before, unless it was rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The doubts until then, which the answer settles.
    doubts: u64,
    seen: Seen,
}

/// A document's state without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nothing,
    Absent,
    Deleted,
    At(Version),
}

impl Seen {
    fn of<C>(state: Option<&DocumentState<C>>) -> Self {
        match state {
            None => Self::Nothing,
            Some(DocumentState::Absent) => Self::Absent,
            Some(DocumentState::Deleted) => Self::Deleted,
            Some(DocumentState::Found(snapshot)) => Self::At(snapshot.version),
        }
    }
}

impl<C> Clone for DocumentState<C> {
    fn clone(&self) -> Self {
        match self {
            Self::Absent => Self::Absent,
            Self::Deleted => Self::Deleted,
            Self::Found(snapshot) => Self::Found(Arc::clone(snapshot)),
        }
    }
}

impl<C> DocumentState<C> {
    pub(crate) fn snapshot(&self) -> Option<&Snapshot<C>> {
        match self {
            Self::Found(snapshot) => Some(snapshot),
            Self::Absent | Self::Deleted => None,
        }
    }

    pub(crate) fn version(&self) -> Option<Version> {
        self.snapshot().map(|snapshot| snapshot.version)
    }

    /// 0 before the first commit.
    pub(crate) fn revision(&self) -> u64 {
        self.version().map_or(0, |version| version.revision)
    }

    /// Who is logged in.
    pub(crate) fn principal(&self) -> Option<&str> {
        self.snapshot()?.owner.as_deref()
    }

    /// When it expires, as far as is known.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.snapshot()
            .map_or(Timestamp::NEVER, |snapshot| snapshot.expiry.deadline())
    }
}

impl<C: Content> DocumentState<C> {
    pub(crate) fn of_loaded(loaded: Loaded) -> Result<Self, DocumentError> {
        Ok(match loaded {
            Loaded::Absent => Self::Absent,
            Loaded::Deleted => Self::Deleted,
            Loaded::Found(StoredDocument {
                version,
                bytes,
                expiry,
                owner,
            }) => Self::Found(Arc::new(Snapshot {
                document: C::read(&bytes)?,
                version,
                expiry,
                owner,
            })),
        })
    }
}

impl<C> Live<C> {
    pub(super) fn new(key: Key, table: Table<C>) -> Self {
        Self {
            key,
            table,
            turn: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            admission: Admission::default(),
            known: Mutex::new(Latest {
                state: None,
                doubts: 0,
                answered: 0,
                expected: None,
                announced: 0,
            }),
            watches: Mutex::default(),
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// A slot for an action of this tab to wait in, unless too many wait already.
    pub(crate) fn queue_slot(&self, tab: TabId) -> Option<QueueSlot> {
        self.admission.queue_slot(tab)
    }

    /// Waits until it is this action's turn, first come, first served.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let _waiting = Waiting::new(&self.waiting);
        // The semaphore is never closed; and a turn is for speed alone.
        self.turn.acquire().await.ok()
    }

    /// Takes the turn if it is free.
    pub(crate) fn try_turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turn.try_acquire().ok()
    }

    /// How many actions wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// What is known, unless it is in doubt.
    pub(super) fn undoubted(&self, now: Timestamp) -> Option<DocumentState<C>> {
        let known = lock(&self.known);
        let state = known.state.as_ref()?;
        let expired = state
            .snapshot()
            .is_some_and(|snapshot| snapshot.expiry.has_passed(now));
        (known.answered == known.doubts && !expired).then(|| state.clone())
    }

    /// To be called before the store is asked.
    pub(super) fn asked(&self) -> Asked {
        let known = lock(&self.known);
        Asked {
            doubts: known.doubts,
            seen: Seen::of(known.state.as_ref()),
        }
    }

    /// For an answer of the store to a commit that started from `state`, which settles no doubts.
    pub(super) fn asked_from(state: &DocumentState<C>) -> Asked {
        Asked {
            doubts: 0,
            seen: Seen::of(Some(state)),
        }
    }

    /// The version that is shown, to ask the store whether it is the latest. Nothing if no stream
    /// shows the document, or if it will be loaded anyway.
    pub(super) fn to_be_checked(&self) -> Option<Asked> {
        if lock(&self.watches).list.is_empty() {
            return None;
        }
        let known = lock(&self.known);
        (known.state.is_some() && known.answered == known.doubts).then(|| Asked {
            doubts: known.doubts,
            seen: Seen::of(known.state.as_ref()),
        })
    }

    /// Records the version that the store reported, which may be a reason to load again. Never
    /// writes to the store.
    pub(super) fn checked(&self, asked: Asked, version: Option<Version>) {
        let same = match (asked.seen, version) {
            (Seen::At(shown), Some(there)) => shown == there,
            (Seen::Absent | Seen::Deleted, None) => true,
            (Seen::Nothing, _) => return,
            _ => false,
        };
        if same {
            return;
        }
        let mut known = lock(&self.known);
        let has = known.state.as_ref().map_or(0, DocumentState::revision);
        let is_newer = version.is_some_and(|there| there.revision > has);
        // Otherwise what was noted since then is at least as new.
        if is_newer || Seen::of(known.state.as_ref()) == asked.seen {
            known.doubts += 1;
            drop(known);
            self.wake();
        }
    }

    /// A commit of this process is on its way to the store. Its answer brings the outcome, so its
    /// notice is no reason to load.
    pub(super) fn expect(&self, commit: CommitId) {
        let mut known = lock(&self.known);
        (known.expected, known.announced) = (Some(commit.mark()), 0);
    }

    /// The answer was recorded, or will not come. What was announced in the meantime and is still
    /// unknown must be loaded.
    pub(super) fn end_of_expecting(&self, commit: CommitId) {
        let mut known = lock(&self.known);
        if known.expected != Some(commit.mark()) {
            return;
        }
        let has = known.state.as_ref().map_or(0, DocumentState::revision);
        let missed = known.announced > has;
        (known.expected, known.announced) = (None, 0);
        if missed {
            known.doubts += 1;
            drop(known);
            self.wake();
        }
    }

    /// A commit of this version was announced.
    pub(super) fn announced(&self, version: Version) {
        let mut known = lock(&self.known);
        if known.expected == Some(version.commit.mark()) {
            known.announced = version.revision;
            return;
        }
        let newer = known
            .state
            .as_ref()
            .is_none_or(|state| version.revision > state.revision());
        if newer {
            known.doubts += 1;
            drop(known);
            self.wake();
        }
    }

    /// The document must be loaded again before it is shown to another tab.
    pub(super) fn doubt(&self) {
        lock(&self.known).doubts += 1;
    }

    /// What is known may no longer be the latest.
    pub(super) fn outdate(&self) {
        lock(&self.known).doubts += 1;
        self.wake();
    }

    /// Raises the flags of all streams that show it.
    pub(super) fn wake(&self) {
        lock(&self.watches)
            .list
            .iter()
            .for_each(|watch| watch.raise());
    }

    pub(super) fn register(&self, watch: Arc<Watch>) {
        let mut watches = lock(&self.watches);
        watches.list.push(watch);
        for mail in std::mem::take(&mut watches.mail) {
            watches.deliver(mail);
        }
    }

    /// Answers whether messages are kept that the stream has not sent.
    pub(super) fn unregister(&self, watch: &Arc<Watch>) -> bool {
        let mut watches = lock(&self.watches);
        watches.list.retain(|other| !Arc::ptr_eq(other, watch));
        let mut are_kept = false;
        for mail in watch.take_mail() {
            are_kept |= watches.deliver(mail);
        }
        are_kept
    }

    /// Sends a message to a tab. Answers whether it is kept until the tab has a stream.
    pub(super) fn deliver(&self, mail: Mail) -> bool {
        lock(&self.watches).deliver(mail)
    }

    /// Drops the messages that nobody has fetched in time.
    pub(super) fn drop_old_mail(&self) {
        lock(&self.watches).mail.retain(|mail| !mail.is_old());
    }

    /// Keeps this stream asleep until the guard is dropped, if it shows the document.
    pub(crate) fn hold_wake(&self, stream: StreamId) -> Option<WakeGuard> {
        let watches = lock(&self.watches);
        let found = watches.list.iter().find(|watch| watch.id() == stream);
        found.map(Arc::clone).map(Watch::hold_wake)
    }

    /// Calls `tell` with the watch of every stream that shows it.
    pub(super) fn each_watch(&self, tell: impl FnMut(&Arc<Watch>)) {
        lock(&self.watches).list.iter().for_each(tell);
    }
}

impl<C: Content> Live<C> {
    /// Records what was committed here or read from the store after it was `asked`; returns whether
    /// that was news. Never writes to the store.
    ///
    /// If nothing else was recorded in the meantime, the answer is believed, even if it is older
    /// than what was known: then the store was rolled back, which is counted and shown to users.
    /// Otherwise the newer of both is kept.
    pub(super) fn note(&self, state: &DocumentState<C>, asked: Asked, now: Timestamp) -> bool {
        use DocumentState::{Absent, Deleted, Found};
        let mut known = lock(&self.known);
        known.answered = known.answered.max(asked.doubts);
        let undisturbed = Seen::of(known.state.as_ref()) == asked.seen;
        let lost = undisturbed
            && known
                .state
                .as_ref()
                .is_some_and(|before| rollback::lies_between(before, state, now));
        let newer = match (&known.state, state) {
            (Some(old), new) if undisturbed => Seen::of(Some(old)) != Seen::of(Some(new)),
            (None, _) | (Some(Absent | Found(_)), Deleted) => true,
            (Some(Deleted), _) => false,
            (Some(Found(old)), Absent) => old.expiry.has_passed(now),
            (Some(old), new) => new.revision() > old.revision(),
        };
        // A visit moves the deadline without a new revision.
        let later = match (&known.state, state) {
            (Some(Found(old)), Found(new)) => {
                old.version == new.version && new.expiry.deadline() > old.expiry.deadline()
            }
            _ => false,
        };
        let before = (newer || later).then(|| known.state.replace(state.clone()));
        drop(known);
        if lost {
            let had = before.flatten().and_then(|state| state.version());
            rollback::report::<C>(&self.key, had, state.version());
            self.each_watch(|watch| watch.lost(&self.key));
        }
        newer
    }
}

/// Counts itself for as long as it lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<C> Drop for Live<C> {
    fn drop(&mut self) {
        self.table.forget(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_announced_of_an_own_commit_is_asked_for_only_if_its_answer_does_not_come() {
        let now = Timestamp::from_millis(0);
        let commit = |id: u128| CommitId(id << 64);
        let version = |revision, id| Version {
            revision,
            commit: commit(id),
        };
        let found = |revision, id| {
            SharedState::Found(Arc::new(Snapshot {
                document: SharedDocument::default(),
                version: version(revision, id),
                expiry: Expiry {
                    idle_until: Timestamp::NEVER,
                    absolute: Timestamp::NEVER,
                },
                owner: None,
            }))
        };
        let live: Arc<LiveShared> = Table::new().live(&Key::new("app/x").unwrap());
        let is_known = || live.undoubted(now).is_some();
        live.note(&found(1, 4), live.asked(), now);
        assert!(is_known());

        live.expect(commit(6));
        live.announced(version(2, 6));
        assert!(is_known());
        let base = found(1, 4);
        live.note(&found(2, 6), LiveShared::asked_from(&base), now);
        live.end_of_expecting(commit(6));
        assert!(is_known());

        // Another's is one to ask for, whatever is expected.
        live.expect(commit(8));
        live.announced(version(3, 10));
        assert!(!is_known());
        live.note(&found(3, 10), live.asked(), now);
        live.end_of_expecting(commit(8));
        assert!(is_known());

        live.expect(commit(12));
        live.announced(version(4, 12));
        live.end_of_expecting(commit(12));
        assert!(!is_known());
        live.note(&found(4, 12), live.asked(), now);
        // Or it is announced when nobody expects it any more.
        live.expect(commit(14));
        live.end_of_expecting(commit(14));
        live.announced(version(5, 14));
        assert!(!is_known());
    }
}
