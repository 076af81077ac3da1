//! Ending sessions from outside, in one commit.

use crate::{
    backoff::backoff,
    clock::{self, Clock},
    limits,
    random::random,
    store::{
        Change, Commit, CommitId, CommitOutcome, Expect, Key, Loaded, Store, StoreError, Write,
    },
};

/// Ends the sessions of `principal` that `which` picks, in one commit, and leaves tombstones for as long
/// as a browser can send their cookies. Answers how many sessions it ended.
pub(super) async fn end(
    store: &dyn Store,
    clock: &Clock,
    tombstone: std::time::Duration,
    principal: &str,
    which: impl Fn(&Key) -> bool,
) -> Result<usize, StoreError> {
    for round in 0..limits::ATTEMPTS {
        let now = clock.now();
        let mut keys = store.owned_by(principal, now).await?;
        keys.retain(&which);
        let loaded = store.load(&keys, now).await?;
        let writes: Vec<_> = keys
            .into_iter()
            .zip(loaded)
            .filter_map(|(key, loaded)| match loaded {
                Loaded::Found(found) => Some((key, found)),
                Loaded::Absent | Loaded::Deleted => None,
            })
            // It may belong to another principal by now.
            .filter(|(_, found)| found.owner.as_deref() == Some(principal))
            .map(|(key, found)| Write {
                key,
                expect: Expect::At(found.version),
                change: Change::Delete {
                    tombstone_until: clock::after(now, tombstone),
                },
            })
            .collect();
        let count = writes.len();
        if count == 0 {
            return Ok(0);
        }
        let commit = Commit {
            id: CommitId(u128::from_le_bytes(random())),
            now,
            writes,
        };
        if let CommitOutcome::Committed(_) = store.commit(commit).await? {
            return Ok(count);
        }
        backoff(round).await;
    }
    Err(StoreError::Unavailable(
        "the sessions changed all the time".into(),
    ))
}
