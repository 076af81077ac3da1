//! `GET` of a page: the whole document, right before any script has run.

use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use maud::{DOCTYPE, PreEscaped, html};

use super::{
    Core,
    act::{keys, load},
};
use crate::{
    client::Links,
    clock,
    hub::{Frame, Live, SessionState, Snapshot, render, sources},
    incident::Incident,
    limits,
    page::PageEntry,
    protocol::answer::Refused,
    session::{Keyring, SessionCookie},
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
    let now = core.clock.now();
    let visitor = Visitor::of(core, keys, headers, now).await?;
    let rendered = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let inputs = Inputs::default();
        // Not kept: only a tab that is shown frames needs the next one to differ from this.
        let frame = render(page, params, None, &visitor.state)?;
        let head = page.head(sources(&visitor.state, params, None, &inputs))?;
        Ok((frame, head))
    }));
    let (frame, head) = match rendered {
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
    let mut response = whole(page, &frame, &head, links, base).into_response();
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
    state: SessionState,
    /// The cookie to hand out, if the visitor came without one that is worth keeping.
    handed_out: Option<SessionCookie>,
}

impl Visitor {
    async fn of(
        core: &Core,
        keys: &Keyring,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        if let Some(cookie) = core.config.cookie.read(headers, keys) {
            let (live, state) = load(core, &cookie).await?;
            match &state {
                SessionState::Found(snapshot)
                    if snapshot.document.secret.matches(&cookie.secret) =>
                {
                    note_visit(core, &live, snapshot, now).await;
                    return Ok(Self {
                        state,
                        handed_out: None,
                    });
                }
                SessionState::Absent if !core.config.visit_is_over(&cookie, now) => {
                    return Ok(Self {
                        state,
                        handed_out: None,
                    });
                }
                SessionState::Found(_) | SessionState::Absent | SessionState::Deleted => {}
            }
        }
        let cookie = SessionCookie::fresh(now);
        Ok(Self {
            state: SessionState::Absent,
            handed_out: Some(cookie),
        })
    }
}

/// Moves the idle deadline of a session that is visited, unless it would hardly move.
async fn note_visit(core: &Core, live: &Live, snapshot: &Snapshot, now: Timestamp) {
    let until = clock::after(now, core.config.idle).min(snapshot.expiry.absolute);
    let worth_a_write = clock::after(snapshot.expiry.idle_until, core.config.idle / 100);
    if until < worth_a_write {
        return;
    }
    let touched = core.store.touch(live.key(), until, now);
    match tokio::time::timeout(limits::STORE_DEADLINE, touched).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => tracing::warn!(%error, "a visit cannot be noted"),
        Err(_) => tracing::warn!("a visit cannot be noted in time"),
    }
}

fn whole(page: &PageEntry, frame: &Frame, head: &str, links: &Links, base: &str) -> maud::Markup {
    let signals = serde_json::to_string(&frame.signals).unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang="en" data-via-connection="connecting" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                (PreEscaped(head))
                @for stylesheet in links.stylesheets() {
                    link rel="stylesheet" href={ (base) (stylesheet) };
                }
                script type="module" src={ (base) (links.script()) } {}
            }
            body {
                div id="via" data-signals=(signals) data-via-frame=(frame.hash) data-via-page=(page.mark()) {
                    (PreEscaped(&frame.html))
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
