//! The routes of an app: each page's own path serves everything of the page.

use std::{
    collections::HashMap,
    error::Error,
    future::{Future, ready},
    sync::Arc,
};

use axum::{
    Router,
    extract::{OriginalUri, RawPathParams, Request},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use futures_util::{FutureExt as _, future::Either};
use http::{HeaderMap, HeaderName, StatusCode, Uri, header, request::Parts};
use http_body_util::LengthLimitError;
use tokio::time::timeout;

use super::{act, document, health, live_stream, security};
use crate::{
    client, field::Segment, limits, page::PageEntry, protocol::answer::Refused, runtime::Core,
    stream::TabStream,
};

/// The header in which the client repeats the number of an action, for answers that are given
/// without a look at the body.
const VIA_NUMBER: HeaderName = HeaderName::from_static("via-number");

/// The path of the live stream.
pub(super) const STREAM: &str = "/_via/stream";

/// Where browsers look for the icon of a page that names none.
const ICON: &str = "/favicon.ico";

/// The router of an app.
pub(super) fn router(core: &Arc<Core>, files: &client::Files) -> Router {
    let links = client::Links::new(files);
    let mut router = client::routes(files);
    for page in core.pages.values() {
        let shown = {
            let (core, page, links) = (Arc::clone(core), Arc::clone(page), links.clone());
            move |original: OriginalUri, uri: Uri, params: RawPathParams, headers: HeaderMap| async move {
                // A page at `/{room}` is not for it. A route would clash with one of the host.
                if uri.path() == ICON && page.descriptor.route != ICON {
                    return client::icon();
                }
                let base = base(original.path(), uri.path());
                document::show(&core, &page, &links, base, &collect(&params), &headers)
                    .await
                    .unwrap_or_else(document::refused)
            }
        };
        let acted = {
            let (core, page) = (Arc::clone(core), Arc::clone(page));
            move |params: RawPathParams, request: Request| {
                acted(core, page, collect(&params), request)
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
        .route(STREAM, post(streamed))
        .merge(health::routes(core))
        .layer(map_response(security::default_headers))
}

/// Answers where no page is. A client of ours that comes here has a page of another build.
pub(super) async fn nowhere(request: Request) -> Response {
    let headers = request.headers();
    let kind = headers
        .get(security::VIA_REQUEST)
        .map(http::HeaderValue::as_bytes);
    let answer = match kind {
        Some(b"action" | b"attach") => Refused::stale_page().into_response_to(announced(headers)),
        _ if request.uri().path() == ICON => client::icon(),
        _ => (StatusCode::NOT_FOUND, "There is no such page.").into_response(),
    };
    security::default_headers(answer).await
}

/// The pages whose routes are paths as they are, without parameters.
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
    request: Request,
) -> impl Future<Output = Response> + Send {
    let number = announced(request.headers());
    answer(core, page, params, request)
        .map(move |answer| answer.unwrap_or_else(|refused| refused.into_response_to(number)))
}

/// In two parts, of which the second takes the room of the first.
fn answer(
    core: Arc<Core>,
    page: Arc<PageEntry>,
    params: Vec<(String, String)>,
    request: Request,
) -> impl Future<Output = Result<Response, Refused>> + Send {
    guarded(&core, request).then(|guarded| async move {
        let (mut headers, body) = guarded?;
        match headers
            .get(security::VIA_REQUEST)
            .map(http::HeaderValue::as_bytes)
        {
            Some(b"action") => act::act(core, page, params, &mut headers, body).await,
            // Seldom, and large.
            Some(b"attach") => Box::pin(act::attach(&core, &page, params, &headers, &body)).await,
            _ => Err(Refused::bad_request(
                "unknown_request",
                "The header `Via-Request` is neither `action` nor `attach`.",
            )),
        }
    })
}

/// The number of the action that a request is about, known before its body is read.
fn announced(headers: &HeaderMap) -> Option<u64> {
    let is_action = headers.get(security::VIA_REQUEST)? == "action";
    let number = headers.get(VIA_NUMBER)?.to_str().ok()?.parse().ok()?;
    is_action.then_some(number)
}

/// A `POST` for the live stream.
pub(super) async fn stream(core: Arc<Core>, request: Request) -> Result<TabStream, Refused> {
    let (headers, body) = guarded(&core, request).await?;
    live_stream::open(core, &headers, &body).await
}

/// Lets only same-origin JSON of a sane size through.
fn guarded(
    core: &Core,
    request: Request,
) -> impl Future<Output = Result<(HeaderMap, Bytes), Refused>> + Send + use<> {
    let (Parts { headers, .. }, body) = request.into_parts();
    match is_json_of_ours(core, &headers) {
        Err(refused) => Either::Left(ready(Err(refused))),
        Ok(()) => Either::Right(
            timeout(limits::BODY_TIME, axum::body::to_bytes(body, limits::BODY)).map(|read| {
                match read {
                    Ok(Ok(body)) => Ok((headers, body)),
                    Ok(Err(error)) => Err(too_large_or_cut(&error)),
                    Err(_) => Err(too_slow()),
                }
            }),
        ),
    }
}

fn is_json_of_ours(core: &Core, headers: &HeaderMap) -> Result<(), Refused> {
    security::same_origin(headers, &core.config.origins)?;
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoded_body",
            "A request may not have a `Content-Encoding`.",
        ));
    }
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !json {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_json",
            "A request must have the content type `application/json`.",
        ));
    }
    Ok(())
}

/// Why a body could not be read to its end.
fn too_large_or_cut(error: &axum::Error) -> Refused {
    if error
        .source()
        .is_some_and(<dyn Error>::is::<LengthLimitError>)
    {
        return Refused::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("A body may have at most {} bytes.", limits::BODY),
        );
    }
    // What arrived says nothing of what was sent, so the same request may be repeated.
    Refused::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "cut_body",
        "The body of the request did not arrive.",
    )
    .retry_after(1)
}

fn too_slow() -> Refused {
    Refused::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "slow_body",
        "The body of the request did not arrive in time.",
    )
    .retry_after(1)
}

/// Where the app is nested in another router: the part of the `original` path before its own.
fn base<'a>(original: &'a str, own: &str) -> &'a str {
    match original.strip_suffix(own) {
        Some(base) => base,
        // The root of a nested app has no slash at its end.
        None if own == "/" => original,
        None => "",
    }
}

fn collect(params: &RawPathParams) -> Vec<(String, String)> {
    params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
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
        ] {
            assert_eq!(base(original, own), expected, "{original} {own}");
        }
    }
}
