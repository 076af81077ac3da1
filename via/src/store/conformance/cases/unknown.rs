//! Commits whose answer is lost.

use super::prelude::*;

/// The answer must not be an error, because that says that the store wrote nothing.
/// It must not be an outcome that the store cannot have received either.
pub async fn an_outcome_that_is_not_known_is_said_to_be_unknown<H: LosesAnswers>(harness: &H) {
    let store = harness.open().await;
    let mut unknown = 0;
    for round in 0..40 {
        let key = key(&format!("{round}"));
        let before = create(&store, &key, put("before")).await;
        let id = fresh_id();
        let (now, writes) = (NOW, vec![write(&key, Expect::At(before), put("after"))]);
        harness.lose_answers(&store, true).await;
        let outcome = store.commit(Commit { id, now, writes }).await;
        harness.lose_answers(&store, false).await;
        let found = found(&store, &key).await;
        let is_done = found.version != before;
        if is_done {
            let revision = 2;
            assert_eq!(
                found.version,
                Version {
                    revision,
                    commit: id
                }
            );
            assert_eq!(found.bytes, "after");
        }
        match outcome {
            Ok(CommitOutcome::Unknown) => unknown += 1,
            Ok(CommitOutcome::Committed(versions)) => {
                assert_eq!(versions, [found.version], "the store answered `Committed`");
            }
            Ok(other) => panic!("the answer is {other:?}, but the commit is valid"),
            Err(error) => assert!(!is_done, "the commit happened, but the answer is: {error}"),
        }
    }
    assert!(unknown > 0, "no outcome was `Unknown`");
}
