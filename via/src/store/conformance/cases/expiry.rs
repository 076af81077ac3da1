//! Deadlines, by the clock of the caller.

use super::prelude::*;

pub async fn a_document_ends_at_its_deadlines<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for (name, idle, absolute) in [("idle", 100, 500), ("absolute", 500, 100)] {
        let key = key(name);
        let version = create(&store, &key, expiring(idle, absolute)).await;
        let last = load_at(&store, &key, after(99)).await;
        assert!(matches!(last, Loaded::Found(_)), "{last:?}");
        let keys = [key.clone()];
        assert_eq!(
            store.revisions(&keys, after(99)).await.must(),
            [Some(version)]
        );
        assert_eq!(store.owned_by("owner", after(99)).await.must(), keys);

        let ended = after(100);
        assert_eq!(load_at(&store, &key, ended).await, Loaded::Absent);
        assert_eq!(store.revisions(&keys, ended).await.must(), [None]);
        assert!(store.owned_by("owner", ended).await.must().is_empty());
        assert!(!store.touch(&key, after(900), ended).await.must());
        assert_eq!(store.delete(&keys, after(900), ended).await.must(), 0);
        assert_eq!(load_at(&store, &key, ended).await, Loaded::Absent);
        let late = vec![write(&key, Expect::At(version), zero())];
        let outcome = commit_at(&store, ended, late).await.must();
        assert_eq!(outcome, CommitOutcome::Gone);
        store.sweep(ended, 10).await.must();
    }
}

pub async fn an_expired_document_can_be_created_again<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = key("again");
    create(&store, &key, expiring(10, 10)).await;
    let again = vec![write(&key, Expect::Absent, put("new"))];
    let outcome = commit_at(&store, after(10), again).await.must();
    let CommitOutcome::Committed(versions) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(versions[0].revision, 1);
    assert!(store.owned_by("owner", NOW).await.must().is_empty());
    assert_eq!(store.sweep(after(1000), 10).await.must(), 0);
    assert_eq!(found(&store, &key).await.bytes, "new");
}

pub async fn touch_extends_within_the_absolute_deadline<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = key("touched");
    let version = create(&store, &key, expiring(100, 300)).await;
    for (wanted, idle) in [(200, 200), (150, 200), (300, 300), (999, 300), (1, 300)] {
        assert!(store.touch(&key, after(wanted), NOW).await.must());
        let document = found(&store, &key).await;
        assert_eq!(document.expiry.idle_until, after(idle));
        assert_eq!(document.expiry.absolute, after(300));
        assert_eq!(document.version, version);
    }
    let none = Key::new("no").expect("`no` is a valid key");
    assert!(!store.touch(&none, after(1), NOW).await.must());

    // A commit may set an idle deadline past the absolute one, and a touch does not change that.
    let past = vec![write(&key, Expect::At(version), expiring(400, 300))];
    commit(&store, past).await;
    assert!(store.touch(&key, after(999), NOW).await.must());
    assert_eq!(found(&store, &key).await.expiry.idle_until, after(400));
}

pub async fn touch_disturbs_no_commit<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let key = key("touched");
    create(&store, &key, zero()).await;
    let toucher = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move {
            for i in 0..300 {
                assert!(store.touch(&key, after(i), NOW).await.must());
            }
        }
    });
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move { increment(&store, &key, 50).await });
    }
    tasks.join_all().await;
    toucher.await.must();
    assert_eq!(number(&store, &key).await, 200);
    assert_eq!(found(&store, &key).await.version.revision, 201);
}
