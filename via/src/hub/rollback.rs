//! Detects that the store lost acknowledged commits, after the failover of a replicated store or the
//! restore of a backup.
//!
//! The store is believed. What this process knew is dropped and never written back.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::{DocumentState, live::Content};
use crate::{
    clock,
    store::{Key, Timestamp, Version},
};

/// What users are told whose document was rolled back.
pub(crate) const MESSAGE: &str =
    "The database has lost something that was saved. This is the current state.";

/// How far the clocks of servers may differ when one of them considers a document expired.
const SKEW: Duration = Duration::from_mins(1);

static COUNT: AtomicU64 = AtomicU64::new(0);

/// How often this process saw that its store had lost acknowledged commits.
///
/// The number only grows, by one for each document that this process knew at a newer version than
/// the store has now. It stays zero for every store whose
/// [`Durability`](crate::store::Durability) covers what happened to it. The store is believed: open
/// tabs go back to its state and say so, and nothing is written back from memory.
///
/// Tested by: `tests/server/rollback.rs`.
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
            // An expired document may begin again.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        hub::Snapshot,
        session::Secret,
        state::{Document, SharedDocument},
        store::{CommitId, Expiry},
    };

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn found<C>(document: C, revision: u64, commit: u128, expiry: Expiry) -> DocumentState<C> {
        let version = Version {
            revision,
            commit: CommitId(commit << 64),
        };
        DocumentState::Found(Arc::new(Snapshot {
            document,
            version,
            expiry,
            owner: None,
        }))
    }

    fn value(revision: u64, commit: u128) -> DocumentState<SharedDocument> {
        found(SharedDocument::default(), revision, commit, Expiry::NEVER)
    }

    fn expiring(millis: i64) -> DocumentState<SharedDocument> {
        let expiry = Expiry {
            idle_until: Timestamp::from_millis(millis),
            ..Expiry::NEVER
        };
        found(SharedDocument::default(), 3, 3, expiry)
    }

    #[test]
    fn a_revision_that_goes_back_or_is_of_another_commit_is_a_rollback_and_one_that_rises_is_none()
    {
        let lost = |after| lies_between(&value(3, 3), &after, NOW);
        assert!(!lost(value(3, 3)));
        assert!(!lost(value(4, 9)));
        assert!(lost(value(2, 2)));
        assert!(lost(value(3, 9)));
        assert!(lost(DocumentState::Absent));
        // Somebody wanted that.
        assert!(!lost(DocumentState::Deleted));
    }

    #[test]
    fn what_expires_is_not_lost() {
        let lost = |before, after| lies_between(&before, &after, NOW);
        assert!(!lost(expiring(0), DocumentState::Absent));
        assert!(!lost(expiring(0), value(1, 9)));
        // Another server's clock may be ahead.
        assert!(!lost(expiring(30_000), DocumentState::Absent));
        assert!(lost(expiring(120_000), DocumentState::Absent));
    }

    #[test]
    fn a_session_that_went_on_from_before_a_rollback_is_recognised_by_the_commits_that_it_names() {
        let session = |commits: &[u128]| {
            let mut document = Document::new(Secret([7; 32]).hash(), NOW);
            for commit in commits {
                document.made_for(CommitId(commit << 64));
            }
            let revision = commits.len() as u64;
            let last = *commits.last().unwrap();
            found(document, revision, last, Expiry::NEVER)
        };
        let before = session(&[1, 2, 3]);
        let lost = |commits: &[u128]| lies_between(&before, &session(commits), NOW);
        assert!(!lost(&[1, 2, 3, 4]));
        assert!(!lost(&[1, 2, 3, 4, 5, 6, 7]));
        assert!(lost(&[1, 2, 9, 10]));
        assert!(lost(&[1, 9, 10, 11, 12]));
        // So long ago that it names others by now.
        assert!(!lost(&[1, 2, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18]));
    }
}
