//! Asks the store, every few seconds, whether what is shown is still the latest: a notice is a hint
//! and may be lost.
//!
//! This reads versions and nothing else, and never writes.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep_until, timeout};

use super::{Hub, Table, live::Asked, stream::spread};
use crate::{
    clock::Clock,
    limits,
    store::{Key, Store, StoreError, Timestamp, Version},
};

/// A store that did not answer is asked again sooner.
const AGAIN: Duration = Duration::from_secs(1);

/// Checks that follow upon lost notices are at least so far apart.
const GAP: Duration = Duration::from_millis(100);

/// Keeps what is shown up to date for ever.
pub(crate) async fn check_for_ever(hub: Hub, store: Arc<dyn Store>, clock: Clock) {
    loop {
        let checked = hub.check(&*store, clock.now()).await;
        let pause = match &checked {
            Ok(()) => limits::CHECK_EVERY,
            Err(error) => {
                tracing::warn!(%error, "whether what is shown is the latest cannot be checked");
                AGAIN
            }
        };
        let now = Instant::now();
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

async fn check_table<C>(
    table: &Table<C>,
    store: &dyn Store,
    now: Timestamp,
) -> Result<(), StoreError> {
    for lives in table.all().chunks(limits::CHECK_BATCH) {
        let shown: Vec<_> = lives
            .iter()
            .filter_map(|live| Some((live, live.to_be_checked()?)))
            .collect();
        let keys: Vec<Key> = shown.iter().map(|(live, _)| live.key().clone()).collect();
        let versions = versions(store, &keys, now).await?;
        for ((live, asked), version) in shown.into_iter().zip(versions) {
            let asked: Asked = asked;
            live.checked(asked, version);
        }
    }
    Ok(())
}

/// The versions of documents, in one question to the store.
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
