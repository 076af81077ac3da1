//! Cases of several instances that share their documents.

use super::*;

/// Makes one test per case.
macro_rules! shared_store_suite {
    ($open:expr) => {
        shared_store_suite!($open;
            no_increment_is_lost_between_instances
            an_instance_sees_what_another_committed
            a_commit_of_another_instance_is_announced
            subscribe_then_load_misses_nothing
            closing_one_instance_leaves_the_other
        );
    };
    ($open:expr; $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::store::suite::shared::$case($open).await;
            }
        )*
    };
}
pub(in crate::store) use shared_store_suite;

pub(in crate::store) async fn no_increment_is_lost_between_instances<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let stores = [Arc::new(open().await), Arc::new(open().await)];
    let key = key("counter");
    create(&stores[0], &key, zero()).await;
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let (store, key) = (stores[task % 2].clone(), key.clone());
        tasks.spawn(async move { increment(&store, &key, 100).await });
    }
    tasks.join_all().await;
    for store in &stores {
        assert_eq!(number(store, &key).await, 6400);
    }
}

pub(in crate::store) async fn an_instance_sees_what_another_committed<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let stores = [open().await, open().await];
    for i in 0..200 {
        let key = key(&format!("{i}"));
        let version = create(&stores[i % 2], &key, put("")).await;
        assert_eq!(found(&stores[(i + 1) % 2], &key).await.version, version);
    }
}

pub(in crate::store) async fn a_commit_of_another_instance_is_announced<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let (mine, other) = (open().await, open().await);
    let mut subscription = mine.subscribe();
    for i in 0..3 {
        let key = key(&format!("{i}"));
        let version = create(&other, &key, put("")).await;
        let notice = next(&mut subscription).await.unwrap();
        let exact = Notice::Committed { key, version };
        assert!(notice == Notice::Lagged || notice == exact, "{notice:?}");
    }
}

pub(in crate::store) async fn subscribe_then_load_misses_nothing<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let (mine, other) = (open().await, Arc::new(open().await));
    for round in 0..30 {
        let key = key(&format!("{round}"));
        let creation = tokio::spawn({
            let (other, key) = (other.clone(), key.clone());
            async move { create(&other, &key, put("")).await }
        });
        let mut subscription = mine.subscribe();
        while load(&mine, &key).await == Loaded::Absent {
            assert!(next(&mut subscription).await.is_some());
        }
        creation.await.unwrap();
    }
}

pub(in crate::store) async fn closing_one_instance_leaves_the_other<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let (one, other) = (open().await, open().await);
    let (a, b) = (key("a"), key("b"));
    create(&one, &a, put("")).await;
    one.close().await.unwrap();
    drop(one);
    create(&other, &b, put("")).await;
    let third = open().await;
    for key in [&a, &b] {
        found(&other, key).await;
        found(&third, key).await;
    }
}
