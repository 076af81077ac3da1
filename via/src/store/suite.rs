//! What every store owes, as cases that run against any of them.
//!
//! Each case takes a way to open an empty store; those of [`shared`] take a way to open another
//! instance on the same documents.

pub(super) mod model;
#[cfg(feature = "sqlite")]
pub(super) mod shared;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use tokio::{task::JoinSet, time::timeout};

use super::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, MAX_DOCUMENT, Notice,
    Put, Store, StoreError, StoredDocument, Subscription, Timestamp, Version, Write,
};

/// Makes a module with one test per case.
macro_rules! store_suite {
    ($open:expr) => {
        store_suite!($open;
            a_document_is_created_once
            a_commit_to_an_absent_document_is_gone
            a_stale_version_is_a_conflict_with_the_current_document
            the_revision_rises_by_one
            bytes_come_back_as_they_went_in
            no_increment_is_lost
            keys_do_not_collide
            several_documents_commit_together_or_not_at_all
            gone_wins_over_conflict
            keep_checks_and_changes_nothing
            a_document_ends_at_its_deadlines
            an_expired_document_can_be_created_again
            touch_extends_within_the_absolute_deadline
            touch_disturbs_no_commit
            sweep_removes_only_what_has_ended
            sweep_follows_moved_deadlines
            sweep_runs_beside_commits
            a_deleted_document_stays_deleted_until_its_tombstone_ends
            a_commit_can_delete
            deletion_beats_a_prepared_commit
            documents_are_found_by_owner
            versions_of_many_keys_come_in_one_call
            every_commit_is_announced_in_order
            what_is_announced_can_be_loaded
            a_lagging_subscriber_is_told
            a_document_may_not_be_too_large
            a_dropped_commit_is_whole_or_absent
            a_closed_store_says_so
        );
    };
    ($open:expr; $($case:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::store::suite::$case($open).await;
            }
        )*
    };
}
pub(super) use store_suite;

/// A moment at which nothing of [`put`] has expired.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_000_000);

pub(super) fn after(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW.as_millis() + millis)
}

pub(super) fn key(name: &str) -> Key {
    Key::new(name).unwrap()
}

/// An id that no other commit of this process has.
pub(super) fn fresh_id() -> CommitId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    CommitId(u128::from(number) << 64 | u128::from(!number))
}

pub(super) fn put(bytes: impl Into<Bytes>) -> Put {
    Put {
        bytes: bytes.into(),
        expiry: Expiry::NEVER,
        owner: None,
    }
}

pub(super) fn write(key: &Key, expect: Expect, put: Put) -> Write {
    Write {
        key: key.clone(),
        expect,
        change: Change::Put(put),
    }
}

pub(super) fn keep(key: &Key, expect: Expect) -> Write {
    Write {
        key: key.clone(),
        expect,
        change: Change::Keep,
    }
}

pub(super) fn remove(key: &Key, expect: Expect, tombstone_until: Timestamp) -> Write {
    Write {
        key: key.clone(),
        expect,
        change: Change::Delete { tombstone_until },
    }
}

pub(super) async fn commit_at(
    store: &impl Store,
    now: Timestamp,
    writes: Vec<Write>,
) -> Result<CommitOutcome, StoreError> {
    let id = fresh_id();
    store.commit(Commit { id, now, writes }).await
}

pub(super) async fn commit(store: &impl Store, writes: Vec<Write>) -> CommitOutcome {
    commit_at(store, NOW, writes).await.unwrap()
}

pub(super) async fn create(store: &impl Store, key: &Key, put: Put) -> Version {
    match commit(store, vec![write(key, Expect::Absent, put)]).await {
        CommitOutcome::Committed(versions) => versions[0],
        other => panic!("{key:?} was not created: {other:?}"),
    }
}

pub(super) async fn load_at(store: &impl Store, key: &Key, now: Timestamp) -> Loaded {
    let mut loaded = store.load(std::slice::from_ref(key), now).await.unwrap();
    assert_eq!(loaded.len(), 1);
    loaded.remove(0)
}

pub(super) async fn load(store: &impl Store, key: &Key) -> Loaded {
    load_at(store, key, NOW).await
}

pub(super) async fn found(store: &impl Store, key: &Key) -> StoredDocument {
    match load(store, key).await {
        Loaded::Found(document) => document,
        other => panic!("{key:?} is not there: {other:?}"),
    }
}

/// Adds 1 to a number, `times` times, by compare-and-set.
pub(super) async fn increment(store: &impl Store, key: &Key, times: usize) {
    let mut current = found(store, key).await;
    for _ in 0..times {
        loop {
            let number = u64::from_be_bytes((*current.bytes).try_into().unwrap());
            let next = Bytes::copy_from_slice(&(number + 1).to_be_bytes());
            let change = write(key, Expect::At(current.version), put(next.clone()));
            match commit(store, vec![change]).await {
                CommitOutcome::Committed(versions) => {
                    current.version = versions[0];
                    current.bytes = next;
                    break;
                }
                CommitOutcome::Conflict(mut loaded) => match loaded.remove(0) {
                    Loaded::Found(document) => current = document,
                    other => panic!("a conflict with {other:?}"),
                },
                other => panic!("{other:?}"),
            }
        }
    }
}

pub(super) async fn number(store: &impl Store, key: &Key) -> u64 {
    u64::from_be_bytes((*found(store, key).await.bytes).try_into().unwrap())
}

pub(super) fn zero() -> Put {
    put(Bytes::copy_from_slice(&0_u64.to_be_bytes()))
}

async fn next(subscription: &mut Subscription) -> Option<Notice> {
    let patience = Duration::from_secs(10);
    timeout(patience, subscription.next())
        .await
        .expect("a notice comes in time")
}

pub(super) async fn a_document_is_created_once<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    let key = key("race");
    let mut racers = JoinSet::new();
    for racer in 0..64_u8 {
        let (store, key) = (store.clone(), key.clone());
        racers.spawn(async move {
            let create = write(&key, Expect::Absent, put(vec![racer]));
            (racer, commit(&store, vec![create]).await)
        });
    }
    let mut winners = Vec::new();
    let mut losers = Vec::new();
    while let Some(result) = racers.join_next().await {
        match result.unwrap() {
            (racer, CommitOutcome::Committed(versions)) => winners.push((racer, versions[0])),
            (_, CommitOutcome::Conflict(loaded)) => losers.push(loaded),
            other => panic!("{other:?}"),
        }
    }
    let [(winner, version)] = winners[..] else {
        panic!("{} racers won", winners.len());
    };
    let document = found(&store, &key).await;
    assert_eq!(document.bytes, vec![winner]);
    assert_eq!(document.version, version);
    assert_eq!(version.revision, 1);
    for loaded in losers {
        assert_eq!(loaded, [Loaded::Found(document.clone())]);
    }
}

pub(super) async fn a_commit_to_an_absent_document_is_gone<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let key = key("nothing");
    assert_eq!(load(&store, &key).await, Loaded::Absent);
    let version = Version {
        revision: 1,
        commit: fresh_id(),
    };
    for change in [
        write(&key, Expect::At(version), put("x")),
        keep(&key, Expect::At(version)),
        remove(&key, Expect::At(version), after(1)),
    ] {
        assert_eq!(commit(&store, vec![change]).await, CommitOutcome::Gone);
    }
    assert_eq!(load(&store, &key).await, Loaded::Absent);
}

pub(super) async fn a_stale_version_is_a_conflict_with_the_current_document<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let store = open().await;
    let key = key("stale");
    let first = create(&store, &key, put("one")).await;
    let second = write(&key, Expect::At(first), put("two"));
    let CommitOutcome::Committed(versions) = commit(&store, vec![second]).await else {
        panic!("the second commit fails");
    };
    let other_history = Version {
        revision: versions[0].revision,
        commit: fresh_id(),
    };
    let ahead = Version {
        revision: 3,
        ..versions[0]
    };
    let current = Loaded::Found(StoredDocument {
        version: versions[0],
        bytes: "two".into(),
        expiry: Expiry::NEVER,
        owner: None,
    });
    let expectations = [
        Expect::At(first),
        Expect::At(other_history),
        Expect::At(ahead),
        Expect::Absent,
    ];
    for expect in expectations {
        for change in [
            write(&key, expect, put("three")),
            keep(&key, expect),
            remove(&key, expect, after(1)),
        ] {
            let outcome = commit(&store, vec![change]).await;
            assert_eq!(outcome, CommitOutcome::Conflict(vec![current.clone()]));
        }
    }
    assert_eq!(load(&store, &key).await, current);
}

pub(super) async fn the_revision_rises_by_one<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let key = key("revision");
    let mut version = create(&store, &key, put("")).await;
    for revision in 2..=20 {
        let id = fresh_id();
        let writes = vec![write(&key, Expect::At(version), put(""))];
        let (now, expected) = (
            NOW,
            Version {
                revision,
                commit: id,
            },
        );
        let outcome = store.commit(Commit { id, now, writes }).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Committed(vec![expected]));
        assert_eq!(found(&store, &key).await.version, expected);
        version = expected;
    }
}

pub(super) async fn bytes_come_back_as_they_went_in<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let noise: Vec<u8> = (0..MAX_DOCUMENT)
        .map(|i| u8::try_from(i * 31 % 251).unwrap())
        .collect();
    let contents: [&[u8]; 8] = [
        b"",
        b"\0",
        b"a\0b\0",
        b"\xff\xfe\x80\xc3",
        "{\"text\":\"\u{1f30d}\"}".as_bytes(),
        &noise[..4096],
        &noise[..300_001],
        &noise,
    ];
    for (i, content) in contents.into_iter().enumerate() {
        let key = key(&format!("bytes/{i}"));
        let expiry = Expiry {
            idle_until: after(5),
            absolute: after(70),
        };
        let put = Put {
            bytes: Bytes::copy_from_slice(content),
            expiry,
            owner: (i % 2 == 0).then(|| "an\0owner".into()),
        };
        let version = create(&store, &key, put.clone()).await;
        let expected = StoredDocument {
            version,
            bytes: put.bytes,
            expiry,
            owner: put.owner,
        };
        assert_eq!(found(&store, &key).await, expected);
    }
}

pub(super) async fn no_increment_is_lost<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    let key = key("counter");
    create(&store, &key, zero()).await;
    let mut tasks = JoinSet::new();
    for _ in 0..64 {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move { increment(&store, &key, 200).await });
    }
    tasks.join_all().await;
    assert_eq!(number(&store, &key).await, 12_800);
    assert_eq!(found(&store, &key).await.version.revision, 12_801);
}

pub(super) async fn keys_do_not_collide<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let longest = "k".repeat(Key::MAX_LEN);
    let mut names: Vec<String> = [
        "a",
        "A",
        "a ",
        " a",
        "a\0",
        "a\0b",
        "a\0c",
        "\0",
        "\0\0",
        "0",
        "00",
        "1",
        "1.0",
        "1e0",
        "é",
        "e\u{301}",
        "a/b",
        "a//b",
        "a/",
        "*",
        "%",
        "_",
        "?",
        "'",
        "\"",
        "'; DROP TABLE document; --",
        "\r\n",
        "\n",
        "\u{feff}a",
        "\u{202e}a",
        "null",
        "NULL",
        "x'61'",
        "{a}",
        "\u{10ffff}",
        &longest,
        &longest[1..],
    ]
    .map(str::to_owned)
    .into();
    names.extend((0..1000).map(|i| format!("key/{i}")));
    let keys: Vec<Key> = names.iter().map(|name| key(name)).collect();
    for key in &keys {
        create(&store, key, put(key.as_str().to_owned())).await;
    }
    let loaded = store.load(&keys, NOW).await.unwrap();
    for (key, loaded) in keys.iter().zip(loaded) {
        let Loaded::Found(document) = loaded else {
            panic!("{key:?} is not there");
        };
        assert_eq!(document.bytes, key.as_str());
        assert_eq!(document.version.revision, 1);
    }
}

pub(super) async fn several_documents_commit_together_or_not_at_all<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let store = Arc::new(open().await);
    let (a, b) = (key("a"), key("b"));
    let both = vec![
        write(&a, Expect::Absent, zero()),
        write(&b, Expect::Absent, zero()),
    ];
    let CommitOutcome::Committed(versions) = commit(&store, both).await else {
        panic!("two new documents are not committed");
    };
    let stale = Version {
        revision: 9,
        ..versions[1]
    };
    let half = vec![
        write(&a, Expect::At(versions[0]), put("half")),
        write(&b, Expect::At(stale), put("half")),
    ];
    let expected = store.load(&[a.clone(), b.clone()], NOW).await.unwrap();
    let outcome = commit(&store, half).await;
    assert_eq!(outcome, CommitOutcome::Conflict(expected));
    assert_eq!(found(&store, &a).await.version, versions[0]);

    // Writers move both on together, readers never see one without the other.
    let mut tasks = JoinSet::new();
    for task in 0..4 {
        let (store, keys) = (store.clone(), [a.clone(), b.clone()]);
        tasks.spawn(async move {
            for _ in 0..100 {
                let loaded = store.load(&keys, NOW).await.unwrap();
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

pub(super) async fn gone_wins_over_conflict<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
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

pub(super) async fn keep_checks_and_changes_nothing<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let (guard, other, none) = (key("guard"), key("other"), key("none"));
    let version = create(&store, &guard, put("g")).await;
    let id = fresh_id();
    let writes = vec![
        keep(&guard, Expect::At(version)),
        write(&other, Expect::Absent, put("o")),
        keep(&none, Expect::Absent),
    ];
    let now = NOW;
    let outcome = store.commit(Commit { id, now, writes }).await.unwrap();
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

fn expiring(idle: i64, absolute: i64) -> Put {
    Put {
        expiry: Expiry {
            idle_until: after(idle),
            absolute: after(absolute),
        },
        owner: Some("owner".into()),
        ..zero()
    }
}

pub(super) async fn a_document_ends_at_its_deadlines<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    for (name, idle, absolute) in [("idle", 100, 500), ("absolute", 500, 100)] {
        let key = key(name);
        let version = create(&store, &key, expiring(idle, absolute)).await;
        let last = load_at(&store, &key, after(99)).await;
        assert!(matches!(last, Loaded::Found(_)), "{last:?}");
        let keys = [key.clone()];
        assert_eq!(
            store.revisions(&keys, after(99)).await.unwrap(),
            [Some(version)]
        );
        assert_eq!(store.owned_by("owner", after(99)).await.unwrap(), keys);

        let ended = after(100);
        assert_eq!(load_at(&store, &key, ended).await, Loaded::Absent);
        assert_eq!(store.revisions(&keys, ended).await.unwrap(), [None]);
        assert!(store.owned_by("owner", ended).await.unwrap().is_empty());
        assert!(!store.touch(&key, after(900), ended).await.unwrap());
        assert_eq!(store.delete(&keys, after(900), ended).await.unwrap(), 0);
        assert_eq!(load_at(&store, &key, ended).await, Loaded::Absent);
        let late = vec![write(&key, Expect::At(version), zero())];
        let outcome = commit_at(&store, ended, late).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Gone);
        store.sweep(ended, 10).await.unwrap();
    }
}

pub(super) async fn an_expired_document_can_be_created_again<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let key = key("again");
    create(&store, &key, expiring(10, 10)).await;
    let again = vec![write(&key, Expect::Absent, put("new"))];
    let outcome = commit_at(&store, after(10), again).await.unwrap();
    let CommitOutcome::Committed(versions) = outcome else {
        panic!("{outcome:?}");
    };
    assert_eq!(versions[0].revision, 1);
    assert!(store.owned_by("owner", NOW).await.unwrap().is_empty());
    assert_eq!(store.sweep(after(1000), 10).await.unwrap(), 0);
    assert_eq!(found(&store, &key).await.bytes, "new");
}

pub(super) async fn touch_extends_within_the_absolute_deadline<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let store = open().await;
    let key = key("touched");
    let version = create(&store, &key, expiring(100, 300)).await;
    for (wanted, idle) in [(200, 200), (150, 200), (300, 300), (999, 300), (1, 300)] {
        assert!(store.touch(&key, after(wanted), NOW).await.unwrap());
        let document = found(&store, &key).await;
        assert_eq!(document.expiry.idle_until, after(idle));
        assert_eq!(document.expiry.absolute, after(300));
        assert_eq!(document.version, version);
    }
    assert!(!store.touch(&self::key("no"), after(1), NOW).await.unwrap());

    // A commit may set an idle deadline past the absolute one; touch leaves it.
    let past = vec![write(&key, Expect::At(version), expiring(400, 300))];
    commit(&store, past).await;
    assert!(store.touch(&key, after(999), NOW).await.unwrap());
    assert_eq!(found(&store, &key).await.expiry.idle_until, after(400));
}

pub(super) async fn touch_disturbs_no_commit<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    let key = key("touched");
    create(&store, &key, zero()).await;
    let toucher = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move {
            for i in 0..300 {
                assert!(store.touch(&key, after(i), NOW).await.unwrap());
            }
        }
    });
    let mut tasks = JoinSet::new();
    for _ in 0..4 {
        let (store, key) = (store.clone(), key.clone());
        tasks.spawn(async move { increment(&store, &key, 50).await });
    }
    tasks.join_all().await;
    toucher.await.unwrap();
    assert_eq!(number(&store, &key).await, 200);
    assert_eq!(found(&store, &key).await.version.revision, 201);
}

pub(super) async fn sweep_removes_only_what_has_ended<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    for i in 0..1000 {
        create(&store, &key(&format!("{i}")), expiring(i, 5000)).await;
    }
    let forever = key("for ever");
    create(&store, &forever, put("")).await;
    assert_eq!(store.sweep(NOW, 0).await.unwrap(), 0);
    assert_eq!(store.sweep(after(-1), 5000).await.unwrap(), 0);
    assert_eq!(store.sweep(after(699), 100).await.unwrap(), 100);
    assert_eq!(store.sweep(after(699), 300).await.unwrap(), 300);
    assert_eq!(store.sweep(after(699), 5000).await.unwrap(), 300);
    assert_eq!(store.sweep(after(699), 5000).await.unwrap(), 0);
    for i in 0..1000 {
        // Also for a reader whose clock is behind: only those are gone that were swept.
        let loaded = load_at(&store, &key(&format!("{i}")), after(-1)).await;
        assert_eq!(matches!(loaded, Loaded::Found(_)), i > 699, "{i}");
    }
    found(&store, &forever).await;
    let tombstone = key("tombstone");
    create(&store, &tombstone, put("")).await;
    store.delete(&[tombstone], after(10), NOW).await.unwrap();
    assert_eq!(store.sweep(after(9), 5000).await.unwrap(), 0);
    assert_eq!(store.sweep(after(10), 5000).await.unwrap(), 1);
}

pub(super) async fn sweep_follows_moved_deadlines<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let (touched, longer, shorter) = (key("touched"), key("longer"), key("shorter"));
    let mut versions = Vec::new();
    for key in [&touched, &longer, &shorter] {
        versions.push(create(&store, key, expiring(100, 1000)).await);
    }
    assert!(store.touch(&touched, after(500), NOW).await.unwrap());
    let changed = vec![
        write(&longer, Expect::At(versions[1]), expiring(600, 1000)),
        write(&shorter, Expect::At(versions[2]), expiring(50, 1000)),
    ];
    commit(&store, changed).await;
    for (moment, swept) in [(49, 0), (50, 1), (100, 0), (499, 0), (500, 1), (599, 0)] {
        let removed = store.sweep(after(moment), 10).await.unwrap();
        assert_eq!(removed, swept, "at {moment}");
    }
    assert_eq!(store.sweep(after(600), 10).await.unwrap(), 1);
    assert_eq!(store.sweep(after(2000), 10).await.unwrap(), 0);
}

pub(super) async fn sweep_runs_beside_commits<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    let counter = key("counter");
    create(&store, &counter, zero()).await;
    for i in 0..600 {
        create(&store, &key(&format!("{i}")), expiring(1, 1)).await;
    }
    let sweeper = tokio::spawn({
        let store = store.clone();
        async move { store.sweep(after(1), usize::MAX).await.unwrap() }
    });
    increment(&store, &counter, 200).await;
    assert_eq!(sweeper.await.unwrap(), 600);
    assert_eq!(number(&store, &counter).await, 200);
}

pub(super) async fn a_deleted_document_stays_deleted_until_its_tombstone_ends<S: Store>(
    open: impl AsyncFn() -> S,
) {
    let store = open().await;
    let (deleted, other, absent) = (key("deleted"), key("other"), key("absent"));
    let version = create(&store, &deleted, expiring(1000, 1000)).await;
    create(&store, &other, put("")).await;
    let keys = [deleted.clone(), absent.clone()];
    assert_eq!(store.delete(&keys, after(100), NOW).await.unwrap(), 1);
    assert_eq!(store.delete(&keys, after(50), NOW).await.unwrap(), 0);

    let standing = after(99);
    assert_eq!(load_at(&store, &deleted, standing).await, Loaded::Deleted);
    assert_eq!(load_at(&store, &absent, standing).await, Loaded::Absent);
    assert_eq!(
        store.revisions(&keys, standing).await.unwrap(),
        [None, None]
    );
    assert!(store.owned_by("owner", NOW).await.unwrap().is_empty());
    assert!(!store.touch(&deleted, after(999), standing).await.unwrap());
    for expect in [Expect::Absent, Expect::At(version)] {
        for change in [write(&deleted, expect, put("")), keep(&deleted, expect)] {
            let outcome = commit_at(&store, standing, vec![change]).await.unwrap();
            assert_eq!(outcome, CommitOutcome::Gone);
        }
    }
    found(&store, &other).await;

    let ended = after(100);
    assert_eq!(load_at(&store, &deleted, ended).await, Loaded::Absent);
    let prepared = vec![write(&deleted, Expect::At(version), put("late"))];
    let outcome = commit_at(&store, ended, prepared).await.unwrap();
    assert_eq!(outcome, CommitOutcome::Gone);
    let again = vec![write(&deleted, Expect::Absent, put("again"))];
    let outcome = commit_at(&store, ended, again).await.unwrap();
    assert!(matches!(outcome, CommitOutcome::Committed(v) if v[0].revision == 1));
    assert_eq!(found(&store, &deleted).await.bytes, "again");

    // A second deletion can move a tombstone later.
    store.delete(&keys, after(10), NOW).await.unwrap();
    store.delete(&keys, after(20), NOW).await.unwrap();
    assert_eq!(load_at(&store, &deleted, after(19)).await, Loaded::Deleted);
}

pub(super) async fn a_commit_can_delete<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let (there, absent) = (key("there"), key("absent"));
    let version = create(&store, &there, expiring(1000, 1000)).await;
    let id = fresh_id();
    let writes = vec![
        remove(&there, Expect::At(version), after(100)),
        remove(&absent, Expect::Absent, after(100)),
    ];
    let now = NOW;
    let outcome = store.commit(Commit { id, now, writes }).await.unwrap();
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

pub(super) async fn deletion_beats_a_prepared_commit<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    for race in 0..200 {
        let key = key(&format!("race/{race}"));
        let version = create(&store, &key, zero()).await;
        let prepared = tokio::spawn({
            let (store, key) = (store.clone(), key.clone());
            async move { commit(&store, vec![write(&key, Expect::At(version), put("late"))]).await }
        });
        let keys = [key.clone()];
        assert_eq!(store.delete(&keys, after(100), NOW).await.unwrap(), 1);
        let outcome = prepared.await.unwrap();
        let valid = matches!(outcome, CommitOutcome::Gone | CommitOutcome::Committed(_));
        assert!(valid, "{outcome:?}");
        assert_eq!(load(&store, &key).await, Loaded::Deleted);
    }
}

pub(super) async fn documents_are_found_by_owner<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let owned = |owner: Option<&str>| Put {
        owner: owner.map(Into::into),
        ..put("")
    };
    let names = async |owner: &str| {
        let mut keys = store.owned_by(owner, NOW).await.unwrap();
        keys.sort();
        keys.iter()
            .map(|key| key.as_str().to_owned())
            .collect::<Vec<_>>()
    };
    let mut versions = Vec::new();
    for (name, owner) in [
        ("1", Some("ann")),
        ("2", Some("bob")),
        ("3", Some("ann")),
        ("4", None),
        ("5", Some("ann\0")),
        ("6", Some("")),
    ] {
        versions.push(create(&store, &key(name), owned(owner)).await);
    }
    assert_eq!(names("ann").await, ["1", "3"]);
    assert_eq!(names("bob").await, ["2"]);
    assert_eq!(names("ann\0").await, ["5"]);
    assert_eq!(names("").await, ["6"]);
    assert!(names("eve").await.is_empty());

    let changed = vec![
        write(&key("2"), Expect::At(versions[1]), owned(Some("ann"))),
        write(&key("3"), Expect::At(versions[2]), owned(None)),
        write(&key("4"), Expect::At(versions[3]), owned(Some("bob"))),
    ];
    commit(&store, changed).await;
    assert_eq!(names("ann").await, ["1", "2"]);
    assert_eq!(names("bob").await, ["4"]);
    let ended = store.owned_by("ann", NOW).await.unwrap();
    assert_eq!(store.delete(&ended, after(9), NOW).await.unwrap(), 2);
    assert!(names("ann").await.is_empty());
}

pub(super) async fn versions_of_many_keys_come_in_one_call<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let keys: Vec<Key> = (0..10_000).map(|i| key(&format!("{i}"))).collect();
    let mut expected = vec![None; keys.len()];
    for chunk in keys.chunks(500).collect::<Vec<_>>() {
        let create = |key: &Key| write(key, Expect::Absent, put("x"));
        let writes = chunk.iter().step_by(2).map(create).collect();
        let CommitOutcome::Committed(versions) = commit(&store, writes).await else {
            panic!("not committed");
        };
        let first: usize = chunk[0].as_str().parse().unwrap();
        for (i, version) in versions.into_iter().enumerate() {
            expected[first + 2 * i] = Some(version);
        }
    }
    for count in [0, 1, 500, 10_000] {
        let versions = store.revisions(&keys[..count], NOW).await.unwrap();
        assert_eq!(versions, expected[..count]);
    }
    let twice = [keys[0].clone(), keys[1].clone(), keys[0].clone()];
    let versions = store.revisions(&twice, NOW).await.unwrap();
    assert_eq!(versions, [expected[0], None, expected[0]]);
    assert_eq!(store.load(&[], NOW).await.unwrap(), []);
}

pub(super) async fn every_commit_is_announced_in_order<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let (a, b) = (key("a"), key("b"));
    let before = create(&store, &a, put("before")).await;
    let mut subscription = store.subscribe();
    let mut second = store.subscribe();
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
    store.commit(Commit { id, now, writes }).await.unwrap();
    // None of these changes a document.
    commit(&store, vec![write(&a, Expect::Absent, put("no"))]).await;
    store.touch(&a, after(5), NOW).await.unwrap();
    store.sweep(NOW, 10).await.unwrap();
    let deletion = vec![remove(&a, Expect::At(version(2)), after(9))];
    commit(&store, deletion).await;
    let keys = [a.clone(), b.clone()];
    store.delete(&keys, after(9), NOW).await.unwrap();
    for subscription in [&mut subscription, &mut second] {
        for expected in [
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
        ] {
            assert_eq!(next(subscription).await, Some(expected));
        }
    }
    // Longer than any store takes to look for what others did: its own commits are no news.
    let quiet = timeout(Duration::from_millis(200), subscription.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

pub(super) async fn what_is_announced_can_be_loaded<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    let key = key("seen");
    create(&store, &key, zero()).await;
    let mut subscription = store.subscribe();
    let writer = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move { increment(&store, &key, 300).await }
    });
    let mut last = 1;
    while last < 301 {
        let notice = next(&mut subscription).await;
        let Some(Notice::Committed { version, .. }) = notice else {
            panic!("{notice:?}");
        };
        assert_eq!(version.revision, last + 1);
        last = version.revision;
        assert!(found(&store, &key).await.version.revision >= last);
    }
    writer.await.unwrap();
}

pub(super) async fn a_lagging_subscriber_is_told<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let mut subscription = store.subscribe();
    let mut last = fresh_id();
    for batch in 0..20 {
        let create = |i| write(&key(&format!("{batch}/{i}")), Expect::Absent, put(""));
        let writes = (0..500).map(create).collect();
        last = fresh_id();
        let (id, now) = (last, NOW);
        store.commit(Commit { id, now, writes }).await.unwrap();
    }
    assert_eq!(next(&mut subscription).await, Some(Notice::Lagged));
    // And it hears what comes after that, up to the last.
    loop {
        match next(&mut subscription).await {
            Some(Notice::Committed { key, version }) if key.as_str() == "19/499" => {
                assert_eq!(version.commit, last);
                break;
            }
            Some(_) => {}
            None => panic!("the subscription ended"),
        }
    }
}

pub(super) async fn a_document_may_not_be_too_large<S: Store>(open: impl AsyncFn() -> S) {
    let store = open().await;
    let (small, large) = (key("small"), key("large"));
    let too_large = put(vec![7; MAX_DOCUMENT + 1]);
    let writes = vec![
        write(&small, Expect::Absent, put("")),
        write(&large, Expect::Absent, too_large),
    ];
    let error = commit_at(&store, NOW, writes).await.unwrap_err();
    assert!(
        matches!(
            error,
            StoreError::TooLarge {
                size,
                limit: MAX_DOCUMENT
            } if size == MAX_DOCUMENT + 1
        ),
        "{error:?}"
    );
    assert_eq!(load(&store, &small).await, Loaded::Absent);
    assert_eq!(load(&store, &large).await, Loaded::Absent);
}

pub(super) async fn a_dropped_commit_is_whole_or_absent<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    for round in 0..200_u64 {
        let keys = [key(&format!("{round}/a")), key(&format!("{round}/b"))];
        let writes = keys
            .iter()
            .map(|key| write(key, Expect::Absent, zero()))
            .collect();
        let task = tokio::spawn({
            let store = store.clone();
            async move { commit(&store, writes).await }
        });
        tokio::time::sleep(Duration::from_micros(round * 7)).await;
        task.abort();
        let answer = task.await;
        let loaded = store.load(&keys, NOW).await.unwrap();
        match &loaded[..] {
            [Loaded::Found(a), Loaded::Found(b)] => assert_eq!(a.version, b.version),
            [Loaded::Absent, Loaded::Absent] => assert!(answer.is_err()),
            other => panic!("{other:?}"),
        }
        // Whoever cares can settle it by compare-and-set.
        let writes = keys
            .iter()
            .map(|key| write(key, Expect::Absent, zero()))
            .collect();
        let outcome = commit(&store, writes).await;
        let settled = matches!(
            outcome,
            CommitOutcome::Committed(_) | CommitOutcome::Conflict(_)
        );
        assert!(settled, "{outcome:?}");
    }
}

pub(super) async fn a_closed_store_says_so<S: Store>(open: impl AsyncFn() -> S) {
    let store = Arc::new(open().await);
    let key = key("key");
    create(&store, &key, put("")).await;
    let mut subscription = store.subscribe();
    // What was begun before is finished or refused, but nothing hangs.
    let mut tasks = JoinSet::new();
    for i in 0..32 {
        let store = store.clone();
        tasks.spawn(async move {
            let key = self::key(&format!("{i}"));
            let create = vec![write(&key, Expect::Absent, put(""))];
            match commit_at(&store, NOW, create).await {
                Ok(CommitOutcome::Committed(_)) | Err(StoreError::Closed) => {}
                other => panic!("{other:?}"),
            }
        });
    }
    let patience = Duration::from_secs(10);
    timeout(patience, store.close()).await.unwrap().unwrap();
    timeout(patience, tasks.join_all()).await.unwrap();
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
