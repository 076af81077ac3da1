//! Removes expired documents in the background.

use std::sync::Arc;

use crate::{
    clock::{self, Clock},
    limits,
    log_text::LogText,
    random::spread,
    store::Store,
};

/// Removes expired documents from `store` until it is dropped, a bounded number at a time, so that
/// other work runs in between. Only space depends on it: an expired document is never loaded.
pub(super) async fn sweep(store: Arc<dyn Store>, clock: Clock) {
    loop {
        let now = clock.now();
        match store.sweep(now, limits::SWEEP_BATCH).await {
            Ok(removed) if removed >= limits::SWEEP_BATCH => {
                tokio::task::yield_now().await;
                continue;
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = %LogText(&error), "expired documents cannot be removed");
            }
        }
        // Servers of one store do not all sweep at the same moment.
        clock
            .sleep_until(clock::after(now, spread(limits::SWEEP_EVERY, 20)))
            .await;
    }
}
