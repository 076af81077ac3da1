//! An open event stream.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::answer::Answer;
use super::line::{Socket, connect};
use super::reading::{Part, Reading};
use super::request::bytes;
use crate::patience::PATIENCE;
use crate::sse::{Event, Parser};

/// An open event stream. It reads only when a test asks it to: a stream that is never asked is a
/// stalled reader. Dropping it closes the connection.
#[derive(Debug)]
pub struct Stream {
    status: StatusCode,
    headers: HeaderMap,
    socket: Box<dyn Socket>,
    /// What was received and not read yet.
    buffer: BytesMut,
    reading: Reading,
    parser: Parser,
    ready: VecDeque<Event>,
    received: u64,
    ended: bool,
}

impl Stream {
    /// Sends the request of a stream over a connection of its own, and reads the head of the
    /// answer.
    ///
    /// # Errors
    ///
    /// The connection was refused or cut.
    pub async fn open(server: SocketAddr, request: &Request<Bytes>) -> io::Result<Self> {
        Self::open_over(connect(server).await?, request).await
    }

    /// The same over a connection that the caller has made.
    ///
    /// # Errors
    ///
    /// The connection was cut.
    pub async fn open_over(
        socket: impl Socket + 'static,
        request: &Request<Bytes>,
    ) -> io::Result<Self> {
        let mut stream = Self {
            status: StatusCode::default(),
            headers: HeaderMap::new(),
            socket: Box::new(socket),
            buffer: BytesMut::new(),
            reading: Reading::default(),
            parser: Parser::default(),
            ready: VecDeque::new(),
            received: 0,
            ended: false,
        };
        stream.socket.write_all(&bytes(request)).await?;
        loop {
            stream.fill().await?;
            let mut rest = &stream.buffer[..];
            let part = stream.reading.next(&mut rest)?;
            let taken = stream.buffer.len() - rest.len();
            if let Some(Part::Head(head)) = part {
                stream.status = StatusCode::from_u16(head.status()).map_err(io::Error::other)?;
                stream.headers = head.headers()?;
                stream.buffer.advance(taken);
                return Ok(stream);
            }
            stream.buffer.advance(taken);
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

    /// The whole answer of a server that did not open a stream.
    ///
    /// # Errors
    ///
    /// The connection was cut.
    pub async fn into_answer(mut self) -> io::Result<Answer> {
        let mut body = Vec::new();
        loop {
            let mut rest = &self.buffer[..];
            while let Some(part) = self.reading.next(&mut rest)? {
                if let Part::Data(data) = part {
                    body.extend_from_slice(data);
                } else {
                    return Ok(Answer {
                        status: self.status,
                        headers: self.headers,
                        body: body.into(),
                    });
                }
            }
            self.buffer.clear();
            self.fill().await?;
        }
    }

    /// The next event, or nothing when the stream has ended.
    pub async fn next(&mut self) -> Option<Event> {
        self.next_before(Instant::now() + PATIENCE)
            .await
            .unwrap_or_else(|()| panic!("no event within {PATIENCE:?}"))
    }

    /// The next event, however long it takes, or nothing when the stream has ended. Dropping the
    /// future early loses no event.
    pub async fn coming(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            // A cut connection counts as an end too.
            if self.ended || self.read().await.is_err() {
                return None;
            }
        }
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
        timeout_at(deadline, self.coming()).await.map_err(|_| ())
    }

    /// Parses what was received, and receives more if there was nothing.
    async fn read(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            self.fill().await?;
        }
        let mut rest = &self.buffer[..];
        while let Some(part) = self.reading.next(&mut rest)? {
            match part {
                Part::Data(data) => {
                    self.received += data.len() as u64;
                    self.ready.extend(self.parser.push(data));
                }
                Part::End | Part::Head(_) => self.ended = true,
            }
        }
        self.buffer.clear();
        Ok(())
    }

    async fn fill(&mut self) -> io::Result<()> {
        self.buffer.reserve(4096);
        match self.socket.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}
