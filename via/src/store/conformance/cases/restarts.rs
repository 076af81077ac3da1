//! What a store keeps when it is opened again.

use super::prelude::*;

pub async fn what_was_acknowledged_is_there_after_a_drop<H: Harness>(harness: &H) {
    let store = harness.open().await;
    fill(&store).await;
    drop(store);
    is_filled(&harness.open().await).await;
}

pub async fn what_was_acknowledged_is_there_after_a_close<H: Harness>(harness: &H) {
    let store = harness.open().await;
    fill(&store).await;
    store.close().await.must();
    drop(store);
    is_filled(&harness.open().await).await;
}

/// The store creates or migrates nothing twice, and loses nothing.
pub async fn a_place_can_be_opened_again_and_again<H: Harness>(harness: &H) {
    let key = key("counter");
    create(&harness.open().await, &key, zero()).await;
    for time in 0..10 {
        let store = harness.open().await;
        assert_eq!(number(&store, &key).await, time * 3);
        increment(&store, &key, 3).await;
        if time % 2 == 0 {
            store.close().await.must();
        }
    }
    let store = harness.open().await;
    assert_eq!(found(&store, &key).await.version.revision, 31);
}

const DOCUMENTS: usize = 100;

/// Creates documents of an owner with deadlines. Touches one, deletes one, and removes one by a
/// commit.
async fn fill(store: &impl Store) {
    for i in 0..DOCUMENTS {
        let put = Put {
            bytes: format!("value {i}").into(),
            ..expiring(100, 1000)
        };
        create(store, &key(&format!("{i}")), put).await;
    }
    store.delete(&[key("7")], after(50), NOW).await.must();
    let version = found(store, &key("8")).await.version;
    let removal = vec![remove(&key("8"), Expect::At(version), after(60))];
    committed(commit(store, removal).await);
    assert!(store.touch(&key("9"), after(500), NOW).await.must());
    // This commit is the last call, with no other one behind it.
    let version = found(store, &key("10")).await.version;
    replace(store, &key("10"), version, put("replaced")).await;
}

async fn is_filled(store: &impl Store) {
    for i in 0..DOCUMENTS {
        let key = key(&format!("{i}"));
        if i == 7 || i == 8 {
            assert_eq!(load(store, &key).await, Loaded::Deleted, "{key:?}");
            continue;
        }
        let document = found(store, &key).await;
        if i == 10 {
            assert_eq!(document.bytes, "replaced");
            assert_eq!(document.version.revision, 2);
            continue;
        }
        assert_eq!(document.bytes, format!("value {i}"));
        let idle = if i == 9 { 500 } else { 100 };
        let expiry = Expiry {
            idle_until: after(idle),
            absolute: after(1000),
        };
        assert_eq!(document.expiry, expiry, "{key:?}");
        assert_eq!(document.owner.as_deref(), Some("owner"));
    }
    let owned = store.owned_by("owner", NOW).await.must();
    assert_eq!(owned.len(), DOCUMENTS - 3);
    assert_eq!(load_at(store, &key("7"), after(50)).await, Loaded::Absent);
    // The two tombstones, and all documents that were not touched or replaced.
    assert_eq!(store.sweep(after(100), 1000).await.must(), DOCUMENTS - 2);
}
