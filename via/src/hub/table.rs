//! The live documents of this process, by key.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
};

use super::Live;
use crate::{
    lock::lock,
    store::{Key, Notice},
};

/// How many locks a table is spread over.
const SHARDS: usize = 64;

type Shard<C> = Mutex<HashMap<Key, Weak<Live<C>>>>;

/// A table of live documents. Clones share it.
#[derive(Debug)]
pub(crate) struct Table<C> {
    shards: Arc<[Shard<C>; SHARDS]>,
}

impl<C> Clone for Table<C> {
    fn clone(&self) -> Self {
        Self {
            shards: Arc::clone(&self.shards),
        }
    }
}

impl<C> Table<C> {
    pub(super) fn new() -> Self {
        Self {
            shards: Arc::new(std::array::from_fn(|_| Mutex::default())),
        }
    }

    /// The live document of a key. It stays in the table while somebody holds it.
    pub(super) fn live(&self, key: &Key) -> Arc<Live<C>> {
        let mut shard = lock(self.shard(key));
        if let Some(live) = shard.get(key).and_then(Weak::upgrade) {
            return live;
        }
        let live = Arc::new(Live::new(key.clone(), self.clone()));
        shard.insert(key.clone(), Arc::downgrade(&live));
        live
    }

    /// Applies a notice of the store: a hint, which never writes.
    pub(super) fn hear(&self, notice: &Notice) {
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
            // The hub checks everything.
            Notice::Lagged => {}
        }
    }

    /// All live documents.
    pub(super) fn all(&self) -> Vec<Arc<Live<C>>> {
        self.shards
            .iter()
            .flat_map(|shard| {
                let lives: Vec<_> = lock(shard).values().filter_map(Weak::upgrade).collect();
                lives
            })
            .collect()
    }

    /// Wakes every stream that shows any of them.
    pub(super) fn wake_all(&self) {
        for live in self.all() {
            live.wake();
        }
    }

    fn find(&self, key: &Key) -> Option<Arc<Live<C>>> {
        lock(self.shard(key)).get(key).and_then(Weak::upgrade)
    }

    /// Called when a live document is dropped: removes it, unless another took its place.
    pub(super) fn forget(&self, key: &Key) {
        let mut shard = lock(self.shard(key));
        if shard.get(key).is_some_and(|live| live.strong_count() == 0) {
            shard.remove(key);
        }
    }

    fn shard(&self, key: &Key) -> &Shard<C> {
        let hash = xxhash_rust::xxh3::xxh3_64(key.as_str().as_bytes());
        &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or(0)]
    }
}
