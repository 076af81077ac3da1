//! Tests that put a load on the whole machine or measure time: they take turns.

use tokio::sync::Mutex;

mod history_memory;
mod history_redis;
mod history_sqlite;
mod latency;
mod load;
mod stalled_readers;
mod table;

/// Held by each test here while it runs.
static TURN: Mutex<()> = Mutex::const_new(());
