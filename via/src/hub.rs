//! Live sessions: what is known of them, who shows them, and that it became stale.
//!
//! There are no queues here. Whoever shows a session has a [`Watch`] with one flag; a commit raises
//! it, and the stream that lowers it renders the latest state.

mod frame;
mod live;
mod stream;
mod watch;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

pub(crate) use frame::{Frame, FrameHash, FrameKey};
pub(crate) use live::{Live, SessionState, Snapshot, render, sources};
pub(crate) use stream::{StreamTab, TabStream, tab_event};
pub(crate) use watch::{Watch, Watching};

use crate::store::{Key, Notice};

/// How many locks the table of live sessions is spread over.
const SHARDS: usize = 64;

type Shard = Mutex<HashMap<Key, Weak<Live>>>;

/// The table of live sessions of this process.
#[derive(Clone, Debug)]
pub(crate) struct Hub {
    shards: Arc<[Shard; SHARDS]>,
}

impl Hub {
    pub(crate) fn new() -> Self {
        Self {
            shards: Arc::new(std::array::from_fn(|_| Mutex::default())),
        }
    }

    /// The live session of a key, which stays in the table for as long as somebody holds it.
    pub(crate) fn live(&self, key: &Key) -> Arc<Live> {
        let mut shard = lock(self.shard(key));
        if let Some(live) = shard.get(key).and_then(Weak::upgrade) {
            return live;
        }
        let live = Arc::new(Live::new(key.clone(), self.clone()));
        shard.insert(key.clone(), Arc::downgrade(&live));
        live
    }

    /// Applies a notice of the store: a hint, which never writes.
    pub(crate) fn hear(&self, notice: &Notice) {
        match notice {
            Notice::Committed { key, version } => {
                if let Some(live) = self.find(key) {
                    live.announced(*version);
                }
            }
            Notice::Deleted { key } => {
                if let Some(live) = self.find(key) {
                    live.outdate();
                }
            }
            Notice::Lagged => {
                for shard in self.shards.iter() {
                    let lives: Vec<_> = lock(shard).values().filter_map(Weak::upgrade).collect();
                    for live in lives {
                        live.outdate();
                    }
                }
            }
        }
    }

    fn find(&self, key: &Key) -> Option<Arc<Live>> {
        lock(self.shard(key)).get(key).and_then(Weak::upgrade)
    }

    /// Called when a live session is dropped: removes it, unless another took its place.
    fn forget(&self, key: &Key) {
        let mut shard = lock(self.shard(key));
        if shard.get(key).is_some_and(|live| live.strong_count() == 0) {
            shard.remove(key);
        }
    }

    fn shard(&self, key: &Key) -> &Shard {
        let hash = xxhash_rust::xxh3::xxh3_64(key.as_str().as_bytes());
        &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or(0)]
    }
}

/// Locks a mutex whose data is whole at every step, so that a panic elsewhere does not poison it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
