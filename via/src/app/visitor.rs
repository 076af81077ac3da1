//! Whose request it is: the cookie and the tokens that it shows, and whether the session is open to it.

use http::{HeaderMap, header};

use crate::{
    hub::{LoadError, PageDocuments, PageState},
    protocol::token::Token,
    refusal::Refusal,
    runtime::{Core, Standing},
    session::{Keyring, SessionCookie},
    transaction::note_first_use,
};

/// What a request shows about its sender.
pub(super) struct Visitor<'a> {
    pub(super) keys: &'a Keyring,
    /// The session cookie, if this app has sealed it.
    pub(super) cookie: Option<SessionCookie>,
    /// One for each text that the request shows; `None` if it is not a token of this app.
    pub(super) tokens: Vec<Option<Token>>,
    /// Whether the browser sends cookies at all.
    has_cookies: bool,
}

impl<'a> Visitor<'a> {
    /// Opens the cookie and these tokens of a request. If one of them does not open, another server
    /// may have a newer key: the store is asked for it, but not too often.
    ///
    /// # Errors
    ///
    /// A refusal if the shared key cannot be loaded.
    pub(super) async fn of(
        core: &'a Core,
        headers: &HeaderMap,
        tokens: &[&str],
    ) -> Result<Self, Refusal> {
        let keys = core
            .keys()
            .await
            .map_err(|error| LoadError::from(error).refusal("the shared key"))?;
        let config = &core.config.cookie;
        let open = || Self {
            keys,
            cookie: config.read(headers, keys),
            tokens: tokens
                .iter()
                .map(|token| Token::open(token, keys))
                .collect(),
            has_cookies: headers.contains_key(header::COOKIE),
        };
        let visitor = open();
        let is_strange = (visitor.cookie.is_none() && config.is_sent(headers))
            || visitor.tokens.iter().any(Option::is_none);
        if !is_strange {
            return Ok(visitor);
        }
        // On the heap, because it is rare and large.
        Box::pin(keys.refresh_now_and_then(&*core.store, core.clock.now())).await;
        Ok(open())
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
