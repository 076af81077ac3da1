//! SQLite and Redis when they, their disks and their machines fail, and what every store must do.

// This example belongs to the documentation, so the file is there.
#[path = "../../../via/docs/own_store.rs"]
mod own_store;
mod redis_lost;
mod redis_refusals;
mod redis_store;
mod redis_tls;
mod sqlite_damaged;
mod sqlite_full_disk;
mod sqlite_killed;
mod sqlite_power_loss;
mod sqlite_write_errors;
