//! A complete answer of a server.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::Value;

/// Status, headers and body of an answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    pub(super) async fn read(response: Response<Incoming>) -> io::Result<Self> {
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
        Ok(Self {
            status: head.status,
            headers: head.headers,
            body,
        })
    }

    /// The first header of this name, as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("the body is no JSON ({error}): {}", self.text()))
    }

    /// The number of the action that the answer speaks of. An answer without it does not come from
    /// the application, whatever its status is.
    #[must_use]
    pub fn ack(&self) -> Option<u64> {
        self.header("via-ack")?.parse().ok()
    }

    /// The revision at which the action was committed.
    #[must_use]
    pub fn revision(&self) -> Option<u64> {
        self.header("via-revision")?.parse().ok()
    }

    /// The machine-readable reason of a refusal.
    #[must_use]
    pub fn code(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body["code"].as_str().map(str::to_owned)
    }

    /// The message of a refusal.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body["message"].as_str().map(str::to_owned)
    }

    /// The text of the element with this id: up to its first tag, as it is in the HTML.
    #[must_use]
    #[track_caller]
    pub fn shows(&self, id: &str) -> String {
        let html = self.text();
        let found = html
            .split_once(&format!("id=\"{id}\""))
            .and_then(|(_, rest)| rest.split_once('>'))
            .and_then(|(_, rest)| rest.split_once('<'));
        let Some((text, _)) = found else {
            panic!("there is no element #{id} in {html}");
        };
        text.to_owned()
    }

    /// Fails the test unless the status says success.
    #[track_caller]
    pub fn assert_ok(&self) {
        assert!(
            self.status.is_success(),
            "the server answered {}: {}",
            self.status,
            self.text()
        );
    }
}
