//! The live stream of one browser: all its tabs, each a sequence of numbered frames.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::Duration,
};

use axum::body::Body;
use bytes::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::{
    Frame, FrameHash, Frames, LoadError, PageDocuments, PageState, SessionState, Watching, rollback,
};
use crate::{
    action::Command,
    app::{Core, Standing},
    incident::Incident,
    limits,
    page::PageEntry,
    protocol::{
        datastar::{self, EncodedEvent},
        sse::{self, Line, Writer},
    },
    session::{SessionCookie, random},
    state::{Load, Outcome, ReadError, TabId},
    store::Timestamp,
};

/// One tab of a stream.
#[derive(Debug)]
pub(crate) struct StreamTab {
    /// Its place in the list that the browser sent.
    index: usize,
    page: Arc<PageEntry>,
    documents: PageDocuments,
    params: Vec<(String, String)>,
    id: TabId,
    load: Option<Load>,
    /// Whether its session had committed anything when it was loaded.
    began: bool,
    /// The number of its latest action that is known here.
    acted: u64,
    /// The revision for which the signals of that action were looked up in the record.
    looked_up: u64,
    /// How many frames it was sent on this stream.
    number: u64,
    shows: Shows,
    /// The hash that the browser knows.
    told: Option<FrameHash>,
    /// The signals that it was sent since its last action.
    pushed: BTreeSet<String>,
}

/// What a tab shows at the moment.
#[derive(Debug)]
enum Shows {
    /// Only the browser knows; this is the hash it gave, if it gave one.
    Hash(Option<FrameHash>),
    /// The frame that was sent last, and the signals as the browser has them.
    Frame(Arc<Frame>, Map<String, Value>),
}

/// Who looks at a stream.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) session: PageDocuments,
    /// What the session was opened with.
    pub(crate) cookie: SessionCookie,
    pub(crate) watching: Watching,
}

/// The stream of one browser, for as long as its connection lasts.
#[derive(Debug)]
pub(crate) struct TabStream {
    core: Arc<Core>,
    viewer: Viewer,
    tabs: Vec<StreamTab>,
    first: Option<Vec<u8>>,
    /// Whether the session was seen in the store.
    began: bool,
    ended: bool,
    heartbeat: Duration,
    beats_at: Instant,
    ends_at: Instant,
    /// When to ask a store again that did not answer.
    retry: Option<Instant>,
    /// When the first of the documents that are shown ends by itself, as far as is known.
    deadline: Timestamp,
}

/// Why a stream ends.
enum End {
    /// The server is going away, or the stream is old: come back.
    Planned,
    /// The session has a new secret: come back with it.
    Rotated,
    SessionGone,
    /// What is stored of the session cannot be read.
    Damaged,
}

impl StreamTab {
    pub(crate) fn new(
        index: usize,
        page: Arc<PageEntry>,
        documents: PageDocuments,
        params: Vec<(String, String)>,
        id: TabId,
        shows: Option<FrameHash>,
    ) -> Self {
        Self {
            index,
            page,
            documents,
            params,
            id,
            load: None,
            began: false,
            acted: 0,
            looked_up: 0,
            number: 0,
            shows: Shows::Hash(shows),
            told: shows,
            pushed: BTreeSet::new(),
        }
    }

    /// Which load of the tab it is, and whether its session had begun by then.
    pub(crate) fn loaded(mut self, load: Load, began: bool) -> Self {
        self.load = Some(load);
        self.began = began;
        self
    }

    pub(crate) fn id(&self) -> TabId {
        self.id
    }

    pub(crate) fn documents(&self) -> &PageDocuments {
        &self.documents
    }
}

impl TabStream {
    /// A stream that says `first` before anything else.
    pub(crate) fn new(
        core: Arc<Core>,
        viewer: Viewer,
        tabs: Vec<StreamTab>,
        first: Vec<u8>,
    ) -> Self {
        let now = Instant::now();
        let heartbeat = spread(limits::HEARTBEAT, 20);
        Self {
            core,
            viewer,
            tabs,
            first: Some(first),
            began: false,
            ended: false,
            heartbeat,
            beats_at: now + heartbeat,
            ends_at: now + spread(limits::STREAM_LIFE, 10),
            retry: None,
            deadline: Timestamp::NEVER,
        }
    }

    /// The body of the response. It holds no queue: a chunk is made when the connection can take
    /// it, from the state of that moment.
    pub(crate) fn into_body(self) -> Body {
        Body::from_stream(futures_util::stream::unfold(self, |mut stream| async {
            let chunk = stream.next().await?;
            Some((Ok::<_, Infallible>(Bytes::from(chunk)), stream))
        }))
    }

    async fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let mut out = Vec::new();
        if let Some(first) = self.first.take() {
            let data = json!({ "heartbeat_ms": millis(limits::HEARTBEAT) }).to_string();
            event(&mut out, "via-hello", None, &data);
            out.extend_from_slice(&first);
        }
        loop {
            if self.core.shutdown.is_cancelled() {
                self.end(&End::Planned, &mut out);
            } else if self.viewer.watching.watch().lower() {
                self.show(&mut out).await;
            }
            if !out.is_empty() {
                self.beats_at = Instant::now() + self.heartbeat;
                return Some(out);
            }
            let retry_at = self.retry.unwrap_or(self.ends_at);
            tokio::select! {
                () = self.viewer.watching.watch().raised() => {}
                () = self.core.clock.sleep_until(self.deadline), if self.deadline < Timestamp::NEVER => {
                    self.viewer.watching.watch().raise();
                }
                () = self.core.shutdown.cancelled() => {}
                () = tokio::time::sleep_until(retry_at), if self.retry.is_some() => {
                    self.retry = None;
                    self.viewer.watching.watch().raise();
                }
                () = tokio::time::sleep_until(self.beats_at) => out.extend_from_slice(sse::HEARTBEAT),
                () = tokio::time::sleep_until(self.ends_at) => self.end(&End::Planned, &mut out),
            }
            if !out.is_empty() {
                self.beats_at = Instant::now() + self.heartbeat;
                return Some(out);
            }
        }
    }

    /// Brings every tab to the latest state.
    async fn show(&mut self, out: &mut Vec<u8>) {
        let now = self.core.clock.now();
        let core = Arc::clone(&self.core);
        let store = &*core.store;
        let state = match self.viewer.session.current(store, now).await {
            Ok(state) => state.session,
            Err(error) if error.is_damage() => {
                tracing::error!(%error, "the session of a stream cannot be read");
                return self.end(&End::Damaged, out);
            }
            Err(error) => return self.try_again(&error),
        };
        self.deadline = state.deadline();
        let standing = self.core.standing(&self.viewer.cookie, &state, now);
        match &state {
            SessionState::Found(_) if standing != Standing::Open => {
                // Whoever has the new secret comes back, and nobody else.
                return self.end(&End::Rotated, out);
            }
            SessionState::Deleted => return self.end(&End::SessionGone, out),
            // It expired while it was shown.
            SessionState::Absent if self.began => return self.end(&End::SessionGone, out),
            SessionState::Found(_) | SessionState::Absent => {}
        }
        if matches!(state, SessionState::Absent) {
            // It was there when these were loaded, and a store has lost it.
            self.tabs.retain(|tab| {
                if tab.began {
                    tab_event(out, tab.index, "session_gone", "this session has ended");
                }
                !tab.began
            });
        }
        self.began |= matches!(state, SessionState::Found(_));
        self.tell_of_losses(out);
        for place in 0..self.tabs.len() {
            let tab = &mut self.tabs[place];
            match tab.documents.current(store, now).await {
                Ok(state) => {
                    self.deadline = self.deadline.min(state.deadline());
                    tab.show(&self.viewer.watching, &self.core.hub.frames, &state, out);
                }
                Err(error) if error.is_damage() => {
                    tracing::error!(%error, "what a tab shows cannot be read");
                    tab.damaged(out);
                }
                Err(error) => self.try_again(&error),
            }
        }
    }

    /// Tells each tab that shows a document of which the store has lost something.
    fn tell_of_losses(&self, out: &mut Vec<u8>) {
        let lost = self.viewer.watching.watch().take_lost();
        let shows_one = |tab: &&StreamTab| lost.iter().any(|key| tab.documents.include(key));
        for tab in self.tabs.iter().filter(shows_one) {
            let text = rollback::MESSAGE.to_owned();
            command_event(out, tab.index, &Command::Toast { text });
        }
    }

    /// Leaves the tabs as they are until the store answers again.
    fn try_again(&mut self, error: &LoadError) {
        tracing::warn!(%error, "what a tab shows cannot be loaded; it waits");
        self.retry = Some(Instant::now() + spread(Duration::from_millis(500), 50));
    }

    fn end(&mut self, end: &End, out: &mut Vec<u8>) {
        self.ended = true;
        match end {
            End::Planned => {
                let after = u64::from(u16::from_le_bytes(random())) % 1_500;
                let data = json!({ "reconnect_ms": after }).to_string();
                event(out, "via-bye", None, &data);
            }
            End::Rotated => {
                // The answer with the new cookie is on its way.
                let data = json!({ "reconnect_ms": 50 }).to_string();
                event(out, "via-bye", None, &data);
            }
            End::SessionGone => {
                for tab in &self.tabs {
                    tab_event(out, tab.index, "session_gone", "this session has ended");
                }
            }
            End::Damaged => self.tabs.iter().for_each(|tab| tab.damaged(out)),
        }
    }
}

impl StreamTab {
    fn show(&mut self, watching: &Watching, frames: &Frames, state: &PageState, out: &mut Vec<u8>) {
        let index = self.index;
        for command in watching.watch().take_commands(self.id) {
            command_event(out, index, &command);
        }
        let rendered = std::panic::catch_unwind(AssertUnwindSafe(|| {
            frames.frame(&self.page, &self.params, self.id, state)
        }));
        let frame = match rendered {
            Ok(Ok(frame)) if frame.html.len() > limits::PAGE => {
                let incident = Incident::report("a rendered page is over the size limit", &"");
                return command_event(out, index, &incident.toast());
            }
            Ok(Ok(frame)) => frame,
            Ok(Err(ReadError::Param { .. } | ReadError::Signal { .. })) => {
                return tab_event(out, index, "unknown", "there is no such page");
            }
            Err(panic) => {
                let incident = Incident::of_panic("a view panicked", &*panic);
                return command_event(out, index, &incident.toast());
            }
        };
        let sent = watching
            .watch()
            .take_sent(self.id, self.looked_up, state.session.revision());
        let (patches, mut known): (Arc<[EncodedEvent]>, _) =
            match std::mem::replace(&mut self.shows, Shows::Hash(None)) {
                Shows::Frame(old, known) => (frame.patches_from(&old), known),
                Shows::Hash(Some(hash)) if hash == frame.hash => {
                    (Arc::default(), frame.signals.clone())
                }
                Shows::Hash(_) => (Arc::new([frame.whole()]), Map::new()),
            };
        self.look_up_what_was_sent(state, &sent, &frame, &mut known);
        self.take_note_of(sent, &mut known);
        let unseen: Map<_, _> = frame
            .unseen(&known)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        self.pushed.extend(unseen.keys().cloned());
        // Where there is nothing to patch, the tab is told at least what its frame is called now.
        let renamed = patches.is_empty() && self.told != Some(frame.hash);
        let signals = (!unseen.is_empty() || renamed)
            .then(|| datastar::patch_signals(&Value::Object(unseen)));
        self.told = Some(frame.hash);
        // Signals first, so that new elements find them.
        let mut events = signals.iter().chain(patches.iter()).peekable();
        if events.peek().is_some() {
            self.number += 1;
        }
        while let Some(next) = events.next() {
            let id = if events.peek().is_some() {
                format!("{index}/{}", self.number)
            } else {
                format!("{index}/{}/{}", self.number, frame.hash)
            };
            next.write(Line::new(&id), out);
        }
        let signals = frame.signals.clone();
        self.shows = Shows::Frame(frame, signals);
    }

    /// What it shows cannot be read: it stays as it is.
    fn damaged(&self, out: &mut Vec<u8>) {
        tab_event(out, self.index, "damaged", "what is stored cannot be read");
    }

    /// Where the tab acted at another server, what it sent is known from the record alone.
    fn look_up_what_was_sent(
        &mut self,
        state: &PageState,
        sent: &BTreeMap<String, Value>,
        frame: &Frame,
        known: &mut Map<String, Value>,
    ) {
        let Some(snapshot) = state.session.snapshot() else {
            return;
        };
        let Some(record) = snapshot.document.tabs.get(&self.id) else {
            return;
        };
        let ours = |load: Load| load.epoch == record.load.epoch && load.nonce == record.load.nonce;
        if !self.load.is_some_and(ours) || record.number <= self.acted {
            return;
        }
        self.acted = record.number;
        let Some(carried) = record.carried().filter(|_| sent.is_empty()) else {
            return;
        };
        let revision = state.session.revision();
        self.looked_up = revision;
        let is_shown = matches!(record.outcome(), Some(Outcome::Applied { revision: made, .. }) if made == revision);
        for name in &carried.same {
            match frame.signals.get(name) {
                Some(value) if is_shown && !self.pushed.contains(name) => {
                    known.insert(name.clone(), value.clone());
                }
                // Whether it is still what the tab sent is not known.
                _ => {
                    known.remove(name);
                }
            }
        }
        for name in &carried.differ {
            known.remove(name);
        }
        self.pushed.clear();
    }

    /// What a tab sent with its action it shows already, and is not sent back. But where a value
    /// was on its way to the tab, nobody knows which of the two it shows: it is told.
    fn take_note_of(&mut self, sent: BTreeMap<String, Value>, known: &mut Map<String, Value>) {
        if sent.is_empty() {
            return;
        }
        for (name, value) in sent {
            if self.pushed.contains(&name) {
                known.remove(&name);
            } else {
                known.insert(name, value);
            }
        }
        self.pushed.clear();
    }
}

/// An event that tells the browser of one tab to do something.
fn command_event(out: &mut Vec<u8>, index: usize, command: &Command) {
    let data = serde_json::to_string(command).unwrap_or_default();
    event(out, "via-cmd", Some(&format!("{index}/0")), &data);
}

/// An event that says why one tab is not shown frames.
pub(crate) fn tab_event(out: &mut Vec<u8>, index: usize, code: &str, message: &str) {
    let data = json!({ "code": code, "message": message }).to_string();
    event(out, "via-tab", Some(&format!("{index}/0")), &data);
}

/// An event of our own. Its name and id are made here and hold no line break.
fn event(out: &mut Vec<u8>, name: &'static str, id: Option<&str>, data: &str) {
    let mut writer = Writer::new(out);
    writer.event(Line::constant(name));
    if let Some(id) = id.and_then(Line::new) {
        writer.id(id);
    }
    writer.data(data).finish();
}

/// A duration give or take `percent` of it, so that many streams do not act at the same moment.
pub(super) fn spread(duration: Duration, percent: u32) -> Duration {
    let share = f64::from(u16::from_le_bytes(random())) / f64::from(u16::MAX) * 2.0 - 1.0;
    duration.mul_f64(1.0 + share * f64::from(percent) / 100.0)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
