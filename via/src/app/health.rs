//! `/livez` and `/readyz`: how the server is, for load balancers and for whatever restarts it.

use std::sync::Arc;

use crate::runtime::Core;
use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{StatusCode, header};

/// The paths that are answered here, and are no page's.
pub(super) const PATHS: [&str; 2] = ["/livez", "/readyz"];

/// Answers both paths, to anybody, without a session or a cookie.
pub(super) fn routes(core: &Arc<Core>) -> Router {
    let core = Arc::clone(core);
    let [live, ready] = PATHS;
    Router::new()
        .route(live, get(|| async { answer(StatusCode::OK, "live") }))
        .route(ready, get(move || async move { readiness(&core).await }))
}

/// Whether it makes sense to send visitors here: not while the server stops, nor while its store is
/// away.
async fn readiness(core: &Core) -> Response {
    if core.shutdown.is_cancelled() {
        return answer(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    if core.keys().await.is_ok() && core.store_answers().await {
        answer(StatusCode::OK, "ready")
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, "the store is away")
    }
}

fn answer(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
