//! Which Redis the store refuses, and what it declares about the others. Each test uses a real server
//! with that configuration.

use via::store::{CommitOutcome, Durability, Expect, OpenError, RedisStore, Store, StoreError};
use via_tests::{
    documents::{NOW, create, key, load, put},
    patience::eventually,
    redis::Redis,
    server::free_address,
};

async fn refusal(url: &str) -> String {
    let error = RedisStore::open(url).await.unwrap_err();
    assert!(
        matches!(
            error,
            OpenError::Redis { .. } | OpenError::Unreachable { .. }
        ),
        "{error:?}"
    );
    error.to_string()
}

/// The store declares exactly what the server's configuration guarantees.
#[tokio::test]
async fn the_declared_level_follows_the_configuration() {
    for (settings, level) in [
        (&["appendonly no"][..], Durability::Volatile),
        (
            &["appendonly yes", "appendfsync always"],
            Durability::PowerLoss,
        ),
        (
            &["appendonly yes", "appendfsync everysec"],
            Durability::BoundedLoss { millis: 2000 },
        ),
        (
            &["appendonly yes", "appendfsync no"],
            Durability::ProcessCrash,
        ),
        (
            // While Redis rewrites the log, it flushes nothing.
            &[
                "appendonly yes",
                "appendfsync always",
                "no-appendfsync-on-rewrite yes",
            ],
            Durability::ProcessCrash,
        ),
    ] {
        let server = Redis::start(settings);
        let store = RedisStore::open(&server.url()).await.unwrap();
        assert_eq!(store.durability(), level, "{settings:?}");
    }
}

#[tokio::test]
async fn a_primary_with_a_replica_may_roll_back_and_the_replica_is_refused() {
    let primary = Redis::start(&["appendonly yes", "appendfsync always"]);
    let store = RedisStore::open(&primary.url()).await.unwrap();
    assert_eq!(store.durability(), Durability::PowerLoss);

    let follow = format!("replicaof 127.0.0.1 {}", primary.address().port());
    let replica = Redis::start(&[&follow]);
    // An open store notices it too.
    eventually("the level is lower", async || {
        (store.durability() == Durability::MayRollBack).then_some(())
    })
    .await;
    let again = RedisStore::open(&primary.url()).await.unwrap();
    assert_eq!(again.durability(), Durability::MayRollBack);

    let refusal = refusal(&replica.url()).await;
    assert_eq!(
        refusal,
        format!(
            "cannot use the Redis server at `{}`: it is a replica, whose documents may be stale and \
             cannot be changed; write the address of its primary, `{}`",
            replica.address(),
            primary.address()
        )
    );
}

#[tokio::test]
async fn a_server_that_throws_documents_away_is_refused() {
    let server = Redis::start(&["maxmemory 100mb", "maxmemory-policy allkeys-lru"]);
    assert_eq!(
        refusal(&server.url()).await,
        format!(
            "cannot use the Redis server at `{}`: its `maxmemory-policy` is `allkeys-lru`, which \
             deletes documents when memory runs out; set `maxmemory-policy noeviction` in its \
             configuration",
            server.address()
        )
    );
}

#[tokio::test]
async fn a_node_of_a_cluster_is_refused() {
    // The default port is 10,000 higher, in the range of outgoing connections.
    let other_port = format!("cluster-port {}", free_address().port());
    let server = Redis::start(&["cluster-enabled yes", &other_port]);
    let refusal = refusal(&server.url()).await;
    assert!(refusal.contains("a node of a Redis Cluster"), "{refusal}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let address = free_address();
    let refusal = refusal(&format!("redis://user:secret@{address}/0")).await;
    let begin = format!("cannot reach the Redis server at `{address}`: ");
    assert!(refusal.starts_with(&begin), "{refusal}");
    assert!(!refusal.contains("secret"), "{refusal}");
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_not_shown() {
    let server = Redis::start(&["requirepass right"]);
    let address = server.address();
    for credentials in ["", ":secret@", "nobody:secret@"] {
        let refusal = refusal(&format!("redis://{credentials}{address}")).await;
        assert!(
            refusal.contains("cannot use the Redis server at"),
            "{refusal}"
        );
        assert!(!refusal.contains("secret"), "{refusal}");
    }
    let url = format!("redis://:right@{address}");
    let store = RedisStore::open(&url).await.unwrap();
    assert!(!format!("{store:?}").contains("right@"), "{store:?}");
}

#[tokio::test]
async fn what_url_and_configuration_say_must_agree() {
    let server = Redis::start(&["appendonly yes", "appendfsync everysec"]);
    let url = |claim: &str| format!("{}?appendfsync={claim}", server.url());
    let refusal_of = refusal(&url("always")).await;
    assert!(
        refusal_of.ends_with(
            "`appendfsync` is `everysec` in its configuration and `always` in the URL; change one \
             of them"
        ),
        "{refusal_of}"
    );
    RedisStore::open(&url("everysec")).await.unwrap();

    let server = Redis::start(&[]);
    let refusal_of = refusal(&format!("{}?appendfsync=always", server.url())).await;
    assert!(
        refusal_of.contains("`appendonly` is `no` in its configuration, so `appendfsync=always`"),
        "{refusal_of}"
    );
}

/// As with a managed Redis. The rights in the documentation of `RedisStore` are enough.
#[tokio::test]
async fn a_user_with_the_documented_rights_can_do_everything() {
    const RIGHTS: &str = "user app on >secret ~via:* &via:* +@connection +info +eval +evalsha \
                          +get +set +mget +getrange +setrange +unlink +zadd +zrem \
                          +zrangebyscore +sadd +srem +smembers +publish +subscribe";
    let server = Redis::start(&["appendonly yes", RIGHTS]);
    let url = format!("redis://app:secret@{}", server.address());
    let refusal = refusal(&url).await;
    assert!(
        refusal.contains("its user may not call `CONFIG GET`, so via cannot tell"),
        "{refusal}"
    );

    let store = RedisStore::open(&format!("{url}?appendfsync=always"))
        .await
        .unwrap();
    assert_eq!(store.durability(), Durability::PowerLoss);
    let mut subscription = store.subscribe();
    let key = key("key");
    let version = create(&store, &key, "text").await;
    subscription.next().await.unwrap();
    let changed = put(&store, &key, Expect::At(version), "more").await;
    assert!(
        matches!(changed, Ok(CommitOutcome::Committed(_))),
        "{changed:?}"
    );
    let keys = [key.clone()];
    let later = via::store::Timestamp::from_millis(NOW.as_millis() + 1);
    assert!(store.touch(&key, later, NOW).await.unwrap());
    assert_eq!(store.owned_by("owner", NOW).await.unwrap(), keys);
    assert!(store.revisions(&keys, NOW).await.unwrap()[0].is_some());
    assert_eq!(store.delete(&keys, later, NOW).await.unwrap(), 1);
    assert_eq!(store.sweep(later, 10).await.unwrap(), 1);

    // With this right the URL needs no parameter.
    let _: () = server.ask(&["ACL", "SETUSER", "app", "+config|get"]);
    let store = RedisStore::open(&url).await.unwrap();
    assert_eq!(store.durability(), Durability::BoundedLoss { millis: 2000 });
}

#[tokio::test]
async fn what_another_program_keeps_there_is_left_alone() {
    let server = Redis::start(&[]);
    let _: () = server.ask(&["SET", "via:format", "theirs"]);
    let refusal_of = refusal(&server.url()).await;
    assert!(
        refusal_of.ends_with(
            "another program uses the key `via:format`; write another `?prefix=` in the URL"
        ),
        "{refusal_of}"
    );
    let store = RedisStore::open(&format!("{}?prefix=mine:", server.url()))
        .await
        .unwrap();
    create(&store, &key("key"), "text").await;
    let theirs: String = server.ask(&["GET", "via:format"]);
    assert_eq!(theirs, "theirs");
}

#[tokio::test]
async fn prefixes_and_databases_keep_stores_apart() {
    let server = Redis::start(&[]);
    let key = key("key");
    let mut subscriptions = Vec::new();
    let mut stores = Vec::new();
    for end in ["", "/1", "?prefix=other:", "/1?prefix=other:"] {
        let url = format!("{}{end}", server.url());
        let store = RedisStore::open(&url).await.unwrap();
        subscriptions.push(store.subscribe());
        stores.push((store, end));
    }
    for (store, end) in &stores {
        create(store, &key, end).await;
    }
    for ((store, end), subscription) in stores.iter().zip(&mut subscriptions) {
        let (_, text) = load(store, &key).await.unwrap().unwrap();
        assert_eq!(text, **end);
        subscription.next().await.unwrap();
        store.close().await.unwrap();
        assert_eq!(subscription.next().await, None, "one notice, its own");
    }
}

/// The store refuses a server that becomes unsuitable, and uses it again when it is suitable.
#[tokio::test]
async fn a_server_that_changes_its_ways_gets_no_more_commits() {
    let server = Redis::start(&[]);
    let store = RedisStore::open(&server.url()).await.unwrap();
    let mut number = 0;
    let mut next = || {
        number += 1;
        key(&format!("{number}"))
    };
    create(&store, &next(), "text").await;
    let _: () = server.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"]);
    eventually("commits are refused", async || {
        match put(&store, &next(), Expect::Absent, "text").await {
            Err(StoreError::Unavailable(why)) => {
                assert!(why.to_string().contains("allkeys-lru"), "{why}");
                Some(())
            }
            _ => None,
        }
    })
    .await;
    let _: () = server.ask(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]);
    eventually("commits are taken again", async || {
        put(&store, &next(), Expect::Absent, "text").await.ok()
    })
    .await;

    // It is certain that a server that has just become a replica did not do the commit.
    let _: () = server.ask(&["REPLICAOF", "127.0.0.1", "1"]);
    let late = next();
    let refused = put(&store, &late, Expect::Absent, "text").await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let again = put(&store, &late, Expect::Absent, "text")
        .await
        .unwrap_err();
    assert!(again.to_string().contains("it is a replica"), "{again}");
    let _: () = server.ask(&["REPLICAOF", "NO", "ONE"]);
    eventually("commits are taken again", async || {
        put(&store, &late, Expect::Absent, "text").await.ok()
    })
    .await;
}
