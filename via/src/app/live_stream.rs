//! `POST /_via/stream`: the one live stream of a browser, with all its tabs.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use super::visitor::{Visitor, load_if_open};
use crate::{
    field::add_mount,
    hub::{LoadError, Watch, check_shared},
    limits,
    protocol::{
        events::tab_event,
        incoming::{self, OpenStream, StreamedTab},
        sse,
        token::Token,
    },
    refusal::Refusal,
    runtime::Core,
    session::{IdentityMark, SessionCookie},
    store::Timestamp,
    stream::{StreamTab, TabStream, Viewer},
};

/// Opens a stream for the tabs in the list of the request. If the token of a tab is not valid, the
/// stream says so to that tab alone.
pub(super) async fn open(
    core: Arc<Core>,
    mount: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<TabStream, Refusal> {
    let request: OpenStream = incoming::decode(body)?;
    let tokens: Vec<&str> = request.tabs.iter().map(|tab| &*tab.token).collect();
    let mut visitor = Visitor::of(&core, mount, headers, &tokens).await?;
    let cookie = visitor.take_cookie()?;
    if request.tabs.len() > limits::TABS_PER_STREAM {
        return Err(Refusal::TOO_MANY_TABS);
    }
    let now = core.clock.now();
    let mut tabs = Vec::with_capacity(request.tabs.len());
    let mut first = Vec::new();
    for (index, (tab, mut token)) in request.tabs.iter().zip(visitor.tokens).enumerate() {
        if let Some(token) = &mut token {
            add_mount(&mut token.params, mount);
        }
        match admit(&core, token, &cookie, now, index, tab) {
            Ok(tab) => tabs.push(tab),
            Err(refusal) => tab_event(&mut first, index, &refusal),
        }
    }

    // Watch first, then load: a commit in between raises the flag.
    let session = core.hub.session(cookie.id);
    let watch = Watch::new(tabs.iter().map(StreamTab::id));
    let documents = tabs.iter().map(StreamTab::documents);
    let watching = core.hub.watch(&session, documents, watch);
    let state = load_if_open(&core, &session, &cookie).await?;
    let identity = IdentityMark::of(session.session().key(), state.session.principal());
    look_at_what_is_shared(&core, &tabs).await?;

    let viewer = Viewer {
        session,
        cookie,
        identity,
        watching,
    };
    Ok(TabStream::new(core, viewer, tabs, first))
}

/// The headers of a stream.
pub(super) const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_TYPE,
        HeaderValue::from_static(sse::CONTENT_TYPE),
    ),
    (
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-transform"),
    ),
    // nginx buffers answers unless this header forbids it.
    (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    ),
];

/// One more header if a stream has a connection of its own. Otherwise the browser would keep the
/// connection of an old stream open for reuse, and it has only six.
pub(super) const CLOSE: (HeaderName, HeaderValue) =
    (header::CONNECTION, HeaderValue::from_static("close"));

/// A stream as an answer like any other, to a request of this version.
pub(super) fn respond(body: Body, version: Version) -> Response {
    // The user's own server may speak HTTP/2, which has no headers about connections.
    let close = (version < Version::HTTP_2).then_some([CLOSE]);
    (HEADERS, close, body).into_response()
}

/// Brings the shared values that this server knows up to date with the store. Another server may have
/// shown these tabs a newer value, and its notice may not be here yet.
async fn look_at_what_is_shared(core: &Core, tabs: &[StreamTab]) -> Result<(), Refusal> {
    let documents = tabs.iter().map(StreamTab::documents);
    check_shared(documents, &*core.store, core.clock.now())
        .await
        .map_err(|error| LoadError::from(error).refusal("the versions of shared values"))
}

fn admit(
    core: &Core,
    token: Option<Token>,
    cookie: &SessionCookie,
    now: Timestamp,
    index: usize,
    tab: &StreamedTab,
) -> Result<StreamTab, Refusal> {
    let token = token.ok_or(Refusal::EXPIRED)?;
    if token.has_expired(limits::TOKEN_LIFE, now) {
        return Err(Refusal::EXPIRED);
    }
    if token.session != cookie.id {
        return Err(Refusal::SESSION_GONE);
    }
    let page = core
        .pages
        .get(token.page.as_str())
        .ok_or(Refusal::UNKNOWN_PAGE)?;
    let shows = tab.frame.as_deref().and_then(|hash| hash.parse().ok());
    let documents = core.hub.documents(cookie.id, page, &token.params);
    Ok(StreamTab::new(
        index,
        Arc::clone(page),
        documents,
        token.params,
        token.tab,
        shows,
    )
    .loaded(token.load, token.began))
}
