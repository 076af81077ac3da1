use std::slice;

use super::*;
use crate::store::{
    Expect, Notice, Put,
    conformance::{Behind, Faults, Harness, Small, support::*},
};

struct Memory;

impl Harness for Memory {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        MemoryStore::new()
    }
}

impl Small for Memory {
    async fn open_small(&self) -> MemoryStore {
        MemoryStore::with_limits(100, usize::MAX)
    }
}

/// A store that reaches its limit of bytes.
struct FewBytes;

impl Harness for FewBytes {
    type Store = MemoryStore;

    async fn open(&self) -> MemoryStore {
        MemoryStore::new()
    }
}

impl Small for FewBytes {
    async fn open_small(&self) -> MemoryStore {
        MemoryStore::with_limits(usize::MAX, 300_000)
    }
}

mod plain {
    use super::*;

    crate::store::conformance::tests! { Memory; full }
}

mod behind_faults {
    use super::*;

    crate::store::conformance::tests! {
        Behind::new(Memory, Faults::gentle(1)); full, unknown
    }
}

#[test]
fn few_bytes_are_full_as_well() {
    for case in crate::store::conformance::full() {
        case.run(&|| FewBytes);
    }
}

fn is_full(result: &Result<CommitOutcome, StoreError>) -> bool {
    matches!(result, Err(StoreError::Full(_)))
}

fn until(millis: i64) -> Put {
    Put {
        expiry: Expiry::at(after(millis)),
        ..put("")
    }
}

#[tokio::test]
async fn over_the_limit_of_documents_only_a_create_is_refused() {
    let store = MemoryStore::with_limits(2, usize::MAX);
    let (a, b, c) = (key("a"), key("b"), key("c"));
    let version = create(&store, &a, put("")).await;
    create(&store, &b, until(100)).await;

    let create_c = vec![write(&c, Expect::Absent, put(""))];
    assert!(is_full(&commit_at(&store, NOW, create_c.clone()).await));
    let both = vec![
        write(&a, Expect::At(version), put("no")),
        write(&c, Expect::Absent, put("no")),
    ];
    assert!(is_full(&commit_at(&store, NOW, both).await));
    assert_eq!(found(&store, &a).await.version, version);

    let change = vec![write(&a, Expect::At(version), put("yes"))];
    commit_at(&store, NOW, change).await.unwrap();
    assert_eq!(found(&store, &a).await.bytes, "yes");
    // An expired document makes room.
    commit_at(&store, after(100), create_c).await.unwrap();
    found(&store, &c).await;
}

#[tokio::test]
async fn over_the_limit_of_bytes_only_growth_is_refused() {
    let store = MemoryStore::with_limits(10, 160);
    let (a, b) = (key("a"), key("b"));
    // A new document may use fifteen sixteenths.
    let too_large = vec![write(&a, Expect::Absent, put(vec![0; 150]))];
    assert!(is_full(&commit_at(&store, NOW, too_large).await));
    let mut version = create(&store, &a, put(vec![0; 149])).await;
    let create_b = vec![write(&b, Expect::Absent, put(""))];
    assert!(is_full(&commit_at(&store, NOW, create_b.clone()).await));
    // An existing document may use all of the limit.
    let grow = vec![write(&a, Expect::At(version), put(vec![0; 160]))];
    assert!(is_full(&commit_at(&store, NOW, grow).await));
    for size in [158, 159, 148] {
        let change = vec![write(&a, Expect::At(version), put(vec![1; size]))];
        let outcome = commit_at(&store, NOW, change).await.unwrap();
        let CommitOutcome::Committed(versions) = outcome else {
            panic!("{outcome:?}");
        };
        version = versions[0];
    }
    commit_at(&store, NOW, create_b).await.unwrap();
    assert!(store.touch(&a, after(9), NOW).await.unwrap());
    assert_eq!(store.delete(&[a], after(9), NOW).await.unwrap(), 1);
}

#[tokio::test]
async fn the_default_limits_are_100_000_documents_and_512_mib() {
    let store = MemoryStore::new();
    for i in 0..100_000 {
        create(&store, &key(&format!("{i}")), put("")).await;
    }
    let more = vec![write(&key("more"), Expect::Absent, put(""))];
    assert!(is_full(&commit_at(&store, NOW, more).await));

    // All documents share their bytes, so this needs no more memory than one of them.
    let store = MemoryStore::new();
    let content = Bytes::from(vec![0; 1024 * 1024 - 2]);
    let mut versions = Vec::new();
    for i in 0..480 {
        let key = key(&format!("{i:03}"));
        versions.push(create(&store, &key, put(content.slice(1..))).await);
    }
    let more = vec![write(&key("480"), Expect::Absent, put(content.clone()))];
    assert!(is_full(&commit_at(&store, NOW, more).await));
    let grow = vec![write(&key("000"), Expect::At(versions[0]), put(content))];
    commit_at(&store, NOW, grow).await.unwrap();
}

#[tokio::test]
async fn what_has_expired_makes_way_behind_many_that_were_used_again() {
    let store = MemoryStore::with_limits(2 * SWEEP_CHUNK + 1, usize::MAX);
    for i in 0..2 * SWEEP_CHUNK {
        let key = key(&format!("{i}"));
        let put = Put {
            expiry: Expiry {
                idle_until: after(1),
                absolute: Timestamp::NEVER,
            },
            ..put("")
        };
        create(&store, &key, put).await;
        assert!(store.touch(&key, after(1000), NOW).await.unwrap());
    }
    create(&store, &key("expired"), until(2)).await;
    let create_new = vec![write(&key("new"), Expect::Absent, put(""))];
    assert!(is_full(
        &commit_at(&store, after(1), create_new.clone()).await
    ));
    commit_at(&store, after(2), create_new).await.unwrap();
}

#[tokio::test]
async fn nothing_is_counted_once_everything_is_swept() {
    let store = MemoryStore::new();
    for i in 0..1000 {
        let put = Put {
            owner: Some(format!("owner {}", i % 7).into()),
            ..until(i)
        };
        create(&store, &key(&format!("{i}")), put).await;
    }
    store.delete(&[key("5")], after(9), NOW).await.unwrap();
    assert_eq!(store.sweep(after(1000), usize::MAX).await.unwrap(), 1000);
    let documents = store.lock();
    let documents = documents.as_ref().unwrap();
    assert_eq!(documents.bytes, 0);
    assert!(documents.entries.is_empty());
    assert!(documents.by_deadline.is_empty());
    assert!(documents.by_owner.is_empty());
    assert!(documents.candidates.is_empty());
}

const MINUTES: i64 = 60 * 1000;
const DAYS: i64 = 24 * 60 * MINUTES;

/// A session in which nobody is logged in.
fn session() -> Put {
    Put {
        expiry: Expiry {
            idle_until: after(14 * DAYS),
            absolute: after(90 * DAYS),
        },
        ..put("")
    }
}

/// Creates a document after so many milliseconds and answers whether there was room.
async fn created(store: &MemoryStore, millis: i64, name: &str, put: Put) -> bool {
    let create = vec![write(&key(name), Expect::Absent, put)];
    let result = commit_at(store, after(millis), create).await;
    assert!(result.is_ok() || is_full(&result), "{result:?}");
    result.is_ok_and(|outcome| matches!(outcome, CommitOutcome::Committed(_)))
}

/// Which of these documents exist after so many milliseconds. Looking is no use of them.
fn existing<'n>(store: &MemoryStore, millis: i64, names: &[&'n str]) -> Vec<&'n str> {
    let documents = store.lock();
    let documents = documents.as_ref().unwrap();
    let exists = |name: &&&str| documents.present(&key(name), after(millis)).is_some();
    names.iter().filter(exists).copied().collect()
}

#[tokio::test]
async fn a_session_that_was_committed_once_makes_way_after_ten_minutes_and_has_ended() {
    let store = MemoryStore::with_limits(2, usize::MAX);
    let (first, second) = (key("first"), key("second"));
    let version = create(&store, &first, session()).await;
    assert!(created(&store, MINUTES, "second", session()).await);
    assert!(!created(&store, 10 * MINUTES - 1, "third", session()).await);
    let mut notices = store.subscribe();
    let now = after(10 * MINUTES);
    assert!(created(&store, 10 * MINUTES, "third", session()).await);
    assert_eq!(
        next(&mut notices).await,
        Some(Notice::Deleted { key: first.clone() })
    );
    assert!(matches!(
        next(&mut notices).await,
        Some(Notice::Committed { .. })
    ));

    assert_eq!(load_at(&store, &first, now).await, Loaded::Deleted);
    assert_eq!(
        store.revisions(slice::from_ref(&first), now).await.unwrap(),
        [None]
    );
    assert!(!store.touch(&first, after(DAYS), now).await.unwrap());
    for expect in [Expect::Absent, Expect::At(version)] {
        let again = vec![write(&first, expect, session())];
        let outcome = commit_at(&store, now, again).await.unwrap();
        assert_eq!(outcome, CommitOutcome::Gone);
    }
    // Until then its cookie may come back.
    let last = after(14 * DAYS - 1);
    assert_eq!(load_at(&store, &first, last).await, Loaded::Deleted);
    assert_eq!(
        load_at(&store, &first, after(14 * DAYS)).await,
        Loaded::Absent
    );
    assert!(matches!(
        load_at(&store, &second, now).await,
        Loaded::Found(_)
    ));
}

#[tokio::test]
async fn whatever_is_used_stays() {
    let store = MemoryStore::with_limits(4, usize::MAX);
    let names = ["loaded", "touched", "shown", "committed"];
    let mut versions = Vec::new();
    for name in names {
        versions.push(create(&store, &key(name), session()).await);
    }
    let now = after(10 * MINUTES);
    load_at(&store, &key("loaded"), now).await;
    assert!(store.touch(&key("touched"), after(0), now).await.unwrap());
    store.revisions(&[key("shown")], now).await.unwrap();
    // A commit that needs room does not evict what it writes.
    let both = vec![
        write(&key("committed"), Expect::At(versions[3]), session()),
        write(&key("new"), Expect::Absent, session()),
    ];
    assert!(is_full(&commit_at(&store, now, both.clone()).await));
    assert_eq!(existing(&store, 10 * MINUTES, &names), names);
    let later = after(20 * MINUTES);
    assert!(matches!(
        commit_at(&store, later, both).await.unwrap(),
        CommitOutcome::Committed(_)
    ));
    let left = existing(&store, 20 * MINUTES, &names);
    assert_eq!(left.len(), 3);
    assert!(left.contains(&"committed"));
}

#[tokio::test]
async fn what_was_committed_once_makes_way_before_what_was_not_used_for_a_day() {
    let store = MemoryStore::with_limits(5, usize::MAX);
    let often = create(&store, &key("often"), session()).await;
    replace(&store, &key("often"), often, session()).await;
    let logged_in = Put {
        owner: Some("ann".into()),
        ..session()
    };
    create(&store, &key("owned"), logged_in).await;
    create(&store, &key("shared"), put("")).await;
    let with_ttl = Put {
        expiry: Expiry {
            idle_until: after(30 * DAYS),
            absolute: Timestamp::NEVER,
        },
        ..put("")
    };
    create(&store, &key("kept"), with_ttl).await;
    assert!(created(&store, DAYS - 10 * MINUTES, "once", session()).await);
    let names = ["often", "owned", "shared", "kept", "once"];
    assert!(created(&store, DAYS, "new", session()).await);
    assert_eq!(existing(&store, DAYS, &names), names[..4]);
    assert!(created(&store, DAYS + 1, "newer", session()).await);
    assert_eq!(existing(&store, DAYS, &names), names[1..4]);
    // The others would stay for ever.
    for (days, name) in [(2, "a"), (3, "b"), (4, "c")] {
        assert!(created(&store, days * DAYS, name, session()).await);
    }
    assert_eq!(existing(&store, 4 * DAYS, &names), names[1..4]);
}

#[tokio::test]
async fn bytes_are_made_free_in_the_same_way() {
    let store = MemoryStore::with_limits(usize::MAX, 160);
    for name in ["a", "b"] {
        let put = Put {
            bytes: vec![0; 70].into(),
            ..session()
        };
        create(&store, &key(name), put).await;
    }
    let large = Put {
        bytes: vec![0; 140].into(),
        ..session()
    };
    assert!(!created(&store, 9 * MINUTES, "c", large.clone()).await);
    assert!(created(&store, 10 * MINUTES, "c", large).await);
    assert!(existing(&store, 10 * MINUTES, &["a", "b"]).is_empty());
}
