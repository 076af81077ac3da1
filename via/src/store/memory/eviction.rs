//! Which documents make way for others when the store is full, and which have done so.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use crate::{
    clock,
    store::{Expiry, Timestamp, Version},
};

/// How long a document that was committed once stays after its last use.
pub(super) const ONCE: Duration = Duration::from_mins(10);

/// How long a document that was committed more often stays after its last use.
pub(super) const OFTEN: Duration = Duration::from_hours(24);

/// How many names of evicted documents the store remembers for each document that it may hold.
const REMEMBERED: usize = 4;

/// How often a document was committed, as far as eviction is concerned. The first kind makes way first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Once,
    Often,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Once, Self::Often];

    /// The kind of a document that may make way. It may if it ends by itself at some moment and if it
    /// belongs to nobody: this is a session in which nobody is logged in, and never a shared value.
    pub(super) fn of(version: Version, expiry: Expiry, owner: Option<&str>) -> Option<Self> {
        if owner.is_some() || expiry.absolute == Timestamp::NEVER {
            return None;
        }
        Some(if version.revision <= 1 {
            Self::Once
        } else {
            Self::Often
        })
    }

    /// When a document that was last used at `used` makes way.
    pub(super) fn from(self, used: Timestamp) -> Timestamp {
        clock::after(
            used,
            match self {
                Self::Once => ONCE,
                Self::Often => OFTEN,
            },
        )
    }
}

/// Where [`Candidates`] has a document: never later than the moment from which it makes way. A use
/// leaves this alone; the search for a candidate corrects it when it meets the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Filed {
    kind: Kind,
    from: Timestamp,
}

impl Filed {
    pub(super) fn new(kind: Kind, used: Timestamp) -> Self {
        Self {
            kind,
            from: kind.from(used),
        }
    }

    pub(super) fn kind(self) -> Kind {
        self.kind
    }
}

/// The documents that may make way, in the order in which they do.
#[derive(Debug, Default)]
pub(super) struct Candidates(BTreeSet<(Kind, Timestamp, Arc<str>)>);

impl Candidates {
    pub(super) fn insert(&mut self, filed: Filed, name: Arc<str>) {
        self.0.insert((filed.kind, filed.from, name));
    }

    pub(super) fn remove(&mut self, filed: Filed, name: Arc<str>) {
        self.0.remove(&(filed.kind, filed.from, name));
    }

    /// Takes out the first document that may have to make way at `now`.
    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(Kind, Arc<str>)> {
        let due = Kind::ALL.into_iter().find_map(|kind| {
            let start = (kind, Timestamp::from_millis(i64::MIN), Arc::from(""));
            self.0
                .range(start..)
                .next()
                .filter(|(of, from, _)| *of == kind && *from <= now)
                .cloned()
        })?;
        self.0.remove(&due);
        let (kind, _, name) = due;
        Some((kind, name))
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The names of evicted documents, so that whoever knew one is told that it has ended and does not begin
/// it again unnoticed.
///
/// A name takes about 40 bytes: the store keeps its hash. The names that were evicted first are forgotten
/// first.
#[derive(Debug)]
pub(super) struct Evicted {
    hasher: RandomState,
    /// When each document would have ended by itself.
    until: HashMap<u64, Timestamp>,
    order: VecDeque<u64>,
    limit: usize,
}

impl Evicted {
    /// Remembers the names of a store of so many documents.
    pub(super) fn new(documents: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            until: HashMap::new(),
            order: VecDeque::new(),
            limit: documents.saturating_mul(REMEMBERED),
        }
    }

    pub(super) fn remember(&mut self, name: &str, until: Timestamp) {
        let hash = self.hasher.hash_one(name);
        if self.until.insert(hash, until).is_none() {
            self.order.push_back(hash);
        }
        while self.order.len() > self.limit {
            if let Some(first) = self.order.pop_front() {
                self.until.remove(&first);
            }
        }
    }

    /// Whether a document of this name made way that would not have ended by now.
    pub(super) fn contains(&self, name: &str, now: Timestamp) -> bool {
        !self.until.is_empty()
            && self
                .until
                .get(&self.hasher.hash_one(name))
                .is_some_and(|until| *until > now)
    }

    /// Remembers a name that [`contains`](Self::contains) at least until then.
    pub(super) fn prolong(&mut self, name: &str, until: Timestamp) {
        if let Some(before) = self.until.get_mut(&self.hasher.hash_one(name)) {
            *before = until.max(*before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_names_are_remembered_until_their_documents_would_have_ended() {
        let at = Timestamp::from_millis;
        let mut evicted = Evicted::new(1);
        evicted.remember("a", at(10));
        assert!(evicted.contains("a", at(9)));
        assert!(!evicted.contains("a", at(10)));
        assert!(!evicted.contains("b", at(0)));
        evicted.prolong("a", at(20));
        evicted.prolong("a", at(5));
        evicted.prolong("b", at(20));
        assert!(evicted.contains("a", at(19)));
        assert!(!evicted.contains("b", at(0)));
        for name in ["b", "c", "d", "d"] {
            evicted.remember(name, at(10));
        }
        assert!(evicted.contains("a", at(0)));
        evicted.remember("e", at(10));
        assert!(!evicted.contains("a", at(0)));
        assert_eq!((evicted.until.len(), evicted.order.len()), (4, 4));
    }
}
