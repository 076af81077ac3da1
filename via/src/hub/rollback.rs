//! Recognises a store that lost commits which it had acknowledged: after the failover of a
//! replicated store, or from a restored backup.
//!
//! The store is believed. What was known here is dropped and never written back.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{DocumentState, live::Content};
use crate::{
    clock,
    store::{Key, Timestamp, Version},
};

/// What whoever shows a document is told that was rolled back.
pub(super) const MESSAGE: &str =
    "Something that was saved has been lost by the database; this is the present state.";

/// How far the clocks of servers may be apart, for a document that one of them takes for expired.
const SKEW: Duration = Duration::from_mins(1);

static COUNT: AtomicU64 = AtomicU64::new(0);

/// How often this process saw that its store had lost commits which it had acknowledged.
///
/// It only grows, by one for each document that this process knew to be newer than the store now
/// says. Zero is right for every store whose [`Durability`](crate::store::Durability) covers what
/// has happened to it. The store is believed: open tabs go back to its state, say so to their
/// users, and nothing is written back from memory. (Shown by `tests/rollback.rs`.)
///
/// ```
/// assert_eq!(via::rollbacks(), 0);
/// ```
#[must_use]
pub fn rollbacks() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

/// Whether something that was committed was lost between these two answers of the store, of which
/// the second was asked for after the first had come.
pub(super) fn lies_between<C: Content>(
    before: &DocumentState<C>,
    after: &DocumentState<C>,
    now: Timestamp,
) -> bool {
    use DocumentState::{Absent, Deleted, Found};
    match (before, after) {
        (Found(old), Found(new)) => {
            let (was, is) = (old.version, new.version);
            if was.commit == is.commit {
                return false;
            }
            if is.revision > was.revision {
                let ago = is.revision - was.revision;
                return new.document.denies(&old.document, was.commit, ago);
            }
            // What has expired may begin anew.
            !old.expiry.has_passed(now)
        }
        (Found(old), Absent) => !old.expiry.has_passed(clock::after(now, SKEW)),
        (Absent | Deleted, _) | (Found(_), Deleted) => false,
    }
}

/// Counts one and says so in the log.
pub(super) fn report<C: Content>(key: &Key, had: Option<Version>, has: Option<Version>) {
    COUNT.fetch_add(1, Ordering::Relaxed);
    let (kind, named) = C::KIND;
    let key = if named { key.as_str() } else { "(not logged)" };
    let (had, has) = (had.map(|it| it.revision), has.map(|it| it.revision));
    tracing::error!(
        kind,
        key,
        had,
        has,
        "the store has lost commits that it had acknowledged; it is believed"
    );
}
