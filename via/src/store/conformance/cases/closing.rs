//! Calls that the caller drops, and closing a store.

use std::{
    future::{Future, poll_fn},
    task::Poll,
};

use super::prelude::*;

/// Drops the future at each of its awaits, and at moments in between.
pub async fn a_dropped_commit_is_whole_or_absent<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    for round in 0..300 {
        let keys = [key(&format!("{round}/a")), key(&format!("{round}/b"))];
        let both = || {
            let create = |key| write(key, Expect::Absent, zero());
            keys.iter().map(create).collect()
        };
        let polls = if round < 100 { round % 10 } else { round };
        let answer = poll_at_most(polls, commit(&store, both())).await;
        let loaded = store.load(&keys, NOW).await.must();
        match &loaded[..] {
            [Loaded::Found(a), Loaded::Found(b)] => assert_eq!(a.version, b.version),
            [Loaded::Absent, Loaded::Absent] => assert!(answer.is_none(), "{answer:?}"),
            other => panic!("{other:?}"),
        }
        // The caller can settle the outcome by compare-and-set.
        let outcome = commit(&store, both()).await;
        let settled = matches!(
            outcome,
            CommitOutcome::Committed(_) | CommitOutcome::Conflict(_)
        );
        assert!(settled, "{outcome:?}");
    }
}

/// Polls a future up to `polls` times, whether or not it was woken, and drops it.
async fn poll_at_most<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let poll = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = poll {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

pub async fn a_closed_store_says_so<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let key = key("key");
    create(&store, &key, put("")).await;
    let mut subscription = store.subscribe();
    store.close().await.must();
    let keys = [key.clone()];
    let create = vec![write(&key, Expect::Absent, put(""))];
    for result in [
        store.load(&keys, NOW).await.map(drop),
        commit_at(&store, NOW, create).await.map(drop),
        store.touch(&key, NOW, NOW).await.map(drop),
        store.delete(&keys, NOW, NOW).await.map(drop),
        store.sweep(NOW, 1).await.map(drop),
        store.revisions(&keys, NOW).await.map(drop),
        store.owned_by("", NOW).await.map(drop),
        store.close().await,
    ] {
        assert!(matches!(result, Err(StoreError::Closed)), "{result:?}");
    }
    while next(&mut subscription).await.is_some() {}
    assert_eq!(next(&mut store.subscribe()).await, None);
}

/// Running calls are finished or refused.
pub async fn nothing_hangs_when_a_store_is_closed<H: Harness>(harness: &H) {
    let store = Arc::new(harness.open().await);
    let counter = key("counter");
    let version = create(&store, &counter, zero()).await;
    let mut subscription = store.subscribe();
    let mut tasks = JoinSet::new();
    for i in 0..32 {
        let (store, counter) = (store.clone(), counter.clone());
        tasks.spawn(async move {
            let key = key(&format!("{i}"));
            loop {
                let create = vec![write(&key, Expect::Absent, put(""))];
                let conflict = vec![write(&counter, Expect::Absent, put(""))];
                for result in [
                    commit_at(&store, NOW, create).await.map(drop),
                    commit_at(&store, NOW, conflict).await.map(drop),
                    store.load(std::slice::from_ref(&key), NOW).await.map(drop),
                    store.touch(&counter, NOW, NOW).await.map(drop),
                    store.sweep(NOW, 1).await.map(drop),
                ] {
                    match result {
                        Ok(()) => {}
                        Err(StoreError::Closed) => return,
                        Err(other) => panic!("{other:?}"),
                    }
                }
                yield_now().await;
            }
        });
    }
    let waiting = tokio::spawn(async move { while subscription.next().await.is_some() {} });
    replace(&store, &counter, version, zero()).await;
    timeout(PATIENCE, store.close()).await.must().must();
    timeout(PATIENCE, tasks.join_all()).await.must();
    timeout(PATIENCE, waiting).await.must().must();
}
