//! [`Refusal`]: why the server does not do what a browser asks for.
//!
//! This file is the table of all refusals. A new one is one entry here, and the place that raises it.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::json;

/// The answer to a request that the server does not carry out.
///
/// The codes are stable, because scripts and older clients compare them. The messages are for people.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    code: &'static str,
    status: StatusCode,
    message: Cow<'static, str>,
    /// Whether it is certain that the server did nothing, and that asking again does not help.
    definite: bool,
    /// In how many seconds the browser is to repeat the same request.
    retry_after: Option<u32>,
}

/// What end users may have to read. Each says what happened and what they can do.
impl Refusal {
    /// The app's own code says no.
    pub(crate) const REFUSED: Self = Self::invalid("refused");
    /// What the user has entered is not what the page expects.
    pub(crate) const INVALID_SIGNAL: Self = Self::invalid("invalid_signal");
    pub(crate) const INVALID_ARGUMENTS: Self = Self::invalid("invalid_arguments");
    pub(crate) const OVER_LIMIT: Self = Self::invalid("over_limit");

    pub(crate) const NO_COOKIE: Self = Self::definite(
        StatusCode::UNAUTHORIZED,
        "no_cookie",
        "This page needs cookies. Allow them for this site, then reload the page.",
    );
    pub(crate) const SESSION_GONE: Self = Self::definite(
        StatusCode::UNAUTHORIZED,
        "session_gone",
        "Your session has ended. Reload the page to start again.",
    );
    /// Another build rendered the page. The server did nothing.
    pub(crate) const STALE_PAGE: Self = Self::definite(
        StatusCode::CONFLICT,
        "stale_page",
        "This page is out of date. Reload it to continue.",
    );
    /// The tab showed another user than the one who is logged in now. The server did nothing.
    pub(crate) const IDENTITY_CHANGED: Self = Self::definite(
        StatusCode::CONFLICT,
        "identity_changed",
        "Your login has changed since this page was shown, so your last action was not done. \
         Please check, then try again.",
    );
    pub(crate) const NOT_FOUND: Self = Self::definite(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is no such page. Please check the address.",
    );
    /// A document in the store cannot be read, now or later. The server leaves it as it is.
    pub(crate) const DAMAGED: Self = Self::definite(
        StatusCode::INTERNAL_SERVER_ERROR,
        "damaged",
        "The stored data of this page cannot be read. Nothing was changed. \
         Please tell the operator of this site.",
    );
    /// User code failed in a way that it should not.
    pub(crate) const INCIDENT: Self = Self::definite(
        StatusCode::INTERNAL_SERVER_ERROR,
        "incident",
        "Something went wrong.",
    );
    /// A document would be larger than a document may be.
    pub(crate) const TOO_LARGE: Self = Self::definite(
        StatusCode::UNPROCESSABLE_ENTITY,
        "too_large",
        "This is more than can be saved here. Nothing was changed. Please remove something first.",
    );
    pub(crate) const BODY_TOO_LARGE: Self = Self::definite(
        StatusCode::PAYLOAD_TOO_LARGE,
        "body_too_large",
        "This is too much to send at once. Nothing was changed. Please send less.",
    );
    pub(crate) const TOO_MANY_TABS: Self = Self::definite(
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_tabs",
        "Too many tabs are open, so this one is not updated. Close some, then reload this one.",
    );

    /// The tab's record was dropped, so nobody knows its last number.
    pub(crate) const FORGOTTEN: Self = Self::unsure(
        "forgotten",
        "This tab was idle too long, so we cannot tell whether your last action was done. \
         Please check, then try again.",
    );
    /// A later action of the tab was handled before.
    pub(crate) const SUPERSEDED: Self = Self::unsure(
        "superseded",
        "A newer action of this tab came first, so we cannot tell whether your last one was done. \
         Please check, then try again.",
    );
    /// The number belongs to another action.
    pub(crate) const NUMBER_REUSED: Self = Self::unsure(
        "number_reused",
        "This tab is open twice, so we cannot tell whether your last action was done. \
         Please check, then try again.",
    );

    /// The session has a new secret since a moment ago: the browser is about to have its cookie.
    pub(crate) const ROTATED: Self = Self::later(
        0,
        StatusCode::SERVICE_UNAVAILABLE,
        "rotated",
        "Your session was just renewed. Please try again.",
    );
    /// The store does not answer, or others always commit first.
    pub(crate) const UNAVAILABLE: Self = Self::later(
        1,
        StatusCode::SERVICE_UNAVAILABLE,
        "unavailable",
        "The server cannot reach its data right now. Please try again in a moment.",
    );
    /// The store has no room for another document. Room can be made: then the same request succeeds.
    pub(crate) const FULL: Self = Self::later(
        5,
        StatusCode::SERVICE_UNAVAILABLE,
        "full",
        "The server is out of space. Keep this page open: it tries again until there is room.",
    );
    /// Too many actions wait for the same state.
    pub(crate) const BUSY: Self = Self::later(
        1,
        StatusCode::TOO_MANY_REQUESTS,
        "busy",
        "The server is busy. Please try again in a moment.",
    );
    /// The session acts more often than `App::action_rate` allows.
    pub(crate) const TOO_OFTEN: Self = Self::later(
        1,
        StatusCode::TOO_MANY_REQUESTS,
        "too_often",
        "That was too fast. Please try again in a moment.",
    );
    /// One address begins more sessions than `App::new_sessions_per_address` allows.
    pub(crate) const TOO_MANY_SESSIONS: Self = Self::later(
        5,
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_sessions",
        "Many people in your network are starting right now. \
         Keep this page open: it tries again in a moment.",
    );
    /// One address has as many streams as `App::streams_per_address` allows.
    pub(crate) const TOO_MANY_STREAMS: Self = Self::later(
        5,
        StatusCode::TOO_MANY_REQUESTS,
        "too_many_streams",
        "Too many pages are open in your network. Close some, or wait a moment.",
    );
    /// What arrived says nothing about what was sent, so the browser may repeat it.
    pub(crate) const CUT_BODY: Self = Self::later(
        1,
        StatusCode::SERVICE_UNAVAILABLE,
        "cut_body",
        "Your request did not arrive completely. Please try again.",
    );
    pub(crate) const SLOW_BODY: Self = Self::later(
        1,
        StatusCode::SERVICE_UNAVAILABLE,
        "slow_body",
        "Your request took too long to arrive. Please try again.",
    );
}

/// What only a request can cause that this build's client does not send. The messages are for whoever
/// wrote the request.
impl Refusal {
    pub(crate) const CROSS_ORIGIN: Self = Self::definite(
        StatusCode::FORBIDDEN,
        "cross_origin",
        "This request does not come from a page of this site.",
    );
    pub(crate) const BAD_HOST: Self = Self::definite(
        StatusCode::BAD_REQUEST,
        "bad_host",
        "The request must name exactly one host.",
    );
    pub(crate) const FOREIGN_HOST: Self = Self::definite(
        StatusCode::MISDIRECTED_REQUEST,
        "foreign_host",
        "This server does not serve that host. If you operate it, name the host with `App::origin`.",
    );
    pub(crate) const NO_VIA_REQUEST: Self = Self::definite(
        StatusCode::FORBIDDEN,
        "no_via_request",
        "The request lacks the header `Via-Request`.",
    );
    pub(crate) const UNKNOWN_REQUEST: Self = Self::definite(
        StatusCode::BAD_REQUEST,
        "unknown_request",
        "The header `Via-Request` must be `action` or `attach`.",
    );
    pub(crate) const ENCODED_BODY: Self = Self::definite(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "encoded_body",
        "A request must not have a `Content-Encoding`.",
    );
    pub(crate) const UNKNOWN_EXPECTATION: Self = Self::definite(
        StatusCode::EXPECTATION_FAILED,
        "unknown_expectation",
        "The header `Expect` may only say `100-continue`.",
    );
    pub(crate) const BAD_CHUNK: Self = Self::definite(
        StatusCode::BAD_REQUEST,
        "bad_chunk",
        "The body is not encoded as `Transfer-Encoding` says.",
    );
    pub(crate) const NOT_JSON_TYPE: Self = Self::definite(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "not_json",
        "A request must have the content type `application/json`.",
    );
    pub(crate) const NOT_JSON: Self =
        Self::definite(StatusCode::BAD_REQUEST, "not_json", "The body is not JSON.");
    pub(crate) const MALFORMED: Self = Self::invalid("malformed");
    pub(crate) const UNKNOWN_SIGNAL: Self = Self::invalid("unknown_signal");
    /// A script of the page calls an action of another page, or misspells one.
    pub(crate) const UNKNOWN_ACTION: Self = Self::invalid("unknown_action");
    pub(crate) const BAD_TOKEN: Self = Self::definite(
        StatusCode::BAD_REQUEST,
        "bad_token",
        "The token does not come from this app.",
    );
}

/// What a stream says about one of its tabs, beside [`SESSION_GONE`](Self::SESSION_GONE) and
/// [`DAMAGED`](Self::DAMAGED).
impl Refusal {
    /// The tab has to attach again.
    pub(crate) const EXPIRED: Self = Self::definite(
        StatusCode::UNAUTHORIZED,
        "expired",
        "The token is too old, or does not come from this app.",
    );
    /// This build does not have the page of the tab.
    pub(crate) const UNKNOWN_PAGE: Self =
        Self::definite(StatusCode::NOT_FOUND, "unknown", "There is no such page.");
}

impl Refusal {
    const fn definite(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self::new(status, code, message, true, None)
    }

    /// What was sent is wrong; [`saying`](Self::saying) tells how.
    const fn invalid(code: &'static str) -> Self {
        Self::definite(StatusCode::UNPROCESSABLE_ENTITY, code, "That is not valid.")
    }

    /// The action may have been done, by another document or long ago.
    const fn unsure(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::CONFLICT, code, message, false, None)
    }

    /// The browser repeats the same request after `seconds`.
    const fn later(
        seconds: u32,
        status: StatusCode,
        code: &'static str,
        message: &'static str,
    ) -> Self {
        Self::new(status, code, message, false, Some(seconds))
    }

    const fn new(
        status: StatusCode,
        code: &'static str,
        message: &'static str,
        definite: bool,
        retry_after: Option<u32>,
    ) -> Self {
        Self {
            code,
            status,
            message: Cow::Borrowed(message),
            definite,
            retry_after,
        }
    }

    /// The same with another message.
    pub(crate) fn saying(mut self, message: impl Into<String>) -> Self {
        self.message = Cow::Owned(message.into());
        self
    }

    /// Whether both are the same entry of the table.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.code == other.code
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn retry_after(&self) -> Option<u32> {
        self.retry_after
    }

    /// As browsers read it.
    pub(crate) fn to_json(&self) -> String {
        json!({
            "code": self.code,
            "message": self.message,
            "definite": self.definite,
        })
        .to_string()
    }
}
