//! The content of documents: bytes, keys, sizes.

use super::prelude::*;

pub async fn bytes_come_back_as_they_went_in<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let noise: Vec<u8> = (0..MAX_DOCUMENT)
        .map(|i| u8::try_from(i * 31 % 251).unwrap_or_default())
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

pub async fn keys_do_not_collide<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let longest = "k".repeat(Key::MAX_LEN);
    let names: Vec<String> = [
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
    let keys: Vec<Key> = names.iter().map(|name| key(name)).collect();
    for key in &keys {
        create(&store, key, put(key.as_str().to_owned())).await;
    }
    let loaded = store.load(&keys, NOW).await.must();
    for (key, loaded) in keys.iter().zip(loaded) {
        let Loaded::Found(document) = loaded else {
            panic!("the document {key:?} does not exist");
        };
        assert_eq!(document.bytes, key.as_str());
        assert_eq!(document.version.revision, 1);
    }
}

pub async fn versions_of_many_keys_come_in_one_call<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let keys: Vec<Key> = (0..10_000).map(|i| key(&format!("{i}"))).collect();
    let mut expected = vec![None; keys.len()];
    for (number, chunk) in keys.chunks(500).enumerate() {
        let create = |key: &Key| write(key, Expect::Absent, put("x"));
        let writes = chunk.iter().step_by(2).map(create).collect();
        let versions = committed(commit(&store, writes).await);
        for (i, version) in versions.into_iter().enumerate() {
            expected[500 * number + 2 * i] = Some(version);
        }
    }
    for count in [0, 1, 500, 10_000] {
        let versions = store.revisions(&keys[..count], NOW).await.must();
        assert_eq!(versions, expected[..count]);
    }
    let twice = [keys[0].clone(), keys[1].clone(), keys[0].clone()];
    let versions = store.revisions(&twice, NOW).await.must();
    assert_eq!(versions, [expected[0], None, expected[0]]);
    assert_eq!(store.load(&[], NOW).await.must(), []);
}

pub async fn a_document_may_not_be_too_large<H: Harness>(harness: &H) {
    let store = harness.open().await;
    let (small, large) = (key("small"), key("large"));
    let too_large = put(vec![7; MAX_DOCUMENT + 1]);
    let writes = vec![
        write(&small, Expect::Absent, put("")),
        write(&large, Expect::Absent, too_large),
    ];
    let result = commit_at(&store, NOW, writes).await;
    assert!(
        matches!(
            result,
            Err(StoreError::TooLarge {
                size,
                limit: MAX_DOCUMENT
            }) if size == MAX_DOCUMENT + 1
        ),
        "{result:?}"
    );
    assert_eq!(load(&store, &small).await, Loaded::Absent);
    assert_eq!(load(&store, &large).await, Loaded::Absent);
    // The store still works.
    create(&store, &large, put(vec![7; MAX_DOCUMENT])).await;
}

/// Many concurrent tasks change each document as often as its number says.
pub async fn a_thousand_documents_do_not_disturb_each_other<H: Harness>(harness: &H) {
    const DOCUMENTS: usize = 1000;
    const TASKS: usize = 8;
    let store = Arc::new(harness.open().await);
    let keys: Arc<Vec<Key>> = Arc::new((0..DOCUMENTS).map(|i| key(&format!("key/{i}"))).collect());
    let creations = |chunk: &[Key]| {
        let create = |key: &Key| write(key, Expect::Absent, zero());
        chunk.iter().map(create).collect()
    };
    for chunk in keys.chunks(100) {
        committed(commit(&store, creations(chunk)).await);
    }
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (store, keys) = (store.clone(), keys.clone());
        tasks.spawn(async move {
            for i in (task..DOCUMENTS).step_by(TASKS) {
                increment(&store, &keys[i], i % 4).await;
            }
        });
    }
    tasks.join_all().await;
    for (i, loaded) in store.load(&keys, NOW).await.must().iter().enumerate() {
        let Loaded::Found(document) = loaded else {
            panic!("{:?} is {loaded:?}", keys[i]);
        };
        let expected = (i % 4) as u64;
        assert_eq!(document.bytes, expected.to_be_bytes().as_slice());
        assert_eq!(document.version.revision, expected + 1);
    }
}
