//! Several instances in one process that share their documents.

use super::prelude::*;

pub async fn no_increment_is_lost_between_instances<H: Harness>(harness: &H) {
    let stores = [
        Arc::new(harness.open().await),
        Arc::new(harness.open().await),
    ];
    let key = key("counter");
    create(&stores[0], &key, zero()).await;
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let (store, key) = (stores[task % 2].clone(), key.clone());
        tasks.spawn(async move { increment(&store, &key, 200).await });
    }
    tasks.join_all().await;
    for store in &stores {
        assert_eq!(number(store, &key).await, 12_800);
    }
}

pub async fn a_document_is_created_once_by_several_instances<H: Harness>(harness: &H) {
    let stores = [
        Arc::new(harness.open().await),
        Arc::new(harness.open().await),
    ];
    for round in 0..10 {
        let mut racers = JoinSet::new();
        for racer in 0..16_u8 {
            let store = stores[usize::from(racer % 2)].clone();
            racers.spawn(async move {
                let create = write(&key(&format!("{round}")), Expect::Absent, put(vec![racer]));
                commit(&store, vec![create]).await
            });
        }
        let outcomes = racers.join_all().await;
        let won = |outcome: &&CommitOutcome| matches!(outcome, CommitOutcome::Committed(_));
        assert_eq!(outcomes.iter().filter(won).count(), 1, "{outcomes:?}");
    }
}

pub async fn an_instance_sees_what_another_committed<H: Harness>(harness: &H) {
    let stores = [harness.open().await, harness.open().await];
    for i in 0..200 {
        let key = key(&format!("{i}"));
        let (one, other) = (&stores[i % 2], &stores[(i + 1) % 2]);
        let version = create(one, &key, put("")).await;
        assert_eq!(found(other, &key).await.version, version);
        let keys = std::slice::from_ref(&key);
        let seen = other.revisions(keys, NOW).await.must();
        assert_eq!(seen, [Some(version)]);
        let version = replace(other, &key, version, put("")).await;
        assert_eq!(found(one, &key).await.version, version);
    }
}

pub async fn an_instance_cannot_commit_what_another_deleted<H: Harness>(harness: &H) {
    let (mine, other) = (harness.open().await, harness.open().await);
    for i in 0..50 {
        let key = key(&format!("{i}"));
        let version = create(&mine, &key, put("")).await;
        found(&mine, &key).await;
        let keys = [key.clone()];
        assert_eq!(other.delete(&keys, after(9), NOW).await.must(), 1);
        for expect in [Expect::At(version), Expect::Absent] {
            let late = vec![write(&key, expect, put("late"))];
            assert_eq!(commit(&mine, late).await, CommitOutcome::Gone);
        }
        assert_eq!(load(&mine, &key).await, Loaded::Deleted);
    }
}

pub async fn a_commit_of_another_instance_is_announced_or_covered<H: Harness>(harness: &H) {
    let (mine, other) = (harness.open().await, harness.open().await);
    let mut subscription = mine.subscribe();
    for i in 0..20 {
        let key = key(&format!("{i}"));
        let version = create(&other, &key, put("")).await;
        hears_of_others(
            &mut subscription,
            Notice::Committed {
                key: key.clone(),
                version,
            },
        )
        .await;
        let keys = [key.clone()];
        other.delete(&keys, after(9), NOW).await.must();
        hears_of_others(&mut subscription, Notice::Deleted { key }).await;
    }
}

pub async fn what_another_instance_did_not_commit_is_not_announced<H: Harness>(harness: &H) {
    let (mine, other) = (harness.open().await, harness.open().await);
    let (a, b) = (key("a"), key("b"));
    let version = create(&mine, &a, put("")).await;
    let mut subscription = mine.subscribe();
    for round in 0..20 {
        let half = vec![
            write(&a, Expect::At(version), put("no")),
            write(&b, Expect::At(version), put("no")),
        ];
        assert_eq!(commit(&other, half).await, CommitOutcome::Gone);
        let key = key(&format!("{round}"));
        let version = create(&mine, &key, put("")).await;
        hears_of_others(&mut subscription, Notice::Committed { key, version }).await;
    }
}

pub async fn subscribe_then_load_misses_nothing_between_instances<H: Harness>(harness: &H) {
    let mine = Arc::new(harness.open().await);
    let other = Arc::new(harness.open().await);
    race_subscriptions(&mine, &other).await;
}

pub async fn closing_one_instance_leaves_the_other<H: Harness>(harness: &H) {
    let (one, other) = (harness.open().await, harness.open().await);
    let (a, b) = (key("a"), key("b"));
    create(&one, &a, put("")).await;
    one.close().await.must();
    drop(one);
    create(&other, &b, put("")).await;
    let third = harness.open().await;
    for key in [&a, &b] {
        found(&other, key).await;
        found(&third, key).await;
    }
}

/// The stores create or migrate the place only once.
pub async fn a_new_place_can_be_opened_many_times_at_once<H: Harness>(harness: &H) {
    let stores = futures_util::future::join_all((0..8).map(|_| harness.open())).await;
    for (i, store) in stores.iter().enumerate() {
        create(store, &key(&format!("{i}")), put("")).await;
    }
    let keys: Vec<Key> = (0..stores.len()).map(|i| key(&format!("{i}"))).collect();
    for store in &stores {
        let loaded = store.load(&keys, NOW).await.must();
        let is_there = |loaded: &Loaded| matches!(loaded, Loaded::Found(_));
        assert!(loaded.iter().all(is_there), "{loaded:?}");
    }
}

/// `other` creates 1,000 documents while `mine` waits for them.
pub(super) async fn race_subscriptions<S: Store>(mine: &Arc<S>, other: &Arc<S>) {
    const LANES: usize = 50;
    let mut lanes = JoinSet::new();
    for lane in 0..LANES {
        let (mine, other) = (mine.clone(), other.clone());
        lanes.spawn(async move {
            for race in 0..1000 / LANES {
                let key = key(&format!("{lane}/{race}"));
                let creation = tokio::spawn({
                    let (other, key) = (other.clone(), key.clone());
                    async move { create(&other, &key, put("")).await }
                });
                if race % 2 == 0 {
                    yield_now().await;
                }
                let mut subscription = mine.subscribe();
                while load(&mine, &key).await == Loaded::Absent {
                    assert!(next(&mut subscription).await.is_some());
                }
                creation.await.must();
            }
        });
    }
    lanes.join_all().await;
}

/// Waits for one notice, or for `Lagged` in its place. Earlier notices may still come before it.
pub(super) async fn hears_of_others(
    subscription: &mut crate::store::Subscription,
    expected: Notice,
) {
    loop {
        match next(subscription).await {
            Some(Notice::Lagged) => return,
            Some(heard) if heard == expected => return,
            // A store that polls for commits of others may announce them late or twice, but it must
            // never announce a commit that did not happen.
            Some(Notice::Committed { key, .. } | Notice::Deleted { key }) => {
                assert_ne!(key.as_str(), "a", "it was not committed");
                assert_ne!(key.as_str(), "b", "it was not committed");
            }
            None => panic!("the subscription ended"),
        }
    }
}
