//! Keeps live sessions for a moment after their last action, so that their rate is known even if no
//! tab shows them. A session that does nothing takes no memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::time::Instant;

use super::LiveSession;
use crate::lock::lock;

/// How many locks the sessions are spread over.
const SHARDS: usize = 16;

type Shard = Mutex<VecDeque<(Instant, Arc<LiveSession>)>>;

/// The sessions that acted a moment ago; the first to be dropped comes first.
#[derive(Debug)]
pub(super) struct Lingering {
    shards: [Shard; SHARDS],
}

impl Default for Lingering {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Lingering {
    /// Keeps a session that acts now and drops expired ones.
    pub(super) fn keep(&self, live: &Arc<LiveSession>, memory: Duration, now: Instant) {
        let hash = xxhash_rust::xxh3::xxh3_64(live.key().as_str().as_bytes());
        let shard = &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or(0)];
        if live.admission.begin_to_linger() {
            lock(shard).push_back((now + memory, Arc::clone(live)));
        }
        tidy(shard, now);
    }

    /// Drops sessions that did nothing for a while.
    pub(super) fn tidy(&self, now: Instant) {
        self.shards.iter().for_each(|shard| tidy(shard, now));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}

fn tidy(shard: &Shard, now: Instant) {
    loop {
        // Dropped outside of the lock.
        let live = {
            let mut shard = lock(shard);
            match shard.front() {
                Some((until, _)) if *until <= now => {}
                _ => return,
            }
            let Some((_, live)) = shard.pop_front() else {
                return;
            };
            if let Some(until) = live.admission.owes_until(now) {
                shard.push_back((until, live));
                continue;
            }
            live
        };
        live.admission.end_to_linger();
        drop(live);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hub::{ActionRate, Hub},
        session::SessionId,
    };

    #[test]
    fn a_session_that_acts_is_kept_once_and_let_go_of_when_it_has_paid() {
        let (hub, rate) = (Hub::new(), ActionRate::default());
        let mut now = Instant::now();
        for _ in 0..10 {
            // Nobody else holds it.
            let documents = hub.session(SessionId([7; 16]));
            assert!(hub.admits_at(documents.session(), rate, now));
        }
        assert_eq!(hub.lingering.len(), 1);
        let admitted = |now| {
            let documents = hub.session(SessionId([7; 16]));
            (0..100)
                .filter(|_| hub.admits_at(documents.session(), rate, now))
                .count()
        };
        assert_eq!(admitted(now), 50);
        now += rate.memory();
        hub.lingering.tidy(now);
        assert_eq!(hub.lingering.len(), 0);
        assert_eq!(admitted(now), 60);
    }
}
