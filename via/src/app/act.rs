//! `POST` to a page: a document attaches, or its tab acts.

use std::{panic::AssertUnwindSafe, sync::Arc};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::{outlive::outlive, security::DEFAULT_HEADERS};
use crate::{
    action::{ActionError, Arguments, Effects, Refusal, TaskFuture},
    hub::{LoadError, PageDocuments, PageState, SessionState, StreamId},
    incident::Incident,
    limits,
    page::{ActionKind, PageEntry},
    protocol::{
        answer::{ACK, REVISION, Refused},
        incoming::{self, Act, Attach, STREAM},
        sse,
        token::Token,
    },
    random::random,
    runtime::{Core, Standing},
    session::{Keyring, SessionCookie},
    state::{Inputs, Load, Outcome, Sources, TabId},
    stream::frame_for_answer,
    task::Host,
    transaction::{self, Actor, Done, Failure, Numbered},
};

/// Hands a document what it needs to act and to be shown frames. Stores nothing.
pub(super) async fn attach(
    core: &Core,
    page: &PageEntry,
    params: Vec<(String, String)>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response, Refused> {
    let keys = keys(core).await?;
    let request: Attach = incoming::decode(body)?;
    let shown = core
        .shown(keys, headers, request.token.as_deref().as_slice())
        .await;
    let cookie = required(shown.cookie, headers)?;
    if request.page.is_some_and(|mark| mark != page.mark()) {
        return Err(Refused::stale_page());
    }
    std::panic::catch_unwind(AssertUnwindSafe(|| page.code.check_params(&params)))
        .map_err(|panic| Refused::incident(&Incident::of_panic("a page panicked", &*panic)))?
        .map_err(|_| Refused::not_found())?;
    let now = core.clock.now();
    let documents = core.hub.documents(cookie.id, page, &params);
    let state = load(core, &documents).await?;
    open_session(core, &cookie, &state.session)?;
    core.note_use(&documents, &state, now).await;

    let before = shown.tokens.into_iter().flatten().next().filter(|old| {
        old.session == cookie.id && old.page == page.descriptor.name && old.params == params
    });
    // A load that is handed out now has done nothing yet, whatever clocks say.
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
        params,
        fingerprint: page.fingerprint,
        began: state.session.snapshot().is_some(),
        issued: now.as_millis(),
    };
    let renew = limits::TOKEN_LIFE / 12 * 11;
    let answer = json!({
        "token": token.seal(keys),
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

/// Runs an action. It goes on if the client goes away, and its answer names its number if it is
/// definite.
pub(super) async fn act(
    core: Arc<Core>,
    page: Arc<PageEntry>,
    params: Vec<(String, String)>,
    headers: &mut HeaderMap,
    body: Bytes,
) -> Result<Response, Refused> {
    let keys = keys(&core).await?;
    let request = Act::decode(&body)?;
    let number = request.number;
    let mut shown = core.shown(keys, headers, &[&request.token]).await;
    let cookie = match required(shown.cookie, headers) {
        Ok(cookie) => cookie,
        Err(refused) => return Ok(refused.into_response_to(Some(number))),
    };
    let token = shown.tokens.pop().flatten();
    // On the heap, because what runs it would have the room for it twice.
    let stream = stream(headers);
    let call = match Call::check(&page, params, cookie, token, request, &body, stream) {
        Ok(call) => Box::new(call),
        Err(refused) => return Ok(refused.into_response_to(Some(number))),
    };
    let running = Arc::clone(&core);
    let done = outlive(&core.tasks, async move { call.run(&running, page).await }).await;
    let done = done.unwrap_or_else(|panic| {
        let incident = Incident::of_panic("an action ended early", &*panic);
        Err(Failure::Incident(incident))
    });
    Ok(match done {
        Ok((done, frame)) => {
            let mut response = applied(number, done.outcome, frame, std::mem::take(headers));
            if let Some(cookie) = done.cookie {
                let cookie = core.config.cookie.write(&cookie, keys);
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
            response
        }
        Err(failure) => failed(number, failure),
    })
}

/// An action that was asked for, and all that it needs.
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
    /// The live stream of its tab's browser, if the answer may carry what the action has changed.
    stream: Option<StreamId>,
}

impl Call {
    /// Checks everything that can be said without the session's state.
    fn check(
        page: &PageEntry,
        params: Vec<(String, String)>,
        cookie: SessionCookie,
        token: Option<Token>,
        request: Act,
        body: &[u8],
        stream: Option<StreamId>,
    ) -> Result<Self, Refused> {
        let token = token.ok_or_else(|| {
            Refused::bad_request("bad_token", "The token is not one of this app.")
        })?;
        if token.session != cookie.id {
            return Err(Refused::session_gone());
        }
        // The fingerprint stands for all that a page is made of, its actions included. Whatever is
        // different, another build handed the token out.
        if token.page != page.descriptor.name
            || token.params != params
            || token.fingerprint != page.fingerprint
        {
            return Err(Refused::stale_page());
        }
        let kind = page
            .code
            .action(&request.action)
            .ok_or_else(Refused::stale_page)?;
        let inputs = Inputs {
            values: Arc::new(request.signals),
            dirty: request.dirty,
        };
        page.check_inputs(&inputs).map_err(|error| {
            let message = format!("This page takes no signal `{}`.", error.0);
            Refused::unprocessable("unknown_signal", message)
        })?;
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
            },
            action: request.action,
            kind,
            args: request.args,
            stream,
        })
    }

    /// Runs it. The answer may carry the frame that shows its tab what it has changed, or an empty one
    /// where an answer before it may have carried that.
    async fn run(
        self: Box<Self>,
        core: &Arc<Core>,
        page: Arc<PageEntry>,
    ) -> Result<(Done, Option<Bytes>), Failure> {
        let documents = core.hub.documents(self.cookie.id, &page, &self.params);
        let session = documents.session();
        if !core.hub.admits(session, core.config.action_rate) {
            return Err(Failure::TooOften);
        }
        let arguments = Arguments::new(&self.args);
        let task = match self.kind {
            ActionKind::Transaction => None,
            ActionKind::Task => Some(self.task(core, &page, &arguments)?),
        };
        let slot = session.queue_slot(self.tab).ok_or(Failure::Busy)?;
        let mut done = {
            let _turn = session.turn().await;
            drop(slot);
            let actor = Actor {
                session: &self.cookie,
                tab: self.tab,
                params: &self.params,
                inputs: &self.inputs,
                stream: self.stream,
            };
            let mut step = |sources: Sources<'_>, fx: &mut Effects| {
                page.code.run(&self.action, &arguments, sources, fx)
            };
            transaction::run(core, &documents, actor, Some(self.numbered), &mut step).await?
        };
        // An empty one: what the first answer had is perhaps lost with it, and the client asks for all.
        let mut frame = (done.repeated && self.stream.is_some()).then(Bytes::new);
        if let Outcome::Applied { commands, .. } = &done.outcome
            && !done.repeated
        {
            // An answer with commands is one of its own kind.
            if let Some(wake_guard) = done.wake_guard.take().filter(|_| commands.is_empty()) {
                frame = frame_for_answer(core, &wake_guard, self.tab, self.numbered.load);
            }
            for future in std::mem::take(&mut done.effects.futures) {
                core.tasks.spawn(future);
            }
            if let Some((host, future)) = task {
                core.tasks.spawn(host.carry_out(future));
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
    ) -> Result<(Arc<Host>, TaskFuture), Failure> {
        let host = Arc::new(Host {
            core: Arc::clone(core),
            documents: core.hub.documents(self.cookie.id, page, &self.params),
            session: self.cookie.clone(),
            tab: self.tab,
            params: self.params.clone(),
        });
        match page
            .code
            .start(&self.action, arguments, Arc::<Host>::clone(&host))
        {
            Ok(future) => Ok((host, future)),
            Err(ActionError::Arguments(error)) => Err(Failure::Arguments(error.to_string())),
            Err(ActionError::Refused(Refusal(message))) => Err(Failure::Arguments(message)),
        }
    }
}

/// The session cookie of a request that needs one.
pub(super) fn required(
    cookie: Option<SessionCookie>,
    headers: &HeaderMap,
) -> Result<SessionCookie, Refused> {
    if let Some(cookie) = cookie {
        return Ok(cookie);
    }
    Err(if headers.contains_key(header::COOKIE) {
        Refused::session_gone()
    } else {
        Refused::new(
            StatusCode::UNAUTHORIZED,
            "no_cookie",
            "This page needs cookies, and the browser sent none.",
        )
    })
}

/// Lets only the holder of an open session through.
pub(super) fn open_session(
    core: &Core,
    cookie: &SessionCookie,
    state: &SessionState,
) -> Result<(), Refused> {
    match core.standing(cookie, state, core.clock.now()) {
        Standing::Open => Ok(()),
        Standing::Rotated => Err(Refused::rotated()),
        Standing::Gone => Err(Refused::session_gone()),
    }
}

/// The shared key, or an answer that asks to come back.
pub(super) async fn keys(core: &Core) -> Result<&Keyring, Refused> {
    core.keys()
        .await
        .map_err(|error| not_loaded(&error.into(), "the shared key"))
}

/// The live stream that an action names.
fn stream(headers: &HeaderMap) -> Option<StreamId> {
    headers.get(STREAM)?.to_str().ok()?.parse().ok()
}

/// The answer to an action that was handled. It takes the room of the request's headers for its own:
/// the connection puts those of the next request there.
fn applied(number: u64, outcome: Outcome, frame: Option<Bytes>, mut room: HeaderMap) -> Response {
    match outcome {
        Outcome::Refused { message } => {
            Refused::unprocessable("refused", message).into_response_to(Some(number))
        }
        Outcome::Applied { revision, commands } => {
            let content = if commands.is_empty() {
                frame.map(|frame| (Body::from(frame), sse::CONTENT_TYPE))
            } else {
                let body = json!({ "commands": commands }).to_string();
                Some((Body::from(body), "application/json"))
            };
            let mut response = Response::new(Body::empty());
            room.clear();
            // With those that every answer has, in one go.
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
            headers.insert(ACK, HeaderValue::from(number));
            headers.insert(REVISION, HeaderValue::from(revision));
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
    }
}

/// An answer to a failure; it names the number unless the same request may be tried again.
fn failed(number: u64, failure: Failure) -> Response {
    let refused = match failure {
        Failure::Busy => Refused::too_many_requests("busy", "Too many actions wait here."),
        Failure::TooOften => Refused::too_many_requests(
            "too_often",
            "This session acts more often than it may; it is tried again in a moment.",
        ),
        Failure::Unavailable => Refused::unavailable(),
        Failure::Damaged => Refused::damaged(),
        Failure::Superseded => Refused::new(
            StatusCode::CONFLICT,
            "superseded",
            "A later action of this tab was handled before.",
        ),
        Failure::NumberReused => Refused::new(
            StatusCode::CONFLICT,
            "number_reused",
            "This number was used for another action.",
        ),
        Failure::Forgotten => Refused::new(
            StatusCode::CONFLICT,
            "forgotten",
            "This tab was quiet for so long that it is not known whether this was done before.",
        ),
        Failure::SessionGone => Refused::session_gone(),
        Failure::Rotated => Refused::rotated(),
        Failure::Invalid(message) => Refused::unprocessable("invalid_signal", message),
        Failure::Arguments(message) => Refused::unprocessable("invalid_arguments", message),
        Failure::TooLarge => Refused::unprocessable(
            "too_large",
            "There is no room for this in the session; nothing was changed.",
        ),
        Failure::Full => Refused::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "full",
            "The server has no room for this at the moment; it is tried again until there is.",
        )
        // Room can be made, as on a full disk: then the same request succeeds.
        .retry_after(5),
        Failure::Incident(incident) => Refused::incident(&incident),
    };
    refused.into_response_to(Some(number))
}

/// What documents hold at this moment, or an answer that asks to come back.
pub(super) async fn load(core: &Core, documents: &PageDocuments) -> Result<PageState, Refused> {
    documents
        .load(&*core.store, core.clock.now())
        .await
        .map_err(|error| not_loaded(&error, "the documents of a page"))
}

pub(super) fn not_loaded(error: &LoadError, what: &str) -> Refused {
    if error.is_damage() {
        tracing::error!(%error, "{what} cannot be read");
        Refused::damaged()
    } else {
        tracing::warn!(%error, "{what} cannot be loaded");
        Refused::unavailable()
    }
}
