//! Whose request it is: the cookie and the tokens that it shows, and whether the session is open to it.

use http::{HeaderMap, header};

use crate::{
    hub::{LoadError, PageDocuments, PageState},
    protocol::token::Token,
    refusal::Refusal,
    runtime::{Core, Standing},
    session::{CookieConfig, Found, Keyring, SessionCookie},
    transaction::note_first_use,
};

/// What a request shows about its sender.
pub(super) struct Visitor<'a> {
    pub(super) keys: &'a Keyring,
    /// The session cookie, if this app has sealed it.
    pub(super) cookie: Option<SessionCookie>,
    /// One for each text that the request shows; `None` if it is not a token of this app.
    pub(super) tokens: Vec<Option<Token>>,
    /// The cookies to choose from, unless there is exactly one.
    candidates: Vec<Found>,
    /// Whether the browser sends cookies at all.
    has_cookies: bool,
}

impl<'a> Visitor<'a> {
    /// Opens the cookie and these tokens of a request to an app that is mounted there. If one of them does
    /// not open, another server may have a newer key: the store is asked for it, but not too often.
    ///
    /// # Errors
    ///
    /// A refusal if the shared key cannot be loaded, or if there are several cookies and their sessions
    /// cannot be loaded.
    pub(super) async fn of(
        core: &'a Core,
        mount: &str,
        headers: &HeaderMap,
        tokens: &[&str],
    ) -> Result<Self, Refusal> {
        let keys = core
            .keys()
            .await
            .map_err(|error| LoadError::from(error).refusal("the shared key"))?;
        let config = &core.config.cookie;
        let mut visitor = Self::open(config, keys, mount, headers, tokens);
        let is_strange = (visitor.has_no_cookie() && config.is_sent(mount, headers))
            || visitor.tokens.iter().any(Option::is_none);
        if is_strange {
            // On the heap, because it is rare and large.
            Box::pin(keys.refresh_now_and_then(&*core.store, core.clock.now())).await;
            visitor = Self::open(config, keys, mount, headers, tokens);
        }
        if !visitor.candidates.is_empty() {
            Box::pin(visitor.choose(core)).await?;
        }
        Ok(visitor)
    }

    fn open(
        config: &CookieConfig,
        keys: &'a Keyring,
        mount: &str,
        headers: &HeaderMap,
        tokens: &[&str],
    ) -> Self {
        let mut found = config.read(mount, headers, keys);
        let (cookie, candidates) = match (found.next(), found.next()) {
            (None, _) => (None, Vec::new()),
            (Some(only), None) if !only.is_former => (Some(only.cookie), Vec::new()),
            (Some(first), second) => {
                let all = std::iter::once(first).chain(second).chain(found);
                (None, all.collect())
            }
        };
        Self {
            keys,
            cookie,
            tokens: tokens
                .iter()
                .map(|token| Token::open(token, keys))
                .collect(),
            candidates,
            has_cookies: headers.contains_key(header::COOKIE),
        }
    }

    fn has_no_cookie(&self) -> bool {
        self.cookie.is_none() && self.candidates.is_empty()
    }

    /// Takes the cookie that opens a session. A browser may also have an older one, from a parent path, a
    /// parent domain or a former name.
    async fn choose(&mut self, core: &Core) -> Result<(), Refusal> {
        let now = core.clock.now();
        let mut best = None;
        for Found { cookie, is_former } in std::mem::take(&mut self.candidates) {
            let state = load(core, &core.hub.session(cookie.id)).await?;
            let has_begun = state.session.snapshot().is_some();
            let standing = match core.standing(&cookie, &state.session, now) {
                Standing::Open if has_begun => 3,
                // A former name proves nothing: another app of the crate may use it.
                _ if is_former => continue,
                Standing::Rotated => 2,
                Standing::Open => 1,
                Standing::Gone => 0,
            };
            let mut tokens = self.tokens.iter().flatten();
            let acts = tokens.any(|token| token.session == cookie.id);
            let rank = (standing, acts, !is_former, cookie.issued.as_millis());
            if best.as_ref().is_none_or(|(before, _)| *before < rank) {
                best = Some((rank, cookie));
            }
        }
        self.cookie = best.map(|(_, cookie)| cookie);
        Ok(())
    }

    /// Takes the session cookie of a request that needs one.
    ///
    /// # Errors
    ///
    /// A refusal if the browser sends no cookies, or none of this app.
    pub(super) fn take_cookie(&mut self) -> Result<SessionCookie, Refusal> {
        match self.cookie.take() {
            Some(cookie) => Ok(cookie),
            None if self.has_cookies => Err(Refusal::SESSION_GONE),
            None => Err(Refusal::NO_COOKIE),
        }
    }
}

/// Loads the documents of a page.
///
/// # Errors
///
/// A refusal if they cannot be loaded.
pub(super) async fn load(core: &Core, documents: &PageDocuments) -> Result<PageState, Refusal> {
    documents
        .load(&*core.store, core.clock.now())
        .await
        .map_err(|error| error.refusal("the documents of a page"))
}

/// Loads the documents of a page for the holder of an open session.
///
/// # Errors
///
/// A refusal if they cannot be loaded, or if the session is not open to this cookie.
pub(super) async fn load_if_open(
    core: &Core,
    documents: &PageDocuments,
    cookie: &SessionCookie,
) -> Result<PageState, Refusal> {
    let state = load(core, documents).await?;
    match core.standing(cookie, &state.session, core.clock.now()) {
        Standing::Open => {
            note_first_use(core, cookie, &state.session, core.clock.now()).await;
            Ok(state)
        }
        Standing::Rotated => Err(Refusal::ROTATED),
        Standing::Gone => Err(Refusal::SESSION_GONE),
    }
}
