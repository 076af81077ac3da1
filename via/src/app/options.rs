//! The options of an app.

use std::{panic::Location, sync::Arc, time::Duration};

use super::{App, security};
use crate::{address::Network, clock::Clock, hub::ActionRate, runtime::Timeouts, store::Store};

impl App {
    /// Keeps state in `store`. Without this call an app keeps it in memory.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Adds a stylesheet to every page. Its URL contains a hash, so browsers cache it for ever.
    ///
    /// The default Content-Security-Policy forbids inline styles.
    pub fn stylesheet(mut self, css: &'static str) -> Self {
        self.files.stylesheets.push(css);
        self
    }

    /// Adds a JavaScript module to every page. Its URL contains a hash, so browsers cache it for ever.
    ///
    /// The module runs after the browser client and finds it as `window.via`; the
    /// [guide](crate::guide::client) describes that object. The default Content-Security-Policy
    /// forbids inline scripts.
    ///
    /// Tested by: `tests/browser/client_api.rs`, `a_script_of_the_app_calls_an_action_and_hears_what_becomes_of_it`.
    pub fn script(mut self, module: &'static str) -> Self {
        self.files.scripts.push(module);
        self
    }

    /// Shows a developer's overlay on every page. Off by default.
    ///
    /// The overlay shows the connection, the tab, the last patches with their size, how long clicks
    /// take, and mistakes in attributes. It can also slow down the network. It reveals nothing that
    /// the browser does not know anyway. If it is off, the app serves no part of it.
    ///
    /// Tested by: `tests/browser/dev.rs`, `nothing_of_the_overlay_is_in_an_app_without_it`.
    ///
    /// ```
    /// let app = via::App::new().dev(cfg!(debug_assertions));
    /// ```
    pub fn dev(mut self, on: bool) -> Self {
        self.files.dev = on;
        self
    }

    /// Names the app in its cookie, so that several apps on one host do not overwrite each other's.
    ///
    /// The default is the name of the crate of the first page. If you change the name, all visitors
    /// start new sessions.
    ///
    /// # Panics
    ///
    /// Panics if `name` is empty or has other characters than letters, digits, `-` and `_`.
    #[track_caller]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        assert!(
            !name.is_empty()
                && name
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
            "use letters, digits, `-` and `_` for the name of an app, as in `my-app`, not {name:?}"
        );
        self.name = Some(name);
        self
    }

    /// Says how browsers reach the app, for example `https://app.example.com` if a reverse proxy
    /// terminates TLS. You may call it several times.
    ///
    /// With an `https` origin, cookies are `Secure` and have the `__Host-` prefix. With an `http`
    /// origin they travel unencrypted, so use one on a private network only.
    ///
    /// # Panics
    ///
    /// Panics if `origin` is not a scheme and a host, with or without a port. Panics if some origins
    /// are `http` and others `https`.
    #[track_caller]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        let origin = origin.into();
        assert!(
            security::is_origin(&origin),
            "write an origin without a path, as in `https://app.example.com` or \
             `http://10.0.0.1:3000`, not {origin:?}"
        );
        let secure = |origin: &str| origin.starts_with("https:");
        assert!(
            self.origins
                .iter()
                .all(|old| secure(old) == secure(&origin)),
            "browsers reach an app either by `https` or by `http`, but {origin:?} was given after \
             {:?}; give origins of one scheme",
            self.origins,
        );
        self.origins.push(origin);
        self
    }

    /// Ends a session after `idle` without use, and any session after `absolute`.
    ///
    /// The defaults are 14 and 90 days. Keeping a page open does not count as use.
    ///
    /// The app does not start if `idle` is less than a second or longer than `absolute`.
    ///
    /// # Example: timeouts that end nothing
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// use std::time::Duration;
    ///
    /// let app = via::App::new().session_timeouts(Duration::from_hours(24), Duration::from_hours(1));
    /// let error = app.bind("127.0.0.1:0").await.unwrap_err();
    /// assert!(error.is_config());
    /// # }
    /// ```
    #[track_caller]
    pub fn session_timeouts(mut self, idle: Duration, absolute: Duration) -> Self {
        self.timeouts = Timeouts::new(idle, absolute, Location::caller());
        self
    }

    /// Authenticates cookies with this secret instead of a key in the store.
    ///
    /// If you call it several times, the app seals new cookies with the first secret and still
    /// accepts cookies of the others. So to replace a secret, put the new one before the old one, and
    /// remove the old one when its cookies have expired.
    ///
    /// All servers of a store need the same secrets. Without a call, the app reads them from the
    /// environment variable `VIA_SECRET`, separated by commas, the newest first.
    ///
    /// The app does not start if a secret has less than 32 bytes.
    ///
    /// # Example: the app refuses a secret that can be guessed
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let error = via::App::new().secret("hunter2").bind("127.0.0.1:0").await.unwrap_err();
    /// assert!(error.is_config());
    /// # }
    /// ```
    pub fn secret(mut self, secret: impl Into<String>) -> Self {
        self.secrets.push(secret.into());
        self
    }

    /// Lets each session act `per_second` times a second on average, and `burst` times at once.
    ///
    /// The defaults are 20 and 60. The app answers further actions with 429, and the browser repeats
    /// them after a second, so they are late but not lost.
    ///
    /// Tested by: `tests/server/rate.rs`.
    ///
    /// # Panics
    ///
    /// Panics if one of the two is 0.
    #[track_caller]
    pub fn action_rate(mut self, per_second: u32, burst: u32) -> Self {
        assert!(
            per_second > 0 && burst > 0,
            "an action rate of {per_second} per second and {burst} at once allows no action; use at \
             least 1 for both"
        );
        self.action_rate = ActionRate::new(per_second, burst);
        self
    }

    /// Names the reverse proxies in front of the app. The app believes them when they say in
    /// `X-Forwarded-For` or `Forwarded` for whom they forward a request, so that limits per address
    /// count visitors and not proxies. You may call it several times.
    ///
    /// Write addresses (`10.0.0.5`), networks (`10.0.0.0/8`), `loopback` for the addresses of the same
    /// machine, or `private` for all private networks. Name only networks in which nobody but your
    /// proxies reaches the app, because others could make up addresses.
    ///
    /// The app reads these headers from the right, up to the first address that is not a trusted
    /// proxy. It ignores them if another peer sends them. If a request has both headers and they
    /// disagree, it counts under the address of the proxy.
    ///
    /// Inside a router of your own, serve it with
    /// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info).
    ///
    /// Tested by: `app/client_address.rs`, `tests/server/proxies.rs`.
    ///
    /// # Panics
    ///
    /// Panics if a text is none of these.
    ///
    /// # Example: nginx on the same machine, and a load balancer
    ///
    /// ```
    /// let app = via::App::new().trusted_proxies(["loopback", "10.0.0.0/24"]);
    /// ```
    #[track_caller]
    pub fn trusted_proxies<I>(mut self, networks: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for network in networks {
            self.trusted_proxies.extend(named(network));
        }
        self
    }

    /// Names the proxies that speak the PROXY protocol, version 1 or 2: each of their connections begins
    /// with a header that says who the client is. Use it for proxies that pass on TCP and not HTTP.
    ///
    /// Write the same as in [`trusted_proxies`](Self::trusted_proxies). The app closes a connection from
    /// such a proxy that begins with something else. From other peers it accepts no such header.
    ///
    /// The client that the header names counts as the peer of the connection. So if a proxy that sends
    /// `X-Forwarded-For` stands before that one, name it with `trusted_proxies`. Inside a router of your
    /// own this has no effect.
    ///
    /// Tested by: `tests/server/proxies.rs`, `tests/server/behind_proxies.rs`.
    ///
    /// # Panics
    ///
    /// Panics if a text is neither an address nor a network nor a name for networks.
    ///
    /// # Example: `send-proxy-v2` of an `HAProxy` on the same machine
    ///
    /// ```
    /// let app = via::App::new().proxy_protocol(["127.0.0.1"]);
    /// ```
    #[track_caller]
    pub fn proxy_protocol<I>(mut self, networks: I) -> Self
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        for network in networks {
            self.proxy_protocol.extend(named(network));
        }
        self
    }

    /// Limits how many connections the server holds at a time, live streams aside. The default is 8,192.
    ///
    /// If there are so many, the server closes those that were idle for the longest time, so that new
    /// ones still get in. Connections on which a request is handled are not closed. Inside a router of
    /// your own there is no limit.
    ///
    /// Tested by: `tests/server/crowded.rs`.
    ///
    /// # Panics
    ///
    /// Panics if `limit` is 0.
    #[track_caller]
    pub fn connections(mut self, limit: usize) -> Self {
        assert!(
            limit > 0,
            "a server that holds no connection answers nobody; allow at least 1"
        );
        self.room.connections = limit;
        self
    }

    /// Limits how many connections one network address may have open, live streams aside. The default
    /// is 1,024.
    ///
    /// If an address has so many, the server closes those of them that were idle for the longest time.
    /// Addresses of one IPv6 network (/64) count as one.
    /// [Trusted proxies](Self::trusted_proxies) have no such limit. Inside a router of your own there
    /// is no limit.
    ///
    /// Tested by: `tests/server/crowded.rs`.
    ///
    /// # Panics
    ///
    /// Panics if `limit` is 0.
    #[track_caller]
    pub fn connections_per_address(mut self, limit: usize) -> Self {
        assert!(
            limit > 0,
            "an address without connections reaches nothing; allow at least 1"
        );
        self.room.connections_per_address = limit;
        self
    }

    /// Limits how many tasks of one session run at a time, together with the futures of its
    /// [`Effects::spawn`](crate::Effects::spawn). The default is 16.
    ///
    /// The app answers an action that would start one more with 429 and commits nothing. The browser
    /// repeats it after a second, so it starts when another task has ended. An action that spawns more
    /// futures than the limit at once is an incident. Other sessions are not affected.
    ///
    /// Tested by: `tests/server/many_tasks.rs`.
    ///
    /// # Panics
    ///
    /// Panics if `limit` is 0.
    ///
    /// ```
    /// let app = via::App::new().tasks_per_session(100);
    /// ```
    #[track_caller]
    pub fn tasks_per_session(mut self, limit: usize) -> Self {
        assert!(
            limit > 0,
            "a session that may run no task cannot start one; allow at least 1"
        );
        self.tasks_per_session = limit;
        self
    }

    /// Lets the visitors of one network address begin `per_second` new sessions a second on average, and
    /// `burst` at once.
    ///
    /// The defaults are 2 and 1,000: an office of a thousand people behind one address may click for the
    /// first time in the same moment. A session begins with its first action. The app answers a first
    /// action above the limit with 429 and records nothing; the browser repeats it after five seconds, so
    /// it is late but not lost. Visitors who already have a session are never slowed down.
    ///
    /// An IPv6 network (/64) counts as one address. Together, the addresses of a larger network (an IPv4
    /// /24, an IPv6 /48) may begin eight times as many sessions.
    ///
    /// The limit holds for every store. `u32::MAX` for both means no limit. Behind a proxy, name it with
    /// [`trusted_proxies`](Self::trusted_proxies); otherwise all its visitors count as one address. Inside
    /// a router of your own there is a limit only if you serve it with
    /// [`into_make_service_with_connect_info::<SocketAddr>`](axum::Router::into_make_service_with_connect_info).
    ///
    /// Tested by: `tests/server/newcomers.rs`.
    ///
    /// # Panics
    ///
    /// Panics if one of the two is 0.
    ///
    /// ```
    /// // Visitors come through a proxy that does not tell their addresses.
    /// let app = via::App::new().new_sessions_per_address(100, 10_000);
    /// ```
    #[track_caller]
    pub fn new_sessions_per_address(mut self, per_second: u32, burst: u32) -> Self {
        assert!(
            per_second > 0 && burst > 0,
            "a limit of {per_second} new sessions per second and {burst} at once lets nobody in; use at \
             least 1 for both"
        );
        self.new_sessions = ActionRate::new(per_second, burst);
        self
    }

    /// Limits how many live streams one network address may have open; each browser has one. The
    /// default is 256. The app answers further ones with 429, and the browser tries again later.
    ///
    /// Addresses of one IPv6 network (/64) count as one. Behind a proxy, name it with
    /// [`trusted_proxies`](Self::trusted_proxies); otherwise all its visitors count as one.
    /// `usize::MAX` means no limit. Inside a router of your own there is no limit.
    ///
    /// Tested by: `tests/server/connections.rs`.
    pub fn streams_per_address(mut self, limit: usize) -> Self {
        self.room.streams_per_address = limit;
        self
    }

    /// Answers `/livez` and `/readyz` below another path, or not at all.
    ///
    /// With `Some("/internal")` the two paths are `/internal/livez` and `/internal/readyz`. With `None` the
    /// app does not answer there, for example because another app of the same program does.
    ///
    /// Tested by: `tests/server/hosts.rs`.
    ///
    /// # Panics
    ///
    /// Panics if the path does not begin with `/`, ends with `/`, or has parameters.
    #[track_caller]
    pub fn health(mut self, below: Option<&'static str>) -> Self {
        if let Some(below) = below {
            assert_path(below);
        }
        self.health_below = below;
        self
    }

    /// Serves the files of the browser client and the live stream below this path instead of `/_via`.
    ///
    /// If you [merge](axum::Router::merge) the routers of two apps into one, the apps need different
    /// paths, because otherwise axum stops the program at start. Nested apps need nothing. Tabs that are
    /// open when you change the path must be reloaded.
    ///
    /// Tested by: `tests/server/hosts.rs`.
    ///
    /// # Panics
    ///
    /// Panics if the path does not begin with `/`, ends with `/`, or has parameters.
    ///
    /// # Examples
    ///
    /// ```
    /// let shop = via::App::new().name("shop");
    /// let admin = via::App::new().name("admin").files_below("/_admin").health(None);
    /// let router = shop.into_router().merge(admin.into_router());
    /// # let _: axum::Router = router;
    /// ```
    #[track_caller]
    pub fn files_below(mut self, path: &'static str) -> Self {
        assert_path(path);
        self.via_path = path;
        self
    }

    /// Takes the time from `clock` instead of the system, for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

#[track_caller]
fn named(text: impl AsRef<str>) -> Vec<Network> {
    let text = text.as_ref();
    let Ok(networks) = Network::named(text) else {
        panic!(
            "write proxies as addresses, networks such as `10.0.0.0/8`, `loopback` or `private`, not \
             {text:?}"
        );
    };
    networks
}

/// Panics if something cannot be served below this path.
#[track_caller]
fn assert_path(path: &str) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    assert!(
        path.starts_with('/')
            && !path.ends_with('/')
            && !path.contains("//")
            && path.bytes().all(is_plain),
        "write a path such as `/internal`, not {path:?}"
    );
}
