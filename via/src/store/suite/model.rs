//! Random operations, and a store that is too simple to be wrong.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const KEYS: usize = 4;
const OWNERS: [Option<&str>; 3] = [None, Some("ann"), Some("bob")];

#[derive(Clone, Debug)]
pub(in crate::store) enum Step {
    /// The clock goes on.
    Wait(i64),
    Commit(Vec<(usize, Guess, Aim)>),
    Touch(usize, i64),
    Delete(Vec<usize>, i64),
    Sweep(usize),
}

/// What a commit expects, as seen from what is there.
#[derive(Clone, Copy, Debug)]
pub(in crate::store) enum Guess {
    Right,
    Absent,
    OtherRevision,
    OtherCommit,
}

#[derive(Clone, Debug)]
pub(in crate::store) enum Aim {
    Put(Vec<u8>, i64, i64, usize),
    Delete(i64),
    Keep,
}

pub(in crate::store) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let guess = prop_oneof![
        6 => Just(Guess::Right),
        1 => Just(Guess::Absent),
        1 => Just(Guess::OtherRevision),
        1 => Just(Guess::OtherCommit),
    ];
    let bytes = proptest::collection::vec(any::<u8>(), 0..8);
    let span = 0..60_i64;
    let aim = prop_oneof![
        6 => (bytes, span.clone(), span.clone(), 0..OWNERS.len())
            .prop_map(|(bytes, idle, absolute, owner)| Aim::Put(bytes, idle, absolute, owner)),
        1 => span.clone().prop_map(Aim::Delete),
        1 => Just(Aim::Keep),
    ];
    let some_keys = proptest::sample::subsequence((0..KEYS).collect::<Vec<_>>(), 1..=KEYS);
    let writes = (
        some_keys.clone(),
        proptest::collection::vec((guess, aim), KEYS),
    );
    let step = prop_oneof![
        2 => (1..20_i64).prop_map(Step::Wait),
        6 => writes.prop_map(|(keys, rest)| {
            let write = |(key, (guess, aim))| (key, guess, aim);
            Step::Commit(keys.into_iter().zip(rest).map(write).collect())
        }),
        2 => (0..KEYS, span.clone()).prop_map(|(key, span)| Step::Touch(key, span)),
        1 => (some_keys, span).prop_map(|(keys, span)| Step::Delete(keys, span)),
        1 => (0..4_usize).prop_map(Step::Sweep),
    ];
    proptest::collection::vec(step, 1..40)
}

/// A document, or a tombstone with an empty name for its bytes.
#[derive(Clone, Debug)]
struct Line {
    document: Option<StoredDocument>,
    last: Version,
    expiry: Expiry,
}

#[derive(Default)]
struct Model {
    lines: BTreeMap<Key, Line>,
}

impl Model {
    fn load(&self, key: &Key, now: Timestamp) -> Loaded {
        match self.lines.get(key) {
            Some(line) if line.expiry.idle_until > now && line.expiry.absolute > now => {
                match &line.document {
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
        let line = Line {
            document: None,
            last,
            expiry,
        };
        self.lines.insert(key.clone(), line);
    }

    fn commit(&mut self, commit: &Commit) -> CommitOutcome {
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
                    let line = Line {
                        document: Some(document),
                        last: version,
                        expiry: put.expiry,
                    };
                    self.lines.insert(write.key.clone(), line);
                    versions.push(version);
                }
            }
        }
        CommitOutcome::Committed(versions)
    }

    fn touch(&mut self, key: &Key, until: Timestamp, now: Timestamp) -> bool {
        let Loaded::Found(document) = self.load(key, now) else {
            return false;
        };
        let line = self.lines.get_mut(key).unwrap();
        let wanted = until.min(document.expiry.absolute);
        line.expiry.idle_until = document.expiry.idle_until.max(wanted);
        line.document.as_mut().unwrap().expiry = line.expiry;
        true
    }

    fn delete(&mut self, keys: &[Key], until: Timestamp, now: Timestamp) -> usize {
        let mut deleted = 0;
        for key in keys {
            let (last, until) = match self.load(key, now) {
                Loaded::Absent => continue,
                Loaded::Deleted => {
                    let line = &self.lines[key];
                    (line.last, until.max(line.expiry.idle_until))
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

    fn ended(&self, now: Timestamp) -> usize {
        let ended = |line: &&Line| line.expiry.idle_until.min(line.expiry.absolute) <= now;
        self.lines.values().filter(ended).count()
    }
}

/// Does all steps on an empty store and on the model, and compares everything after each.
pub(in crate::store) async fn agrees(store: &impl Store, steps: Vec<Step>) {
    let mut model = Model::default();
    let keys: Vec<Key> = (0..KEYS).map(|i| key(&format!("key {i}"))).collect();
    let mut clock = 0;
    for step in steps {
        let now = after(clock);
        let span = |span: i64| after(clock + span);
        match step {
            Step::Wait(millis) => clock += millis,
            Step::Commit(writes) => {
                let id = fresh_id();
                let writes = writes
                    .into_iter()
                    .map(|(i, guess, aim)| {
                        let expect = match (model.load(&keys[i], now), guess) {
                            (Loaded::Found(it), Guess::Right) => Expect::At(it.version),
                            (Loaded::Found(it), Guess::OtherRevision) => Expect::At(Version {
                                revision: it.version.revision + 1,
                                ..it.version
                            }),
                            (Loaded::Found(it), Guess::OtherCommit) => Expect::At(Version {
                                commit: id,
                                ..it.version
                            }),
                            (_, Guess::Right | Guess::Absent) => Expect::Absent,
                            (_, Guess::OtherRevision | Guess::OtherCommit) => Expect::At(Version {
                                revision: 1,
                                commit: id,
                            }),
                        };
                        let change = match aim {
                            Aim::Put(bytes, idle, absolute, owner) => Change::Put(Put {
                                bytes: bytes.into(),
                                expiry: Expiry {
                                    idle_until: span(idle),
                                    absolute: span(absolute),
                                },
                                owner: OWNERS[owner].map(Into::into),
                            }),
                            Aim::Delete(until) => Change::Delete {
                                tombstone_until: span(until),
                            },
                            Aim::Keep => Change::Keep,
                        };
                        Write {
                            key: keys[i].clone(),
                            expect,
                            change,
                        }
                    })
                    .collect();
                let commit = Commit { id, now, writes };
                let expected = model.commit(&commit);
                assert_eq!(store.commit(commit).await.unwrap(), expected);
            }
            Step::Touch(i, until) => {
                let expected = model.touch(&keys[i], span(until), now);
                let touched = store.touch(&keys[i], span(until), now).await.unwrap();
                assert_eq!(touched, expected);
            }
            Step::Delete(indices, until) => {
                let keys: Vec<Key> = indices.into_iter().map(|i| keys[i].clone()).collect();
                let expected = model.delete(&keys, span(until), now);
                let deleted = store.delete(&keys, span(until), now).await.unwrap();
                assert_eq!(deleted, expected);
            }
            Step::Sweep(limit) => {
                let removed = store.sweep(now, limit).await.unwrap();
                assert_eq!(removed, limit.min(model.ended(now)));
                // Which ones is the store's choice. The rest must be able to go as well.
                let rest = store.sweep(now, usize::MAX).await.unwrap();
                assert_eq!(removed + rest, model.ended(now));
                let ended = |line: &Line| line.expiry.has_passed(now);
                model.lines.retain(|_, line| !ended(line));
            }
        }
        compare(store, &model, &keys, after(clock)).await;
    }
}

async fn compare(store: &impl Store, model: &Model, keys: &[Key], now: Timestamp) {
    let expected: Vec<Loaded> = keys.iter().map(|key| model.load(key, now)).collect();
    assert_eq!(store.load(keys, now).await.unwrap(), expected);
    let versions: Vec<Option<Version>> = expected
        .iter()
        .map(|loaded| match loaded {
            Loaded::Found(document) => Some(document.version),
            Loaded::Absent | Loaded::Deleted => None,
        })
        .collect();
    assert_eq!(store.revisions(keys, now).await.unwrap(), versions);
    for owner in OWNERS.into_iter().flatten() {
        let is_owned = |loaded: &Loaded| match loaded {
            Loaded::Found(document) => document.owner.as_deref() == Some(owner),
            Loaded::Absent | Loaded::Deleted => false,
        };
        let both = keys.iter().zip(&expected);
        let owned: Vec<&Key> = both
            .filter(|(_, it)| is_owned(it))
            .map(|(key, _)| key)
            .collect();
        let mut found = store.owned_by(owner, now).await.unwrap();
        found.sort();
        assert_eq!(found.iter().collect::<Vec<_>>(), owned);
    }
}
