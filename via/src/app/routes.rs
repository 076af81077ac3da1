//! The routes of an app: each page's own path serves everything of the page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{OriginalUri, RawPathParams, Request},
    middleware::map_response,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header};

use super::{Core, act, document, live_stream, security};
use crate::{client, limits, page::PageEntry, protocol::answer::Refused};

/// The router of an app.
pub(super) fn router(core: &Arc<Core>, stylesheets: Vec<&'static str>) -> Router {
    let links = client::Links::new(&stylesheets);
    let mut router = client::routes(stylesheets);
    for page in core.pages.values() {
        let shown = {
            let (core, page, links) = (Arc::clone(core), Arc::clone(page), links.clone());
            move |original: OriginalUri, uri: Uri, params: RawPathParams, headers: HeaderMap| async move {
                // Where the app is nested in another router, the paths differ by its base path.
                let base = original.path().strip_suffix(uri.path()).unwrap_or_default();
                document::show(&core, &page, &links, base, &collect(&params), &headers)
                    .await
                    .unwrap_or_else(document::refused)
            }
        };
        let acted = {
            let (core, page) = (Arc::clone(core), Arc::clone(page));
            move |params: RawPathParams, request: Request| async move {
                answer(core, page, collect(&params), request)
                    .await
                    .unwrap_or_else(IntoResponse::into_response)
            }
        };
        router = router.route(page.descriptor.route, get(shown).post(acted));
    }
    let streamed = {
        let core = Arc::clone(core);
        move |request: Request| async move {
            stream(core, request)
                .await
                .unwrap_or_else(IntoResponse::into_response)
        }
    };
    router
        .route("/_via/stream", post(streamed))
        .layer(map_response(security::default_headers))
}

/// A `POST` to a page: an action, or a document that attaches.
async fn answer(
    core: Arc<Core>,
    page: Arc<PageEntry>,
    params: Vec<(String, String)>,
    request: Request,
) -> Result<Response, Refused> {
    let (headers, body) = guarded(&core, request).await?;
    match headers
        .get(security::VIA_REQUEST)
        .map(|kind| kind.as_bytes())
    {
        Some(b"action") => act::act(core, page, params, &headers, body).await,
        Some(b"attach") => act::attach(&core, &page, params, &headers, &body).await,
        _ => Err(Refused::bad_request(
            "unknown_request",
            "The header `Via-Request` is neither `action` nor `attach`.",
        )),
    }
}

async fn stream(core: Arc<Core>, request: Request) -> Result<Response, Refused> {
    let (headers, body) = guarded(&core, request).await?;
    live_stream::open(core, &headers, &body).await
}

/// Lets only same-origin JSON of a sane size through.
async fn guarded(core: &Core, request: Request) -> Result<(HeaderMap, Bytes), Refused> {
    let (parts, body) = request.into_parts();
    security::same_origin(&parts.headers, &core.config.origins)?;
    if parts.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Refused::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "encoded_body",
            "A request may not have a `Content-Encoding`.",
        ));
    }
    let json = parts
        .headers
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
    let body = axum::body::to_bytes(body, limits::BODY)
        .await
        .map_err(|_| {
            Refused::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("A body may have at most {} bytes.", limits::BODY),
            )
        })?;
    Ok((parts.headers, body))
}

fn collect(params: &RawPathParams) -> Vec<(String, String)> {
    params
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
