//! A complete answer of a server.

use std::io;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::head::Head;
use super::reading::{Part, Reading};

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

/// Assembles the answers that come over one connection.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    reading: Reading,
    head: Option<Head>,
    body: Vec<u8>,
}

impl Answers {
    /// The next answer is the one to a HEAD request.
    pub(crate) fn expect_no_body(&mut self) {
        self.reading.expect_no_body();
    }

    /// Takes what belongs to the next answer off the front of `bytes`. Returns the answer once it is
    /// complete.
    ///
    /// # Errors
    ///
    /// The bytes are not HTTP/1.1.
    pub(crate) fn take(&mut self, bytes: &mut &[u8]) -> io::Result<Option<Answer>> {
        while let Some(part) = self.reading.next(bytes)? {
            match part {
                Part::Head(head) => self.head = Some(head),
                Part::Data(data) => self.body.extend_from_slice(data),
                Part::End => return self.finish().map(Some),
            }
        }
        Ok(None)
    }

    /// The answer that the end of the connection completes.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) fn end(&mut self) -> io::Result<Answer> {
        self.reading.end()?;
        self.finish()
    }

    fn finish(&mut self) -> io::Result<Answer> {
        let head = self.head.take().ok_or(io::ErrorKind::UnexpectedEof)?;
        Ok(Answer {
            status: StatusCode::from_u16(head.status()).map_err(io::Error::other)?,
            headers: head.headers()?,
            body: std::mem::take(&mut self.body).into(),
        })
    }
}

impl Answer {
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
            .unwrap_or_else(|error| panic!("the body is not JSON ({error}): {}", self.text()))
    }

    /// The number of the action that the answer is about. An answer without it does not come from
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

    /// Whether the refusal is temporary: the same request may succeed later, or at another server.
    #[must_use]
    pub fn asks_to_come_back(&self) -> bool {
        self.status == StatusCode::TOO_MANY_REQUESTS || self.status.is_server_error()
    }

    /// The text of the element with this id: up to its first tag, as in the HTML.
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

    /// Fails the test if the status does not say success.
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
