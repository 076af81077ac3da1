//! Asks the store every few seconds whether the shown documents are the latest, because a notice may
//! be lost.
//!
//! It reads only versions and writes nothing.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until, timeout};

use super::{Hub, Live, PageDocuments, Table, live::Asked};
use crate::{
    clock::Clock,
    limits,
    log_text::LogText,
    random::spread,
    session::Keyring,
    store::{Key, Store, StoreError, Timestamp, Version},
};

/// The pause after a store did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// The shortest pause between two checks that follow lost notices.
const GAP: Duration = Duration::from_millis(100);

/// Checks what is shown until it is dropped.
pub(crate) async fn check_for_ever(
    hub: Hub,
    keys: Arc<Keyring>,
    store: Arc<dyn Store>,
    clock: Clock,
) {
    loop {
        let mut checked = hub.check(&*store, clock.now()).await;
        if checked.is_ok() {
            checked = check_keys(&keys, &*store, clock.now()).await;
        }
        let pause = match &checked {
            Ok(()) => limits::CHECK_EVERY,
            Err(error) => {
                tracing::warn!(error = %LogText(error), "whether what is shown is the latest cannot be checked");
                AGAIN
            }
        };
        let now = Instant::now();
        hub.lingering.tidy(now);
        tokio::select! {
            () = sleep_until(now + spread(pause, 10)) => {}
            () = hub.check_now.notified(), if checked.is_ok() => sleep_until(now + GAP).await,
        }
    }
}

impl Hub {
    /// Compares everything that is shown with what the store has, a batch at a time.
    async fn check(&self, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
        check_table(&self.sessions, store, now).await?;
        check_table(&self.shared, store, now).await
    }
}

/// Checks the shared key, which counts as shown.
async fn check_keys(keys: &Keyring, store: &dyn Store, now: Timestamp) -> Result<(), StoreError> {
    if let Some(known) = keys.version() {
        let there = versions(store, &[Keyring::document()], now).await?;
        if there.first().copied().flatten() != Some(known) {
            keys.follow(store, now).await;
        }
    }
    Ok(())
}

async fn check_table<C>(
    table: &Table<C>,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    for lives in table.all().chunks(limits::CHECK_BATCH) {
        check_batch(lives, store, now).await?;
    }
    Ok(())
}

async fn check_batch<C>(
    lives: &[Arc<Live<C>>],
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    let shown = lives
        .iter()
        .filter_map(|live| Some((live, live.to_be_checked()?)))
        .collect();
    compare(shown, store, now).await
}

async fn compare<C>(
    shown: Vec<(&Arc<Live<C>>, Asked)>,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    let keys: Vec<Key> = shown.iter().map(|(live, _)| live.key().clone()).collect();
    let versions = versions(store, &keys, now).await?;
    for ((live, asked), version) in shown.into_iter().zip(versions) {
        live.checked(asked, version);
    }
    Ok(())
}

/// Makes sure that these pages show no shared value that is older than what the store has now.
pub(crate) async fn check_shared<'a>(
    pages: impl Iterator<Item = &'a PageDocuments>,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut lives: Vec<_> = pages
        .flat_map(PageDocuments::shared)
        .map(|value| Arc::clone(&value.live))
        .collect();
    lives.sort_unstable_by(|one, other| one.key().cmp(other.key()));
    lives.dedup_by(|one, other| one.key() == other.key());
    let mut shown = Vec::with_capacity(lives.len());
    for live in &lives {
        match live.to_be_checked() {
            Some(asked) => shown.push((live, asked)),
            // It will be loaded anyway, but perhaps by a request that asked the store earlier.
            None => live.doubt(),
        }
    }
    compare(shown, store, now).await
}

/// The versions of documents, asked for at once.
async fn versions(
    store: &dyn Store,
    keys: &[Key],
    now: Timestamp,
) -> Result<Vec<Option<Version>>, StoreError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    timeout(limits::STORE_DEADLINE, store.revisions(keys, now))
        .await
        .map_err(|_| StoreError::Unavailable("it did not answer in time".into()))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        hub::{DocumentState, Live, Watch},
        state::SharedDocument,
        store::{Change, Commit, CommitId, CommitOutcome, Expect, Expiry, MemoryStore, Put, Write},
    };

    const NOW: Timestamp = Timestamp::from_millis(0);

    async fn commit(store: &MemoryStore, key: &Key, id: u128, expect: Expect) -> Version {
        let commit = Commit {
            id: CommitId(id),
            now: NOW,
            writes: vec![Write {
                key: key.clone(),
                expect,
                change: Change::Put(Put {
                    bytes: SharedDocument::default().encode().bytes,
                    expiry: Expiry::NEVER,
                    owner: None,
                }),
            }],
        };
        let Ok(CommitOutcome::Committed(versions)) = store.commit(commit).await else {
            panic!("it is not committed");
        };
        versions[0]
    }

    async fn load(store: &MemoryStore, live: &Live<SharedDocument>) {
        let asked = live.asked();
        let mut loaded = store.load(&[live.key().clone()], NOW).await.unwrap();
        let state = DocumentState::of_loaded(loaded.remove(0)).unwrap();
        live.note(&state, asked, NOW);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_shows_a_document_that_changed_is_told_within_six_seconds() {
        let (store, hub) = (Arc::new(MemoryStore::new()), Hub::new());
        let keys = Keyring::of_store(&*store, NOW).await.unwrap();
        // More than fit into one question, and one of them changes.
        let mut shown = Vec::new();
        for value in 0..=limits::CHECK_BATCH {
            let key = Key::new(format!("app/{value}")).unwrap();
            let version = commit(&store, &key, 1, Expect::Absent).await;
            let live = hub.shared.live(&key);
            load(&store, &live).await;
            let watch = Arc::new(Watch::new([]));
            live.register(Arc::clone(&watch));
            watch.lower();
            shown.push((key, live, watch, version));
        }
        tokio::spawn(check_for_ever(
            hub.clone(),
            Arc::new(keys),
            Arc::clone(&store) as Arc<dyn Store>,
            Clock::manual(NOW),
        ));
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(!shown.iter().any(|(_, _, watch, _)| watch.lower()));
        let (key, live, watch, version) = &shown[7];
        commit(&store, key, 2, Expect::At(*version)).await;
        tokio::time::sleep(Duration::from_secs(6)).await;
        assert!(watch.lower());
        assert!(live.undoubted(NOW).is_none());
        load(&store, live).await;
        assert_eq!(live.undoubted(NOW).unwrap().revision(), 2);
        // Nobody else was woken.
        assert!(!shown.iter().any(|(_, _, watch, _)| watch.lower()));
    }
}
