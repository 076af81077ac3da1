//! One session that somebody shows or changes at the moment.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{Frame, FrameKey, Hub, Watch, lock};
use crate::{
    action::Command,
    page::PageEntry,
    state::{Document, DocumentError, Fields, Inputs, ReadError, Sources, TabId},
    store::{Expiry, Key, Loaded, Store, StoreError, StoredDocument, Timestamp, Version},
};

/// A session's document as of one commit.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) document: Document,
    pub(crate) version: Version,
    pub(crate) expiry: Expiry,
}

/// What is there under a session's key: three answers, and none of them is "cannot be read".
#[derive(Clone, Debug)]
pub(crate) enum SessionState {
    /// Nothing was committed yet.
    Absent,
    /// It was ended.
    Deleted,
    Found(Arc<Snapshot>),
}

/// Why a session could not be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Document(#[from] DocumentError),
    #[error("the store did not answer in time")]
    Timeout,
}

/// A live session.
#[derive(Debug)]
pub(crate) struct Live {
    key: Key,
    hub: Hub,
    /// Lets the session's actions of this process run one after the other: for speed alone,
    /// safety is the business of compare-and-set.
    turn: Semaphore,
    waiting: AtomicUsize,
    known: Mutex<Known>,
    watches: Mutex<Vec<Arc<Watch>>>,
    frames: Mutex<Frames>,
}

#[derive(Debug, Default)]
struct Known {
    state: Option<SessionState>,
    /// Counts the reasons to load again.
    doubts: u64,
    /// How many of them `state` has answered.
    answered: u64,
}

#[derive(Debug, Default)]
struct Frames {
    version: Option<Version>,
    frames: HashMap<FrameKey, Arc<Frame>>,
}

impl SessionState {
    pub(crate) fn of_loaded(loaded: Loaded) -> Result<Self, DocumentError> {
        Ok(match loaded {
            Loaded::Absent => Self::Absent,
            Loaded::Deleted => Self::Deleted,
            Loaded::Found(StoredDocument {
                version,
                bytes,
                expiry,
                owner: _,
            }) => Self::Found(Arc::new(Snapshot {
                document: Document::decode(&bytes)?,
                version,
                expiry,
            })),
        })
    }

    pub(crate) fn snapshot(&self) -> Option<&Snapshot> {
        match self {
            Self::Found(snapshot) => Some(snapshot),
            Self::Absent | Self::Deleted => None,
        }
    }

    fn version(&self) -> Option<Version> {
        self.snapshot().map(|snapshot| snapshot.version)
    }

    /// 0 before the first commit.
    pub(crate) fn revision(&self) -> u64 {
        self.version().map_or(0, |version| version.revision)
    }
}

impl Live {
    pub(super) fn new(key: Key, hub: Hub) -> Self {
        Self {
            key,
            hub,
            turn: Semaphore::new(1),
            waiting: AtomicUsize::new(0),
            known: Mutex::default(),
            watches: Mutex::default(),
            frames: Mutex::default(),
        }
    }

    pub(crate) fn key(&self) -> &Key {
        &self.key
    }

    /// Waits until it is this action's turn, first come, first served.
    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        let _waiting = Waiting::new(&self.waiting);
        // The semaphore is never closed; and a turn is for speed alone.
        self.turn.acquire().await.ok()
    }

    /// How many actions wait for their turn.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// What is known, if nothing speaks against it; loaded otherwise.
    pub(crate) async fn current(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<SessionState, LoadError> {
        if let Some(state) = self.undoubted(now) {
            return Ok(state);
        }
        self.load(store, now).await
    }

    /// What the store has at this moment.
    pub(crate) async fn load(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<SessionState, LoadError> {
        let doubts = lock(&self.known).doubts;
        let keys = std::slice::from_ref(&self.key);
        let loaded = tokio::time::timeout(crate::limits::STORE_DEADLINE, store.load(keys, now))
            .await
            .map_err(|_| LoadError::Timeout)??
            .pop()
            .ok_or_else(|| StoreError::Damaged("it loads fewer documents than asked for".into()))?;
        let state = SessionState::of_loaded(loaded)?;
        self.observe(&state, Some(doubts), now);
        Ok(state)
    }

    /// Takes note of what was committed here or seen in the store, unless something newer is
    /// known, and wakes who shows the session. This never writes to the store.
    pub(crate) fn observe(&self, state: &SessionState, answers: Option<u64>, now: Timestamp) {
        let changed = {
            let mut known = lock(&self.known);
            if let Some(doubts) = answers {
                known.answered = known.answered.max(doubts);
            }
            let newer = match (&known.state, state) {
                (None, _) | (Some(_), SessionState::Deleted) => true,
                (Some(SessionState::Deleted), _) => false,
                (Some(SessionState::Found(old)), SessionState::Absent) => {
                    old.expiry.has_passed(now)
                }
                (Some(old), new) => new.revision() > old.revision(),
            };
            if newer {
                known.state = Some(state.clone());
            }
            newer
        };
        if changed {
            self.wake();
        }
    }

    /// A commit of this version was announced.
    pub(super) fn announced(&self, version: Version) {
        let mut known = lock(&self.known);
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

    /// What is known may not be the latest any more.
    pub(super) fn outdate(&self) {
        lock(&self.known).doubts += 1;
        self.wake();
    }

    fn undoubted(&self, now: Timestamp) -> Option<SessionState> {
        let known = lock(&self.known);
        let state = known.state.as_ref()?;
        let expired = state
            .snapshot()
            .is_some_and(|snapshot| snapshot.expiry.has_passed(now));
        (known.answered == known.doubts && !expired).then(|| state.clone())
    }

    fn wake(&self) {
        lock(&self.watches).iter().for_each(|watch| watch.raise());
    }

    pub(super) fn register(&self, watch: Arc<Watch>) {
        lock(&self.watches).push(watch);
    }

    pub(super) fn unregister(&self, watch: &Arc<Watch>) {
        lock(&self.watches).retain(|other| !Arc::ptr_eq(other, watch));
    }

    /// Takes note of the signals that a tab sent, so that they are not sent back to it.
    pub(crate) fn sent(&self, tab: TabId, revision: u64, inputs: &Inputs) {
        for watch in lock(&self.watches).iter() {
            watch.sent(tab, revision, &inputs.values);
        }
    }

    /// Has a tab's browser told to do something, if the tab is connected to this server.
    pub(crate) fn tell(&self, tab: TabId, command: &Command) {
        for watch in lock(&self.watches).iter() {
            watch.tell(tab, command);
            watch.raise();
        }
    }

    /// What a page shows in this state: rendered once for all tabs that show the same.
    ///
    /// A panic in the view is passed on to the caller.
    pub(crate) fn frame(
        &self,
        page: &PageEntry,
        params: &[(String, String)],
        tab: TabId,
        state: &SessionState,
    ) -> Result<Arc<Frame>, ReadError> {
        let key = FrameKey::new(page, params, tab);
        {
            let mut frames = lock(&self.frames);
            if frames.version != state.version() {
                frames.version = state.version();
                frames.frames.clear();
            }
            if let Some(frame) = frames.frames.get(&key) {
                return Ok(Arc::clone(frame));
            }
        }
        let frame = Arc::new(render(page, params, Some(tab), state)?);
        let mut frames = lock(&self.frames);
        if frames.version == state.version() {
            frames.frames.insert(key, Arc::clone(&frame));
        }
        Ok(frame)
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

impl Drop for Live {
    fn drop(&mut self) {
        self.hub.forget(&self.key);
    }
}

/// Renders a page without sharing.
pub(crate) fn render(
    page: &PageEntry,
    params: &[(String, String)],
    tab: Option<TabId>,
    state: &SessionState,
) -> Result<Frame, ReadError> {
    let inputs = Inputs::default();
    page.render(sources(state, params, tab, &inputs))
        .map(Frame::new)
}

/// Where the fields of a page come from, in a state of its session.
pub(crate) fn sources<'a>(
    state: &'a SessionState,
    params: &'a [(String, String)],
    tab: Option<TabId>,
    inputs: &'a Inputs,
) -> Sources<'a> {
    static NOTHING: Fields = Fields::new();
    let document = state.snapshot().map(|snapshot| &snapshot.document);
    Sources {
        session: document.map_or(&NOTHING, |document| &document.fields),
        tab: document
            .and_then(|document| document.tabs.get(&tab?))
            .map_or(&NOTHING, |record| &record.fields),
        shared: &[],
        params,
        inputs,
    }
}

/// The signals of a frame that a tab does not show yet, given what it shows. Those that are local
/// to the browser are its own business.
pub(crate) fn unseen<'a>(
    shown: &'a serde_json::Map<String, Value>,
    frame: &'a Frame,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    frame
        .signals
        .iter()
        .filter(|(name, _)| !name.starts_with('_'))
        .filter(|(name, value)| shown.get(*name) != Some(*value))
}
