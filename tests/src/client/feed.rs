//! The live stream of a browser, as it comes.

use std::io;
use std::net::SocketAddr;

use super::answer::Framing;
use super::wire::{Chunks, Wire};
use super::{Browser, Reply};

/// An open stream. It reads only when it is asked to.
#[derive(Debug)]
pub struct Feed {
    wire: Wire,
    framing: Framing,
    chunks: Chunks,
    text: Vec<u8>,
    /// How much of `text` was handed out.
    read: usize,
    ended: bool,
}

/// An event, or a comment, as it came.
#[derive(Clone, Copy, Debug)]
pub struct Event<'a>(&'a [u8]);

impl Feed {
    /// Opens the stream of a [`Browser::stream`] request.
    ///
    /// # Errors
    ///
    /// The connection was refused or cut; inside, the server's answer if it refused.
    pub async fn open(site: SocketAddr, request: &[u8]) -> io::Result<Result<Self, Reply>> {
        let mut wire = Wire::open(site).await?;
        let head = wire.begin(request).await?;
        let mut feed = Self {
            wire,
            framing: head.framing,
            chunks: Chunks::default(),
            text: Vec::new(),
            read: 0,
            ended: false,
        };
        if head.reply.status == 200 {
            return Ok(Ok(feed));
        }
        while !feed.ended {
            feed.more().await?;
        }
        Ok(Err(Reply {
            body: feed.text,
            ..head.reply
        }))
    }

    /// The next event, or nothing when the stream has ended. Nothing is lost if this is given up
    /// half-way.
    ///
    /// # Errors
    ///
    /// The connection was cut.
    pub async fn next(&mut self) -> io::Result<Option<Event<'_>>> {
        let mut searched = self.read;
        loop {
            let found = self.text[searched..]
                .windows(2)
                .position(|part| part == b"\n\n");
            if let Some(at) = found {
                let begin = self.read;
                self.read = searched + at + 2;
                return Ok(Some(Event(&self.text[begin..self.read])));
            }
            if self.ended {
                return Ok(None);
            }
            self.text.drain(..self.read);
            self.read = 0;
            searched = self.text.len().saturating_sub(1);
            self.more().await?;
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        let read = match self.framing {
            Framing::Length(_) => self.wire.buffer().len(),
            // What came with the head is still to be looked at.
            _ if !self.wire.buffer().is_empty() => 1,
            _ => self.wire.read().await?,
        };
        let buffer = self.wire.buffer();
        match &mut self.framing {
            Framing::Length(left) => {
                let part = read.min(*left);
                self.text.extend_from_slice(&buffer.split_to(part));
                *left -= part;
                self.ended = *left == 0;
                if !self.ended && self.wire.read().await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Framing::Chunked if read == 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            Framing::Chunked => {
                self.ended = self.chunks.take(buffer, &mut self.text)?;
                // A part of a chunk's first line stays behind until the rest of it is there.
                if !self.ended && !buffer.is_empty() && self.wire.read().await? == 0 {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            Framing::Close => {
                self.ended = read == 0;
                self.text.extend_from_slice(&buffer.split());
            }
        }
        Ok(())
    }
}

impl<'a> Event<'a> {
    /// All of it.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'a str {
        self.field("event: ").unwrap_or_default()
    }

    /// Its place in the list of the stream's documents, and the hash of the frame that it
    /// completes, if it does.
    #[must_use]
    pub fn frame(&self) -> Option<(usize, Option<&'a str>)> {
        let mut parts = self.field("id: ")?.splitn(3, '/');
        let index = parts.next()?.parse().ok()?;
        parts.next()?;
        Some((index, parts.next()))
    }

    /// The first line of its data.
    #[must_use]
    pub fn data(&self) -> &'a str {
        self.field("data: ").unwrap_or_default()
    }

    fn field(&self, name: &str) -> Option<&'a str> {
        str::from_utf8(self.0)
            .ok()?
            .lines()
            .find_map(|line| line.strip_prefix(name))
    }
}

impl Browser {
    /// Whether an answer to a request for a stream asks to come back.
    #[must_use]
    pub fn may_come_back(reply: &Reply) -> bool {
        matches!(reply.status, 429 | 500..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_its_tab_and_its_frame() {
        let event = Event(b"event: datastar-patch-elements\nid: 3/17/abc\ndata: elements <p>\n\n");
        assert_eq!(event.name(), "datastar-patch-elements");
        assert_eq!(event.frame(), Some((3, Some("abc"))));
        assert_eq!(event.data(), "elements <p>");
        assert_eq!(Event(b"id: 0/1\n\n").frame(), Some((0, None)));
        assert_eq!(Event(b": alive\n\n").frame(), None);
    }
}
