//! One tab of a stream: a sequence of numbered frames.

use std::{
    collections::BTreeMap, fmt::Write as _, iter::Peekable, panic::AssertUnwindSafe, sync::Arc,
};

use serde_json::Value;

use crate::{
    command::Command,
    field::mount_of,
    frames::{Frame, FrameHash, Frames, Held, Outgoing, SHARED_FROM, ShownSignals},
    hub::{PageDocuments, PageState, Watch},
    incident::Incident,
    limits,
    page::PageEntry,
    protocol::{
        datastar::{self, EncodedEvent},
        events::{command_event, identity_event, tab_event},
        sse::{EventWriter, Line},
    },
    refusal::Refusal,
    session::IdentityMark,
    state::{Load, Outcome, ReadError, TabId},
};

/// Room for the `id` line of an event.
const ID_LINE: usize = 48;

/// One tab of a stream.
#[derive(Debug)]
pub(crate) struct StreamTab {
    /// Its index in the list that the browser sent.
    index: usize,
    page: Arc<PageEntry>,
    documents: PageDocuments,
    params: Vec<(String, String)>,
    id: TabId,
    load: Option<Load>,
    /// Whether its session had committed anything when the tab was loaded.
    began: bool,
    /// The number of its latest action that this server knows.
    acted: u64,
    /// The revision for which the signals of that action were looked up in the record.
    looked_up: u64,
    /// How many frames this stream sent it.
    number: u64,
    shows: Shows,
    /// The hash that the browser knows.
    told: Option<FrameHash>,
    /// The signals that were sent to it since its last action.
    pushed: Pushed,
}

/// What a tab shows now.
#[derive(Debug)]
enum Shows {
    /// Only the browser knows. This is the hash it sent, if any.
    Hash(Option<FrameHash>),
    /// The frame that was sent last, with its signals.
    Frame(Arc<Frame>),
}

/// Names of signals; usually none.
#[derive(Debug, Default)]
struct Pushed(Box<[Box<str>]>);

impl Pushed {
    fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|other| **other == *name)
    }

    fn add<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        let mut news = names.filter(|name| !self.contains(name)).peekable();
        if news.peek().is_none() {
            return;
        }
        let news: Vec<Box<str>> = news.map(Box::from).collect();
        let before = std::mem::take(&mut self.0);
        self.0 = before.into_iter().chain(news).collect();
    }

    fn clear(&mut self) {
        self.0 = Box::default();
    }
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
            pushed: Pushed::default(),
        }
    }

    /// Which load of the tab it is, and whether its session had begun by then.
    pub(crate) fn loaded(mut self, load: Load, began: bool) -> Self {
        self.load = Some(load);
        self.began = began;
        self
    }

    /// Whether its session had committed anything when the tab was loaded.
    pub(super) fn began(&self) -> bool {
        self.began
    }

    pub(crate) fn id(&self) -> TabId {
        self.id
    }

    /// Whether it is this load of this tab.
    pub(super) fn is(&self, id: TabId, load: Load) -> bool {
        self.id == id && self.load == Some(load)
    }

    pub(crate) fn documents(&self) -> &PageDocuments {
        &self.documents
    }

    /// Appends what brings the tab to `state`.
    pub(super) fn show(
        &mut self,
        watch: &Watch,
        frames: &Frames,
        state: &PageState,
        out: &mut Outgoing,
    ) {
        let index = self.index;
        for command in watch.take_commands(self.id, &state.session) {
            let command = command.at_mount(mount_of(&self.params));
            command_event(out.own(), index, &command);
        }
        let rendered = std::panic::catch_unwind(AssertUnwindSafe(|| {
            frames.frame(&self.page, &self.params, self.id, state)
        }));
        let frame = match rendered {
            Ok(Ok(frame)) if frame.html.len() > limits::PAGE => {
                let incident = Incident::report("a rendered page is over the size limit", &"");
                return command_event(out.own(), index, &incident.toast());
            }
            Ok(Ok(frame)) => frame,
            Ok(Err(ReadError::Param { .. } | ReadError::Signal { .. })) => {
                return tab_event(out.own(), index, &Refusal::UNKNOWN_PAGE);
            }
            Err(panic) => {
                let incident = Incident::of_panic("a view panicked", &*panic);
                return command_event(out.own(), index, &incident.toast());
            }
        };
        let sent = watch.take_sent(self.id, self.looked_up, state.session.revision());
        let before = std::mem::replace(&mut self.shows, Shows::Frame(Arc::clone(&frame)));
        let patches: Arc<[EncodedEvent]> = match &before {
            Shows::Frame(old) => frame.patches_from(old),
            Shows::Hash(Some(hash)) if *hash == frame.hash => Arc::default(),
            Shows::Hash(_) => frame.whole(),
        };
        // Only this tab has the frame: usually a frame of a session has one reader.
        if self.page.per_session && Arc::strong_count(&frame) == 2 {
            frame.forget_events();
        }
        let mut known = match &before {
            Shows::Frame(old) => ShownSignals::all(&old.signals),
            Shows::Hash(Some(hash)) if *hash == frame.hash => ShownSignals::all(&frame.signals),
            Shows::Hash(_) => ShownSignals::nothing(),
        };
        self.look_up_what_was_sent(state, sent.is_some(), &frame, &mut known);
        if matches!(&before, Shows::Hash(hash) if *hash != Some(frame.hash)) {
            // A whole frame contains all signals.
            known = ShownSignals::nothing();
        }
        self.take_note_of(sent.as_deref(), &mut known);
        let unseen = frame.unseen(&known);
        self.pushed.add(unseen.iter().map(|(name, _)| *name));
        // If there is nothing to patch, the tab still learns the new hash of its frame.
        let renamed = patches.is_empty() && self.told != Some(frame.hash);
        let signals = (!unseen.is_empty() || renamed).then(|| datastar::patch_signals(unseen));
        self.told = Some(frame.hash);
        let identity = self.identity(state);
        let events = identity.iter().chain(&signals).chain(&*patches);
        self.write(events.peekable(), frame.hash, out);
    }

    /// What says in the first frame of the stream who is logged in, even if nothing else is new. A stream
    /// shows one user, because a log-in or log-out ends it. If the session never had a user, the hello of
    /// the stream is enough.
    fn identity(&self, state: &PageState) -> Option<EncodedEvent> {
        if self.number > 0 {
            return None;
        }
        let had_user = state
            .session
            .snapshot()
            .is_some_and(|snapshot| snapshot.document.previous.is_some());
        let principal = state.session.principal();
        (had_user || principal.is_some()).then(|| {
            let session = self.documents.session().key();
            identity_event(IdentityMark::of(session, principal))
        })
    }

    /// The frame that the next one is compared with, if there is one.
    pub(super) fn kept(&self) -> Option<Held> {
        match &self.shows {
            Shows::Frame(frame) => Some(frame.kept()),
            Shows::Hash(_) => None,
        }
    }

    /// Shows its user a message.
    pub(super) fn toast(&self, text: &str, out: &mut Outgoing) {
        let text = text.to_owned();
        command_event(out.own(), self.index, &Command::Toast { text });
    }

    /// Its documents cannot be read: it keeps what it shows.
    pub(super) fn damaged(&self, out: &mut Outgoing) {
        tab_event(out.own(), self.index, &Refusal::DAMAGED);
    }

    pub(super) fn ended(&self, out: &mut Outgoing) {
        tab_event(out.own(), self.index, &Refusal::SESSION_GONE);
    }

    /// If the tab acted at another server, only the record says what it sent.
    fn look_up_what_was_sent(
        &mut self,
        state: &PageState,
        told: bool,
        frame: &Frame,
        known: &mut ShownSignals<'_>,
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
        let Some(carried) = record.carried().filter(|_| !told) else {
            return;
        };
        let revision = state.session.revision();
        self.looked_up = revision;
        let is_shown = matches!(record.outcome(), Some(Outcome::Applied { revision: made, .. }) if made == revision);
        for name in &carried.same {
            match frame.signals.get(name) {
                Some(value) if is_shown && !self.pushed.contains(name) => {
                    known.learn(name, value);
                }
                // It is unknown whether the value is still what the tab sent.
                _ => known.forget(name),
            }
        }
        for name in &carried.differ {
            known.forget(name);
        }
        self.pushed.clear();
    }

    /// A tab already shows what it sent with its action, so that is not sent back. But if another
    /// value was on its way to the tab, it is unknown which one the tab shows: it gets the value.
    fn take_note_of(
        &mut self,
        sent: Option<&BTreeMap<String, Value>>,
        known: &mut ShownSignals<'_>,
    ) {
        let Some(sent) = sent else { return };
        for (name, value) in sent {
            if self.pushed.contains(name) {
                known.forget(name);
            } else {
                known.learn(name, value);
            }
        }
        self.pushed.clear();
    }

    /// Appends a frame unless it is empty: signals first, so that new elements find them.
    fn write<'e>(
        &mut self,
        mut events: Peekable<impl Iterator<Item = &'e EncodedEvent> + Clone>,
        hash: FrameHash,
        out: &mut Outgoing,
    ) {
        if events.peek().is_none() {
            return;
        }
        self.number += 1;
        let lines: usize = events
            .clone()
            .map(|event| event.head.len() + ID_LINE + event.tail.len())
            .sum();
        if lines < SHARED_FROM {
            out.own().reserve(lines);
        }
        let mut id = String::with_capacity(ID_LINE);
        // Writing to a string does not fail.
        let _ = write!(id, "{}/{}", self.index, self.number);
        while let Some(next) = events.next() {
            if events.peek().is_none() {
                let _ = write!(id, "/{hash}");
            }
            out.own().extend_from_slice(next.head.as_bytes());
            if let Some(id) = Line::new(&id) {
                EventWriter::new(out.own()).id(id);
            }
            out.share(&next.tail);
        }
    }
}
