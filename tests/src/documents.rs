//! Documents of a store, without an app.

use std::sync::atomic::{AtomicU64, Ordering};

use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Expiry, Key, Loaded, Put, Store, StoreError,
    Timestamp, Version, Write,
};

/// A moment before any document of these tests expires.
pub const NOW: Timestamp = Timestamp::from_millis(1_000_000);

/// A key.
pub fn key(name: &str) -> Key {
    Key::new(name).expect("the name of a key")
}

/// Commits one document.
///
/// # Errors
///
/// What the store returns.
pub async fn put(
    store: &impl Store,
    key: &Key,
    expect: Expect,
    text: &str,
) -> Result<CommitOutcome, StoreError> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let put = Put {
        bytes: text.to_owned().into(),
        expiry: Expiry::NEVER,
        owner: Some("owner".into()),
    };
    let write = Write {
        key: key.clone(),
        expect,
        change: Change::Put(put),
    };
    let id = CommitId(u128::from(std::process::id()) << 64 | u128::from(number));
    let writes = vec![write];
    store
        .commit(Commit {
            id,
            now: NOW,
            writes,
        })
        .await
}

/// Creates a document that must not exist yet.
pub async fn create(store: &impl Store, key: &Key, text: &str) -> Version {
    match put(store, key, Expect::Absent, text).await {
        Ok(CommitOutcome::Committed(versions)) => versions[0],
        other => panic!("{key:?} is not created: {other:?}"),
    }
}

/// The version and the text of a document, if it exists.
///
/// # Errors
///
/// What the store returns.
pub async fn load(store: &impl Store, key: &Key) -> Result<Option<(Version, String)>, StoreError> {
    let loaded = store.load(std::slice::from_ref(key), NOW).await?;
    Ok(match &loaded[..] {
        [Loaded::Found(found)] => {
            let text = String::from_utf8_lossy(&found.bytes).into_owned();
            Some((found.version, text))
        }
        _ => None,
    })
}
