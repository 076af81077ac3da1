//! What follows from the configuration alone.

use super::Timeouts;
use crate::{
    clock,
    hub::ActionRate,
    session::{CookieConfig, Secrets, SessionCookie},
    store::Timestamp,
};

/// What follows from the configuration alone.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) cookie: CookieConfig,
    /// The origins from which browsers may act, where they do not say that they are ours.
    pub(crate) origins: Vec<String>,
    pub(crate) timeouts: Timeouts,
    /// None if the shared key is in the store.
    pub(crate) secrets: Secrets,
    pub(crate) action_rate: ActionRate,
}

impl Config {
    pub(crate) fn new(name: &str, secure: bool, origins: Vec<String>, timeouts: Timeouts) -> Self {
        Self {
            cookie: CookieConfig::new(name, secure, timeouts.absolute),
            origins,
            timeouts,
            secrets: Secrets::default(),
            action_rate: ActionRate::default(),
        }
    }

    /// Whether a session that committed nothing is over.
    ///
    /// A cookie younger than the idle time cannot have a session that ended by itself, and
    /// one that was ended on purpose has a tombstone for as long. So a younger cookie without a
    /// document is one whose session has not begun.
    pub(crate) fn visit_is_over(&self, cookie: &SessionCookie, now: Timestamp) -> bool {
        clock::after(cookie.issued, self.timeouts.idle) <= now
    }
}
