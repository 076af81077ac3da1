//! The flag of a stream that says "what you show is stale".

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::ParseIntError,
    str::FromStr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use futures_util::task::AtomicWaker;
use serde_json::Value;

use super::{Baton, LiveSession, LiveShared, Mail, PageDocuments, SessionState};
use crate::{command::Command, lock::lock, random::random, state::TabId, store::Key};

/// How many commands wait for a tab whose stream cannot be written to; more are dropped.
pub(super) const MAX_COMMANDS: usize = 16;

/// The id of a stream: 64 random bits, sent in its first event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StreamId(u64);

/// What one stream learns of the documents that it shows.
#[derive(Debug)]
pub(crate) struct Watch {
    id: StreamId,
    stale: AtomicBool,
    /// Whether an answer is about to bring the next frame, so that the stream stays asleep.
    wake_held: AtomicBool,
    /// Wakes the one task that writes the stream.
    waker: AtomicWaker,
    /// The ids of its tabs.
    ids: Box<[TabId]>,
    /// What they show, while the stream waits.
    tabs: Baton,
    /// What waits for single tabs.
    mail: Mutex<Vec<(TabId, Mailbox)>>,
    /// The rolled-back documents that users were not told of yet.
    lost: Mutex<BTreeSet<Key>>,
}

/// The signals of an action, by name.
pub(crate) type Sent = Arc<BTreeMap<String, Value>>;

/// What waits for one tab.
#[derive(Debug, Default)]
struct Mailbox {
    /// The signals that the tab sent with its latest actions, and the revision that these made.
    sent: Option<Sent>,
    sent_for: u64,
    commands: Vec<Mail>,
}

impl Mailbox {
    fn is_empty(&self) -> bool {
        self.sent.is_none() && self.commands.is_empty()
    }
}

impl Watch {
    /// A watch of these tabs. It begins stale, because nothing was shown yet.
    pub(crate) fn new(ids: impl IntoIterator<Item = TabId>) -> Self {
        Self {
            id: StreamId(u64::from_le_bytes(random())),
            stale: AtomicBool::new(true),
            wake_held: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            ids: ids.into_iter().collect(),
            tabs: Baton::default(),
            mail: Mutex::default(),
            lost: Mutex::default(),
        }
    }

    pub(crate) fn id(&self) -> StreamId {
        self.id
    }

    /// What its tabs show. Only its holder may send the next frame.
    pub(crate) fn tabs(&self) -> &Baton {
        &self.tabs
    }

    /// Raises the flag.
    pub(crate) fn raise(&self) {
        // If it was raised already, the stream was woken or is about to look.
        if !self.stale.swap(true, Ordering::SeqCst) && !self.wake_held.load(Ordering::SeqCst) {
            self.waker.wake();
        }
    }

    /// Lowers the flag; returns whether it was raised.
    pub(crate) fn lower(&self) -> bool {
        self.stale.swap(false, Ordering::SeqCst)
    }

    /// Keeps the stream asleep until the guard is dropped, which wakes it if the flag is raised then.
    pub(crate) fn hold_wake(self: Arc<Self>) -> WakeGuard {
        self.wake_held.store(true, Ordering::SeqCst);
        WakeGuard(self)
    }

    /// Ready when the flag is raised. At most one task waits for that.
    pub(crate) fn poll_raised(&self, cx: &mut Context<'_>) -> Poll<()> {
        // In this order, so that a flag which is raised in between wakes the task.
        self.waker.register(cx.waker());
        if self.stale.load(Ordering::SeqCst) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Records the signals that a tab sent with the action that made `revision`.
    pub(crate) fn sent(&self, tab: TabId, revision: u64, signals: &Sent) {
        if !self.ids.contains(&tab) {
            return;
        }
        self.mailbox(tab, |mailbox| {
            if !signals.is_empty() {
                match &mut mailbox.sent {
                    None => mailbox.sent = Some(Arc::clone(signals)),
                    Some(before) => Arc::make_mut(before).extend(BTreeMap::clone(signals)),
                }
            }
            mailbox.sent_for = mailbox.sent_for.max(revision);
        });
        // The commit may have been shown already, by a notice that came before its answer.
        self.raise();
    }

    /// Records that a shown document was rolled back. There are at most as many as the stream shows.
    pub(super) fn lost(&self, key: &Key) {
        lock(&self.lost).insert(key.clone());
        self.raise();
    }

    /// Whether users were not told yet of a rolled-back document.
    pub(crate) fn has_lost(&self) -> bool {
        !lock(&self.lost).is_empty()
    }

    /// The documents that were rolled back since the last call.
    pub(crate) fn take_lost(&self) -> BTreeSet<Key> {
        std::mem::take(&mut lock(&self.lost))
    }

    /// Whether this tab is one of the stream's.
    pub(super) fn has(&self, tab: TabId) -> bool {
        self.ids.contains(&tab)
    }

    pub(super) fn tell(&self, mail: Mail) {
        self.mailbox(mail.tab, |mailbox| {
            if mailbox.commands.len() < MAX_COMMANDS {
                mailbox.commands.push(mail);
            }
        });
        self.raise();
    }

    /// The messages that were not sent.
    pub(super) fn take_mail(&self) -> Vec<Mail> {
        let mail = std::mem::take(&mut *lock(&self.mail));
        mail.into_iter()
            .flat_map(|(_, mailbox)| mailbox.commands)
            .collect()
    }

    /// The signals that a tab sent to this server with actions which `revision` shows and `after`
    /// does not.
    pub(crate) fn take_sent(&self, tab: TabId, after: u64, revision: u64) -> Option<Sent> {
        self.open_mail(tab, |mailbox| {
            if mailbox.sent_for > revision {
                return None;
            }
            mailbox.sent.take().filter(|_| mailbox.sent_for > after)
        })
    }

    /// The messages to a tab of a session in this state.
    pub(crate) fn take_commands(&self, tab: TabId, session: &SessionState) -> Vec<Command> {
        self.open_mail(tab, |mailbox| std::mem::take(&mut mailbox.commands))
            .into_iter()
            .filter_map(|mail| mail.open(session))
            .collect()
    }

    fn open_mail<T: Default>(&self, tab: TabId, read: impl FnOnce(&mut Mailbox) -> T) -> T {
        let mut mail = lock(&self.mail);
        let Some(index) = mail.iter().position(|(owner, _)| *owner == tab) else {
            return T::default();
        };
        let found = read(&mut mail[index].1);
        if mail[index].1.is_empty() {
            mail.swap_remove(index);
        }
        if mail.is_empty() {
            // An idle stream keeps nothing for its mail.
            *mail = Vec::new();
        }
        found
    }

    fn mailbox(&self, tab: TabId, write: impl FnOnce(&mut Mailbox)) {
        let mut mail = lock(&self.mail);
        if let Some((_, mailbox)) = mail.iter_mut().find(|(owner, _)| *owner == tab) {
            return write(mailbox);
        }
        let mut mailbox = Mailbox::default();
        write(&mut mailbox);
        mail.reserve_exact(1);
        mail.push((tab, mailbox));
    }
}

/// Keeps a [`Watch`] registered with a live session and with the shared values that its tabs show.
#[derive(Debug)]
pub(crate) struct Watching {
    watch: Arc<Watch>,
    session: Arc<LiveSession>,
    shared: Vec<Arc<LiveShared>>,
    /// Counts those that are there.
    count: Arc<AtomicUsize>,
}

impl Watching {
    /// Watches the session, and everything that `pages` show of it beside.
    pub(super) fn new<'a>(
        session: &PageDocuments,
        pages: impl Iterator<Item = &'a PageDocuments>,
        watch: Watch,
        count: &Arc<AtomicUsize>,
    ) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        let watch = Arc::new(watch);
        let session = Arc::clone(session.session());
        session.register(Arc::clone(&watch));
        let mut shared: Vec<Arc<LiveShared>> = Vec::new();
        for value in pages.flat_map(PageDocuments::shared) {
            if !shared.iter().any(|live| Arc::ptr_eq(live, &value.live)) {
                value.live.register(Arc::clone(&watch));
                shared.push(Arc::clone(&value.live));
            }
        }
        Self {
            watch,
            session,
            shared,
            count: Arc::clone(count),
        }
    }

    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        if self.session.unregister(&self.watch) {
            self.session.keep_mail();
        }
        for live in &self.shared {
            live.unregister(&self.watch);
        }
    }
}

/// Keeps a stream asleep while an answer does its work.
#[derive(Debug)]
pub(crate) struct WakeGuard(Arc<Watch>);

impl WakeGuard {
    pub(crate) fn watch(&self) -> &Watch {
        &self.0
    }
}

impl Drop for WakeGuard {
    fn drop(&mut self) {
        let watch = &self.0;
        // In this order: a flag that was raised while the wake was held is seen here.
        watch.wake_held.store(false, Ordering::SeqCst);
        if watch.stale.load(Ordering::SeqCst) {
            watch.waker.wake();
        }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.0)
    }
}

impl FromStr for StreamId {
    type Err = ParseIntError;

    fn from_str(text: &str) -> Result<Self, ParseIntError> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Wake};

    use super::*;

    #[test]
    fn what_a_tab_sent_counts_from_the_revision_that_it_made_and_wakes_the_stream() {
        let tab = TabId::fresh();
        let watch = Watch::new([tab]);
        assert!(watch.lower());
        let signals = Arc::new(BTreeMap::from([("draft".to_owned(), Value::from("milk"))]));
        watch.sent(tab, 7, &signals);
        assert!(watch.lower());
        assert_eq!(watch.take_sent(tab, 0, 6), None);
        assert_eq!(watch.take_sent(tab, 0, 7), Some(signals));
        assert_eq!(watch.take_sent(tab, 0, 8), None);
    }

    #[test]
    fn a_flag_that_is_raised_while_the_wake_is_held_wakes_at_its_end_unless_it_was_lowered_again() {
        #[derive(Default)]
        struct Woken(AtomicBool);

        impl Wake for Woken {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::SeqCst);
            }
        }

        let watch = Arc::new(Watch::new([]));
        assert!(watch.lower());
        for is_raised_again in [false, true] {
            let woken = Arc::new(Woken::default());
            let waker = Arc::clone(&woken).into();
            let waits = watch.poll_raised(&mut Context::from_waker(&waker));
            assert!(waits.is_pending());
            let hold_wake = Arc::clone(&watch).hold_wake();
            watch.raise();
            assert!(hold_wake.watch().lower());
            if is_raised_again {
                watch.raise();
            }
            assert!(!woken.0.load(Ordering::SeqCst));
            drop(hold_wake);
            assert_eq!(woken.0.load(Ordering::SeqCst), is_raised_again);
        }
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_a_flag_that_is_raised_before_or_after() {
        let watch = Arc::new(Watch::new([]));
        poll_fn(|cx| watch.poll_raised(cx)).await;
        assert!(watch.lower());
        let raiser = Arc::clone(&watch);
        let raising = tokio::spawn(async move { raiser.raise() });
        poll_fn(|cx| watch.poll_raised(cx)).await;
        raising.await.unwrap();
        assert!(watch.lower());
        assert!(!watch.lower());
    }
}
