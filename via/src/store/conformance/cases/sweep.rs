//! Removing expired documents and tombstones.

use super::prelude::*;

pub async fn sweep_removes_only_what_has_ended<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for i in 0..1000 {
        create(&store, &key(&format!("{i}")), expiring(i, 5000)).await;
    }
    let forever = key("for ever");
    create(&store, &forever, put("")).await;
    assert_eq!(store.sweep(NOW, 0).await.must(), 0);
    assert_eq!(store.sweep(after(-1), 5000).await.must(), 0);
    assert_eq!(store.sweep(after(699), 100).await.must(), 100);
    assert_eq!(store.sweep(after(699), 300).await.must(), 300);
    assert_eq!(store.sweep(after(699), 5000).await.must(), 300);
    assert_eq!(store.sweep(after(699), 5000).await.must(), 0);
    for i in 0..1000 {
        // Load with a clock that is behind, so that only swept documents are absent.
        let loaded = load_at(&store, &key(&format!("{i}")), after(-1)).await;
        assert_eq!(matches!(loaded, Loaded::Found(_)), i > 699, "{i}");
    }
    found(&store, &forever).await;
    let tombstone = key("tombstone");
    create(&store, &tombstone, put("")).await;
    store.delete(&[tombstone], after(10), NOW).await.must();
    assert_eq!(store.sweep(after(9), 5000).await.must(), 0);
    assert_eq!(store.sweep(after(10), 5000).await.must(), 1);
}

pub async fn sweep_follows_moved_deadlines<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (touched, longer, shorter) = (key("touched"), key("longer"), key("shorter"));
    let mut versions = Vec::new();
    for key in [&touched, &longer, &shorter] {
        versions.push(create(&store, key, expiring(100, 1000)).await);
    }
    assert!(store.touch(&touched, after(500), NOW).await.must());
    let changed = vec![
        write(&longer, Expect::At(versions[1]), expiring(600, 1000)),
        write(&shorter, Expect::At(versions[2]), expiring(50, 1000)),
    ];
    commit(&store, changed).await;
    for (moment, swept) in [(49, 0), (50, 1), (100, 0), (499, 0), (500, 1), (599, 0)] {
        let removed = store.sweep(after(moment), 10).await.must();
        assert_eq!(removed, swept, "at {moment}");
    }
    assert_eq!(store.sweep(after(600), 10).await.must(), 1);
    assert_eq!(store.sweep(after(2000), 10).await.must(), 0);
}

pub async fn sweep_runs_beside_commits<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let counter = key("counter");
    create(&store, &counter, zero()).await;
    for i in 0..600 {
        create(&store, &key(&format!("{i}")), expiring(1, 1)).await;
    }
    let sweeper = tokio::spawn({
        let store = store.clone();
        async move { store.sweep(after(1), usize::MAX).await.must() }
    });
    increment(&store, &counter, 200).await;
    assert_eq!(sweeper.await.must(), 600);
    assert_eq!(number(&store, &counter).await, 200);
}
