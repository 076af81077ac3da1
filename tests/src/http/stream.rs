//! An open event stream.

use std::collections::VecDeque;
use std::time::Duration;

use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::wire::Connection;
use crate::patience::PATIENCE;
use crate::sse::{Event, Parser};

/// An event stream that is being read. It reads only when it is asked to: a stream that nobody
/// asks is a stalled reader. Dropping it closes the connection, if it has it to itself.
#[derive(Debug)]
pub struct Stream {
    status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
    parser: Parser,
    ready: VecDeque<Event>,
    received: u64,
    /// Its own, if it has one.
    _connection: Option<Connection>,
}

impl Stream {
    pub(super) fn new(response: Response<Incoming>, connection: Option<Connection>) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            body,
            parser: Parser::default(),
            ready: VecDeque::new(),
            received: 0,
            _connection: connection,
        }
    }

    /// The status that the stream began with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers that the stream began with.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// How many bytes of the body have been read.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many comments (signs of life) have been read.
    #[must_use]
    pub fn comments(&self) -> u64 {
        self.parser.comments()
    }

    /// The next event, or nothing when the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.next_before(Instant::now() + PATIENCE)
            .await
            .unwrap_or_else(|()| panic!("no event within {PATIENCE:?}"))
    }

    /// The next event with this name; others are skipped.
    pub async fn named(&mut self, name: &str) -> Event {
        self.until(&format!("named {name}"), |event| event.name == name)
            .await
    }

    /// The next event for which `condition` holds; others are skipped. `what` completes the
    /// sentence "no event ...".
    pub async fn until(&mut self, what: &str, condition: impl Fn(&Event) -> bool) -> Event {
        let deadline = Instant::now() + PATIENCE;
        let mut skipped = VecDeque::new();
        loop {
            match self.next_before(deadline).await {
                Ok(Some(event)) if condition(&event) => return event,
                Ok(Some(event)) => {
                    skipped.push_back(event.to_string());
                    skipped.truncate(20);
                }
                Ok(None) => panic!("no event {what} before the stream ended, only {skipped:#?}"),
                Err(()) => panic!("no event {what} within {PATIENCE:?}, only {skipped:#?}"),
            }
        }
    }

    /// All events that come until the stream has been quiet for `quiet`, or ends.
    pub async fn drain(&mut self, quiet: Duration) -> Vec<Event> {
        let mut events = Vec::new();
        while let Ok(Some(event)) = self.next_before(Instant::now() + quiet).await {
            events.push(event);
        }
        events
    }

    async fn next_before(&mut self, deadline: Instant) -> Result<Option<Event>, ()> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            match timeout_at(deadline, self.body.frame()).await {
                Err(_) => return Err(()),
                // However it ends: a cut connection is an end as well.
                Ok(None | Some(Err(_))) => return Ok(None),
                Ok(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.received += bytes.len() as u64;
                        self.ready.extend(self.parser.push(&bytes));
                    }
                }
            }
        }
    }
}
