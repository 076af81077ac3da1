//! How long to wait before another attempt.

use std::time::Duration;

use crate::random::random;

/// Waits for a random time that grows with the attempts, so that contenders spread out.
pub(crate) async fn backoff(attempt: u32) {
    let most = 500_u64 << attempt.min(6);
    let micros = u64::from(u32::from_le_bytes(random())) % most;
    tokio::time::sleep(Duration::from_micros(micros)).await;
}
