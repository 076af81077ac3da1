//! Limits the memory that slow readers hold, over all streams.
//!
//! A stream has no queue. But the bytes that it writes stay in memory until the reader takes them, and so
//! does the frame with which the next one will be compared. Usually many streams share these. If many
//! readers stall, each at another frame, the memory adds up. Then the server cuts the readers that took
//! nothing for the longest time. They get the current frame when they reconnect.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

use tokio::sync::Notify;

use crate::limits;
use crate::lock::lock;

/// A piece of memory that several readers may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    address: usize,
    bytes: usize,
}

/// The slow readers of this process. Clones share one list.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlowReaders {
    state: Arc<Mutex<Queue>>,
}

#[derive(Debug, Default)]
struct Queue {
    /// The readers by position. The first one took nothing for the longest time.
    readers: BTreeMap<u64, Reader>,
    next: u64,
    /// The memory that readers hold, by address.
    shares: HashMap<usize, Share>,
    bytes: usize,
}

#[derive(Debug)]
struct Share {
    readers: u32,
    /// The size that was added for the first reader. It is subtracted again after the last one.
    bytes: usize,
}

#[derive(Debug)]
struct Reader {
    keeps: Box<[Held]>,
    cut: Arc<Notify>,
}

/// Counts as one slow reader until it is dropped.
#[derive(Debug)]
pub(crate) struct SlowReader {
    all: SlowReaders,
    position: u64,
    cut: Arc<Notify>,
}

impl Held {
    pub(crate) fn new(content: &[u8], more: usize) -> Self {
        Self {
            address: content.as_ptr().addr(),
            bytes: content.len() + more,
        }
    }
}

impl SlowReaders {
    /// Counts one more slow reader. If that exceeds the limit, cuts others.
    pub(crate) fn join(&self, keeps: impl IntoIterator<Item = Held>) -> SlowReader {
        let cut = Arc::new(Notify::new());
        let reader = Reader {
            keeps: keeps.into_iter().collect(),
            cut: Arc::clone(&cut),
        };
        let position = lock(&self.state).admit(reader);
        SlowReader {
            all: self.clone(),
            position,
            cut,
        }
    }
}

impl SlowReader {
    /// Notes that the reader took something, so that others are cut before it.
    pub(crate) fn goes_on(&mut self) {
        let mut state = lock(&self.all.state);
        if let Some(reader) = state.readers.remove(&self.position) {
            self.position = state.line_up(reader);
        }
    }

    /// Waits until the reader must be cut.
    pub(crate) async fn cut(&self) {
        self.cut.notified().await;
    }
}

impl Drop for SlowReader {
    fn drop(&mut self) {
        lock(&self.all.state).leave(self.position);
    }
}

impl Queue {
    fn admit(&mut self, reader: Reader) -> u64 {
        for kept in &reader.keeps {
            let share = self.shares.entry(kept.address).or_insert_with(|| {
                self.bytes += kept.bytes;
                Share {
                    readers: 0,
                    bytes: kept.bytes,
                }
            });
            share.readers += 1;
        }
        let position = self.line_up(reader);
        // A single reader is never cut, however much it holds.
        while self.bytes > self.room()
            && self.readers.len() > 1
            && let Some((&first, reader)) = self.readers.first_key_value()
        {
            reader.cut.notify_one();
            self.leave(first);
        }
        position
    }

    fn line_up(&mut self, reader: Reader) -> u64 {
        let position = self.next;
        self.next += 1;
        self.readers.insert(position, reader);
        position
    }

    fn leave(&mut self, position: u64) {
        let Some(reader) = self.readers.remove(&position) else {
            return;
        };
        for kept in &reader.keeps {
            if let Some(share) = self.shares.get_mut(&kept.address) {
                share.readers -= 1;
                if share.readers == 0 {
                    self.bytes -= share.bytes;
                    self.shares.remove(&kept.address);
                }
            }
        }
    }

    fn room(&self) -> usize {
        limits::SLOW_READERS.max(self.readers.len() * limits::SLOW_READER)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn half() -> Vec<u8> {
        vec![0; limits::SLOW_READERS / 2]
    }

    fn is_cut(reader: &SlowReader) -> bool {
        reader.cut().now_or_never().is_some()
    }

    #[test]
    fn what_many_keep_counts_once() {
        let readers = SlowReaders::default();
        let same = half();
        let all: Vec<_> = (0..100)
            .map(|_| readers.join([Held::new(&same, 0)]))
            .collect();
        assert!(!all.iter().any(is_cut));
        assert_eq!(lock(&readers.state).bytes, same.len());
        drop(all);
        let state = lock(&readers.state);
        assert_eq!(
            (state.bytes, state.shares.len(), state.readers.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn what_grows_while_it_is_kept_leaves_nothing_behind() {
        let readers = SlowReaders::default();
        let same = half();
        let before = readers.join([Held::new(&same, 1)]);
        let after = readers.join([Held::new(&same, 0)]);
        drop(before);
        drop(after);
        assert_eq!(lock(&readers.state).bytes, 0);
    }

    #[test]
    fn over_the_limit_those_are_let_go_of_that_took_something_longest_ago() {
        let readers = SlowReaders::default();
        let (one, two, three, more) = (half(), half(), half(), half());
        let mut first = readers.join([Held::new(&one, 0)]);
        let second = readers.join([Held::new(&two, 0)]);
        assert!(!is_cut(&first) && !is_cut(&second));
        first.goes_on();
        let third = readers.join([Held::new(&three, 0)]);
        assert!(is_cut(&second) && !is_cut(&first) && !is_cut(&third));
        drop(second);
        let large = readers.join([Held::new(&more, limits::SLOW_READERS)]);
        assert!(is_cut(&first) && is_cut(&third) && !is_cut(&large));
        drop((first, third, large));
        assert_eq!(lock(&readers.state).bytes, 0);
    }
}
