//! What follows from the configuration alone.

use super::Timeouts;
use crate::{
    address::Networks,
    clock,
    hub::ActionRate,
    limits,
    session::{CookieConfig, Secrets, SessionCookie},
    store::Timestamp,
};

/// What follows from the configuration alone.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) cookie: CookieConfig,
    /// The origins from which browsers may act if they do not send `Sec-Fetch-Site`.
    pub(crate) origins: Vec<String>,
    pub(crate) timeouts: Timeouts,
    /// Empty if the shared key is kept in the store.
    pub(crate) secrets: Secrets,
    pub(crate) action_rate: ActionRate,
    /// The proxies that are believed when they name their clients.
    pub(crate) trusted_proxies: Networks,
    /// How many tasks of one session run at a time.
    pub(crate) tasks_per_session: usize,
    /// The proxies whose connections begin with a header of the PROXY protocol.
    pub(crate) proxy_protocol: Networks,
    /// How many sessions visitors of one address begin.
    pub(crate) new_sessions: ActionRate,
}

impl Config {
    pub(crate) fn new(name: &str, secure: bool, origins: Vec<String>, timeouts: Timeouts) -> Self {
        let port = origins.iter().find_map(|origin| {
            let origin: http::Uri = origin.parse().ok()?;
            origin.port_u16()
        });
        Self {
            cookie: CookieConfig::new(name, secure, timeouts.absolute).at_port(port),
            origins,
            timeouts,
            secrets: Secrets::default(),
            action_rate: ActionRate::default(),
            trusted_proxies: Networks::default(),
            tasks_per_session: limits::TASKS_OF_SESSION,
            proxy_protocol: Networks::default(),
            new_sessions: ActionRate::of_new_sessions(),
        }
    }

    /// Whether a session without a document has ended, and not just not begun.
    ///
    /// A session cannot expire while its cookie is younger than the idle timeout, and a session
    /// that was ended on purpose has a tombstone for that long. So a younger cookie without a
    /// document belongs to a session that has not begun.
    pub(crate) fn visit_is_over(&self, cookie: &SessionCookie, now: Timestamp) -> bool {
        clock::after(cookie.issued, self.timeouts.idle) <= now
    }
}
