//! Whether the store answers, asked at most once a second.

use std::time::Duration;

use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::Core;
use crate::{limits, session::Keyring};

/// How long one answer of the store is valid. More frequent probes do not reach the store.
const FRESH: Duration = Duration::from_secs(1);

/// The last answer of the store, and when it came.
#[derive(Debug, Default)]
pub(super) struct Health {
    last: Mutex<Option<(Instant, bool)>>,
}

impl Core {
    /// Whether the store answered less than a second ago, or answers now.
    pub(crate) async fn store_answers(&self) -> bool {
        // Concurrent probes wait for the same answer.
        let mut last = self.health.last.lock().await;
        if let Some((at, well)) = *last
            && at.elapsed() < FRESH
        {
            return well;
        }
        let keys = [Keyring::document()];
        let asked = self.store.revisions(&keys, self.clock.now());
        let well = matches!(timeout(limits::STORE_DEADLINE, asked).await, Ok(Ok(_)));
        *last = Some((Instant::now(), well));
        well
    }
}
