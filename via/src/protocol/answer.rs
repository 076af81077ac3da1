//! Refusals as responses.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, header};

use super::header::VIA_ACK;
use crate::refusal::Refusal;

impl Refusal {
    /// The answer to the action of this number, if it is known. It names the number, so that the
    /// client does not repeat the action, unless the refusal asks the client to do just that.
    pub(crate) fn into_response_to(self, number: Option<u64>) -> Response {
        let number = number.filter(|_| self.retry_after().is_none());
        let mut response = self.into_response();
        if let Some(number) = number {
            response
                .headers_mut()
                .insert(VIA_ACK, HeaderValue::from(number));
        }
        response
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.to_json()));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
