//! The cases by topic. Each is an ordinary function that panics if the store is
//! wrong. `macros.rs` lists them.

pub mod closing;
pub mod commit;
pub mod content;
pub mod deletion;
pub mod expiry;
pub mod formats;
pub mod full;
pub mod instances;
pub mod kills;
pub mod notices;
pub mod owners;
pub mod processes;
pub mod random;
pub mod restarts;
pub mod several;
pub mod sweep;
pub mod unknown;

mod prelude {
    pub(super) use std::sync::Arc;

    pub(super) use bytes::Bytes;
    pub(super) use tokio::{
        task::{JoinSet, yield_now},
        time::timeout,
    };

    pub(super) use crate::store::{
        Commit, CommitOutcome, Expect, Expiry, Key, Loaded, MAX_DOCUMENT, Notice, Put, Store,
        StoreError, StoredDocument, Timestamp, Version,
        conformance::{
            harness::{Elsewhere, Formats, Harness, LosesAnswers, Small},
            support::*,
        },
    };
}
