//! What can go wrong in a call of Redis, and whether it is certain that nothing was written.

use redis::ServerError;

use crate::store::StoreError;

/// Why a call failed.
#[derive(Debug)]
pub(super) enum RedisFailure {
    /// Redis certainly did not do it.
    Refused(StoreError),
    /// Redis may have done it.
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

/// Sorts the errors of Redis. With a known code, Redis certainly wrote no document: the scripts check
/// everything before they write, and write documents only after all else has succeeded.
pub(super) fn refusal(error: &ServerError) -> RedisFailure {
    let said = said(error);
    let unavailable = || StoreError::Unavailable(said.clone().into());
    match error.code() {
        "OOM" => RedisFailure::Refused(StoreError::Full("Redis has reached its `maxmemory`")),
        "MISCONF" if said.contains("No space left") => {
            RedisFailure::Refused(StoreError::Full("the disk of Redis has no room left"))
        }
        "DAMAGED" | "WRONGTYPE" => RedisFailure::Refused(StoreError::Damaged(said.into())),
        "MISCONF" | "READONLY" | "LOADING" | "BUSY" | "NOPERM" | "NOAUTH" | "NOSCRIPT"
        | "NOREPLICAS" | "MASTERDOWN" | "CLUSTERDOWN" | "MOVED" | "CROSSSLOT" => {
            RedisFailure::Refused(unavailable())
        }
        // A script that was stopped half-way, or an error that no known version of Redis sends.
        _ => RedisFailure::InDoubt(unavailable()),
    }
}

/// Whether this server must not get commits any more.
pub(super) fn is_demoted(error: &ServerError) -> bool {
    matches!(error.code(), "READONLY" | "MOVED" | "CLUSTERDOWN")
}

fn said(error: &ServerError) -> String {
    match error.details() {
        // For a command that Redis does not know, it quotes the arguments: keys and documents.
        Some(details) => {
            let before = details.split(", with args").next().unwrap_or_default();
            format!("Redis says: {} {before}", error.code())
        }
        None => format!("Redis says: {}", error.code()),
    }
}
