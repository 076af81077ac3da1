//! The routes of an app: each page's own path serves everything of the page.

use std::{
    collections::HashMap,
    future::{Future, ready},
    net::SocketAddr,
    sync::Arc,
};

use axum::{
    Router,
    extract::{OriginalUri, RawPathParams, Request, rejection::RawPathParamsRejection},
    middleware::{Next, from_fn, map_response},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use futures_util::FutureExt as _;

use super::{
    act, attach,
    client_address::{client_address, peer_of},
    document, health,
    hosts::{self, Hosts},
    live_stream,
    request::{announced, read},
    security,
};
use crate::{
    client,
    field::{Segment, add_mount},
    page::PageEntry,
    protocol::header::VIA_REQUEST,
    refusal::Refusal,
    runtime::Core,
    stream::TabStream,
};

/// Where browsers look for the icon of a page that names none.
const ICON: &str = "/favicon.ico";

/// The router of an app.
pub(super) fn router(core: &Arc<Core>, files: &client::Files) -> Router {
    let (hsts, via_path) = (core.config.hsts, core.config.via_path);
    let nothing = move |request: Request| ready(nowhere(&request, hsts));
    let links = client::Links::new(via_path, files);
    let mut router = client::routes(via_path, files);
    for page in core.pages.values() {
        let shown = {
            let (core, page, links) = (Arc::clone(core), Arc::clone(page), links.clone());
            move |params: RawParams, request: Request| async move {
                // A page at `/{room}` is not for it. A route would clash with one of the host.
                if request.uri().path() == ICON && page.descriptor.route != ICON {
                    return client::icon();
                }
                let Some(params) = collect(params, &request) else {
                    return document::refused(Refusal::NOT_FOUND);
                };
                document::show(&core, &page, &links, &params, request.headers())
                    .await
                    .unwrap_or_else(document::refused)
            }
        };
        let acted = {
            let (core, page) = (Arc::clone(core), Arc::clone(page));
            move |params: RawParams, request: Request| {
                if let Some(params) = collect(params, &request) {
                    let peer = peer_of(&request);
                    return acted(core, page, params, peer, request).left_future();
                }
                let number = announced(request.headers());
                ready(Refusal::NOT_FOUND.into_response_to(number)).right_future()
            }
        };
        router = router.route(page.descriptor.route, get(shown).post(acted));
    }
    let streamed = {
        let core = Arc::clone(core);
        move |request: Request| async move {
            let version = request.version();
            match stream(core, request).await {
                Ok(stream) => live_stream::respond(stream.into_body(), version),
                Err(refused) => refused.into_response(),
            }
        }
    };
    router
        .route(&core.config.stream_path, post(streamed))
        // A file of another build must not become an answer of the host that a cache keeps.
        .route(&format!("{via_path}/{{file}}"), any(nothing))
        .route(
            &format!("{via_path}/{{hash}}/{{script}}/{{*rest}}"),
            any(nothing),
        )
        .merge(health::routes(core))
        .layer(map_response(move |response| {
            ready(security::default_headers(response, hsts))
        }))
}

/// Refuses requests that name a host which the app does not serve.
pub(super) fn only_for(router: Router, hosts: Hosts) -> Router {
    let hosts = Arc::new(hosts);
    router.layer(from_fn(move |request: Request, next: Next| {
        let checked = hosts.check(&request);
        async move {
            match checked {
                Ok(()) => next.run(request).await,
                Err(refused) => hosts::turned_away(refused, &request),
            }
        }
    }))
}

/// Answers where there is no page. If the browser client comes here, its page is of another build.
pub(super) fn nowhere(request: &Request, hsts: bool) -> Response {
    let headers = request.headers();
    let kind = headers.get(VIA_REQUEST).map(http::HeaderValue::as_bytes);
    let answer = match kind {
        Some(b"action" | b"attach") => Refusal::STALE_PAGE.into_response_to(announced(headers)),
        _ if request.uri().path() == ICON => client::icon(),
        _ => document::refused(Refusal::NOT_FOUND),
    };
    security::default_headers(answer, hsts)
}

/// The pages whose routes have no parameters.
pub(super) fn plain(core: &Core) -> HashMap<&'static str, Arc<PageEntry>> {
    core.pages
        .values()
        .filter(|page| {
            let mut segments = page.descriptor.segments.iter();
            segments.all(|segment| matches!(segment, Segment::Literal(_)))
        })
        .map(|page| (page.descriptor.route, Arc::clone(page)))
        .collect()
}

/// A `POST` to a page: an action, or a document that attaches.
pub(super) fn acted(
    core: Arc<Core>,
    page: Arc<PageEntry>,
    params: Vec<(String, String)>,
    peer: Option<SocketAddr>,
    request: Request,
) -> impl Future<Output = Response> + Send {
    let number = announced(request.headers());
    answer(core, page, params, peer, request)
        .map(move |answer| answer.unwrap_or_else(|refused| refused.into_response_to(number)))
}

/// In two parts, so that the second one reuses the memory of the first.
fn answer(
    core: Arc<Core>,
    page: Arc<PageEntry>,
    params: Vec<(String, String)>,
    peer: Option<SocketAddr>,
    request: Request,
) -> impl Future<Output = Result<Response, Refusal>> + Send {
    let address = peer.map(|peer| client_address(&core, peer, request.headers()));
    read(&core, request).then(move |request| async move {
        let (mut headers, body) = request?;
        match headers.get(VIA_REQUEST).map(http::HeaderValue::as_bytes) {
            Some(b"action") => act::act(core, page, params, address, &mut headers, body).await,
            // On the heap, because it is rare and large.
            Some(b"attach") => {
                Box::pin(attach::attach(&core, &page, params, &headers, &body)).await
            }
            _ => Err(Refusal::UNKNOWN_REQUEST),
        }
    })
}

/// A `POST` for the live stream.
pub(super) async fn stream(core: Arc<Core>, request: Request) -> Result<TabStream, Refusal> {
    let mount = mount(&request).to_owned();
    let (headers, body) = read(&core, request).await?;
    live_stream::open(core, &mount, &headers, &body).await
}

/// Path parameters, unless their percent-encoding is not one of text.
type RawParams = Result<RawPathParams, RawPathParamsRejection>;

/// The path parameters of a request, with its [mount](add_mount).
fn collect(params: RawParams, request: &Request) -> Option<Vec<(String, String)>> {
    let mut params = params
        .ok()?
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    add_mount(&mut params, mount(request));
    Some(params)
}

/// Where the router is nested that handles this request.
fn mount(request: &Request) -> &str {
    let original = request.extensions().get::<OriginalUri>();
    original.map_or("", |original| base(original.path(), request.uri().path()))
}

/// The part of the `original` path before the path within the app.
fn base<'a>(original: &'a str, own: &str) -> &'a str {
    let base = match original.strip_suffix(own) {
        Some(base) => base,
        // The root of a nested app has no slash at its end.
        None if own == "/" => original,
        None => "",
    };
    // A browser would take the beginning of such a path for the name of a host.
    if base.starts_with("//") || base.contains('\\') {
        return "";
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_of_a_nested_app_is_what_stands_before_its_paths() {
        for (original, own, expected) in [
            ("/", "/", ""),
            ("/a/b", "/a/b", ""),
            ("/apps/desk", "/", "/apps/desk"),
            ("/apps/desk/", "/", "/apps/desk"),
            ("/apps/desk/a/b", "/a/b", "/apps/desk"),
            ("//evil.example/a", "/a", ""),
            ("/\\evil.example/a", "/a", ""),
        ] {
            assert_eq!(base(original, own), expected, "{original} {own}");
        }
    }
}
