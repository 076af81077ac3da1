//! `POST /_via/stream`: the one live stream of a browser, with all its tabs.

use std::sync::Arc;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};

use super::act::{keys, load, not_loaded, open_session, required};
use crate::{
    hub::{Watch, check_shared},
    limits,
    protocol::{
        answer::Refused,
        events::tab_event,
        incoming::{self, OpenStream, StreamedTab},
        sse,
        token::Token,
    },
    runtime::Core,
    session::SessionCookie,
    store::Timestamp,
    stream::{StreamTab, TabStream, Viewer},
};

/// Opens a stream for the tabs of the request's list. A tab whose token is not taken hears so on
/// the stream; the others are not disturbed.
pub(super) async fn open(
    core: Arc<Core>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<TabStream, Refused> {
    let keys = keys(&core).await?;
    let request: OpenStream = incoming::decode(body)?;
    let tokens: Vec<&str> = request.tabs.iter().map(|tab| &*tab.token).collect();
    let shown = core.shown(keys, headers, &tokens).await;
    let cookie = required(shown.cookie, headers)?;
    if request.tabs.len() > limits::TABS_PER_STREAM {
        return Err(Refused::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_tabs",
            format!("At most {} tabs are kept live.", limits::TABS_PER_STREAM),
        ));
    }
    let now = core.clock.now();
    let mut tabs = Vec::with_capacity(request.tabs.len());
    let mut first = Vec::new();
    for (index, (tab, token)) in request.tabs.iter().zip(shown.tokens).enumerate() {
        match admit(&core, token, &cookie, now, index, tab) {
            Ok(tab) => tabs.push(tab),
            Err((reason, message)) => tab_event(&mut first, index, reason, message),
        }
    }

    // Watched before it is loaded: a commit in between raises the flag.
    let session = core.hub.session(cookie.id);
    let watch = Watch::new(tabs.iter().map(StreamTab::id));
    let documents = tabs.iter().map(StreamTab::documents);
    let watching = core.hub.watch(&session, documents, watch);
    let state = load(&core, &session).await?;
    look_at_what_is_shared(&core, &tabs).await?;
    open_session(&core, &cookie, &state.session)?;

    let viewer = Viewer {
        session,
        cookie,
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
    // Proxies of the nginx kind buffer answers unless they are told not to.
    (
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    ),
];

/// One more where a stream has a connection of its own. A browser that replaces its stream would
/// keep the old connection for a while, to use it again, and it has only six.
pub(super) const CLOSE: (HeaderName, HeaderValue) =
    (header::CONNECTION, HeaderValue::from_static("close"));

/// A stream as an answer like any other, to a request of this version.
pub(super) fn respond(body: Body, version: Version) -> Response {
    // The user's own server may speak HTTP/2, which has no headers about connections.
    let close = (version < Version::HTTP_2).then_some([CLOSE]);
    (HEADERS, close, body).into_response()
}

/// Makes sure that what is known of the shared values is what the store has by now: another server
/// may have shown these tabs something of which no notice has come here yet.
async fn look_at_what_is_shared(core: &Core, tabs: &[StreamTab]) -> Result<(), Refused> {
    let documents = tabs.iter().map(StreamTab::documents);
    check_shared(documents, &*core.store, core.clock.now())
        .await
        .map_err(|error| not_loaded(&error.into(), "the versions of shared values"))
}

fn admit(
    core: &Core,
    token: Option<Token>,
    cookie: &SessionCookie,
    now: Timestamp,
    index: usize,
    tab: &StreamedTab,
) -> Result<StreamTab, (&'static str, &'static str)> {
    let token = token.ok_or(("expired", "the token is not one of this app"))?;
    if token.has_expired(limits::TOKEN_LIFE, now) {
        return Err(("expired", "the token is too old"));
    }
    if token.session != cookie.id {
        return Err(("session_gone", "the token is of another session"));
    }
    let page = core
        .pages
        .get(token.page.as_str())
        .ok_or(("unknown", "there is no such page"))?;
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
