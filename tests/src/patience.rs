//! How long a wait may last before the test fails.

use std::thread::sleep;
use std::time::{Duration, Instant};

/// The longest wait for something that should happen at once.
///
/// It is generous, because only a failing test waits that long: a machine that compiles
/// beside the tests is slow in bursts.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Polls `condition` until it gives a value.
///
/// `what` completes the sentence "gave up waiting until ...".
#[track_caller]
pub fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(
            Instant::now() < deadline,
            "gave up waiting until {what} (after {PATIENCE:?})"
        );
        sleep(Duration::from_millis(5));
    }
}

/// Like [`wait_until`], for tests whose server runs on the same threads.
pub async fn eventually<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(
            Instant::now() < deadline,
            "gave up waiting until {what} (after {PATIENCE:?})"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
