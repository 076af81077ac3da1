//! What all requests of an app share.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::{self, Clock},
    hub::Hub,
    page::PageEntry,
    session::{CookieConfig, Keyring, SessionCookie},
    store::{Store, StoreError, Timestamp},
};

/// The heart of a running app.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) hub: Hub,
    /// By name.
    pub(crate) pages: BTreeMap<&'static str, Arc<PageEntry>>,
    pub(crate) config: Config,
    /// Actions and tasks that are under way, whether their client is still there or not.
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    keys: OnceCell<Keyring>,
}

/// What follows from the configuration alone.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) cookie: CookieConfig,
    /// The origins from which browsers may act, where they do not say that they are ours.
    pub(crate) origins: Vec<String>,
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
}

impl Config {
    pub(crate) fn new(
        name: &str,
        secure: bool,
        origins: Vec<String>,
        idle: Duration,
        absolute: Duration,
    ) -> Self {
        Self {
            cookie: CookieConfig::new(name, secure, absolute),
            origins,
            idle,
            absolute,
        }
    }

    /// Whether a session that committed nothing is over.
    ///
    /// A cookie younger than both timeouts cannot have a session that ended by itself, and
    /// one that was ended on purpose has a tombstone for as long. So a younger cookie without a
    /// document is one whose session has not begun.
    pub(crate) fn visit_is_over(&self, cookie: &SessionCookie, now: Timestamp) -> bool {
        clock::after(cookie.issued, self.idle.min(self.absolute)) <= now
    }
}

impl Core {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        clock: Clock,
        pages: BTreeMap<&'static str, Arc<PageEntry>>,
        config: Config,
    ) -> Self {
        Self {
            store,
            clock,
            hub: Hub::new(),
            pages,
            config,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            keys: OnceCell::new(),
        }
    }

    /// The shared key; on the first call the app takes it from the store and begins to listen to
    /// the store's notices.
    pub(crate) async fn keys(&self) -> Result<&Keyring, StoreError> {
        self.keys
            .get_or_try_init(|| async {
                let mut notices = self.store.subscribe();
                let keys = Keyring::of_store(&*self.store, self.clock.now()).await?;
                let (hub, shutdown) = (self.hub.clone(), self.shutdown.clone());
                tokio::spawn(async move {
                    let listen = async {
                        while let Some(notice) = notices.next().await {
                            hub.hear(&notice);
                        }
                    };
                    tokio::select! {
                        () = listen => {}
                        () = shutdown.cancelled() => {}
                    }
                });
                Ok(keys)
            })
            .await
    }
}
