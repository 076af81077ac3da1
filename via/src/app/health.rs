//! `/livez` and `/readyz`: tell load balancers and supervisors whether the server is well.

use std::sync::Arc;

use crate::runtime::Core;
use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{StatusCode, header};

/// The paths that no page can have.
pub(super) const PATHS: [&str; 2] = ["/livez", "/readyz"];

/// The paths at which the app says whether it is well; none if that is turned off.
pub(super) fn paths(core: &Core) -> impl Iterator<Item = String> {
    let below = core.config.health_below;
    let all = below.map(|below| PATHS.map(|path| format!("{below}{path}")));
    all.into_iter().flatten()
}

/// Answers both paths without a session or a cookie.
pub(super) fn routes(core: &Arc<Core>) -> Router {
    let mut paths = paths(core);
    let (Some(live), Some(ready)) = (paths.next(), paths.next()) else {
        return Router::new();
    };
    let core = Arc::clone(core);
    Router::new()
        .route(&live, get(|| async { answer(StatusCode::OK, "live") }))
        .route(&ready, get(move || async move { readiness(&core).await }))
}

/// Whether a load balancer should send visitors here: not while the server stops, and not while its
/// store is unavailable.
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
