//! The documents that this process shows or changes now.
//!
//! There are no queues here. Each stream has a [`Watch`] with one flag. A commit raises the flags of
//! all streams that show the document; a stream lowers its flag and renders the latest state.

mod admission;
mod authority;
mod baton;
mod check;
mod lingering;
mod live;
mod mail;
mod page_documents;
mod rollback;
mod table;
mod watch;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

pub(crate) use admission::{ActionRate, TaskSlot};
pub(crate) use authority::TaskAuthority;
use baton::Baton;
pub(crate) use check::{check_for_ever, check_shared};
pub(crate) use live::{
    DocumentState, Live, LiveSession, LiveShared, LoadError, SessionState, SharedState, Snapshot,
};
pub(crate) use mail::Mail;
pub(crate) use page_documents::{PageDocuments, PageState, SharedValue};
pub(crate) use rollback::MESSAGE as ROLLBACK_MESSAGE;
pub use rollback::rollbacks;
pub(crate) use table::Table;
pub(crate) use watch::{StreamId, WakeGuard, Watch, Watching};

use self::lingering::Lingering;
use crate::{
    limits,
    page::PageEntry,
    session::SessionId,
    state::{Document, SharedDocument},
    store::Notice,
};

/// The live documents of this process. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    sessions: Table<Document>,
    shared: Table<SharedDocument>,
    lingering: Arc<Lingering>,
    /// Notices were lost.
    check_now: Arc<Notify>,
    /// How many streams are open.
    streams: Arc<AtomicUsize>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            sessions: Table::new(),
            shared: Table::new(),
            lingering: Arc::default(),
            check_now: Arc::default(),
            streams: Arc::default(),
        }
    }

    /// The live documents that a page reads in a session, under these path parameters.
    pub(crate) fn documents(
        &self,
        session: SessionId,
        page: &PageEntry,
        params: &[(String, String)],
    ) -> PageDocuments {
        let shared = page
            .shared_keys(params)
            .map(|(field, ttl, key)| SharedValue {
                field,
                ttl,
                live: self.shared.live(&key),
            })
            .collect();
        PageDocuments::new(self.sessions.live(&session.key()), shared)
    }

    /// The live document of a session alone.
    pub(crate) fn session(&self, session: SessionId) -> PageDocuments {
        PageDocuments::new(self.sessions.live(&session.key()), Vec::new())
    }

    /// Counts an action of a session and returns whether it may run.
    pub(crate) fn admits(&self, live: &Arc<LiveSession>, rate: ActionRate) -> bool {
        self.admits_at(live, rate, Instant::now())
    }

    fn admits_at(&self, live: &Arc<LiveSession>, rate: ActionRate, now: Instant) -> bool {
        let admitted = live.admission.admit(rate, now);
        self.lingering.keep(live, rate.memory(), now);
        admitted
    }

    /// Registers a watch with a session and with the shared values that `pages` show.
    pub(crate) fn watch<'a>(
        &self,
        session: &PageDocuments,
        pages: impl Iterator<Item = &'a PageDocuments>,
        watch: Watch,
    ) -> Watching {
        Watching::new(session, pages, watch, &self.streams)
    }

    /// The window in which the browsers of this server come back when it stops. It grows with their
    /// number, so that other servers have time to accept them.
    pub(crate) fn time_to_come_back(&self) -> Duration {
        let streams = u32::try_from(self.streams.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        limits::RECONNECT
            .max(limits::RECONNECT_SHARE.saturating_mul(streams))
            .min(limits::RECONNECT_LONGEST)
    }

    /// Wakes every stream: the server is stopping.
    pub(crate) fn wake_all(&self) {
        self.sessions.wake_all();
    }

    /// Applies a notice of the store: a hint, which never writes.
    pub(crate) fn hear(&self, notice: &Notice) {
        self.sessions.hear(notice);
        self.shared.hear(notice);
        if *notice == Notice::Lagged {
            self.check_now.notify_one();
        }
    }
}
