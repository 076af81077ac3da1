//! Tests that put load on the whole machine or measure time. They take turns.

use tokio::sync::Mutex;

mod history_memory;
mod history_redis;
mod history_sqlite;
mod latency;
mod load;
mod stalled_readers;
mod table;

/// Each test here holds this while it runs.
static TURN: Mutex<()> = Mutex::const_new(());
