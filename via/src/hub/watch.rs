//! A flag that says "what you show is stale".

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;
use tokio::sync::Notify;

use super::{LiveSession, LiveShared, PageDocuments, lock};
use crate::{action::Command, state::TabId, store::Key};

/// How many commands wait for a tab whose stream cannot be written to; more are dropped.
const MAX_COMMANDS: usize = 16;

/// What one stream hears of the session that it shows.
#[derive(Debug)]
pub(crate) struct Watch {
    stale: AtomicBool,
    wake: Notify,
    tabs: HashMap<TabId, Mutex<Mailbox>>,
    /// The documents that were rolled back and not yet spoken of.
    lost: Mutex<BTreeSet<Key>>,
}

/// What concerns one tab alone.
#[derive(Debug, Default)]
struct Mailbox {
    /// The signals that the tab sent with its latest actions, and the revision that these made: what
    /// it shows of them by now.
    sent: BTreeMap<String, Value>,
    sent_for: u64,
    commands: Vec<Command>,
}

impl Watch {
    /// A watch of these tabs, stale from the beginning: nothing was shown yet.
    pub(crate) fn new(tabs: impl IntoIterator<Item = TabId>) -> Self {
        Self {
            stale: AtomicBool::new(true),
            wake: Notify::new(),
            tabs: tabs
                .into_iter()
                .map(|tab| (tab, Mutex::default()))
                .collect(),
            lost: Mutex::default(),
        }
    }

    /// Raises the flag.
    pub(crate) fn raise(&self) {
        self.stale.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Lowers the flag; answers whether it was raised.
    pub(crate) fn lower(&self) -> bool {
        self.stale.swap(false, Ordering::AcqRel)
    }

    /// Waits until the flag may have been raised.
    pub(crate) async fn raised(&self) {
        self.wake.notified().await;
    }

    /// Takes note of the signals that a tab sent with the action that made `revision`.
    pub(crate) fn sent(&self, tab: TabId, revision: u64, signals: &BTreeMap<String, Value>) {
        if let Some(mailbox) = self.tabs.get(&tab) {
            let mut mailbox = lock(mailbox);
            mailbox.sent.extend(signals.clone());
            mailbox.sent_for = mailbox.sent_for.max(revision);
            drop(mailbox);
            // The commit may have been shown already, by a notice that came before its answer.
            self.raise();
        }
    }

    /// Takes note that a document which is shown was rolled back. There are at most as many of them
    /// as the stream shows.
    pub(super) fn lost(&self, key: &Key) {
        lock(&self.lost).insert(key.clone());
        self.raise();
    }

    /// The documents that were rolled back since the last call.
    pub(super) fn take_lost(&self) -> BTreeSet<Key> {
        std::mem::take(&mut lock(&self.lost))
    }

    pub(crate) fn tell(&self, tab: TabId, command: &Command) {
        if let Some(mailbox) = self.tabs.get(&tab) {
            let mut mailbox = lock(mailbox);
            if mailbox.commands.len() < MAX_COMMANDS {
                mailbox.commands.push(command.clone());
            }
        }
    }

    /// The signals that a tab sent to this server with actions which `revision` shows and `after`
    /// does not.
    pub(crate) fn take_sent(
        &self,
        tab: TabId,
        after: u64,
        revision: u64,
    ) -> BTreeMap<String, Value> {
        let Some(mailbox) = self.tabs.get(&tab) else {
            return BTreeMap::new();
        };
        let mut mailbox = lock(mailbox);
        if mailbox.sent_for > revision {
            return BTreeMap::new();
        }
        let sent = std::mem::take(&mut mailbox.sent);
        if mailbox.sent_for > after {
            sent
        } else {
            BTreeMap::new()
        }
    }

    pub(crate) fn take_commands(&self, tab: TabId) -> Vec<Command> {
        self.tabs
            .get(&tab)
            .map(|mailbox| std::mem::take(&mut lock(mailbox).commands))
            .unwrap_or_default()
    }
}

/// Keeps a [`Watch`] registered with a live session and with the shared values that its tabs show.
#[derive(Debug)]
pub(crate) struct Watching {
    watch: Arc<Watch>,
    session: Arc<LiveSession>,
    shared: Vec<Arc<LiveShared>>,
}

impl Watching {
    /// Watches the session, and everything that `pages` show of it beside.
    pub(crate) fn new<'a>(
        session: &PageDocuments,
        pages: impl Iterator<Item = &'a PageDocuments>,
        watch: Watch,
    ) -> Self {
        let watch = Arc::new(watch);
        let session = Arc::clone(session.session());
        session.register(Arc::clone(&watch));
        let mut shared: Vec<Arc<LiveShared>> = Vec::new();
        for place in pages.flat_map(PageDocuments::shared) {
            if !shared.iter().any(|live| Arc::ptr_eq(live, &place.live)) {
                place.live.register(Arc::clone(&watch));
                shared.push(Arc::clone(&place.live));
            }
        }
        Self {
            watch,
            session,
            shared,
        }
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.session.unregister(&self.watch);
        for live in &self.shared {
            live.unregister(&self.watch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_tab_sent_counts_from_the_revision_that_it_made_and_wakes_the_stream() {
        let tab = TabId::fresh();
        let watch = Watch::new([tab]);
        assert!(watch.lower());
        let signals = BTreeMap::from([("draft".to_owned(), Value::from("milk"))]);
        watch.sent(tab, 7, &signals);
        assert!(watch.lower());
        assert_eq!(watch.take_sent(tab, 0, 6), BTreeMap::new());
        assert_eq!(watch.take_sent(tab, 0, 7), signals);
        assert_eq!(watch.take_sent(tab, 0, 8), BTreeMap::new());
    }
}
