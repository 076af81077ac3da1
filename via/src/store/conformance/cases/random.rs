//! Random operations, on a good network and on a bad one.

use std::fmt::Write as _;

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, TestRunner},
};

use super::{
    super::{
        faulty::{Faults, Faulty},
        model::Model,
        steps::{Aim, Guess, KEYS, OWNERS, Step, steps},
    },
    prelude::*,
};
use crate::store::{Change, Write};

/// How many series of steps are tried, each in a new place.
const RUNS: u32 = 64;
/// How many attempts there are to shrink a failing series.
const SHRINKS: usize = 500;
/// How often a call on a bad network is tried.
const TRIES: usize = 100;

type Answer<T> = Result<T, String>;

pub async fn random_operations_equal_a_model<H: Harness>(make: &dyn Fn() -> H) {
    search(async |steps| {
        let harness = make();
        let store = harness.open().await;
        agrees(&store, steps, &Connection::Good).await
    })
    .await;
}

/// Retries a call that was cut, and loads the documents after an unknown outcome.
pub async fn random_operations_equal_a_model_on_a_bad_line<H: Harness>(make: &dyn Fn() -> H) {
    search(async |steps| {
        let harness = make();
        let faults = Faults::harsh(steps.len() as u64);
        let store = Faulty::new(harness.open().await, faults);
        let result = agrees(&store, steps, &Connection::Bad).await;
        result.map_err(|error| format!("{error}\nwith {faults:?}"))
    })
    .await;
}

/// The document records what every task has done, so a task can tell whether its commit happened.
/// After an error it must not have happened.
pub async fn no_increment_is_lost_or_doubled_on_a_bad_line<H: Harness>(make: &dyn Fn() -> H) {
    const TASKS: usize = 16;
    const TIMES: u8 = 50;
    let harness = make();
    let store = Arc::new(Faulty::new(harness.open().await, Faults::harsh(1)));
    let key = key("counters");
    create(store.inner(), &key, put(vec![0; TASKS])).await;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move {
            for time in 1..=TIMES {
                let mut failed = false;
                loop {
                    let loaded = match store.load(std::slice::from_ref(&key), NOW).await {
                        Err(StoreError::Unavailable(_)) => continue,
                        loaded => loaded.must(),
                    };
                    let [Loaded::Found(current)] = &loaded[..] else {
                        panic!("the document of the counters does not exist");
                    };
                    let done = current.bytes[task];
                    if done == time {
                        assert!(!failed, "the answer was an error, but the commit happened");
                        break;
                    }
                    assert_eq!(done, time - 1, "task {task}");
                    let mut counters = current.bytes.to_vec();
                    counters[task] = time;
                    let change = write(&key, Expect::At(current.version), put(counters));
                    let outcome = commit_at(&store, NOW, vec![change]).await;
                    failed = outcome.is_err();
                    match outcome {
                        Ok(CommitOutcome::Committed(_)) => break,
                        Ok(CommitOutcome::Conflict(_) | CommitOutcome::Unknown)
                        | Err(StoreError::Unavailable(_)) => {}
                        other => panic!("{other:?}"),
                    }
                }
            }
        });
    }
    tasks.join_all().await;
    let document = found(store.inner(), &key).await;
    assert_eq!(document.bytes, vec![TIMES; TASKS]);
    let changes = TASKS as u64 * u64::from(TIMES);
    assert_eq!(document.version.revision, 1 + changes);
}

/// Tries many series of steps, and reports the smallest that fails.
async fn search(attempt: impl AsyncFn(Vec<Step>) -> Answer<()>) {
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    for _ in 0..RUNS {
        let mut tree = steps()
            .new_tree(&mut runner)
            .unwrap_or_else(|error| panic!("no random steps: {error}"));
        let mut steps = tree.current();
        let Err(mut error) = attempt(steps.clone()).await else {
            continue;
        };
        let mut moves = tree.simplify();
        for _ in 0..SHRINKS {
            if !moves {
                break;
            }
            moves = match attempt(tree.current()).await {
                Err(smaller) => {
                    (error, steps) = (smaller, tree.current());
                    tree.simplify()
                }
                Ok(()) => tree.complicate(),
            };
        }
        let mut list = String::new();
        for step in steps {
            let _ = write!(list, "\n  {step:?}");
        }
        panic!("{error}\nin the last of these steps:{list}");
    }
}

/// Whether calls and answers can get lost.
enum Connection {
    Good,
    Bad,
}

impl Connection {
    /// Repeats the call until there is an answer.
    async fn insist<T>(&self, call: impl AsyncFn() -> Result<T, StoreError>) -> Answer<T> {
        for _ in 0..TRIES {
            match (call().await, self) {
                (Ok(answer), _) => return Ok(answer),
                (Err(StoreError::Unavailable(_)), Self::Bad) => {}
                (Err(error), _) => return Err(format!("the store failed: {error:?}")),
            }
        }
        Err("the store stays unavailable".to_owned())
    }
}

/// Does all steps on an empty store and on the model, and compares both after each step.
async fn agrees(store: &impl Store, steps: Vec<Step>, connection: &Connection) -> Answer<()> {
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
                let writes = writes.into_iter().map(|(i, guess, aim)| Write {
                    key: keys[i].clone(),
                    expect: expectation(&model.load(&keys[i], now), guess, id),
                    change: change(aim, span),
                });
                let writes = writes.collect();
                commit_both(store, &mut model, &Commit { id, now, writes }, connection).await?;
            }
            Step::Touch(i, until) => {
                let expected = model.touch(&keys[i], span(until), now);
                let touch = async || store.touch(&keys[i], span(until), now).await;
                same("touch", &connection.insist(touch).await?, &expected)?;
            }
            Step::Delete(indices, until) => {
                let keys: Vec<Key> = indices.into_iter().map(|i| keys[i].clone()).collect();
                let expected = model.delete(&keys, span(until), now);
                let delete = async || store.delete(&keys, span(until), now).await;
                same("delete", &connection.insist(delete).await?, &expected)?;
            }
            Step::Sweep(limit) => {
                let ended = model.ended(now);
                let removed = connection
                    .insist(async || store.sweep(now, limit).await)
                    .await?;
                same("sweep", &removed, &limit.min(ended))?;
                // The store chooses which ones it removes. It must be able to remove the rest too.
                let rest = connection.insist(async || store.sweep(now, usize::MAX).await);
                same("sweep all", &(removed + rest.await?), &ended)?;
                model.sweep(now);
            }
        }
        compare(store, &model, &keys, after(clock), connection).await?;
    }
    Ok(())
}

fn expectation(there: &Loaded, guess: Guess, id: crate::store::CommitId) -> Expect {
    match (there, guess) {
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
    }
}

fn change(aim: Aim, span: impl Fn(i64) -> Timestamp) -> Change {
    match aim {
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
    }
}

/// Commits to both, until the outcome is known.
async fn commit_both(
    store: &impl Store,
    model: &mut Model,
    commit: &Commit,
    connection: &Connection,
) -> Answer<()> {
    let keys: Vec<Key> = commit.writes.iter().map(|it| it.key.clone()).collect();
    let loads = |model: &Model| -> Vec<Loaded> {
        let load = |key| model.load(key, commit.now);
        keys.iter().map(load).collect()
    };
    let before = loads(model);
    let expected = model.commit(commit);
    let after = loads(model);
    for _ in 0..TRIES {
        let outcome = connection.insist(async || store.commit(commit.clone()).await);
        match (outcome.await?, connection) {
            (CommitOutcome::Unknown, Connection::Bad) => {
                let loaded = connection.insist(async || store.load(&keys, commit.now).await);
                let loaded = loaded.await?;
                if loaded == before {
                    continue;
                }
                return same("what an unknown commit left", &loaded, &after);
            }
            (outcome, _) => return same("commit", &outcome, &expected),
        }
    }
    Err("the outcome stays unknown".to_owned())
}

async fn compare(
    store: &impl Store,
    model: &Model,
    keys: &[Key],
    now: Timestamp,
    connection: &Connection,
) -> Answer<()> {
    let expected: Vec<Loaded> = keys.iter().map(|key| model.load(key, now)).collect();
    let loaded = connection.insist(async || store.load(keys, now).await);
    same("load", &loaded.await?, &expected)?;
    let version = |loaded: &Loaded| match loaded {
        Loaded::Found(document) => Some(document.version),
        Loaded::Absent | Loaded::Deleted => None,
    };
    let versions: Vec<Option<Version>> = expected.iter().map(version).collect();
    let revisions = connection.insist(async || store.revisions(keys, now).await);
    same("revisions", &revisions.await?, &versions)?;
    for owner in OWNERS.into_iter().flatten() {
        let is_owned = |loaded: &Loaded| match loaded {
            Loaded::Found(document) => document.owner.as_deref() == Some(owner),
            Loaded::Absent | Loaded::Deleted => false,
        };
        let both = keys.iter().zip(&expected);
        let owned = both.filter(|(_, it)| is_owned(it)).map(|(key, _)| key);
        let owned: Vec<Key> = owned.cloned().collect();
        let found = connection.insist(async || store.owned_by(owner, now).await);
        let mut found = found.await?;
        found.sort();
        same("owned_by", &found, &owned)?;
    }
    Ok(())
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, got: &T, expected: &T) -> Answer<()> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{what} answers {got:?}, the model {expected:?}"))
}
