//! A store that is too simple to be wrong, to compare others with.

use std::collections::BTreeMap;

use crate::store::{
    Change, Commit, CommitOutcome, Expect, Expiry, Key, Loaded, StoredDocument, Timestamp, Version,
    Write,
};

/// A document, or a tombstone if `document` is `None`.
#[derive(Clone, Debug)]
struct Entry {
    document: Option<StoredDocument>,
    last: Version,
    expiry: Expiry,
}

/// All documents and tombstones.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    entries: BTreeMap<Key, Entry>,
}

impl Model {
    pub(super) fn load(&self, key: &Key, now: Timestamp) -> Loaded {
        match self.entries.get(key) {
            Some(entry) if entry.expiry.idle_until > now && entry.expiry.absolute > now => {
                match &entry.document {
                    Some(document) => Loaded::Found(document.clone()),
                    None => Loaded::Deleted,
                }
            }
            _ => Loaded::Absent,
        }
    }

    fn bury(&mut self, key: &Key, last: Version, until: Timestamp) {
        let expiry = Expiry {
            idle_until: until,
            absolute: until,
        };
        let entry = Entry {
            document: None,
            last,
            expiry,
        };
        self.entries.insert(key.clone(), entry);
    }

    pub(super) fn commit(&mut self, commit: &Commit) -> CommitOutcome {
        let load = |write: &Write| self.load(&write.key, commit.now);
        let present: Vec<Loaded> = commit.writes.iter().map(load).collect();
        let (mut gone, mut conflict) = (false, false);
        for (write, loaded) in commit.writes.iter().zip(&present) {
            match (write.expect, loaded) {
                (_, Loaded::Deleted) | (Expect::At(_), Loaded::Absent) => gone = true,
                (Expect::Absent, Loaded::Absent) => {}
                (Expect::Absent, Loaded::Found(_)) => conflict = true,
                (Expect::At(version), Loaded::Found(document)) => {
                    conflict |= document.version != version;
                }
            }
        }
        if gone {
            return CommitOutcome::Gone;
        }
        if conflict {
            return CommitOutcome::Conflict(present);
        }
        let mut versions = Vec::new();
        for (write, loaded) in commit.writes.iter().zip(present) {
            let (revision, kept) = match loaded {
                Loaded::Found(document) => (document.version.revision, document.version),
                _ => (
                    0,
                    Version {
                        revision: 0,
                        commit: commit.id,
                    },
                ),
            };
            let version = Version {
                revision: revision + 1,
                commit: commit.id,
            };
            match &write.change {
                Change::Keep => versions.push(kept),
                Change::Delete { tombstone_until } => {
                    self.bury(&write.key, version, *tombstone_until);
                    versions.push(version);
                }
                Change::Put(put) => {
                    let document = StoredDocument {
                        version,
                        bytes: put.bytes.clone(),
                        expiry: put.expiry,
                        owner: put.owner.clone(),
                    };
                    let entry = Entry {
                        document: Some(document),
                        last: version,
                        expiry: put.expiry,
                    };
                    self.entries.insert(write.key.clone(), entry);
                    versions.push(version);
                }
            }
        }
        CommitOutcome::Committed(versions)
    }

    pub(super) fn touch(&mut self, key: &Key, until: Timestamp, now: Timestamp) -> bool {
        let Loaded::Found(document) = self.load(key, now) else {
            return false;
        };
        let wanted = until.min(document.expiry.absolute);
        if let Some(entry) = self.entries.get_mut(key) {
            entry.expiry.idle_until = document.expiry.idle_until.max(wanted);
            let expiry = entry.expiry;
            entry.document = Some(StoredDocument { expiry, ..document });
        }
        true
    }

    pub(super) fn delete(&mut self, keys: &[Key], until: Timestamp, now: Timestamp) -> usize {
        let mut deleted = 0;
        for key in keys {
            let (last, until) = match self.load(key, now) {
                Loaded::Absent => continue,
                Loaded::Deleted => {
                    let entry = &self.entries[key];
                    (entry.last, until.max(entry.expiry.idle_until))
                }
                Loaded::Found(document) => {
                    deleted += 1;
                    (document.version, until)
                }
            };
            self.bury(key, last, until);
        }
        deleted
    }

    /// How many documents and tombstones have expired.
    pub(super) fn ended(&self, now: Timestamp) -> usize {
        let ended = |entry: &&Entry| entry.has_ended(now);
        self.entries.values().filter(ended).count()
    }

    pub(super) fn sweep(&mut self, now: Timestamp) {
        self.entries.retain(|_, entry| !entry.has_ended(now));
    }
}

impl Entry {
    fn has_ended(&self, now: Timestamp) -> bool {
        self.expiry.idle_until.min(self.expiry.absolute) <= now
    }
}
