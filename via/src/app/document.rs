//! `GET` of a page: the whole document, complete before any script runs.

use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, PreEscaped, html};

use super::visitor::{Visitor, load};
use crate::{
    client::Links,
    field::mount_of,
    first_html,
    frames::{Frame, render_first},
    hub::PageState,
    incident::Incident,
    limits,
    page::PageEntry,
    refusal::Refusal,
    runtime::{Core, Standing},
    session::{IdentityMark, SessionCookie},
    state::Inputs,
    store::Timestamp,
    transaction::note_first_use,
};

/// Renders the page in the latest state of the visitor's session, without storing anything.
pub(super) async fn show(
    core: &Core,
    page: &PageEntry,
    links: &Links,
    params: &[(String, String)],
    request: &HeaderMap,
) -> Result<Response, Refusal> {
    let mount = mount_of(params);
    let Visitor { keys, cookie, .. } = Visitor::of(core, mount, request, &[]).await?;
    let now = core.clock.now();
    let Some(shown) = FirstView::to(cookie, core, page, params, now).await? else {
        return Ok(one_moment());
    };
    let rendered = std::panic::catch_unwind(AssertUnwindSafe(|| {
        // The frame is not kept: only the stream of a tab compares frames.
        let (frame, known) = render_first(page, params, &shown.state)?;
        let head = shown
            .state
            .with_sources(params, None, Inputs::none(), |sources| {
                page.code.head(sources)
            })?;
        Ok((frame, known, head))
    }));
    let (frame, known, head) = match rendered {
        Ok(Ok(rendered)) => rendered,
        Ok(Err(error)) => {
            let _: crate::state::ReadError = error;
            return Err(Refusal::NOT_FOUND);
        }
        Err(panic) => return Ok(failed(&Incident::of_panic("a view panicked", &*panic))),
    };
    if frame.html.len() > limits::PAGE {
        let size = frame.html.len();
        return Ok(failed(&Incident::report(
            "a rendered page is over the size limit",
            &size,
        )));
    }
    // Only the document contains what the browser can work out by itself. Frames are compared
    // as the view prints them.
    let content = first_html::fill(frame.tree(), &known);
    let mut response =
        whole(page, &frame, shown.identity, &content, &head, links, mount).into_response();
    let headers = response.headers_mut();
    // The browser may keep the page for the back button, but asks again on every navigation.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Some(cookie) = shown.new_cookie {
        let cookie = core.config.cookie.write(&cookie, keys, mount, request);
        headers.insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// What a visitor is shown.
struct FirstView {
    state: PageState,
    /// Who is logged in.
    identity: IdentityMark,
    /// The cookie to hand out, if the visitor has none that opens a session.
    new_cookie: Option<SessionCookie>,
}

impl FirstView {
    /// `None` if the browser is being given another cookie at this moment, because a cookie in this
    /// answer could replace that one.
    async fn to(
        cookie: Option<SessionCookie>,
        core: &Core,
        page: &PageEntry,
        params: &[(String, String)],
        now: Timestamp,
    ) -> Result<Option<Self>, Refusal> {
        if let Some(cookie) = cookie {
            let documents = core.hub.documents(cookie.id, page, params);
            let state = load(core, &documents).await?;
            match core.standing(&cookie, &state.session, now) {
                Standing::Open => {
                    note_first_use(core, &cookie, &state.session, now).await;
                    core.note_use(&documents, &state, now).await;
                    let session = documents.session().key();
                    let identity = IdentityMark::of(session, state.session.principal());
                    return Ok(Some(Self {
                        state,
                        identity,
                        new_cookie: None,
                    }));
                }
                Standing::Rotated => return Ok(None),
                Standing::Gone => {}
            }
        }
        let cookie = SessionCookie::fresh(now);
        let documents = core.hub.documents(cookie.id, page, params);
        let mut state = PageState::empty();
        if !documents.shared().is_empty() {
            state = load(core, &documents).await?;
            core.note_use(&documents, &state, now).await;
        }
        Ok(Some(Self {
            state,
            identity: IdentityMark::Nobody,
            new_cookie: Some(cookie),
        }))
    }
}

/// A page that reloads by itself after a second. The browser has its new cookie by then.
fn one_moment() -> Response {
    let mut response =
        notice("One moment, please", "This page appears in a second.").into_response();
    let headers = response.headers_mut();
    headers.insert(header::REFRESH, HeaderValue::from_static("1"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn whole(
    page: &PageEntry,
    frame: &Frame,
    identity: IdentityMark,
    content: &str,
    head: &str,
    links: &Links,
    base: &str,
) -> maud::Markup {
    let signals = serde_json::to_string(&frame.signals).unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang="en" data-via-connection="connecting" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Fetched together with the stylesheets, which block the first paint.
                script async src={ (base) (links.early()) } {}
                @for module in links.modules() {
                    script type="module" src={ (base) (module) } {}
                }
                (PreEscaped(head))
                @for stylesheet in links.stylesheets() {
                    link rel="stylesheet" href={ (base) (stylesheet) };
                }
                @for script in links.scripts() {
                    script type="module" src={ (base) (script) } {}
                }
                @if !head.contains(r#"rel="icon""#) {
                    link rel="icon" href={ (base) (links.icon()) };
                }
            }
            body {
                div id="via" data-signals=(signals) data-via-frame=(frame.hash) data-via-page=(page.mark()) data-via-identity=(identity) {
                    (PreEscaped(content))
                }
            }
        }
    }
}

fn failed(incident: &Incident) -> Response {
    let page = notice("Something went wrong", &incident.message());
    (StatusCode::INTERNAL_SERVER_ERROR, page).into_response()
}

/// A refusal as a page, for the people who open it.
pub(super) fn refused(refusal: Refusal) -> Response {
    let page = notice("This page cannot be shown", refusal.message());
    let (mut parts, _) = refusal.into_response().into_parts();
    parts.headers.remove(header::CONTENT_TYPE);
    (parts, page).into_response()
}

fn notice(title: &str, message: &str) -> maud::Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { meta charset="utf-8"; title { (title) } }
            body { h1 { (title) } p { (message) } }
        }
    }
}
