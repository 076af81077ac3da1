//! Commits of several documents.

use super::prelude::*;

pub async fn several_documents_commit_together_or_not_at_all<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let (a, b) = (key("a"), key("b"));
    let both = vec![
        write(&a, Expect::Absent, zero()),
        write(&b, Expect::Absent, zero()),
    ];
    let versions = committed(commit(&store, both).await);
    let stale = Version {
        revision: 9,
        ..versions[1]
    };
    let half = vec![
        write(&a, Expect::At(versions[0]), put("half")),
        write(&b, Expect::At(stale), put("half")),
    ];
    let expected = store.load(&[a.clone(), b.clone()], NOW).await.must();
    let outcome = commit(&store, half).await;
    assert_eq!(outcome, CommitOutcome::Conflict(expected));
    assert_eq!(found(&store, &a).await.version, versions[0]);

    // Writers change both together, so readers never see one change without the other.
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        let (store, keys) = (store.clone(), [a.clone(), b.clone()]);
        tasks.spawn(async move {
            for _ in 0..100 {
                let loaded = store.load(&keys, NOW).await.must();
                let [Loaded::Found(a), Loaded::Found(b)] = &loaded[..] else {
                    panic!("{loaded:?}");
                };
                assert_eq!(a.bytes, b.bytes);
                assert_eq!(a.version, b.version);
                if task < 2 {
                    let value = put(fresh_id().0.to_be_bytes().to_vec());
                    let writes = vec![
                        write(&keys[1], Expect::At(b.version), value.clone()),
                        write(&keys[0], Expect::At(a.version), value),
                    ];
                    commit(&store, writes).await;
                }
            }
        });
    }
    tasks.join_all().await;
}

pub async fn gone_wins_over_conflict<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (there, gone) = (key("there"), key("gone"));
    let version = create(&store, &there, put("")).await;
    for order in [[0, 1], [1, 0]] {
        let writes = [
            write(&there, Expect::Absent, put("x")),
            write(&gone, Expect::At(version), put("x")),
        ];
        let writes = order.map(|i| writes[i].clone()).to_vec();
        assert_eq!(commit(&store, writes).await, CommitOutcome::Gone);
    }
}

pub async fn keep_checks_and_changes_nothing<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (guard, other, none) = (key("guard"), key("other"), key("none"));
    let version = create(&store, &guard, put("g")).await;
    let id = fresh_id();
    let writes = vec![
        keep(&guard, Expect::At(version)),
        write(&other, Expect::Absent, put("o")),
        keep(&none, Expect::Absent),
    ];
    let now = NOW;
    let outcome = store.commit(Commit { id, now, writes }).await.must();
    let new = |revision| Version {
        revision,
        commit: id,
    };
    let expected = vec![version, new(1), new(0)];
    assert_eq!(outcome, CommitOutcome::Committed(expected));
    assert_eq!(found(&store, &guard).await.version, version);
    assert_eq!(load(&store, &none).await, Loaded::Absent);

    let writes = vec![
        keep(&guard, Expect::Absent),
        write(&other, Expect::At(new(1)), put("x")),
    ];
    let outcome = commit(&store, writes).await;
    assert!(matches!(outcome, CommitOutcome::Conflict(_)));
    assert_eq!(found(&store, &other).await.bytes, "o");
    let nothing = commit(&store, vec![]).await;
    assert_eq!(nothing, CommitOutcome::Committed(vec![]));
}
