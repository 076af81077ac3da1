//! Documents by their owner.

use super::prelude::*;

pub async fn documents_are_found_by_owner<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let owned = |owner: Option<&str>| Put {
        owner: owner.map(Into::into),
        ..put("")
    };
    let names = async |owner: &str| {
        let mut keys = store.owned_by(owner, NOW).await.must();
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
    let ended = store.owned_by("ann", NOW).await.must();
    assert_eq!(store.delete(&ended, after(9), NOW).await.must(), 2);
    assert!(names("ann").await.is_empty());
}

pub async fn one_document_of_an_owner_ends_alone<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let keys = [key("1"), key("2"), key("3")];
    for key in &keys {
        create(&store, key, expiring(1000, 1000)).await;
    }
    let one = std::slice::from_ref(&keys[1]);
    assert_eq!(store.delete(one, after(100), NOW).await.must(), 1);
    let mut left = store.owned_by("owner", NOW).await.must();
    left.sort();
    assert_eq!(left, [keys[0].clone(), keys[2].clone()]);
    assert_eq!(load(&store, &keys[1]).await, Loaded::Deleted);
}

/// One commit deletes several documents, but only if another one still has its version.
pub async fn all_other_documents_of_an_owner_end_in_one_commit<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (mine, stranger) = (key("mine"), key("stranger"));
    let version = create(&store, &mine, expiring(1000, 1000)).await;
    create(&store, &stranger, put("")).await;
    for i in 0..20 {
        create(&store, &key(&format!("other/{i}")), expiring(1000, 1000)).await;
    }
    let end_others = async |version| {
        let mut keys = store.owned_by("owner", NOW).await.must();
        assert_eq!(keys.len(), 21);
        keys.retain(|key| *key != mine);
        let mut writes = vec![keep(&mine, Expect::At(version))];
        for (key, loaded) in keys.iter().zip(store.load(&keys, NOW).await.must()) {
            let Loaded::Found(document) = loaded else {
                panic!("{key:?} is {loaded:?}");
            };
            writes.push(remove(key, Expect::At(document.version), after(100)));
        }
        commit(&store, writes).await
    };
    // The owner changes the document after it was read.
    let moved = replace(&store, &mine, version, expiring(1000, 1000)).await;
    let refused = end_others(version).await;
    assert!(matches!(refused, CommitOutcome::Conflict(_)), "{refused:?}");

    assert_eq!(committed(end_others(moved).await)[0], moved);
    let left = store.owned_by("owner", NOW).await.must();
    assert_eq!(left, std::slice::from_ref(&mine));
    assert_eq!(load(&store, &key("other/7")).await, Loaded::Deleted);
    assert_eq!(found(&store, &mine).await.version, moved);
    found(&store, &stranger).await;
}
