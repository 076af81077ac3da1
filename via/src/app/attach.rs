//! `POST` to a page with `Via-Request: attach`: a document gets the token of its tab.

use std::panic::AssertUnwindSafe;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use serde_json::json;

use super::visitor::{Visitor, load_if_open};
use crate::{
    field::{mount_of, without_mount},
    incident::Incident,
    limits,
    page::PageEntry,
    protocol::{
        incoming::{self, Attach},
        token::Token,
    },
    random::random,
    refusal::Refusal,
    runtime::Core,
    state::{Load, TabId},
};

/// Gives a document the token with which it acts and receives frames. The server stores nothing.
pub(super) async fn attach(
    core: &Core,
    page: &PageEntry,
    params: Vec<(String, String)>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Refusal> {
    let request: Attach = incoming::decode(body)?;
    let shown = request.token.as_deref();
    let mut visitor = Visitor::of(core, mount_of(&params), headers, shown.as_slice()).await?;
    let cookie = visitor.take_cookie()?;
    if request.page.is_some_and(|mark| mark != page.mark()) {
        return Err(Refusal::STALE_PAGE);
    }
    std::panic::catch_unwind(AssertUnwindSafe(|| page.code.check_params(&params)))
        .map_err(|panic| Incident::of_panic("a page panicked", &*panic).refusal())?
        .map_err(|_| Refusal::NOT_FOUND)?;
    let now = core.clock.now();
    let documents = core.hub.documents(cookie.id, page, &params);
    let state = load_if_open(core, &documents, &cookie).await?;
    core.note_use(&documents, &state, now).await;

    // The path of a request says where the app is mounted, so a token need not.
    let params = without_mount(&params);
    let before = visitor.tokens.into_iter().flatten().next().filter(|old| {
        old.session == cookie.id && old.page == page.descriptor.name && old.params == params
    });
    // A new load has done nothing yet, even if the clocks of two servers disagree.
    let forgotten = state
        .session
        .snapshot()
        .map_or(0, |snapshot| snapshot.document.forgotten.as_millis());
    let now_or_later = now.as_millis().max(forgotten.saturating_add(1));
    let (tab, epoch, since) = before.map_or_else(
        || (TabId::fresh(), 0, now_or_later),
        |old| {
            let since = now_or_later.max(old.load.since);
            (old.tab, old.load.epoch.saturating_add(1), since)
        },
    );
    let token = Token {
        tab,
        load: Load {
            epoch,
            nonce: u32::from_le_bytes(random()),
            since,
        },
        session: cookie.id,
        page: page.descriptor.name.to_owned(),
        params: params.to_vec(),
        fingerprint: page.fingerprint,
        began: state.session.snapshot().is_some(),
        issued: now.as_millis(),
    };
    let renew = limits::TOKEN_LIFE / 12 * 11;
    let answer = json!({
        "token": token.seal(visitor.keys),
        "tab": tab.to_string(),
        "renew_ms": u64::try_from(renew.as_millis()).unwrap_or(u64::MAX),
    });
    Ok((
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        answer.to_string(),
    )
        .into_response())
}
