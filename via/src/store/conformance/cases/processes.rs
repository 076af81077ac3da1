//! Several processes that share their documents.

use super::{super::children::Children, super::children::count, super::children::told, prelude::*};

/// 64 tasks, half of them in another process.
pub async fn no_increment_is_lost_between_processes<H: Elsewhere>(
    harness: &H,
    children: &Children,
) {
    let store = Arc::new(harness.open().await);
    let key = key("counter");
    create(&store, &key, zero()).await;
    let mut child = children.start();
    child.tell("increment counter 32 200");
    count(&store, &key, 32, 200).await;
    assert_eq!(child.answer(), "done");
    assert_eq!(number(&store, &key).await, 12_800);
    assert_eq!(found(&store, &key).await.version.revision, 12_801);
}

pub async fn a_process_sees_what_another_committed<H: Elsewhere>(harness: &H, children: &Children) {
    let store = harness.open().await;
    let mut child = children.start();
    for round in 0..100 {
        let version = create(&store, &key(&format!("mine/{round}")), zero()).await;
        let seen = child.ask(&format!("load mine/{round}"));
        assert_eq!(seen, told(Some(version)));

        let theirs = key(&format!("theirs/{round}"));
        let answer = child.ask(&format!("create theirs/{round}"));
        assert_eq!(answer, told(Some(found(&store, &theirs).await.version)));
        store.delete(&[theirs], after(9), NOW).await.must();
        assert_eq!(child.ask(&format!("load theirs/{round}")), told(None));
    }
}

pub async fn a_commit_of_another_process_is_announced_or_covered<H: Elsewhere>(
    harness: &H,
    children: &Children,
) {
    let store = harness.open().await;
    let mut child = children.start();
    let mut subscription = store.subscribe();
    for round in 0..20 {
        let key = key(&format!("theirs/{round}"));
        child.ask(&format!("create {key}"));
        let version = found(&store, &key).await.version;
        let notice = Notice::Committed { key, version };
        super::instances::hears_of_others(&mut subscription, notice).await;
    }
    // A caller that waits for a notice before it loads again misses nothing.
    for round in 0..50 {
        let key = key(&format!("awaited/{round}"));
        let mut subscription = store.subscribe();
        child.tell(&format!("create {key}"));
        while load(&store, &key).await == Loaded::Absent {
            assert!(next(&mut subscription).await.is_some());
        }
        child.answer();
    }
}
