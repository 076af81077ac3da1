//! What can go wrong on the way to Redis, and what is known then.

use redis::ServerError;

use crate::store::StoreError;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum RedisFailure {
    /// It was not done.
    Refused(StoreError),
    /// It may have been done.
    InDoubt(StoreError),
}

impl RedisFailure {
    pub(super) fn in_doubt(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::InDoubt(StoreError::Unavailable(error.into()))
    }
}

impl From<RedisFailure> for StoreError {
    fn from(failure: RedisFailure) -> Self {
        match failure {
            RedisFailure::Refused(error) | RedisFailure::InDoubt(error) => error,
        }
    }
}

/// What Redis says when it has not even begun; the scripts check everything before they write, and
/// write no document before all else has succeeded.
pub(super) fn refusal(error: &ServerError) -> RedisFailure {
    let said = said(error);
    let unavailable = || StoreError::Unavailable(said.clone().into());
    match error.code() {
        "OOM" => RedisFailure::Refused(StoreError::Full("Redis has as much memory as it may have")),
        "MISCONF" if said.contains("No space left") => {
            RedisFailure::Refused(StoreError::Full("the disk of Redis has no room"))
        }
        "DAMAGED" | "WRONGTYPE" => RedisFailure::Refused(StoreError::Damaged(said.into())),
        "MISCONF" | "READONLY" | "LOADING" | "BUSY" | "NOPERM" | "NOAUTH" | "NOSCRIPT"
        | "NOREPLICAS" | "MASTERDOWN" | "CLUSTERDOWN" | "MOVED" | "CROSSSLOT" => {
            RedisFailure::Refused(unavailable())
        }
        // A script that was stopped in its middle, or something that no version of Redis said yet.
        _ => RedisFailure::InDoubt(unavailable()),
    }
}

/// Whether this server has become something that commits must not go to.
pub(super) fn is_demoted(error: &ServerError) -> bool {
    matches!(error.code(), "READONLY" | "MOVED" | "CLUSTERDOWN")
}

fn said(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("Redis says: {} {details}", error.code()),
        None => format!("Redis says: {}", error.code()),
    }
}
