//! `/livez` and `/readyz`: how the server is, for load balancers and for whatever restarts it.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{StatusCode, header};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::Core;
use crate::{limits, session::Keyring};

/// The paths that are answered here, and are no page's.
pub(super) const PATHS: [&str; 2] = ["/livez", "/readyz"];

/// An answer of the store counts for so long: whoever asks more often costs the store nothing.
const FRESH: Duration = Duration::from_secs(1);

/// What the store said to the last question, and when.
#[derive(Debug, Default)]
pub(super) struct Health {
    last: Mutex<Option<(Instant, bool)>>,
}

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
    if core.keys().await.is_ok() && core.health.store_answers(core).await {
        answer(StatusCode::OK, "ready")
    } else {
        answer(StatusCode::SERVICE_UNAVAILABLE, "the store is away")
    }
}

impl Health {
    async fn store_answers(&self, core: &Core) -> bool {
        // Those who come meanwhile wait for the same answer.
        let mut last = self.last.lock().await;
        if let Some((at, well)) = *last
            && at.elapsed() < FRESH
        {
            return well;
        }
        let keys = [Keyring::document()];
        let asked = core.store.revisions(&keys, core.clock.now());
        let well = matches!(timeout(limits::STORE_DEADLINE, asked).await, Ok(Ok(_)));
        *last = Some((Instant::now(), well));
        well
    }
}

fn answer(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, "no-store")], text).into_response()
}
