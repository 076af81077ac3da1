//! What all requests of an app share.

use std::{collections::BTreeMap, future::Future, sync::Arc, time::Duration};

use http::HeaderMap;
use tokio::sync::OnceCell;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    clock::{self, Clock},
    hub::{ActionRate, Hub, PageDocuments, PageState, SessionState, check_for_ever},
    limits,
    page::PageEntry,
    protocol::token::Token,
    session::{CookieConfig, Keyring, Secrets, SessionCookie, Sessions},
    store::{Expiry, Key, Notice, Store, StoreError, Timestamp},
};

use super::{health::Health, sweeper::sweep, timeouts::Timeouts};

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
    keys: OnceCell<Arc<Keyring>>,
    pub(super) health: Health,
}

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

/// How a session stands to whoever shows a cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is theirs.
    Open,
    /// It was theirs a moment ago: their browser was given, or is being given, a new secret.
    Rotated,
    /// It has ended, or it is somebody else's.
    Gone,
}

/// What a request shows of itself.
pub(super) struct Shown {
    pub(super) cookie: Option<SessionCookie>,
    /// One for each text that was shown; `None` for what is no token of this app.
    pub(super) tokens: Vec<Option<Token>>,
}

impl Core {
    /// How a session in this state stands to whoever shows `cookie`.
    pub(crate) fn standing(
        &self,
        cookie: &SessionCookie,
        state: &SessionState,
        now: Timestamp,
    ) -> Standing {
        let snapshot = match state {
            SessionState::Absent if !self.config.visit_is_over(cookie, now) => {
                return Standing::Open;
            }
            SessionState::Absent | SessionState::Deleted => return Standing::Gone,
            SessionState::Found(snapshot) => snapshot,
        };
        if snapshot.document.secret.matches(&cookie.secret) {
            return Standing::Open;
        }
        let rotated = snapshot.document.previous.as_ref().is_some_and(|previous| {
            let replaced = Timestamp::from_millis(previous.at);
            now < clock::after(replaced, limits::ROTATION)
                && previous.secret.matches(&cookie.secret)
        });
        if rotated {
            Standing::Rotated
        } else {
            Standing::Gone
        }
    }

    /// The sessions of principals.
    pub(crate) fn sessions(&self) -> Sessions {
        Sessions::new(
            Arc::clone(&self.store),
            self.clock.clone(),
            self.config.timeouts.idle,
            self.config.secrets.is_empty(),
        )
    }

    /// Until when a session is kept that is used now.
    pub(crate) fn session_expiry(&self, created: Timestamp, now: Timestamp) -> Expiry {
        Expiry {
            idle_until: clock::after(now, self.config.timeouts.idle),
            absolute: clock::after(created, self.config.timeouts.absolute),
        }
    }

    /// Moves the idle deadlines of what a visitor uses, unless they would hardly move.
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
        for (place, (_, state)) in documents.shared().iter().zip(&state.shared) {
            if let (Some(ttl), Some(snapshot)) = (place.ttl, state.snapshot()) {
                self.prolong(place.live.key(), snapshot.expiry, ttl, now)
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
            Ok(Err(error)) => tracing::warn!(%error, "a use cannot be noted"),
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
            pages,
            config,
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            keys: OnceCell::new(),
            health: Health::default(),
        }
    }

    /// The shared key; on the first call the app takes it from the store and begins to listen to
    /// the store's notices.
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
        // Once, and large.
        Box::pin(keys).await.map(|keys| &**keys)
    }

    async fn first_keys(&self) -> Result<Keyring, StoreError> {
        if self.config.secrets.is_empty() {
            Keyring::of_store(&*self.store, self.clock.now()).await
        } else {
            Ok(Keyring::of_secrets(&self.config.secrets))
        }
    }

    /// Opens what a request shows of itself. If something does not open, newer keys are asked for,
    /// now and then.
    pub(super) async fn shown(
        &self,
        keys: &Keyring,
        headers: &HeaderMap,
        tokens: &[&str],
    ) -> Shown {
        let open = || Shown {
            cookie: self.config.cookie.read(headers, keys),
            tokens: tokens
                .iter()
                .map(|token| Token::open(token, keys))
                .collect(),
        };
        let shown = open();
        let is_strange = (shown.cookie.is_none() && self.config.cookie.is_sent(headers))
            || shown.tokens.iter().any(Option::is_none);
        if !is_strange {
            return shown;
        }
        // Seldom, and large.
        Box::pin(keys.refresh_now_and_then(&*self.store, self.clock.now())).await;
        open()
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
