//! What tabs show, rendered once for all tabs that show the same.

mod frame;
mod outgoing;
mod shown;
mod slow_readers;

use std::{
    collections::HashMap,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, Weak},
};

pub(crate) use self::{
    frame::{Frame, FrameHash},
    outgoing::{Outgoing, SHARED_FROM},
    shown::ShownSignals,
    slow_readers::{Held, SlowReader, SlowReaders},
};
use crate::{
    hub::PageState,
    lock::lock,
    page::PageEntry,
    signal::first::Known,
    state::{Inputs, ReadError, TabId},
    store::Version,
};

/// The number of entries at which unused ones are removed for the first time.
const TIDY_AT: usize = 64;

/// The frames that tabs show now. Clones share one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct Frames {
    kept: Arc<Mutex<FrameTable>>,
}

#[derive(Debug, Default)]
struct FrameTable {
    frames: HashMap<FrameKey, Weak<Frame>>,
    /// The number of entries at which unused ones are removed next.
    tidy_at: usize,
}

/// Everything that a frame depends on: equal keys give equal frames. A version stands for the
/// content of its document. All documents without a version are equally empty.
#[derive(Debug, PartialEq, Eq)]
struct FrameKey {
    page: &'static str,
    params: Box<[(String, String)]>,
    /// Only if the page has state or signals of one tab.
    tab: Option<TabId>,
    /// Only if the page shows something of the session.
    session: Option<Version>,
    principal: Option<Box<str>>,
    shared: Box<[Option<Version>]>,
}

impl Frames {
    /// What a page shows in this state, rendered once for all tabs that show the same.
    ///
    /// A panic of the view reaches the caller.
    pub(crate) fn frame(
        &self,
        page: &PageEntry,
        params: &[(String, String)],
        tab: TabId,
        state: &PageState,
    ) -> Result<Arc<Frame>, ReadError> {
        let key = FrameKey::new(page, params, tab, state);
        if let Some(frame) = lock(&self.kept).frames.get(&key).and_then(Weak::upgrade) {
            return Ok(frame);
        }
        let frame = Arc::new(render(page, params, tab, state)?);
        let mut kept = lock(&self.kept);
        kept.frames.insert(key, Arc::downgrade(&frame));
        if kept.frames.len() >= kept.tidy_at.max(TIDY_AT) {
            kept.frames.retain(|_, frame| frame.strong_count() > 0);
            kept.tidy_at = kept.frames.len() * 2;
        }
        Ok(frame)
    }
}

impl Hash for FrameKey {
    /// The random id of a session's commit determines the rest. Tabs and parameters are hashed too,
    /// because one user could open many of them and make a chain of equal hashes.
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.tab, &self.params).hash(state);
        match self.session {
            Some(version) => version.commit.mark().hash(state),
            None => (self.page, &self.principal, &self.shared).hash(state),
        }
    }
}

impl FrameKey {
    fn new(page: &PageEntry, params: &[(String, String)], tab: TabId, state: &PageState) -> Self {
        Self {
            page: page.descriptor.name,
            params: params.into(),
            tab: page.per_tab.then_some(tab),
            session: page.per_session.then(|| state.session.version()).flatten(),
            principal: state.session.principal().map(Box::from),
            shared: state
                .shared
                .iter()
                .map(|(_, state)| state.version())
                .collect(),
        }
    }
}

/// Renders a page for a document, with what its expressions give.
pub(crate) fn render_first(
    page: &PageEntry,
    params: &[(String, String)],
    state: &PageState,
) -> Result<(Frame, Known), ReadError> {
    state
        .with_sources(params, None, Inputs::none(), |sources| {
            page.code.render_first(sources)
        })
        .map(|(rendered, known)| (Frame::new(rendered), known))
}

/// Renders a page without sharing.
fn render(
    page: &PageEntry,
    params: &[(String, String)],
    tab: TabId,
    state: &PageState,
) -> Result<Frame, ReadError> {
    state
        .with_sources(params, Some(tab), Inputs::none(), |sources| {
            page.code.render(sources)
        })
        .map(Frame::new)
}
