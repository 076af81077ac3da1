//! A store that has no room left.

use super::prelude::*;

const SIZE: usize = 4096;

/// A refused commit writes nothing, and reads still work.
pub async fn a_full_store_says_so_and_can_still_be_read<H: Small>(harness: &H) {
    let store = harness.open_small().await;
    let keys = fill(&store).await;
    for (i, key) in keys.iter().enumerate() {
        assert_eq!(found(&store, key).await.bytes, content(i), "{key:?}");
    }
    let versions = store.revisions(&keys, NOW).await.must();
    assert!(versions.iter().all(Option::is_some), "{versions:?}");

    // The refused commit did not write its other half either.
    let version = versions[0].must_be_there();
    let both = vec![
        write(&keys[0], Expect::At(version), put(content(1))),
        write(&key("one more"), Expect::Absent, put(vec![1; 64 * SIZE])),
    ];
    let refused = commit_at(&store, NOW, both).await;
    assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
    assert_eq!(load(&store, &key("one more")).await, Loaded::Absent);
    assert_eq!(found(&store, &keys[0]).await.version, version);

    // A change of the same size may need room for a moment, so both outcomes are valid.
    let change = vec![write(&keys[0], Expect::At(version), put(content(9)))];
    let expected = match commit_at(&store, NOW, change).await {
        Ok(outcome) => (committed(outcome)[0], content(9)),
        Err(StoreError::Full(_)) => (version, content(0)),
        Err(other) => panic!("a full store answered {other:?}"),
    };
    let document = found(&store, &keys[0]).await;
    assert_eq!((document.version, document.bytes.to_vec()), expected);
    assert!(store.touch(&keys[0], after(9), NOW).await.must());
}

pub async fn a_full_store_takes_more_once_something_is_gone<H: Small>(harness: &H) {
    let store = harness.open_small().await;
    let keys = fill(&store).await;
    let half = &keys[..keys.len().div_ceil(2)];
    assert_eq!(store.delete(half, after(1), NOW).await.must(), half.len());
    assert_eq!(store.sweep(after(1), usize::MAX).await.must(), half.len());
    create(&store, &key("new"), put(content(0))).await;
    found(&store, &key("new")).await;
}

/// Creates documents until there is no room, and returns their keys.
async fn fill(store: &impl Store) -> Vec<Key> {
    let mut keys = Vec::new();
    loop {
        let key = key(&format!("{:06}", keys.len()));
        let create = vec![write(&key, Expect::Absent, put(content(keys.len())))];
        match commit_at(store, NOW, create).await {
            Ok(outcome) => drop(committed(outcome)),
            Err(StoreError::Full(_)) => {
                assert!(
                    !keys.is_empty(),
                    "the store has no room for even one document"
                );
                assert_eq!(load(store, &key).await, Loaded::Absent);
                return keys;
            }
            Err(other) => panic!("a full store answered {other:?}"),
        }
        keys.push(key);
        assert!(
            keys.len() <= 1000,
            "`open_small` has room for more than 1,000 documents"
        );
    }
}

fn content(number: usize) -> Vec<u8> {
    number.to_be_bytes().repeat(SIZE / size_of::<usize>())
}

trait MustBeThere {
    fn must_be_there(self) -> Version;
}

impl MustBeThere for Option<Version> {
    #[track_caller]
    fn must_be_there(self) -> Version {
        self.unwrap_or_else(|| panic!("the document does not exist"))
    }
}
