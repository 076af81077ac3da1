//! SQLite and Redis when they, their disks and their machines fail, and what every store owes.

// A part of the documentation, so it is where the documentation is.
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
