//! Answers to requests that cannot be fulfilled: a status, a stable code, and a sentence.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::json;

use crate::incident::Incident;

/// The header that says which action an answer is about. Without it an answer is none.
pub(crate) const ACK: HeaderName = HeaderName::from_static("via-ack");
/// The header that names the revision at which an action was committed.
pub(crate) const REVISION: HeaderName = HeaderName::from_static("via-revision");

/// An answer in the 4xx or 5xx range. Its body is `{"code": .., "message": ..}`; the codes are
/// stable, the messages are for people.
#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
    retry_after: Option<u32>,
}

impl Refused {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            retry_after: None,
        }
    }

    /// Asks the client to come back after so many seconds.
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The answer to the action of this number, if it is known. It names the number, so that the
    /// client does not repeat the action, unless it asks the client to do just that.
    pub(crate) fn into_response_to(self, number: Option<u64>) -> Response {
        let number = number.filter(|_| self.retry_after.is_none());
        let mut response = self.into_response();
        if let Some(number) = number {
            response
                .headers_mut()
                .insert(ACK, HeaderValue::from(number));
        }
        response
    }

    /// What it says to people.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn unprocessable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    pub(crate) fn session_gone() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "session_gone",
            "This session has ended.",
        )
    }

    /// The page is of another build: nothing was done, and loading it again helps.
    pub(crate) fn stale_page() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "stale_page",
            "This page has changed; it has to be loaded again.",
        )
    }

    /// Too much at once: the same request may be repeated in a moment.
    pub(crate) fn too_many_requests(code: &'static str, message: &'static str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, code, message).retry_after(1)
    }

    pub(crate) fn rotated() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "rotated",
            "This session has just been given a new cookie; try again with it.",
        )
        .retry_after(0)
    }

    pub(crate) fn unavailable() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "The server cannot reach its data at the moment.",
        )
        .retry_after(1)
    }

    /// Somebody has to look at it: asking again would not help.
    pub(crate) fn damaged() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "damaged",
            "What is stored for this page cannot be read; it was left as it is.",
        )
    }

    pub(crate) fn incident(incident: &Incident) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "incident",
            incident.message(),
        )
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such page.")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "message": self.message }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
