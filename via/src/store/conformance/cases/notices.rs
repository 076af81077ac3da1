//! What a subscription receives.
//!
//! A notice may be lost, and then [`Notice::Lagged`] must come in its place. The cases accept it for
//! every missing notice.

use futures_util::FutureExt as _;

use super::prelude::*;

/// Every subscriber receives the same notices.
pub async fn every_commit_is_announced_in_order_or_covered<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for round in 0..20 {
        let (a, b) = (key(&format!("{round}/a")), key(&format!("{round}/b")));
        let before = create(&store, &a, put("before")).await;
        let mut subscriptions = [store.subscribe(), store.subscribe()];
        let id = fresh_id();
        let version = |revision| Version {
            revision,
            commit: id,
        };
        let writes = vec![
            write(&b, Expect::Absent, put("")),
            write(&a, Expect::At(before), put("")),
            keep(&key("c"), Expect::Absent),
        ];
        let now = NOW;
        store.commit(Commit { id, now, writes }).await.must();
        let deletion = vec![remove(&a, Expect::At(version(2)), after(9))];
        commit(&store, deletion).await;
        let keys = [a.clone(), b.clone()];
        store.delete(&keys, after(9), NOW).await.must();
        let expected = [
            Notice::Committed {
                key: b.clone(),
                version: version(1),
            },
            Notice::Committed {
                key: a.clone(),
                version: version(2),
            },
            Notice::Deleted { key: a.clone() },
            Notice::Deleted { key: b.clone() },
        ];
        for subscription in &mut subscriptions {
            hears(subscription, &expected).await;
        }
    }
}

/// A refused commit sends no notice, nor does a call that changes no document.
pub async fn what_is_not_committed_is_not_announced<H: Harness>(harness: &H) {
    let store = harness.open().await;
    for round in 0..20 {
        let (a, b) = (key(&format!("{round}/a")), key(&format!("{round}/b")));
        let version = create(&store, &a, put("")).await;
        let mut subscription = store.subscribe();
        for refused in [
            vec![write(&a, Expect::Absent, put("no"))],
            vec![
                write(&b, Expect::Absent, put("no")),
                write(&key("nothing"), Expect::At(version), put("no")),
            ],
        ] {
            let outcome = commit(&store, refused).await;
            assert!(!matches!(outcome, CommitOutcome::Committed(_)));
        }
        let too_large = vec![write(&b, Expect::Absent, put(vec![0; MAX_DOCUMENT + 1]))];
        let refused = commit_at(&store, NOW, too_large).await;
        assert!(refused.is_err(), "{refused:?}");
        committed(commit(&store, vec![keep(&a, Expect::At(version))]).await);
        store.touch(&a, after(5), NOW).await.must();
        store.delete(&[key("nothing")], after(9), NOW).await.must();
        store.sweep(NOW, 10).await.must();
        // So this is the first notice.
        let version = create(&store, &b, put("")).await;
        hears(&mut subscription, &[Notice::Committed { key: b, version }]).await;
    }
}

pub async fn what_is_announced_can_be_loaded<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let key = key("seen");
    create(&store, &key, zero()).await;
    let mut subscription = store.subscribe();
    let writer = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move { increment(&store, &key, 300).await }
    });
    // The revisions of the last notice and of the last load, and whether notices were lost.
    let (mut heard, mut loaded, mut gap) = (1, 1, false);
    while heard < 301 && !(gap && loaded == 301) {
        match next(&mut subscription).await {
            Some(Notice::Committed { version, .. }) => {
                let follows = version.revision == heard + 1;
                let skips = gap && version.revision > heard;
                assert!(follows || skips, "{version:?} after {heard}");
                (heard, gap) = (version.revision, false);
            }
            Some(Notice::Lagged) => gap = true,
            other => panic!("{other:?}"),
        }
        loaded = found(&store, &key).await.version.revision;
        assert!(
            loaded >= heard,
            "loaded revision {loaded} after a notice of {heard}"
        );
    }
    writer.await.must();
}

/// In 1,000 races: a caller that subscribes, loads, and waits for a notice before it loads again
/// misses no change.
pub async fn subscribe_then_load_misses_nothing<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    super::instances::race_subscriptions(&store, &store).await;
}

/// A slow subscriber needs bounded memory, however many notices it misses, and learns that it did.
pub async fn a_slow_subscriber_is_bounded_and_told<H: Harness>(harness: &H) {
    const COMMITS: usize = 60;
    const WRITES: usize = 500;
    let store = harness.open().await;
    let mut subscription = store.subscribe();
    let keys: Vec<Key> = (0..WRITES).map(|i| key(&format!("{i}"))).collect();
    let mut expects = vec![Expect::Absent; WRITES];
    for _ in 0..COMMITS {
        let writes = keys.iter().zip(&expects);
        let writes = writes
            .map(|(key, expect)| write(key, *expect, put("")))
            .collect();
        let versions = committed(commit(&store, writes).await);
        expects = versions.into_iter().map(Expect::At).collect();
    }
    // Markers show the end of the backlog. There are several, because each of them may be lost.
    let (mut heard, mut lagged, mut ended) = (0, 0, false);
    for marker in 0.. {
        create(&store, &key(&format!("marker/{marker}")), put("")).await;
        let mut notice = Some(next(&mut subscription).await);
        while let Some(first) = notice {
            match first {
                Some(Notice::Lagged) => lagged += 1,
                Some(Notice::Committed { key, .. }) if key.as_str().starts_with("marker/") => {
                    ended = true;
                }
                Some(_) => heard += 1,
                None => panic!("the subscription ended"),
            }
            notice = subscription.next().now_or_never();
        }
        if ended {
            break;
        }
    }
    assert!(lagged > 0, "no `Lagged` came although notices were lost");
    assert!(
        heard < COMMITS * WRITES / 2,
        "{heard} notices waited for a slow subscriber"
    );
}
