//! [`App`]: what is registered, turned into an axum [`Router`] or a server.

mod act;
mod document;
mod health;
mod keys;
mod live_stream;
mod outlive;
mod routes;
mod security;
mod serve;

use std::{collections::BTreeMap, fmt, panic::Location, sync::Arc, time::Duration};

use axum::Router;

pub use serve::Server;

use crate::{
    client::Files,
    clock::Clock,
    field::Segment,
    hub::ActionRate,
    limits,
    page::{PageEntry, View},
    runtime::{Config, Core, Timeouts},
    session::{SECRET_VARIABLE, Secrets, WeakSecret},
    sessions::Sessions,
    store::{MemoryStore, Store},
};

/// An application: its pages, its store, and how browsers reach it.
///
/// Wrong configuration stops the program at start, at the line that wrote it.
///
/// # Example: a page in a router
///
/// ```
/// use via::prelude::*;
///
/// #[via::page("/")]
/// struct Hello {
///     #[state]
///     visits: u64,
/// }
///
/// impl View for Hello {
///     fn view(&self, _cx: &Cx<Self>) -> Markup {
///         html! { p { "Hello" } }
///     }
/// }
///
/// let router: axum::Router = via::App::new().page::<Hello>().into_router();
/// ```
#[must_use = "an app does nothing until it is served"]
pub struct App {
    pages: Vec<PageEntry>,
    store: Arc<dyn Store>,
    files: Files,
    name: Option<String>,
    origins: Vec<String>,
    timeouts: Timeouts,
    secrets: Secrets,
    action_rate: ActionRate,
    streams_per_address: usize,
    clock: Clock,
}

impl App {
    /// An app without pages whose state lives in memory.
    pub fn new() -> Self {
        Self {
            pages: Vec::new(),
            store: Arc::new(MemoryStore::new()),
            files: Files::default(),
            name: None,
            origins: Vec::new(),
            timeouts: Timeouts::default(),
            secrets: Secrets::default(),
            action_rate: ActionRate::default(),
            streams_per_address: limits::STREAMS_PER_ADDRESS,
            clock: Clock::system(),
        }
    }

    /// Adds a page under its own route.
    ///
    /// # Panics
    ///
    /// Panics, at the line of the call, if a page of this route or of this name was added before:
    /// a name is part of the keys of stored state and of the names of actions, so that two pages
    /// cannot share it. Also if a field is kept under the key of another page's field (`key = ".."`,
    /// `shared = ".."`) in another type, version or time to live.
    #[track_caller]
    pub fn page<P: View>(mut self) -> Self {
        let entry = PageEntry::new::<P>(Location::caller());
        let (new, place) = (entry.descriptor, entry.location);
        assert!(
            !new.route.starts_with("/_via"),
            "page `{}` cannot have the route `{}`: paths below `/_via` belong to the framework",
            new.name,
            new.route,
        );
        assert!(
            !health::PATHS.contains(&new.route),
            "page `{}` cannot have the route `{}`: the framework answers there how the server is",
            new.name,
            new.route,
        );
        for PageEntry {
            descriptor: old,
            location,
            ..
        } in &self.pages
        {
            assert!(
                !Segment::same_paths(old.segments, new.segments),
                "the route `{}` is taken twice: by `{}::{}`, added at {location}, and by \
                 `{}::{}`, added at {place}",
                new.route,
                old.module,
                old.name,
                new.module,
                new.name,
            );
            assert!(
                old.name != new.name,
                "two pages are named `{}`: `{}::{}`, added at {location}, and `{}::{}`, added at \
                 {place}; rename one, because stored state is kept under that name",
                new.name,
                old.module,
                old.name,
                new.module,
                new.name,
            );
        }
        keys::assert_agreement(&self.pages, &entry);
        self.pages.push(entry);
        self
    }

    /// Keeps state in `store` instead of memory.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Adds a stylesheet to every page, served under a hashed URL that browsers keep for ever.
    ///
    /// Inline styles are forbidden by the default Content-Security-Policy.
    pub fn stylesheet(mut self, css: &'static str) -> Self {
        self.files.stylesheets.push(css);
        self
    }

    /// Adds a JavaScript module to every page, served under a hashed URL that browsers keep for ever.
    ///
    /// It runs after the browser client and finds it as `window.via`; the
    /// [guide](crate::guide::client) says what that gives. Inline scripts are forbidden by the default
    /// Content-Security-Policy.
    ///
    /// Test: `tests/browser/client_api.rs`, `a_script_of_the_app_calls_an_action_and_hears_what_becomes_of_it`.
    pub fn script(mut self, module: &'static str) -> Self {
        self.files.scripts.push(module);
        self
    }

    /// Shows an overlay on every page for whoever develops it: the connection, the tab, the last
    /// patches with their size, how long clicks take, mistakes in attributes, and a switch that makes
    /// the network slow. Off by default.
    ///
    /// Without it no page and no script has anything of the overlay, and nothing of it is served. It
    /// is as safe as any page: it shows what the browser knows anyway.
    ///
    /// Test: `tests/browser/dev.rs`, `nothing_of_the_overlay_is_in_an_app_without_it`.
    ///
    /// ```
    /// let app = via::App::new().dev(cfg!(debug_assertions));
    /// ```
    pub fn dev(mut self, on: bool) -> Self {
        self.files.dev = on;
        self
    }

    /// Names the app in its cookie, so that several apps on one host do not disturb each other.
    ///
    /// By default this is the name of the crate that the first page is in. Another name starts
    /// new sessions for everybody.
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
            "the name of an app is made of letters, digits, `-` and `_`, not {name:?}"
        );
        self.name = Some(name);
        self
    }

    /// Says how browsers reach the app, for example `https://app.example.com` when a proxy that
    /// speaks TLS is in front. May be called several times.
    ///
    /// With an `https` origin, cookies are `Secure` and have the `__Host-` prefix. With an `http`
    /// origin they travel in the clear, which is right on a private network at most.
    ///
    /// # Panics
    ///
    /// Panics if `origin` is not a scheme and a host, perhaps with a port, or if both `http` and
    /// `https` origins are given.
    #[track_caller]
    pub fn origin(mut self, origin: impl Into<String>) -> Self {
        let origin = origin.into();
        assert!(
            security::is_origin(&origin),
            "an origin is written as `https://app.example.com` or `http://10.0.0.1:3000`, without \
             a path, not {origin:?}"
        );
        let secure = |origin: &str| origin.starts_with("https:");
        assert!(
            self.origins
                .iter()
                .all(|old| secure(old) == secure(&origin)),
            "an app is reached either by `https` or by `http`, but {origin:?} was given after {:?}",
            self.origins,
        );
        self.origins.push(origin);
        self
    }

    /// Ends a session that nobody used for `idle`, and any session after `absolute`.
    ///
    /// By default 14 and 90 days. An open page that does nothing is not a use.
    ///
    /// An app does not start, and says what to write, where `idle` is less than a second or longer
    /// than `absolute`.
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

    /// Authenticates cookies with this secret instead of a key that is kept in the store. Called
    /// several times, the first secret is used, and what the others sealed is still opened: put a
    /// new one before the old one, and take the old one away once nobody has a cookie of it.
    ///
    /// All servers of a store need the same secrets. Without any, those of the environment variable
    /// `VIA_SECRET` count, which stand there with commas between them, the newest first.
    ///
    /// An app does not start, and says what to write, where a secret has less than 32 bytes.
    ///
    /// # Example: a secret that can be guessed
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
    /// By default 20 and 60. An action above that is answered with 429, and the browser repeats it
    /// after a second: it is late and not lost. (Shown by `tests/server/rate.rs`.)
    ///
    /// # Panics
    ///
    /// Panics if one of the two is 0.
    #[track_caller]
    pub fn action_rate(mut self, per_second: u32, burst: u32) -> Self {
        assert!(
            per_second > 0 && burst > 0,
            "with an action rate of {per_second} a second and {burst} at once nobody could act"
        );
        self.action_rate = ActionRate::new(per_second, burst);
        self
    }

    /// How many live streams, one for each browser, may be open to one address: 256 unless it is
    /// set. The next is refused for a while, with 429.
    ///
    /// Set it to what you expect in all where browsers come by way of a proxy, whose address theirs
    /// then is; `usize::MAX` is no limit. Inside a router of your own nothing is counted.
    /// (Shown by `tests/server/connections.rs`.)
    pub fn streams_per_address(mut self, limit: usize) -> Self {
        self.streams_per_address = limit;
        self
    }

    /// Takes the time from `clock` instead of the system.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The sessions of principals, to list and to end from anywhere in the program.
    ///
    /// Ask for it once the store, the clock, the timeouts and the secrets are set.
    #[must_use]
    pub fn sessions(&self) -> Sessions {
        let key_in_store = self.secrets.is_empty() && std::env::var_os(SECRET_VARIABLE).is_none();
        Sessions::new(
            Arc::clone(&self.store),
            self.clock.clone(),
            self.timeouts.idle,
            key_in_store,
        )
    }

    /// What the macros know of its pages.
    #[cfg(feature = "testing")]
    pub(crate) fn descriptors(
        &self,
    ) -> impl Iterator<Item = &'static crate::field::PageDescriptor> {
        self.pages.iter().map(|page| page.descriptor)
    }

    /// The app as an axum [`Router`], to nest it in a program of your own.
    ///
    /// Beside the pages it answers `/livez` and `/readyz`, and what begins with `/_via`. Your router
    /// may answer `/favicon.ico`; a page at `/{room}` never receives it as its parameter.
    ///
    /// Without an [`origin`](Self::origin) it is taken to be reached by HTTPS.
    ///
    /// # Panics
    ///
    /// Panics if the [timeouts](Self::session_timeouts) make no sense or a [secret](Self::secret) can
    /// be guessed, and says what to write.
    pub fn into_router(mut self) -> Router {
        if let Err(wrong) = self.timeouts.check() {
            panic!("{wrong}");
        }
        if let Err(weak) = self.take_secrets() {
            panic!("{weak}");
        }
        let secure = self
            .origins
            .iter()
            .all(|origin| origin.starts_with("https:"));
        let (core, files) = self.into_core(secure);
        routes::router(&core, &files)
    }

    /// Finds out which secrets count.
    fn take_secrets(&mut self) -> Result<(), WeakSecret> {
        let variable = std::env::var_os(SECRET_VARIABLE);
        let variable = variable.as_ref().map(|text| text.to_string_lossy());
        self.secrets = std::mem::take(&mut self.secrets).or_of(variable.as_deref())?;
        Ok(())
    }

    fn into_core(self, secure: bool) -> (Arc<Core>, Files) {
        let name = self.name.unwrap_or_else(|| {
            self.pages.first().map_or_else(
                || "app".to_owned(),
                |page| {
                    let module = page.descriptor.module;
                    module.split("::").next().unwrap_or(module).to_owned()
                },
            )
        });
        let pages: BTreeMap<_, _> = self
            .pages
            .into_iter()
            .map(|page| (page.descriptor.name, Arc::new(page)))
            .collect();
        let config = Config {
            secrets: self.secrets,
            action_rate: self.action_rate,
            ..Config::new(&name, secure, self.origins, self.timeouts)
        };
        let core = Core::new(self.store, self.clock, pages, config);
        (Arc::new(core), self.files)
    }
}

impl Default for App {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("pages", &self.pages)
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}
