//! `GET` of a page: the whole document, right before any script has run.

use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, PreEscaped, html};

use super::act::{keys, load};
use crate::{
    client::Links,
    first_html,
    frames::{Frame, render_first},
    hub::PageState,
    incident::Incident,
    limits,
    page::PageEntry,
    protocol::answer::Refused,
    runtime::{Core, Standing},
    session::SessionCookie,
    state::Inputs,
    store::Timestamp,
};

/// Renders the page in the latest state of the visitor's session. Stores nothing.
pub(super) async fn show(
    core: &Core,
    page: &PageEntry,
    links: &Links,
    base: &str,
    params: &[(String, String)],
    headers: &HeaderMap,
) -> Result<Response, Refused> {
    let keys = keys(core).await?;
    let shown = core.shown(keys, headers, &[]).await.cookie;
    let now = core.clock.now();
    let Some(visitor) = Visitor::of(core, page, params, shown, now).await? else {
        return Ok(one_moment());
    };
    let rendered = std::panic::catch_unwind(AssertUnwindSafe(|| {
        // Not kept: only a tab that is shown frames needs the next one to differ from this.
        let (frame, known) = render_first(page, params, &visitor.state)?;
        let head = visitor
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
            return Err(Refused::not_found());
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
    // The frame is compared with others as the view printed it; what the browser can work out
    // again is filled in for the document alone.
    let content = first_html::fill(frame.tree(), &known);
    let mut response = whole(page, &frame, &content, &head, links, base).into_response();
    let headers = response.headers_mut();
    // The browser may keep the page for the back button, and asks again on every navigation.
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    if let Some(cookie) = visitor.handed_out {
        headers.insert(header::SET_COOKIE, core.config.cookie.write(&cookie, keys));
    }
    Ok(response)
}

/// Whose request it is.
struct Visitor {
    state: PageState,
    /// The cookie to hand out, if the visitor came without one that is worth keeping.
    handed_out: Option<SessionCookie>,
}

impl Visitor {
    /// `None` for somebody whose browser is being given another cookie at this moment, which a
    /// cookie in this answer could replace.
    async fn of(
        core: &Core,
        page: &PageEntry,
        params: &[(String, String)],
        shown: Option<SessionCookie>,
        now: Timestamp,
    ) -> Result<Option<Self>, Refused> {
        if let Some(cookie) = shown {
            let documents = core.hub.documents(cookie.id, page, params);
            let state = load(core, &documents).await?;
            match core.standing(&cookie, &state.session, now) {
                Standing::Open => {
                    core.note_use(&documents, &state, now).await;
                    return Ok(Some(Self {
                        state,
                        handed_out: None,
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
            handed_out: Some(cookie),
        }))
    }
}

/// Comes back by itself, with the cookie that the browser has by then.
fn one_moment() -> Response {
    let mut response = notice("One moment", "This page is about to be shown.").into_response();
    let headers = response.headers_mut();
    headers.insert(header::REFRESH, HeaderValue::from_static("1"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn whole(
    page: &PageEntry,
    frame: &Frame,
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
                // Fetched beside the stylesheets, which come before anything is shown.
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
                div id="via" data-signals=(signals) data-via-frame=(frame.hash) data-via-page=(page.mark()) {
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

/// The answer to whoever opens a page and cannot have it: the same refusal, for people.
pub(super) fn refused(refused: Refused) -> Response {
    let page = notice("This page cannot be shown", refused.message());
    let (mut parts, _) = refused.into_response().into_parts();
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
