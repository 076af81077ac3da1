//! The documents that one page reads: the session's, and those of its shared values.

use std::{sync::Arc, time::Duration};

use super::{
    DocumentState, LiveSession, LiveShared, Mail, SessionState, SharedState, live::LoadError,
};
use crate::{
    limits,
    state::{Fields, Inputs, Sources, TabId},
    store::{CommitId, Key, Loaded, Store, StoreError, Timestamp},
};

/// The live documents that one page reads, in one session, for one set of path parameters.
#[derive(Clone, Debug)]
pub(crate) struct PageDocuments {
    session: Arc<LiveSession>,
    shared: Arc<[SharedValue]>,
}

/// A shared value and the field that shows it.
#[derive(Debug)]
pub(crate) struct SharedValue {
    /// The key of the field.
    pub(crate) field: &'static str,
    /// How long it is kept after its last use; forever if `None`.
    pub(crate) ttl: Option<Duration>,
    pub(crate) live: Arc<LiveShared>,
}

/// What those documents hold.
#[derive(Clone, Debug)]
pub(crate) struct PageState {
    pub(crate) session: SessionState,
    /// By the keys of their fields, in the order of the struct.
    pub(crate) shared: Vec<(&'static str, SharedState)>,
}

impl PageDocuments {
    pub(super) fn new(session: Arc<LiveSession>, shared: Vec<SharedValue>) -> Self {
        Self {
            session,
            shared: if shared.is_empty() {
                Arc::default()
            } else {
                shared.into()
            },
        }
    }

    pub(crate) fn session(&self) -> &Arc<LiveSession> {
        &self.session
    }

    pub(crate) fn shared(&self) -> &[SharedValue] {
        &self.shared
    }

    /// What is known, unless it is in doubt; then it is loaded.
    pub(crate) async fn current(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<PageState, LoadError> {
        match self.known(now) {
            Some(state) => Ok(state),
            // Boxed, so that futures that contain this call stay small.
            None => Box::pin(self.load(store, now)).await,
        }
    }

    /// What is known, unless any of it is in doubt.
    pub(crate) fn known(&self, now: Timestamp) -> Option<PageState> {
        let session = self.session.undoubted(now)?;
        let shared = self
            .shared
            .iter()
            .map(|value| Some((value.field, value.live.undoubted(now)?)))
            .collect::<Option<_>>()?;
        Some(PageState { session, shared })
    }

    /// What the store has now.
    pub(crate) async fn load(
        &self,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<PageState, LoadError> {
        let asked = self.session.asked();
        let shared_asked: Vec<_> = self.shared.iter().map(|value| value.live.asked()).collect();
        let keys: Vec<Key> = std::iter::once(self.session.key())
            .chain(self.shared.iter().map(|value| value.live.key()))
            .cloned()
            .collect();
        let loaded = tokio::time::timeout(limits::STORE_DEADLINE, store.load(&keys, now))
            .await
            .map_err(|_| LoadError::Timeout)??;
        let state = self.read(loaded)?;
        let session_is_news = self.session.note(&state.session, asked, now);
        let mut news = Vec::new();
        for ((value, (_, shared)), asked) in self.shared.iter().zip(&state.shared).zip(shared_asked)
        {
            if value.live.note(shared, asked, now) {
                news.push(value);
            }
        }
        self.wake(session_is_news, &news);
        Ok(state)
    }

    /// What a store's answer to all the keys means.
    pub(crate) fn read(&self, loaded: Vec<Loaded>) -> Result<PageState, LoadError> {
        if loaded.len() != 1 + self.shared.len() {
            return Err(StoreError::Damaged(
                "it answers with fewer documents than asked for".into(),
            )
            .into());
        }
        let mut loaded = loaded.into_iter();
        let session = loaded.next().unwrap_or(Loaded::Absent);
        Ok(PageState {
            session: DocumentState::of_loaded(session)?,
            shared: self
                .shared
                .iter()
                .zip(loaded)
                .map(|(value, loaded)| Ok((value.field, DocumentState::of_loaded(loaded)?)))
                .collect::<Result<_, LoadError>>()?,
        })
    }

    /// A commit of these documents is on its way. Until this is dropped, its notice is no reason to
    /// ask the store. Drop it when the answer was recorded.
    pub(crate) fn expect(&self, commit: CommitId) -> Expecting<'_> {
        self.session.expect(commit);
        for value in &*self.shared {
            value.live.expect(commit);
        }
        Expecting {
            documents: self,
            commit,
        }
    }

    /// Records the answer of the store to a commit that started from `base`: what was committed, or
    /// what was there instead. Then it wakes the streams that show it.
    pub(crate) fn observe(&self, base: &PageState, state: &PageState, now: Timestamp) {
        let session_is_news =
            self.session
                .note(&state.session, LiveSession::asked_from(&base.session), now);
        let news: Vec<_> = self
            .shared
            .iter()
            .zip(base.shared.iter().zip(&state.shared))
            .filter(|(value, ((_, base), (_, shared)))| {
                value.live.note(shared, LiveShared::asked_from(base), now)
            })
            .map(|(value, _)| value)
            .collect();
        self.wake(session_is_news, &news);
    }

    /// Whether the document of this key is among them.
    pub(crate) fn include(&self, key: &Key) -> bool {
        self.session.key() == key || self.shared.iter().any(|value| value.live.key() == key)
    }

    fn wake(&self, session: bool, shared: &[&SharedValue]) {
        if session {
            self.session.wake();
        }
        for value in shared {
            value.live.wake();
        }
    }
}

/// A commit whose answer is on its way.
#[derive(Debug)]
pub(crate) struct Expecting<'a> {
    documents: &'a PageDocuments,
    commit: CommitId,
}

impl Drop for Expecting<'_> {
    fn drop(&mut self) {
        self.documents.session.end_of_expecting(self.commit);
        for value in &*self.documents.shared {
            value.live.end_of_expecting(self.commit);
        }
    }
}

impl PageState {
    /// The state of a page without shared values in a session that committed nothing yet.
    pub(crate) fn empty() -> Self {
        Self {
            session: SessionState::Absent,
            shared: Vec::new(),
        }
    }

    /// Whether nothing was committed or ended between the two.
    pub(crate) fn is_what_was(&self, other: &Self) -> bool {
        LiveSession::asked_from(&self.session) == LiveSession::asked_from(&other.session)
            && self.shared.iter().zip(&other.shared).all(|(one, other)| {
                LiveShared::asked_from(&one.1) == LiveShared::asked_from(&other.1)
            })
    }

    /// When the first of the documents expires, as far as is known.
    pub(crate) fn deadline(&self) -> Timestamp {
        self.shared
            .iter()
            .map(|(_, state)| state.deadline())
            .fold(self.session.deadline(), Timestamp::min)
    }

    /// Calls `read` with where the fields of the page come from.
    pub(crate) fn with_sources<R>(
        &self,
        params: &[(String, String)],
        tab: Option<TabId>,
        inputs: &Inputs,
        read: impl FnOnce(Sources<'_>) -> R,
    ) -> R {
        static NOTHING: Fields = Fields::new();
        let session = self.session.snapshot().map(|snapshot| &snapshot.document);
        let shared: Vec<_> = self
            .shared
            .iter()
            .filter_map(|(field, state)| Some((*field, &state.snapshot()?.document.fields)))
            .collect();
        read(Sources {
            session: session.map_or(&NOTHING, |document| &document.fields),
            tab: session
                .and_then(|document| document.tabs.get(&tab?))
                .map_or(&NOTHING, |record| &record.fields),
            shared: &shared,
            principal: self.session.principal(),
            params,
            inputs,
        })
    }
}

impl LiveSession {
    /// Records the signals that a tab sent, so that they are not sent back to it.
    pub(crate) fn sent(&self, tab: TabId, revision: u64, inputs: &Inputs) {
        self.each_watch(|watch| watch.sent(tab, revision, &inputs.values));
    }

    /// Sends a message to a tab. If the tab has no stream at this server yet, the message waits for it.
    pub(crate) fn tell(self: &Arc<Self>, mail: Mail) {
        if self.deliver(mail) {
            self.keep_mail();
        }
    }

    /// Keeps the session in memory for as long as messages wait.
    pub(super) fn keep_mail(self: &Arc<Self>) {
        let live = Arc::clone(self);
        // Without a runtime the process is ending.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                tokio::time::sleep(limits::MAIL).await;
                live.drop_old_mail();
            });
        }
    }
}
