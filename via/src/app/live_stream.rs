//! `POST /_via/stream`: the one live stream of a browser, with all its tabs.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::{
    Core,
    act::{cookie, keys, load, open_session},
};
use crate::{
    hub::{StreamTab, TabStream, Viewer, Watch, tab_event},
    limits,
    protocol::{
        answer::Refused,
        incoming::{self, OpenStream, StreamedTab},
        sse,
        token::Token,
    },
    session::{Keyring, SessionCookie},
    store::Timestamp,
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
    core.recognize(keys, headers, &tokens).await;
    let cookie = cookie(&core, headers, keys)?;
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
    for (index, tab) in request.tabs.into_iter().enumerate() {
        match admit(&core, keys, &cookie, now, index, &tab) {
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
    open_session(&core, &cookie, &state.session)?;

    let viewer = Viewer {
        session,
        cookie,
        watching,
    };
    Ok(TabStream::new(core, viewer, tabs, first))
}

/// The headers of a stream.
pub(super) const HEADERS: [(HeaderName, HeaderValue); 4] = [
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
    // A browser that replaces its stream would keep the old connection for a while, to use it
    // again, and it has only six.
    (header::CONNECTION, HeaderValue::from_static("close")),
];

/// A stream as an answer like any other, which a server of axum's writes.
pub(super) fn respond(stream: TabStream) -> Response {
    (HEADERS, stream.into_body()).into_response()
}

fn admit(
    core: &Core,
    keys: &Keyring,
    cookie: &SessionCookie,
    now: Timestamp,
    index: usize,
    tab: &StreamedTab,
) -> Result<StreamTab, (&'static str, &'static str)> {
    let token =
        Token::open(&tab.token, keys).ok_or(("expired", "the token is not one of this app"))?;
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
