//! The format of a newer version.

use super::prelude::*;

pub async fn a_newer_format_is_refused_by_name_and_left_alone<H: Formats>(harness: &H) {
    let key = key("kept");
    let store = harness.open().await;
    create(&store, &key, put("kept")).await;
    store.close().await.must();
    drop(store);

    let name = harness.make_newer().await;
    let content = harness.content().await;
    for _ in 0..2 {
        match harness.try_open().await {
            Ok(store) => panic!("{store:?} opened the format {name}, which it cannot know"),
            Err(sentence) => assert!(
                sentence.contains(&name),
                "the error message does not name the format {name}: {sentence}"
            ),
        }
        assert!(
            harness.content().await == content,
            "the content was changed"
        );
    }
}
