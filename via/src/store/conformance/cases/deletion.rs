//! Deletion, and the tombstones that keep a document deleted.

use super::prelude::*;

pub async fn a_deleted_document_stays_deleted_until_its_tombstone_ends<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (deleted, other, absent) = (key("deleted"), key("other"), key("absent"));
    let version = create(&store, &deleted, expiring(1000, 1000)).await;
    create(&store, &other, put("")).await;
    let keys = [deleted.clone(), absent.clone()];
    assert_eq!(store.delete(&keys, after(100), NOW).await.must(), 1);
    assert_eq!(store.delete(&keys, after(50), NOW).await.must(), 0);

    let standing = after(99);
    assert_eq!(load_at(&store, &deleted, standing).await, Loaded::Deleted);
    assert_eq!(load_at(&store, &absent, standing).await, Loaded::Absent);
    assert_eq!(store.revisions(&keys, standing).await.must(), [None, None]);
    assert!(store.owned_by("owner", NOW).await.must().is_empty());
    assert!(!store.touch(&deleted, after(999), standing).await.must());
    for expect in [Expect::Absent, Expect::At(version)] {
        for change in [write(&deleted, expect, put("")), keep(&deleted, expect)] {
            let outcome = commit_at(&store, standing, vec![change]).await.must();
            assert_eq!(outcome, CommitOutcome::Gone);
        }
    }
    found(&store, &other).await;

    let ended = after(100);
    assert_eq!(load_at(&store, &deleted, ended).await, Loaded::Absent);
    let prepared = vec![write(&deleted, Expect::At(version), put("late"))];
    let outcome = commit_at(&store, ended, prepared).await.must();
    assert_eq!(outcome, CommitOutcome::Gone);
    let again = vec![write(&deleted, Expect::Absent, put("again"))];
    let outcome = commit_at(&store, ended, again).await.must();
    assert!(matches!(outcome, CommitOutcome::Committed(v) if v[0].revision == 1));
    assert_eq!(found(&store, &deleted).await.bytes, "again");

    // A second deletion can move a tombstone later.
    store.delete(&keys, after(10), NOW).await.must();
    store.delete(&keys, after(20), NOW).await.must();
    assert_eq!(load_at(&store, &deleted, after(19)).await, Loaded::Deleted);
}

pub async fn a_commit_can_delete<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (there, absent) = (key("there"), key("absent"));
    let version = create(&store, &there, expiring(1000, 1000)).await;
    let id = fresh_id();
    let writes = vec![
        remove(&there, Expect::At(version), after(100)),
        remove(&absent, Expect::Absent, after(100)),
    ];
    let now = NOW;
    let outcome = store.commit(Commit { id, now, writes }).await.must();
    let new = |revision| Version {
        revision,
        commit: id,
    };
    assert_eq!(outcome, CommitOutcome::Committed(vec![new(2), new(1)]));
    for key in [&there, &absent] {
        assert_eq!(load_at(&store, key, after(99)).await, Loaded::Deleted);
        assert_eq!(load_at(&store, key, after(100)).await, Loaded::Absent);
        let create = vec![write(key, Expect::Absent, put(""))];
        assert_eq!(commit(&store, create).await, CommitOutcome::Gone);
    }
}

pub async fn deletion_beats_a_racing_commit<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    for race in 0..200 {
        let key = key(&format!("race/{race}"));
        let version = create(&store, &key, zero()).await;
        let prepared = tokio::spawn({
            let (store, key) = (store.clone(), key.clone());
            async move { commit(&store, vec![write(&key, Expect::At(version), put("late"))]).await }
        });
        let keys = [key.clone()];
        assert_eq!(store.delete(&keys, after(100), NOW).await.must(), 1);
        let outcome = prepared.await.must();
        let valid = matches!(outcome, CommitOutcome::Gone | CommitOutcome::Committed(_));
        assert!(valid, "{outcome:?}");
        assert_eq!(load(&store, &key).await, Loaded::Deleted);
    }
}

/// For both kinds of deletion, and for repeated attempts to commit.
pub async fn a_commit_prepared_before_a_deletion_is_gone<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for by_commit in [false, true] {
        let key = key(&format!("by a commit: {by_commit}"));
        let version = create(&store, &key, put("before")).await;
        if by_commit {
            committed(commit(&store, vec![remove(&key, Expect::At(version), after(100))]).await);
        } else {
            let keys = [key.clone()];
            assert_eq!(store.delete(&keys, after(100), NOW).await.must(), 1);
        }
        for _ in 0..2 {
            let prepared = vec![write(&key, Expect::At(version), put("after"))];
            assert_eq!(commit(&store, prepared).await, CommitOutcome::Gone);
            assert_eq!(load(&store, &key).await, Loaded::Deleted);
        }
    }
}
