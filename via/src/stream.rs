//! The live stream of one browser: all its tabs, each a sequence of numbered frames.
//!
//! A waiting stream holds its flag, its timer and what its tabs show. It has no buffer and no queue.

mod tab;
mod tabs;

use std::{
    collections::VecDeque,
    convert::Infallible,
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::body::Body;
use futures_util::stream::unfold;
use tokio::time::{Instant, Sleep, sleep_until};

use self::tabs::Tabs;
pub(crate) use self::{tab::StreamTab, tabs::frame_for_answer};
use crate::{
    clock::Moved,
    frames::{Held, Outgoing, SlowReader},
    hub::{LoadError, PageDocuments, ROLLBACK_MESSAGE, SessionState, Watching},
    limits,
    log_text::LogText,
    protocol::{events, sse},
    random::{random, spread},
    runtime::{Core, Standing},
    session::{IdentityMark, SessionCookie},
    store::Timestamp,
};

/// The session whose browser opened a stream.
#[derive(Debug)]
pub(crate) struct Viewer {
    pub(crate) session: PageDocuments,
    /// The cookie that opened the session.
    pub(crate) cookie: SessionCookie,
    /// Who was logged in when the stream was opened.
    pub(crate) identity: IdentityMark,
    pub(crate) watching: Watching,
}

/// The stream of one browser, for as long as its connection lasts.
pub(crate) struct TabStream {
    core: Arc<Core>,
    viewer: Viewer,
    /// Present while there is something to send; laid down while the stream waits.
    tabs: Option<Box<Tabs>>,
    /// What it sends first.
    first: Option<Box<[u8]>>,
    ended: bool,
    heartbeat: Duration,
    beats_at: Instant,
    ends_at: Instant,
    /// When to ask the store again after it did not answer.
    retry: Option<Instant>,
    /// When the first of the shown documents expires, as known when they were shown.
    deadline: Timestamp,
    /// The same by a clock that a test moves.
    moved: Option<Moved>,
    /// Fires at the first of these moments, or earlier.
    alarm: Pin<Box<Sleep>>,
}

/// Why a stream ends.
enum End {
    /// The stream is old: the browser opens a new one.
    Planned,
    /// The server stops: browsers come back, but not all at once.
    Stopping,
    /// The session has a new secret: the browser comes back with it.
    Rotated,
}

/// What a stream does after waiting.
enum Due {
    Look,
    Beat,
    End,
}

impl TabStream {
    /// A stream that sends `first` before anything else.
    pub(crate) fn new(
        core: Arc<Core>,
        viewer: Viewer,
        tabs: Vec<StreamTab>,
        first: Vec<u8>,
    ) -> Self {
        let now = Instant::now();
        let heartbeat = spread(limits::HEARTBEAT, 20);
        let beats_at = now + heartbeat;
        Self {
            core,
            viewer,
            tabs: Some(Box::new(Tabs::new(tabs))),
            first: Some(first.into()),
            ended: false,
            heartbeat,
            beats_at,
            ends_at: now + spread(limits::STREAM_LIFE, 10),
            retry: None,
            deadline: Timestamp::NEVER,
            moved: None,
            alarm: Box::pin(sleep_until(beats_at)),
        }
    }

    /// The body of a response. It holds no queue: it makes each chunk from the latest state when
    /// the connection can take it.
    pub(crate) fn into_body(self) -> Body {
        // An app that drains waits for it.
        let open = self.core.tasks.token();
        let begin = (self, VecDeque::new(), open);
        Body::from_stream(unfold(begin, |(mut stream, mut pieces, open)| async {
            if pieces.is_empty() {
                let mut out = Outgoing::default();
                if !stream.next(&mut out).await {
                    return None;
                }
                pieces = out.into_pieces();
            }
            let piece = pieces.pop_front()?;
            Some((Ok::<_, Infallible>(piece), (stream, pieces, open)))
        }))
    }

    /// Counts it as a slow reader, with `out` left to send.
    pub(crate) fn slow_reader(&self, out: &Outgoing) -> SlowReader {
        self.core.slow_readers.join(self.keeps(out))
    }

    /// What it keeps in memory until `out` is taken.
    fn keeps(&self, out: &Outgoing) -> impl Iterator<Item = Held> {
        let sent = out.shared().map(|bytes| Held::new(bytes, 0));
        let tabs = self.tabs.iter().flat_map(|tabs| &tabs.list);
        let shown = tabs.filter_map(StreamTab::kept);
        sent.chain(shown)
    }

    /// Waits until there is something to send and appends it. Returns `false` when the stream is
    /// over.
    pub(crate) async fn next(&mut self, out: &mut Outgoing) -> bool {
        if self.ended {
            return false;
        }
        if let Some(first) = self.first.take() {
            let id = self.viewer.watching.watch().id();
            let identity = self.viewer.identity;
            events::hello(out.own(), millis(limits::HEARTBEAT), id, identity);
            out.own().extend_from_slice(&first);
        }
        loop {
            if self.core.shutdown.is_cancelled() {
                self.end(&End::Stopping, out);
            } else if self.viewer.watching.watch().lower() {
                self.show(out).await;
            }
            if !out.is_empty() {
                self.beats_at = Instant::now() + self.heartbeat;
                return true;
            }
            let tabs = self.viewer.watching.watch().tabs();
            if let Some(shown) = self.tabs.take() {
                tabs.lay_down(shown);
            }
            match poll_fn(|cx| self.poll_due(cx)).await {
                Due::Look => {}
                Due::Beat => {
                    // Keeps what the tabs show while this is written.
                    self.tabs = self.viewer.watching.watch().tabs().borrow();
                    out.own().extend_from_slice(sse::HEARTBEAT);
                }
                Due::End => self.end(&End::Planned, out),
            }
        }
    }

    /// Waits for the flag or the next moment to act.
    fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        if self.viewer.watching.watch().poll_raised(cx).is_ready() {
            return Poll::Ready(Due::Look);
        }
        if let Some(moved) = &mut self.moved
            && moved.as_mut().poll(cx).is_ready()
        {
            self.moved = None;
            self.viewer.watching.watch().raise();
            return Poll::Ready(Due::Look);
        }
        loop {
            let wanted = self.next_alarm();
            // A timer that fires too early is set again then: usually each frame moves the time on.
            if wanted < self.alarm.deadline() || self.alarm.is_elapsed() {
                self.alarm.as_mut().reset(wanted);
            }
            ready!(self.alarm.as_mut().poll(cx));
            let now = Instant::now();
            if now >= self.ends_at {
                return Poll::Ready(Due::End);
            }
            let tries = self.retry.is_some_and(|retry| now >= retry);
            if tries || self.deadline_has_passed() {
                self.retry = None;
                self.viewer.watching.watch().raise();
                return Poll::Ready(Due::Look);
            }
            if now >= self.beats_at {
                return Poll::Ready(Due::Beat);
            }
        }
    }

    fn next_alarm(&self) -> Instant {
        let mut next = self.beats_at.min(self.ends_at);
        if let Some(retry) = self.retry {
            next = next.min(retry);
        }
        // The system clock can be set, so every heartbeat looks at it.
        if self.moved.is_none() && self.deadline < Timestamp::NEVER {
            let left = self.deadline.as_millis() - self.core.clock.now().as_millis();
            let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
            if left < self.heartbeat {
                next = next.min(Instant::now() + left);
            }
        }
        next
    }

    fn deadline_has_passed(&self) -> bool {
        self.moved.is_none()
            && self.deadline < Timestamp::NEVER
            && self.deadline <= self.core.clock.now()
    }

    /// Brings every tab to the latest state.
    async fn show(&mut self, out: &mut Outgoing) {
        let in_hand = self.tabs.take();
        // An action that borrows them raises the flag when it gives them back.
        let Some(mut tabs) = in_hand.or_else(|| self.viewer.watching.watch().tabs().take_up())
        else {
            return;
        };
        self.show_all(&mut tabs, out).await;
        tabs.deadline = self.deadline;
        self.tabs = Some(tabs);
    }

    async fn show_all(&mut self, tabs: &mut Tabs, out: &mut Outgoing) {
        let core = Arc::clone(&self.core);
        let now = core.clock.now();
        let store = &*core.store;
        let state = match self.viewer.session.current(store, now).await {
            Ok(state) => state.session,
            Err(error) if error.is_damage() => {
                tracing::error!(error = %LogText(&error), "the session of a stream cannot be read");
                self.ended = true;
                return tabs.all_damaged(out);
            }
            Err(error) => return self.try_again(&error),
        };
        let mut deadline = state.deadline();
        let began = tabs.opened.is_some();
        match &state {
            SessionState::Found(_) if tabs.is_open(&state) => {}
            SessionState::Found(snapshot) => {
                if core.standing(&self.viewer.cookie, &state, now) != Standing::Open {
                    // Only a browser with the new secret can come back.
                    return self.end(&End::Rotated, out);
                }
                tabs.opened = Some(snapshot.document.secret.clone());
            }
            // The session existed when these tabs were loaded: the store has lost it.
            SessionState::Absent if !began => tabs.list.retain(|tab| {
                if tab.began() {
                    tab.ended(out);
                }
                !tab.began()
            }),
            // It was ended, or it expired while it was shown.
            SessionState::Deleted | SessionState::Absent => {
                self.ended = true;
                return tabs.all_ended(out);
            }
        }
        drop(state);
        self.tell_of_losses(tabs, out);
        for tab in &mut tabs.list {
            match tab.documents().current(store, now).await {
                Ok(state) => {
                    deadline = deadline.min(state.deadline());
                    let watch = self.viewer.watching.watch();
                    tab.show(watch, &core.frames, &state, out);
                }
                Err(error) if error.is_damage() => {
                    tracing::error!(error = %LogText(&error), "what a tab shows cannot be read");
                    tab.damaged(out);
                }
                Err(error) => self.try_again(&error),
            }
        }
        self.expect(deadline);
    }

    /// Looks again at `deadline`.
    fn expect(&mut self, deadline: Timestamp) {
        if self.deadline == deadline {
            return;
        }
        self.deadline = deadline;
        self.moved = (deadline < Timestamp::NEVER)
            .then(|| self.core.clock.moved_to(deadline))
            .flatten();
    }

    /// Tells each tab that shows a document which the store rolled back.
    fn tell_of_losses(&self, tabs: &Tabs, out: &mut Outgoing) {
        let lost = self.viewer.watching.watch().take_lost();
        let shows_one = |tab: &&StreamTab| lost.iter().any(|key| tab.documents().include(key));
        for tab in tabs.list.iter().filter(shows_one) {
            tab.toast(ROLLBACK_MESSAGE, out);
        }
    }

    /// Leaves the tabs as they are until the store answers again.
    fn try_again(&mut self, error: &LoadError) {
        tracing::warn!(error = %LogText(error), "what a tab shows cannot be loaded; it waits");
        self.retry = Some(Instant::now() + spread(Duration::from_millis(500), 50));
        // Until then no document has a deadline.
        self.expect(Timestamp::NEVER);
    }

    fn end(&mut self, end: &End, out: &mut Outgoing) {
        self.ended = true;
        match end {
            End::Planned => events::bye(out.own(), at_random(limits::RECONNECT)),
            End::Stopping => events::bye(out.own(), at_random(self.core.hub.time_to_come_back())),
            // The answer with the new cookie is on its way.
            End::Rotated => events::bye(out.own(), 50),
        }
    }
}

impl fmt::Debug for TabStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TabStream")
            .field("tabs", &self.tabs)
            .finish_non_exhaustive()
    }
}

/// A random moment within `window`, in milliseconds.
fn at_random(window: Duration) -> u64 {
    u64::from(u32::from_le_bytes(random())) % millis(window).max(1)
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
