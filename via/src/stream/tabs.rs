//! The tabs of one stream, and the frame that an answer may bring one of them.

use bytes::Bytes;

use super::StreamTab;
use crate::{
    frames::Outgoing,
    hub::{SessionState, WakeGuard, Watch},
    runtime::Core,
    session::SecretHash,
    state::{Load, TabId},
    store::Timestamp,
};

/// What a stream shows. Only its holder may send the next frame.
#[derive(Debug)]
pub(crate) struct Tabs {
    pub(super) list: Vec<StreamTab>,
    /// The secret of the session when it was last found open to the viewer; nothing before it was
    /// seen in the store.
    pub(super) opened: Option<SecretHash>,
    /// When the first of the shown documents expires, as far as is known.
    pub(super) deadline: Timestamp,
}

impl Tabs {
    pub(super) fn new(list: Vec<StreamTab>) -> Self {
        Self {
            list,
            opened: None,
            deadline: Timestamp::NEVER,
        }
    }

    /// Whether the session in this state was found open to the viewer before.
    pub(super) fn is_open(&self, session: &SessionState) -> bool {
        let secret = session.snapshot().map(|snapshot| &snapshot.document.secret);
        secret.is_some() && secret == self.opened.as_ref()
    }

    pub(super) fn all_ended(&self, out: &mut Outgoing) {
        self.list.iter().for_each(|tab| tab.ended(out));
    }

    pub(super) fn all_damaged(&self, out: &mut Outgoing) {
        self.list.iter().for_each(|tab| tab.damaged(out));
    }

    /// The next frame of this tab, if nothing else is to be done for it.
    fn next_frame(
        &mut self,
        core: &Core,
        watch: &Watch,
        id: TabId,
        load: Load,
    ) -> Option<Outgoing> {
        let index = self.list.iter().position(|tab| tab.is(id, load))?;
        if watch.has_lost() {
            return None;
        }
        let state = self.list[index].documents().known(core.clock.now())?;
        // The stream itself must end, or wake earlier.
        if !self.is_open(&state.session) || state.deadline() < self.deadline {
            return None;
        }
        let mut out = Outgoing::default();
        self.list[index].show(watch, &core.frames, &state, &mut out);
        Some(out)
    }
}

/// Tabs that are borrowed from their stream until this is dropped.
struct Borrowed<'a> {
    watch: &'a Watch,
    tabs: Option<Box<Tabs>>,
    /// Whether the stream has something left to do.
    is_due: bool,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let Some(tabs) = self.tabs.take() else { return };
        if self.watch.tabs().give_back(tabs) || self.is_due {
            self.watch.raise();
        }
    }
}

/// The frame that shows a tab what its action did, for the answer to that action. There is one only
/// if the tab's stream is idle; otherwise the stream brings the frame.
///
/// Frames of a tab are numbered in one sequence, both ways.
pub(crate) fn frame_for_answer(
    core: &Core,
    wake_guard: &WakeGuard,
    tab: TabId,
    load: Load,
) -> Option<Bytes> {
    let watch = wake_guard.watch();
    let mut borrowed = Borrowed {
        watch,
        tabs: Some(watch.tabs().borrow()?),
        is_due: false,
    };
    let tabs = borrowed.tabs.as_mut()?;
    // Lowered before the state is read, so that later commits raise it again. If the stream has other
    // tabs, the flag stays up for them.
    if tabs.list.len() == 1 {
        borrowed.is_due = watch.lower();
    }
    let out = tabs.next_frame(core, watch, tab, load)?;
    borrowed.is_due = false;
    Some(out.into_bytes()).filter(|bytes| !bytes.is_empty())
}
