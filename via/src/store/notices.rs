//! The sending end of a [`Subscription`], for the stores of this crate.

use std::sync::{Mutex, PoisonError};

use tokio::sync::broadcast;

use super::{Change, Commit, Key, Notice, Subscription, Version};

/// How many notices wait for a subscriber before it loses some and receives `Lagged`.
pub(super) const BACKLOG: usize = 4096;

/// Sends notices until it is closed.
#[derive(Debug)]
pub(super) struct Notices {
    sender: Mutex<Option<broadcast::Sender<Notice>>>,
}

impl Notices {
    pub(super) fn new() -> Self {
        Self {
            sender: Mutex::new(Some(broadcast::Sender::new(BACKLOG))),
        }
    }

    /// Subscribes to all later notices. After [`close`](Self::close) the subscription ends at once.
    pub(super) fn subscribe(&self) -> Subscription {
        self.with(|sender| Subscription::new(sender.subscribe()))
            .unwrap_or_else(|| Subscription::new(broadcast::channel(1).1))
    }

    pub(super) fn has_listeners(&self) -> bool {
        self.with(|sender| sender.receiver_count() > 0) == Some(true)
    }

    pub(super) fn announce(&self, notice: Notice) {
        self.with(|sender| {
            // An error means that there is no subscriber who could miss it.
            let _ = sender.send(notice);
        });
    }

    /// Announces what a commit did.
    pub(super) fn announce_commit(&self, commit: &Commit, versions: &[Version]) {
        if !self.has_listeners() {
            return;
        }
        for (write, &version) in commit.writes.iter().zip(versions) {
            let key = write.key.clone();
            match write.change {
                Change::Put(_) => self.announce(Notice::Committed { key, version }),
                Change::Delete { .. } => self.announce(Notice::Deleted { key }),
                Change::Keep => {}
            }
        }
    }

    /// Announces deletions.
    pub(super) fn announce_deleted<'a>(&self, keys: impl IntoIterator<Item = &'a Key>) {
        if !self.has_listeners() {
            return;
        }
        for key in keys {
            self.announce(Notice::Deleted { key: key.clone() });
        }
    }

    /// Ends every subscription after the notices that it was sent.
    pub(super) fn close(&self) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn with<T>(&self, use_it: impl FnOnce(&broadcast::Sender<Notice>) -> T) -> Option<T> {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
            .map(use_it)
    }
}
