//! Commits that another one overtakes, and commits that are done wrongly on purpose.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;
use via::store::{
    Change, Commit, CommitId, CommitOutcome, Expect, Loaded, Put, Store, StoreError, Version, Write,
};

/// How long before its commit an early acknowledgement comes.
const EARLY: Duration = Duration::from_millis(30);
/// How often the last writer tries to win.
const ATTEMPTS: usize = 50;

/// Another server's commit to the first document of `commit`.
pub(super) async fn rival(store: &dyn Store, commit: &Commit) {
    let write = &commit.writes[0];
    let loaded = store.load(std::slice::from_ref(&write.key), commit.now);
    let Loaded::Found(found) = loaded.await.expect("the store inside is well").remove(0) else {
        panic!("a rival needs a document to change");
    };
    let mut document: Value = serde_json::from_slice(&found.bytes).expect("a document");
    let count = &mut document["fields"]["Rival.commits"];
    *count = json!(count.as_u64().unwrap_or(0) + 1);
    let commit = Commit {
        id: CommitId(found.version.commit.0.wrapping_add(1)),
        now: commit.now,
        writes: vec![Write {
            key: write.key.clone(),
            expect: Expect::At(found.version),
            change: Change::Put(Put {
                bytes: document.to_string().into(),
                expiry: found.expiry,
                owner: found.owner,
            }),
        }],
    };
    let outcome = store.commit(commit).await;
    assert!(
        matches!(outcome, Ok(CommitOutcome::Committed(_))),
        "{outcome:?}"
    );
}

/// Commits over whatever version is stored.
pub(super) async fn overwrite(
    store: &dyn Store,
    mut commit: Commit,
) -> Result<CommitOutcome, StoreError> {
    for _ in 0..ATTEMPTS {
        match store.commit(commit.clone()).await? {
            CommitOutcome::Conflict(there) => {
                for (write, loaded) in commit.writes.iter_mut().zip(there) {
                    write.expect = match loaded {
                        Loaded::Found(found) => Expect::At(found.version),
                        Loaded::Absent | Loaded::Deleted => Expect::Absent,
                    };
                }
            }
            outcome => return Ok(outcome),
        }
    }
    Ok(CommitOutcome::Unknown)
}

/// Acknowledges a commit, and does it later.
pub(super) fn promise(store: Arc<dyn Store>, commit: Commit) -> CommitOutcome {
    let versions = commit.writes.iter().map(|write| promised(write, &commit));
    let outcome = CommitOutcome::Committed(versions.collect());
    tokio::spawn(async move {
        sleep(EARLY).await;
        let _ = store.commit(commit).await;
    });
    outcome
}

fn promised(write: &Write, commit: &Commit) -> Version {
    match (write.expect, &write.change) {
        (Expect::At(version), Change::Keep) => version,
        (Expect::At(version), _) => Version {
            revision: version.revision + 1,
            commit: commit.id,
        },
        (Expect::Absent, _) => Version {
            revision: 1,
            commit: commit.id,
        },
    }
}
