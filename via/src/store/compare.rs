//! The rules of compare-and-set, the same for every store.

use super::{Change, Commit, CommitId, Expect, MAX_DOCUMENT, StoreError, Version, Write};

/// What a key holds, as far as compare-and-set is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occupancy {
    Absent,
    Deleted,
    At(Version),
}

/// The result of a condition. The greatest result of all writes decides about a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ConditionResult {
    Holds,
    Differs,
    Gone,
}

impl Expect {
    pub(super) fn judge(self, occupancy: Occupancy) -> ConditionResult {
        match (self, occupancy) {
            (Self::Absent, Occupancy::Absent) => ConditionResult::Holds,
            (Self::At(expected), Occupancy::At(version)) if expected == version => {
                ConditionResult::Holds
            }
            (_, Occupancy::At(_)) => ConditionResult::Differs,
            (_, Occupancy::Absent | Occupancy::Deleted) => ConditionResult::Gone,
        }
    }
}

impl Write {
    /// The version after a commit whose conditions hold.
    pub(super) fn version_after(&self, commit: CommitId) -> Version {
        match (self.expect, &self.change) {
            (Expect::At(version), Change::Keep) => version,
            (Expect::Absent, Change::Keep) => Version {
                revision: 0,
                commit,
            },
            (Expect::At(version), Change::Put(_) | Change::Delete { .. }) => Version {
                revision: version.revision + 1,
                commit,
            },
            (Expect::Absent, Change::Put(_) | Change::Delete { .. }) => Version {
                revision: 1,
                commit,
            },
        }
    }
}

impl Commit {
    pub(super) fn versions_after(&self) -> Vec<Version> {
        self.writes
            .iter()
            .map(|write| write.version_after(self.id))
            .collect()
    }

    /// Refuses documents that are larger than [`MAX_DOCUMENT`].
    pub(super) fn check_sizes(&self) -> Result<(), StoreError> {
        for write in &self.writes {
            if let Change::Put(put) = &write.change
                && put.bytes.len() > MAX_DOCUMENT
            {
                return Err(StoreError::TooLarge {
                    size: put.bytes.len(),
                    limit: MAX_DOCUMENT,
                });
            }
        }
        Ok(())
    }
}
