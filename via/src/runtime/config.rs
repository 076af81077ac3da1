//! What follows from the configuration alone.

use super::Timeouts;
use crate::{
    address::Networks,
    clock,
    hub::ActionRate,
    limits,
    protocol::header::VIA_PATH,
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
    /// Whether browsers are told to reach the host by HTTPS alone.
    pub(crate) hsts: bool,
    /// The path below which the framework serves its own files.
    pub(crate) via_path: &'static str,
    /// The path of the live stream.
    pub(crate) stream_path: String,
    /// The path below which the app says whether it is well; `None` if it does not.
    pub(crate) health_below: Option<&'static str>,
}

impl Config {
    pub(crate) fn new(name: &str, secure: bool, origins: &[String], timeouts: Timeouts) -> Self {
        let origins: Vec<_> = origins.iter().map(|origin| as_sent(origin)).collect();
        let port = origins.iter().find_map(|origin| parsed(origin)?.port_u16());
        Self {
            cookie: CookieConfig::new(name, secure, timeouts.absolute).at_port(port),
            hsts: !origins.is_empty() && origins.iter().all(|origin| owns_host(origin)),
            origins,
            timeouts,
            secrets: Secrets::default(),
            action_rate: ActionRate::default(),
            trusted_proxies: Networks::default(),
            tasks_per_session: limits::TASKS_OF_SESSION,
            proxy_protocol: Networks::default(),
            new_sessions: ActionRate::of_new_sessions(),
            via_path: VIA_PATH,
            stream_path: format!("{VIA_PATH}/stream"),
            health_below: Some(""),
        }
    }

    /// Serves the files of the framework and the live stream below another path.
    pub(crate) fn move_files(&mut self, path: &'static str) {
        self.via_path = path;
        self.stream_path = format!("{path}/stream");
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

fn parsed(origin: &str) -> Option<http::Uri> {
    origin.parse().ok()
}

/// An origin as browsers send it: in small letters, and without the usual port of its scheme.
fn as_sent(origin: &str) -> String {
    let origin = origin.to_ascii_lowercase();
    let usual = if origin.starts_with("https:") {
        ":443"
    } else {
        ":80"
    };
    match origin.strip_suffix(usual) {
        Some(short) => short.to_owned(),
        None => origin,
    }
}

/// Whether an app that is reached there by HTTPS may ask browsers to reach the whole host so: not if there
/// may be other programs at other ports.
fn owns_host(origin: &str) -> bool {
    let Some(uri) = parsed(origin) else {
        return false;
    };
    let host = uri.host().unwrap_or_default();
    let is_local = host == "localhost"
        || host.ends_with(".localhost")
        || host.starts_with("127.")
        || host == "[::1]";
    origin.starts_with("https:") && uri.port().is_none() && !is_local
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_as_browsers_send_them() {
        for (written, sent) in [
            ("https://App.Example", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("http://app.example:80", "http://app.example"),
            ("http://app.example:443", "http://app.example:443"),
            ("https://[2001:DB8::1]:443", "https://[2001:db8::1]"),
        ] {
            assert_eq!(as_sent(written), sent);
        }
    }

    #[test]
    fn browsers_are_told_to_use_https_alone_if_the_app_owns_the_host() {
        for (origins, expected) in [
            (&["https://a.example"][..], true),
            (&["https://a.example", "https://b.example"], true),
            (&["https://a.example:8443"], false),
            (&["https://localhost"], false),
            (&["http://a.example"], false),
            (&[], false),
        ] {
            let origins: Vec<_> = origins.iter().map(|&origin| origin.to_owned()).collect();
            let config = Config::new("a", true, &origins, Timeouts::default());
            assert_eq!(config.hsts, expected, "{:?}", config.origins);
        }
    }
}
