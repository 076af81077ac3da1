//! A Redis that breaks its connections, is unreachable, silent, or killed. No acknowledged commit is
//! lost, no answer claims something that is unknown, and nobody has to restart anything.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::{JoinSet, block_in_place},
    time::{sleep, timeout},
};
use via::store::{
    CommitOutcome, Expect, Key, Notice, RedisStore, Store, StoreError, Subscription, Version,
};
use via_tests::{
    documents::{create, key, load, put},
    link::Link,
    patience::{PATIENCE, eventually},
    redis::Redis,
};

async fn next(subscription: &mut Subscription) -> Option<Notice> {
    timeout(PATIENCE, subscription.next())
        .await
        .expect("a notice comes")
}

/// Waits for the notice of a document's commit, and returns whether `Lagged` came before it.
async fn hears(subscription: &mut Subscription, expected: &Key) -> bool {
    let mut lagged = false;
    loop {
        match next(subscription).await {
            Some(Notice::Lagged) => lagged = true,
            Some(Notice::Committed { key, .. }) if key == *expected => return lagged,
            Some(_) => {}
            None => panic!("the subscription ended"),
        }
    }
}

/// The document, as soon as the store can be read.
async fn read(store: &RedisStore, key: &Key) -> Option<(Version, String)> {
    let begun = Instant::now();
    loop {
        match load(store, key).await {
            Ok(found) => return found,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "it cannot be read: {error}"),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_whose_connection_was_killed_says_lagged_and_goes_on() {
    let server = Redis::start(&[]);
    let store = RedisStore::open(&server.url()).await.unwrap();
    let mut subscription = store.subscribe();
    for round in 0..20 {
        let before = key(&format!("{round}/before"));
        create(&store, &before, "").await;
        assert!(!hears(&mut subscription, &before).await, "nothing broke");
        let killed: u64 = block_in_place(|| server.ask(&["CLIENT", "KILL", "TYPE", "pubsub"]));
        assert_eq!(killed, 1);
        let begun = Instant::now();
        assert_eq!(next(&mut subscription).await, Some(Notice::Lagged));
        let after = key(&format!("{round}/after"));
        create(&store, &after, "").await;
        hears(&mut subscription, &after).await;
        eprintln!("heard again after {:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_after_their_connection_was_killed_or_scripts_were_forgotten() {
    let server = Redis::start(&[]);
    let store = RedisStore::open(&server.url()).await.unwrap();
    let counter = key("counter");
    let mut version = create(&store, &counter, "").await;
    for round in 0..20 {
        let (words, what) = if round % 2 == 0 {
            (&["CLIENT", "KILL", "TYPE", "normal"][..], "killed")
        } else {
            (&["SCRIPT", "FLUSH"][..], "forgotten")
        };
        let _: redis::Value = block_in_place(|| server.ask(words));
        version = eventually("a commit succeeds", async || {
            match put(&store, &counter, Expect::At(version), what).await {
                Ok(CommitOutcome::Committed(versions)) => Some(versions[0]),
                // The connection broke during the commit, and the answer is correct.
                Ok(CommitOutcome::Unknown) => {
                    let (found, _) = load(&store, &counter).await.ok()??;
                    (found != version).then_some(found)
                }
                Err(StoreError::Unavailable(_)) => None,
                other => panic!("{other:?}"),
            }
        })
        .await;
        assert_eq!(version.revision, round + 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_away_says_so_at_once_and_comes_back_by_itself() {
    let mut server = Redis::start(&["appendonly yes", "appendfsync always"]);
    let store = RedisStore::open(&server.url()).await.unwrap();
    let mut subscription = store.subscribe();
    let document = key("document");
    let version = create(&store, &document, "text").await;
    hears(&mut subscription, &document).await;

    block_in_place(|| server.kill());
    eventually("the end of the connection is seen", async || {
        match load(&store, &document).await {
            Err(StoreError::Unavailable(why)) => why
                .to_string()
                .contains("cannot reach the Redis server at")
                .then_some(()),
            other => panic!("{other:?}"),
        }
    })
    .await;
    let begun = Instant::now();
    for _ in 0..100 {
        let refused = put(&store, &document, Expect::At(version), "no").await;
        assert!(
            matches!(refused, Err(StoreError::Unavailable(_))),
            "{refused:?}"
        );
    }
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );

    block_in_place(|| server.restart());
    let found = read(&store, &document).await;
    assert_eq!(found, Some((version, "text".to_owned())));
    assert_eq!(next(&mut subscription).await, Some(Notice::Lagged));
    let other = key("other");
    create(&store, &other, "").await;
    hears(&mut subscription, &other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_hangs_nobody() {
    let server = Redis::start(&[]);
    let link = Link::to(server.address());
    let store = RedisStore::open(&format!("redis://{}", link.address()))
        .await
        .unwrap();
    let document = key("document");
    let version = create(&store, &document, "text").await;

    link.fall_silent();
    let begun = Instant::now();
    let (commit, loaded) = tokio::join!(
        put(&store, &document, Expect::At(version), "more"),
        load(&store, &document),
    );
    assert!(matches!(commit, Ok(CommitOutcome::Unknown)), "{commit:?}");
    assert!(
        matches!(loaded, Err(StoreError::Unavailable(_))),
        "{loaded:?}"
    );
    // It is certain that nothing was sent.
    let commit = put(&store, &document, Expect::At(version), "more").await;
    assert!(
        matches!(commit, Err(StoreError::Unavailable(_))),
        "{commit:?}"
    );
    assert!(
        begun.elapsed() < Duration::from_secs(6),
        "{:?}",
        begun.elapsed()
    );

    link.restore();
    let found = read(&store, &document).await;
    assert_eq!(found, Some((version, "text".to_owned())));

    link.fall_silent();
    let store = Arc::new(store);
    let waiting = tokio::spawn({
        let (store, document) = (store.clone(), document.clone());
        async move { load(&store, &document).await }
    });
    tokio::task::yield_now().await;
    timeout(PATIENCE, store.close()).await.unwrap().unwrap();
    let ended = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert!(ended.is_err(), "{ended:?}");
}

/// Commits a document until the end. Returns its last revision, and how often the outcome was unknown.
async fn count(
    store: &RedisStore,
    key: &Key,
    ended: &watch::Receiver<bool>,
    progress: &watch::Sender<u64>,
) -> (u64, u64) {
    let mut expect = Expect::Absent;
    let (mut revision, mut unknown) = (0, 0);
    while !*ended.borrow() {
        let text = (revision + 1).to_string();
        match put(store, key, expect, &text).await {
            Ok(CommitOutcome::Committed(versions)) => {
                assert_eq!(versions[0].revision, revision + 1);
                (revision, expect) = (revision + 1, Expect::At(versions[0]));
                progress.send_modify(|number| *number += 1);
            }
            // Reading resolves this, as in `via`.
            Ok(CommitOutcome::Unknown) => {
                unknown += 1;
                let Some((version, text)) = read(store, key).await else {
                    assert_eq!(revision, 0);
                    continue;
                };
                assert_eq!(text, version.revision.to_string());
                let is_done = version.revision == revision + 1;
                assert!(
                    is_done || version.revision == revision,
                    "{} after {revision}",
                    version.revision
                );
                (revision, expect) = (version.revision, Expect::At(version));
            }
            Err(StoreError::Unavailable(_)) => sleep(Duration::from_millis(5)).await,
            other => panic!("{other:?}"),
        }
    }
    (revision, unknown)
}

/// Callers commit all the time while the server is killed. Each document has every acknowledged
/// commit, once, in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_flushes_always_loses_nothing_when_it_is_killed_a_hundred_times() {
    const KILLS: u64 = 100;
    const CALLERS: usize = 8;
    let mut server = Redis::start(&["appendonly yes", "appendfsync always"]);
    let store = Arc::new(RedisStore::open(&server.url()).await.unwrap());
    let (end, ended) = watch::channel(false);
    let (progress, mut seen) = watch::channel(0_u64);
    let progress = Arc::new(progress);
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (store, ended, progress) = (store.clone(), ended.clone(), progress.clone());
        callers.spawn(async move {
            let key = key(&format!("caller/{caller}"));
            let (revision, unknown) = count(&store, &key, &ended, &progress).await;
            (key, revision, unknown)
        });
    }
    for kill in 0..KILLS {
        let before = *seen.borrow_and_update();
        timeout(PATIENCE, seen.wait_for(|now| *now > before + kill % 7 * 20))
            .await
            .expect("commits go on")
            .unwrap();
        block_in_place(|| server.restart());
    }
    end.send(true).unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut unknown = 0;
    while let Some(caller) = callers.join_next().await {
        let (key, revision, doubts) = caller.unwrap();
        acknowledged.insert(key, revision);
        unknown += doubts;
    }
    for (key, revision) in &acknowledged {
        let found = read(&store, key).await;
        let (version, text) = found.expect("it is there");
        assert_eq!((version.revision, text), (*revision, revision.to_string()));
    }
    eprintln!(
        "{KILLS} kills: {} commits acknowledged, {unknown} unknown, 0 missing, 0 doubled",
        acknowledged.values().sum::<u64>()
    );
}
