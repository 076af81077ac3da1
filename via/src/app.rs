//! [`App`]: what is registered, turned into an axum [`Router`] or a server.

mod act;
mod attach;
mod client_address;
mod document;
mod drain;
mod health;
mod hosts;
mod keys;
mod live_stream;
mod options;
mod outlive;
mod pages;
mod request;
mod routes;
mod security;
mod serve;
mod visitor;

use std::{collections::BTreeMap, fmt, sync::Arc};

use axum::Router;

use self::hosts::Hosts;
pub use self::{drain::Running, serve::Server};
use serve::Room;

use crate::{
    address::{Network, Networks},
    client::Files,
    clock::Clock,
    hub::ActionRate,
    limits,
    page::PageEntry,
    protocol::header::VIA_PATH,
    runtime::{Config, Core, Timeouts},
    session::{SECRET_VARIABLE, Secrets, WeakSecret},
    sessions::Sessions,
    store::{MemoryStore, Store},
};

/// An application: its pages, its store, and how browsers reach it.
///
/// If the configuration is wrong, the program stops at start and names the line to change.
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
    trusted_proxies: Vec<Network>,
    proxy_protocol: Vec<Network>,
    room: Room,
    tasks_per_session: usize,
    new_sessions: ActionRate,
    clock: Clock,
    via_path: &'static str,
    health_below: Option<&'static str>,
}

impl App {
    /// Creates an app without pages that keeps its state in memory.
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
            trusted_proxies: Vec::new(),
            proxy_protocol: Vec::new(),
            room: Room::default(),
            tasks_per_session: limits::TASKS_OF_SESSION,
            new_sessions: ActionRate::of_new_sessions(),
            clock: Clock::system(),
            via_path: VIA_PATH,
            health_below: Some(""),
        }
    }

    /// Lists and ends the sessions of principals, from anywhere in the program.
    ///
    /// Call it after you have set the store, the clock, the timeouts and the secrets.
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

    /// What the macros know about its pages.
    #[cfg(feature = "testing")]
    pub(crate) fn descriptors(
        &self,
    ) -> impl Iterator<Item = &'static crate::field::PageDescriptor> {
        self.pages.iter().map(|page| page.descriptor)
    }

    /// Turns the app into an axum [`Router`], so that you can nest it in a program of your own.
    ///
    /// Beside the pages the router answers `/livez`, `/readyz`, and all paths that begin with `/_via`.
    /// Your router may answer `/favicon.ico`; a page at `/{room}` never receives it as its parameter.
    ///
    /// Without an [`origin`](Self::origin) the app assumes that browsers reach it by HTTPS.
    ///
    /// # Panics
    ///
    /// Panics if the [timeouts](Self::session_timeouts) are wrong, or if a [secret](Self::secret) is
    /// too short.
    pub fn into_router(self) -> Router {
        self.into_parts().0
    }

    fn into_parts(mut self) -> (Router, Arc<Core>) {
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
        let router = routes::router(&core, &files);
        let origins = &core.config.origins;
        if origins.is_empty() {
            return (router, core);
        }
        let hosts = Hosts::new(origins, None, health::paths(&core).collect());
        (routes::only_for(router, hosts), core)
    }

    /// Takes the secrets of the environment if the program gives none.
    fn take_secrets(&mut self) -> Result<(), WeakSecret> {
        let variable = std::env::var_os(SECRET_VARIABLE);
        self.secrets = std::mem::take(&mut self.secrets).or_of(variable.as_deref())?;
        Ok(())
    }

    fn into_core(self, secure: bool) -> (Arc<Core>, Files) {
        let is_default_name = self.name.is_none();
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
        let mut config = Config {
            secrets: self.secrets,
            action_rate: self.action_rate,
            trusted_proxies: Networks::new(&self.trusted_proxies),
            tasks_per_session: self.tasks_per_session,
            proxy_protocol: Networks::new(&self.proxy_protocol),
            new_sessions: self.new_sessions,
            ..Config::new(&name, secure, &self.origins, self.timeouts)
        };
        pages::assert_apart_from_framework(&pages, self.via_path, self.health_below);
        config.health_below = self.health_below;
        config.move_files(self.via_path);
        if is_default_name {
            config.cookie = config.cookie.naming_mount();
        }
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
