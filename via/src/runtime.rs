//! What all requests of an app share.

mod config;
mod health;
mod newcomers;
mod standing;
mod sweeper;
mod timeouts;

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::{self, Clock},
    frames::{Frames, SlowReaders},
    hub::{Hub, PageDocuments, PageState, SessionState, check_for_ever},
    limits,
    log_text::LogText,
    page::PageEntry,
    session::Keyring,
    sessions::Sessions,
    store::{Expiry, Key, Notice, Store, StoreError, Timestamp},
};

pub(crate) use self::{
    config::Config, newcomers::Newcomers, standing::Standing, timeouts::Timeouts,
};
use self::{health::Health, sweeper::sweep};

/// A running app.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) hub: Hub,
    pub(crate) frames: Frames,
    pub(crate) slow_readers: SlowReaders,
    pub(crate) newcomers: Newcomers,
    /// By name.
    pub(crate) pages: BTreeMap<&'static str, Arc<PageEntry>>,
    pub(crate) config: Config,
    /// Running actions and tasks, also those whose client has disconnected.
    pub(crate) tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    /// Whether the log says already that a proxy hides the addresses of visitors.
    pub(crate) warned_of_proxies: AtomicBool,
    keys: OnceCell<Arc<Keyring>>,
    health: Health,
}

impl Core {
    /// The sessions of principals.
    pub(crate) fn sessions(&self) -> Sessions {
        Sessions::new(
            Arc::clone(&self.store),
            self.clock.clone(),
            self.config.timeouts.idle,
            self.config.secrets.is_empty(),
        )
    }

    /// The deadlines of a session that is used now.
    pub(crate) fn session_expiry(&self, created: Timestamp, now: Timestamp) -> Expiry {
        Expiry {
            idle_until: clock::after(now, self.config.timeouts.idle),
            absolute: clock::after(created, self.config.timeouts.absolute),
        }
    }

    /// Moves the idle deadlines of what a visitor uses, unless they would move by less than a percent.
    pub(crate) async fn note_use(
        &self,
        documents: &PageDocuments,
        state: &PageState,
        now: Timestamp,
    ) {
        if let SessionState::Found(snapshot) = &state.session {
            let key = documents.session().key();
            self.prolong(key, snapshot.expiry, self.config.timeouts.idle, now)
                .await;
        }
        for (value, (_, state)) in documents.shared().iter().zip(&state.shared) {
            if let (Some(ttl), Some(snapshot)) = (value.ttl, state.snapshot()) {
                self.prolong(value.live.key(), snapshot.expiry, ttl, now)
                    .await;
            }
        }
    }

    async fn prolong(&self, key: &Key, expiry: Expiry, idle: Duration, now: Timestamp) {
        let until = clock::after(now, idle).min(expiry.absolute);
        if until < clock::after(expiry.idle_until, idle / 100) {
            return;
        }
        let touched = self.store.touch(key, until, now);
        match tokio::time::timeout(limits::STORE_DEADLINE, touched).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(error = %LogText(&error), "a use cannot be noted"),
            Err(_) => tracing::warn!("a use cannot be noted in time"),
        }
    }

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
            frames: Frames::default(),
            slow_readers: SlowReaders::default(),
            newcomers: Newcomers::new(config.new_sessions),
            pages,
            config,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            warned_of_proxies: AtomicBool::new(false),
            keys: OnceCell::new(),
            health: Health::default(),
        }
    }

    /// The shared key. The first call loads it from the store and subscribes to the store's
    /// notices.
    pub(crate) async fn keys(&self) -> Result<&Keyring, StoreError> {
        if let Some(keys) = self.keys.get() {
            return Ok(keys);
        }
        let keys = self.keys.get_or_try_init(|| async {
            let mut notices = self.store.subscribe();
            let keys = Arc::new(self.first_keys().await?);
            let hub = self.hub.clone();
            let (ring, store, clock) = (Arc::clone(&keys), Arc::clone(&self.store), &self.clock);
            let heard = clock.clone();
            self.until_shutdown(async move {
                let name = Keyring::document();
                while let Some(notice) = notices.next().await {
                    hub.hear(&notice);
                    if matches!(&notice, Notice::Committed { key, .. } if *key == name) {
                        ring.follow(&*store, heard.now()).await;
                    }
                }
            });
            self.until_shutdown(check_for_ever(
                self.hub.clone(),
                Arc::clone(&keys),
                Arc::clone(&self.store),
                clock.clone(),
            ));
            self.until_shutdown(sweep(Arc::clone(&self.store), clock.clone()));
            Ok(keys)
        });
        // Boxed, because it is large and runs once.
        Box::pin(keys).await.map(|keys| &**keys)
    }

    async fn first_keys(&self) -> Result<Keyring, StoreError> {
        if self.config.secrets.is_empty() {
            Keyring::of_store(&*self.store, self.clock.now()).await
        } else {
            Ok(Keyring::of_secrets(&self.config.secrets))
        }
    }

    fn until_shutdown(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = work => {}
                () = shutdown.cancelled() => {}
            }
        });
    }
}
