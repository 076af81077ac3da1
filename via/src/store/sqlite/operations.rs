//! The methods of the store, each as an operation within a transaction.

use super::{
    call::Operation,
    failure::Fault,
    table::{DocumentTable, RowHead},
};
use crate::store::{
    Change, Commit, CommitOutcome, Key, Loaded, Timestamp, Version,
    compare::{ConditionResult, Occupancy},
    notices::Notices,
};

pub(super) struct LoadAll {
    pub(super) keys: Vec<Key>,
    pub(super) now: Timestamp,
}

impl Operation for LoadAll {
    type Output = Vec<Loaded>;

    fn run(&self, table: &DocumentTable<'_>) -> Result<Self::Output, Fault> {
        let load = |key| table.load(key, self.now);
        self.keys.iter().map(load).collect()
    }
}

pub(super) struct CommitAll(pub(super) Commit);

impl Operation for CommitAll {
    type Output = CommitOutcome;

    fn run(&self, table: &DocumentTable<'_>) -> Result<CommitOutcome, Fault> {
        let Self(commit) = self;
        let mut verdict = ConditionResult::Holds;
        for write in &commit.writes {
            let found = table.find(&write.key, commit.now)?;
            let occupancy = found.as_ref().map_or(Occupancy::Absent, RowHead::occupancy);
            verdict = verdict.max(write.expect.judge(occupancy));
        }
        match verdict {
            ConditionResult::Holds => {}
            ConditionResult::Gone => return Ok(CommitOutcome::Gone),
            ConditionResult::Differs => {
                let load = |write: &crate::store::Write| table.load(&write.key, commit.now);
                let loaded = commit.writes.iter().map(load).collect::<Result<_, _>>()?;
                return Ok(CommitOutcome::Conflict(loaded));
            }
        }
        let versions = commit.versions_after();
        for (write, &version) in commit.writes.iter().zip(&versions) {
            match &write.change {
                Change::Put(put) => table.put(&write.key, version, put)?,
                Change::Delete { tombstone_until } => {
                    table.bury(&write.key, version, *tombstone_until)?;
                }
                Change::Keep => {}
            }
        }
        Ok(CommitOutcome::Committed(versions))
    }

    fn announce(&self, outcome: &CommitOutcome, notices: &Notices) {
        if let CommitOutcome::Committed(versions) = outcome {
            notices.announce_commit(&self.0, versions);
        }
    }

    fn in_doubt() -> Option<CommitOutcome> {
        Some(CommitOutcome::Unknown)
    }

    fn weight(&self) -> usize {
        let bytes = self.0.writes.iter().map(|write| match &write.change {
            Change::Put(put) => put.bytes.len(),
            Change::Delete { .. } | Change::Keep => 0,
        });
        bytes.sum()
    }
}

pub(super) struct Touch {
    pub(super) key: Key,
    pub(super) idle_until: Timestamp,
    pub(super) now: Timestamp,
}

impl Operation for Touch {
    type Output = bool;

    fn run(&self, table: &DocumentTable<'_>) -> Result<bool, Fault> {
        let Some(found) = table.find(&self.key, self.now)?.filter(|it| !it.deleted) else {
            return Ok(false);
        };
        let touched = found.expiry.touched(self.idle_until);
        if touched != found.expiry {
            table.move_idle(&self.key, found, touched)?;
        }
        Ok(true)
    }
}

pub(super) struct DeleteAll {
    pub(super) keys: Vec<Key>,
    pub(super) tombstone_until: Timestamp,
    pub(super) now: Timestamp,
}

impl Operation for DeleteAll {
    /// The keys that had a document.
    type Output = Vec<Key>;

    fn run(&self, table: &DocumentTable<'_>) -> Result<Vec<Key>, Fault> {
        let find = |key| Ok((key, table.find(key, self.now)?));
        let found = self
            .keys
            .iter()
            .map(find)
            .collect::<Result<Vec<_>, Fault>>()?;
        let mut deleted = Vec::new();
        for (key, found) in found {
            let Some(found) = found else { continue };
            let until = if found.deleted {
                self.tombstone_until.max(found.expiry.deadline())
            } else {
                deleted.push(key.clone());
                self.tombstone_until
            };
            table.bury(key, found.version, until)?;
        }
        Ok(deleted)
    }

    fn announce(&self, deleted: &Vec<Key>, notices: &Notices) {
        notices.announce_deleted(deleted);
    }
}

pub(super) struct SweepSome {
    pub(super) now: Timestamp,
    pub(super) limit: usize,
    pub(super) chunk: usize,
}

pub(super) struct Swept {
    pub(super) removed: usize,
    /// Whether the sweep is done, or has reached its limit.
    pub(super) finished: bool,
}

impl Operation for SweepSome {
    type Output = Swept;

    fn run(&self, table: &DocumentTable<'_>) -> Result<Swept, Fault> {
        let (seen, removed) = table.sweep(self.now, self.limit, self.chunk)?;
        Ok(Swept {
            removed,
            finished: removed == self.limit || seen < self.chunk,
        })
    }
}

pub(super) struct Revisions {
    pub(super) keys: Vec<Key>,
    pub(super) now: Timestamp,
}

impl Operation for Revisions {
    type Output = Vec<Option<Version>>;

    fn run(&self, table: &DocumentTable<'_>) -> Result<Self::Output, Fault> {
        let version = |key| {
            let found = table.find(key, self.now)?.filter(|it| !it.deleted);
            Ok(found.map(|it| it.version))
        };
        self.keys.iter().map(version).collect()
    }
}

pub(super) struct OwnedBy {
    pub(super) owner: Box<str>,
    pub(super) now: Timestamp,
}

impl Operation for OwnedBy {
    type Output = Vec<Key>;

    fn run(&self, table: &DocumentTable<'_>) -> Result<Vec<Key>, Fault> {
        table.owned_by(&self.owner, self.now)
    }
}
