//! `POST` to a page with `Via-Request: action`: a tab acts.

use std::{
    future::Future,
    net::IpAddr,
    str::FromStr,
    sync::{Arc, OnceLock},
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use super::{outlive::outlive, security::DEFAULT_HEADERS, visitor::Visitor};
use crate::{
    action::{ActionError, Arguments, Effects, Rejection, TaskFuture},
    field::{mount_of, without_mount},
    hub::{StreamId, TaskSlot},
    incident::Incident,
    page::{ActionKind, PageEntry},
    protocol::{
        header::{VIA_ACK, VIA_IDENTITY, VIA_REVISION, VIA_STREAM},
        incoming::Act,
        sse,
    },
    refusal::Refusal,
    runtime::Core,
    session::{IdentityMark, SessionCookie},
    state::{ChangeError, Inputs, Outcome, RefusedBy, Sources, TabId},
    stream::frame_for_answer,
    task::Host,
    transaction::{self, Actor, Authority, Done, Numbered},
};

/// Runs an action, to its end even if the client goes away. A final answer names the number of the
/// action.
pub(super) async fn act(
    core: Arc<Core>,
    page: Arc<PageEntry>,
    params: Vec<(String, String)>,
    address: Option<IpAddr>,
    headers: &mut HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let request = Act::decode(&body)?;
    let number = request.number;
    let mount = mount_of(&params).to_owned();
    let visitor = Visitor::of(&core, &mount, headers, &[&request.token]).await?;
    let keys = visitor.keys;
    // On the heap, because the future that runs it would hold it twice.
    let stream = value_of(headers, VIA_STREAM);
    let call = match Call::check(
        &page,
        params,
        visitor,
        request,
        &body,
        value_of(headers, VIA_IDENTITY),
    ) {
        Ok(call) => Box::new(Call {
            stream,
            address,
            ..call
        }),
        Err(refusal) => return Ok(refusal.into_response_to(Some(number))),
    };
    let done = outlive(&core.tasks, running(call, Arc::clone(&core), page)).await;
    let done = done.unwrap_or_else(|panic| {
        Err(Incident::of_panic("an action ended early", &*panic).refusal())
    });
    Ok(match done {
        Ok((done, frame)) => {
            let cookie = done.cookie.map(|cookie| {
                let config = &core.config.cookie;
                config.write(&cookie, keys, &mount, headers)
            });
            let room = std::mem::take(headers);
            let mut response = applied(number, done.outcome, frame, &mount, room);
            if let Some(cookie) = cookie {
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(refusal) => refusal.into_response_to(Some(number)),
    })
}

/// The result of a call, with the frame that its answer may carry.
type Ran = Result<(Done, Option<Bytes>), Refusal>;

/// A call that runs.
#[expect(clippy::manual_async_fn, reason = "it would hold its arguments twice")]
fn running(
    call: Box<Call>,
    core: Arc<Core>,
    page: Arc<PageEntry>,
) -> impl Future<Output = Ran> + Send {
    async move { call.run(&core, page).await }
}

/// The call of an action, with all that it needs.
#[derive(Debug)]
struct Call {
    cookie: SessionCookie,
    tab: TabId,
    params: Vec<(String, String)>,
    inputs: Inputs,
    numbered: Numbered,
    action: String,
    kind: ActionKind,
    args: Box<serde_json::value::RawValue>,
    /// The live stream of the tab's browser, if the answer may carry what the action changes.
    stream: Option<StreamId>,
    /// The visitor's network address, if it is known.
    address: Option<IpAddr>,
}

impl Call {
    /// Checks all that does not depend on the state of the session.
    fn check(
        page: &PageEntry,
        params: Vec<(String, String)>,
        mut visitor: Visitor<'_>,
        request: Act,
        body: &[u8],
        shown: Option<IdentityMark>,
    ) -> Result<Self, Refusal> {
        let cookie = visitor.take_cookie()?;
        let token = visitor.tokens.pop().flatten().ok_or(Refusal::BAD_TOKEN)?;
        if token.session != cookie.id {
            return Err(Refusal::SESSION_GONE);
        }
        if token.page != page.descriptor.name || token.params != without_mount(&params) {
            return Err(Refusal::STALE_PAGE);
        }
        // The fingerprint covers the whole page with its actions. If anything differs, another build
        // has made the token.
        let is_stale = token.fingerprint != page.fingerprint;
        let kind = match page.code.action(&request.action) {
            _ if is_stale => ActionKind::Transaction,
            Some(kind) => kind,
            None => {
                let (page, action) = (page.descriptor.name, &request.action);
                let message = format!(
                    "The page `{page}` has no action `{action}`; it can call only its own."
                );
                return Err(Refusal::UNKNOWN_ACTION.saying(message));
            }
        };
        let inputs = Inputs {
            values: Arc::new(request.signals),
            dirty: request.dirty,
        };
        // Another build's page may have other signals.
        if !is_stale && let Err(error) = page.check_inputs(&inputs) {
            let message = format!("This page takes no signal `{}`.", error.0);
            return Err(Refusal::UNKNOWN_SIGNAL.saying(message));
        }
        Ok(Self {
            cookie,
            tab: token.tab,
            params,
            inputs,
            numbered: Numbered {
                load: token.load,
                number: request.number,
                digest: xxhash_rust::xxh3::xxh3_64(body),
                began: token.began,
                shown,
                is_stale,
            },
            action: request.action,
            kind,
            args: request.args,
            stream: None,
            address: None,
        })
    }

    /// Runs the action. The answer may carry the frame that shows the tab what the action changed. It
    /// carries an empty frame if an earlier answer to the same action may have carried that frame.
    async fn run(self: Box<Self>, core: &Arc<Core>, page: Arc<PageEntry>) -> Ran {
        let documents = core.hub.documents(self.cookie.id, &page, &self.params);
        let session = documents.session();
        if !core.hub.admits(session, core.config.action_rate) {
            return Err(Refusal::TOO_OFTEN);
        }
        let arguments = Arguments::new(&self.args);
        let task = match self.kind {
            ActionKind::Transaction => None,
            ActionKind::Task => Some(self.task(core, &page, &arguments)?),
        };
        let mut task_slots: Vec<TaskSlot> = Vec::new();
        let slot = session.queue_slot(self.tab).ok_or(Refusal::BUSY)?;
        let mut done = {
            let _turn = session.turn().await;
            drop(slot);
            let actor = Actor {
                authority: Authority::Browser(&self.cookie),
                tab: self.tab,
                params: &self.params,
                inputs: &self.inputs,
                stream: self.stream,
                address: self.address,
                starts_task: task.is_some(),
            };
            // One reference instead of one for each field, because they are held while the action waits.
            let call = &*self;
            let mut step = |sources: Sources<'_>, fx: &mut Effects| {
                // Those of an attempt that was not committed.
                task_slots.clear();
                let changes = page.code.run(&call.action, &arguments, sources, fx)?;
                let starts = fx.futures.len() + usize::from(call.kind == ActionKind::Task);
                let limit = core.config.tasks_per_session;
                task_slots = session
                    .task_slots(starts, limit)
                    .ok_or(ActionError::TooManyTasks { starts, limit })
                    .map_err(ChangeError::Action)?;
                Ok(changes)
            };
            transaction::run(core, &documents, actor, Some(self.numbered), &mut step).await?
        };
        // The frame of the first answer may be lost with it. An empty one makes the client ask for all.
        let mut frame = (done.repeated && self.stream.is_some()).then(Bytes::new);
        if let Outcome::Applied { commands, .. } = &done.outcome
            && !done.repeated
        {
            // An answer carries either commands or a frame.
            if let Some(wake_guard) = done.wake_guard.take().filter(|_| commands.is_empty()) {
                frame = frame_for_answer(core, &wake_guard, self.tab, self.numbered.load);
            }
            for future in std::mem::take(&mut done.effects.futures) {
                let slot = task_slots.pop();
                core.tasks.spawn(future.map(|()| drop(slot)));
            }
            if let (Some((host, future)), Some(authority)) = (task, done.task.take()) {
                let slot = task_slots.pop();
                let task = host.carry_out(authority, future);
                core.tasks.spawn(task.map(|()| drop(slot)));
            }
        }
        Ok((done, frame))
    }

    /// The task that this call starts, not yet running.
    fn task(
        &self,
        core: &Arc<Core>,
        page: &PageEntry,
        arguments: &Arguments<'_>,
    ) -> Result<(Arc<Host>, TaskFuture), Refusal> {
        let host = Arc::new(Host {
            core: Arc::clone(core),
            documents: core.hub.documents(self.cookie.id, page, &self.params),
            session: self.cookie.id,
            authority: OnceLock::new(),
            tab: self.tab,
            params: self.params.clone(),
        });
        match page
            .code
            .start(&self.action, arguments, Arc::<Host>::clone(&host))
        {
            Ok(future) => Ok((host, future)),
            Err(ActionError::Arguments(error)) => {
                Err(Refusal::INVALID_ARGUMENTS.saying(error.to_string()))
            }
            Err(ActionError::Refused(Rejection(message))) => {
                Err(Refusal::INVALID_ARGUMENTS.saying(message))
            }
            Err(ActionError::TooManyTasks { .. }) => Err(Refusal::BUSY),
        }
    }
}

/// What a header says, if this build understands it.
fn value_of<T: FromStr>(headers: &HeaderMap, name: HeaderName) -> Option<T> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

/// The answer to an action that was handled. Its headers reuse the memory of the request's headers,
/// because the connection takes that memory for the next request.
fn applied(
    number: u64,
    outcome: Outcome,
    frame: Option<Bytes>,
    mount: &str,
    mut room: HeaderMap,
) -> Response {
    match outcome {
        Outcome::Refused { message, by } => {
            let refusal = match by {
                RefusedBy::App => Refusal::REFUSED,
                RefusedBy::Identity => Refusal::IDENTITY_CHANGED,
                RefusedBy::Build => Refusal::STALE_PAGE,
            };
            refusal.saying(message).into_response_to(Some(number))
        }
        Outcome::Applied { revision, commands } => {
            let content = if commands.is_empty() {
                frame.map(|frame| (Body::from(frame), sse::CONTENT_TYPE))
            } else {
                let commands: Vec<_> = commands
                    .into_iter()
                    .map(|command| command.at_mount(mount))
                    .collect();
                let body = json!({ "commands": commands }).to_string();
                Some((Body::from(body), "application/json"))
            };
            let mut response = Response::new(Body::empty());
            room.clear();
            // Enough for the default headers as well.
            room.reserve(4 + DEFAULT_HEADERS.len());
            *response.headers_mut() = room;
            if let Some((body, kind)) = content {
                *response.body_mut() = body;
                let kind = HeaderValue::from_static(kind);
                response.headers_mut().insert(header::CONTENT_TYPE, kind);
            } else {
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            let headers = response.headers_mut();
            headers.insert(VIA_ACK, HeaderValue::from(number));
            headers.insert(VIA_REVISION, HeaderValue::from(revision));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use futures_util::future::CatchUnwind;
    use tokio_util::task::task_tracker::TrackedFuture;

    use super::*;

    /// How much [`outlive`] allocates for a future of this type.
    fn allocated<F: Future>(_: impl Fn(Box<Call>, Arc<Core>, Arc<PageEntry>) -> F) -> usize {
        size_of::<TrackedFuture<CatchUnwind<AssertUnwindSafe<F>>>>()
    }

    /// Each action allocates it once. Above 1,032 bytes the allocator of glibc takes a way that is several
    /// times as long.
    #[test]
    fn an_action_that_runs_takes_little_memory() {
        assert!(allocated(running) <= 1032, "{}", allocated(running));
    }
}
