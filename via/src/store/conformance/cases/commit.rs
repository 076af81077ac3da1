//! Compare-and-set of one document.

use super::prelude::*;

pub async fn a_document_is_created_once<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let key = key("race");
    let mut racers = JoinSet::new();
    for racer in 0..64_u8 {
        let (store, key) = (store.clone(), key.clone());
        racers.spawn(async move {
            let create = write(&key, Expect::Absent, put(vec![racer]));
            (racer, commit(&store, vec![create]).await)
        });
    }
    let mut winners = Vec::new();
    let mut losers = Vec::new();
    while let Some(result) = racers.join_next().await {
        match result.must() {
            (racer, CommitOutcome::Committed(versions)) => winners.push((racer, versions[0])),
            (_, CommitOutcome::Conflict(loaded)) => losers.push(loaded),
            other => panic!("{other:?}"),
        }
    }
    let [(winner, version)] = winners[..] else {
        panic!("{} racers won", winners.len());
    };
    let document = found(&store, &key).await;
    assert_eq!(document.bytes, vec![winner]);
    assert_eq!(document.version, version);
    assert_eq!(version.revision, 1);
    for loaded in losers {
        assert_eq!(loaded, [Loaded::Found(document.clone())]);
    }
}

pub async fn a_commit_to_an_absent_document_is_gone<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = key("nothing");
    assert_eq!(load(&store, &key).await, Loaded::Absent);
    let version = Version {
        revision: 1,
        commit: fresh_id(),
    };
    for change in [
        write(&key, Expect::At(version), put("x")),
        keep(&key, Expect::At(version)),
        remove(&key, Expect::At(version), after(1)),
    ] {
        assert_eq!(commit(&store, vec![change]).await, CommitOutcome::Gone);
    }
    assert_eq!(load(&store, &key).await, Loaded::Absent);
}

pub async fn a_stale_version_is_a_conflict_with_the_current_document<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = key("stale");
    let first = create(&store, &key, put("one")).await;
    let second = write(&key, Expect::At(first), put("two"));
    let versions = committed(commit(&store, vec![second]).await);
    let other_history = Version {
        revision: versions[0].revision,
        commit: fresh_id(),
    };
    let ahead = Version {
        revision: 3,
        ..versions[0]
    };
    let current = Loaded::Found(StoredDocument {
        version: versions[0],
        bytes: "two".into(),
        expiry: Expiry::NEVER,
        owner: None,
    });
    let expectations = [
        Expect::At(first),
        Expect::At(other_history),
        Expect::At(ahead),
        Expect::Absent,
    ];
    for expect in expectations {
        for change in [
            write(&key, expect, put("three")),
            keep(&key, expect),
            remove(&key, expect, after(1)),
        ] {
            let outcome = commit(&store, vec![change]).await;
            assert_eq!(outcome, CommitOutcome::Conflict(vec![current.clone()]));
        }
    }
    assert_eq!(load(&store, &key).await, current);
}

pub async fn the_revision_rises_by_one<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = key("revision");
    let mut version = create(&store, &key, put("")).await;
    for revision in 2..=20 {
        let id = fresh_id();
        let writes = vec![write(&key, Expect::At(version), put(""))];
        let (now, expected) = (
            NOW,
            Version {
                revision,
                commit: id,
            },
        );
        let outcome = store.commit(Commit { id, now, writes }).await.must();
        assert_eq!(outcome, CommitOutcome::Committed(vec![expected]));
        assert_eq!(found(&store, &key).await.version, expected);
        version = expected;
    }
}

pub async fn no_increment_is_lost<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let key = key("counter");
    create(&store, &key, zero()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move { increment(&store, &key, 200).await });
    }
    tasks.join_all().await;
    assert_eq!(number(&store, &key).await, 12_800);
    assert_eq!(found(&store, &key).await.version.revision, 12_801);
}

/// If the network repeats a request, the commit must not happen twice.
pub async fn a_commit_that_is_sent_again_is_not_done_again<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = key("again");
    let first = create(&store, &key, put("one")).await;
    for expect in [Expect::At(first), Expect::Absent] {
        let commit = Commit {
            id: fresh_id(),
            now: NOW,
            writes: vec![write(&key, expect, put("two"))],
        };
        let mut outcomes = Vec::new();
        for _ in 0..3 {
            outcomes.push(store.commit(commit.clone()).await.must());
        }
        let current = Loaded::Found(found(&store, &key).await);
        let refused = CommitOutcome::Conflict(vec![current]);
        match expect {
            Expect::At(_) => drop(committed(outcomes.remove(0))),
            Expect::Absent => {}
        }
        assert!(outcomes.iter().all(|it| *it == refused), "{outcomes:?}");
    }
    assert_eq!(found(&store, &key).await.version.revision, 2);
}

/// Also for a load in another task, which learns of the commit from outside the store.
pub async fn what_was_acknowledged_is_seen_by_the_next_load<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let key = key("seen");
    let mut version = create(&store, &key, zero()).await;
    let (sender, mut acknowledged) = tokio::sync::mpsc::channel(1);
    let reader = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move {
            while let Some(version) = acknowledged.recv().await {
                let version: Version = version;
                let seen = found(&store, &key).await.version.revision;
                assert!(seen >= version.revision, "{seen} after {version:?}");
            }
        }
    });
    for _ in 0..500 {
        version = replace(&store, &key, version, zero()).await;
        let keys = std::slice::from_ref(&key);
        let seen = store.revisions(keys, NOW).await.must();
        assert_eq!(seen, [Some(version)]);
        assert_eq!(found(&store, &key).await.version, version);
        sender.send(version).await.expect("the reader goes on");
    }
    drop(sender);
    reader.await.must();
}

/// A rotation ends one document and creates another under a new key. Only one of many may succeed.
pub async fn of_racing_rotations_one_wins<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    for round in 0..10 {
        let old = key(&format!("{round}/old"));
        let version = create(&store, &old, put("secret")).await;
        let mut racers = JoinSet::new();
        for racer in 0..16 {
            let (store, old) = (store.clone(), old.clone());
            racers.spawn(async move {
                let new = key(&format!("{round}/new/{racer}"));
                let end = if round % 2 == 0 {
                    remove(&old, Expect::At(version), after(100))
                } else {
                    write(&old, Expect::At(version), put("rotated"))
                };
                let rotation = vec![end, write(&new, Expect::Absent, put("secret"))];
                (new, commit(&store, rotation).await)
            });
        }
        let mut winners = 0;
        for (new, outcome) in racers.join_all().await {
            let there = load(&store, &new).await;
            match outcome {
                CommitOutcome::Committed(_) => {
                    assert!(matches!(there, Loaded::Found(_)), "{there:?}");
                    winners += 1;
                }
                CommitOutcome::Gone if round % 2 == 0 => assert_eq!(there, Loaded::Absent),
                CommitOutcome::Conflict(_) if round % 2 == 1 => assert_eq!(there, Loaded::Absent),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(winners, 1, "exactly one rotation of a version must succeed");
    }
}
