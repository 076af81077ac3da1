//! Answers as they arrive over HTTP/1.1: bytes in, heads and parts of bodies out.

use std::{io, mem};

use super::head::{Framing, Head, end_of_head};

/// The reader of one connection. It buffers at most one incomplete head.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    head: Vec<u8>,
    state: State,
    /// Whether the next answer has no body, whatever its head says.
    bodiless: bool,
}

/// What comes next.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// The rest of a body, in bytes.
    Length(usize),
    /// A body until the connection ends.
    Close,
    /// The size of a chunk, as far as it has arrived.
    Size(usize),
    /// What may stand after the size.
    Extension(usize),
    /// The rest of a chunk, in bytes.
    Chunk(usize),
    /// The line end after a chunk, or after the last one.
    Break { last: bool },
}

/// A piece of an answer.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    Head(Head),
    Data(&'a [u8]),
    End,
}

impl Reading {
    /// The next answer is the one to a HEAD request.
    pub(crate) fn expect_no_body(&mut self) {
        self.bodiless = true;
    }

    /// Takes the next part off the front of `bytes`. If it returns nothing, it has taken all bytes and
    /// needs more. After the end of an answer comes the head of the next one.
    ///
    /// # Errors
    ///
    /// The bytes are not HTTP/1.1.
    pub(crate) fn next<'a>(&mut self, bytes: &mut &'a [u8]) -> io::Result<Option<Part<'a>>> {
        loop {
            match self.state {
                State::Head => return Ok(self.take_head(bytes)?.map(Part::Head)),
                State::Length(0) => {
                    self.state = State::Head;
                    return Ok(Some(Part::End));
                }
                _ if bytes.is_empty() => return Ok(None),
                State::Length(left) => {
                    let data = take(bytes, left);
                    self.state = State::Length(left - data.len());
                    return Ok(Some(Part::Data(data)));
                }
                State::Close => return Ok(Some(Part::Data(mem::take(bytes)))),
                State::Chunk(left) => {
                    let data = take(bytes, left);
                    self.state = match left - data.len() {
                        0 => State::Break { last: false },
                        left => State::Chunk(left),
                    };
                    return Ok(Some(Part::Data(data)));
                }
                _ => self.state = self.state.after(take(bytes, 1)[0])?,
            }
        }
    }

    /// The connection has ended.
    ///
    /// # Errors
    ///
    /// An answer has not arrived completely, or not at all.
    pub(crate) fn end(&self) -> io::Result<()> {
        match self.state {
            State::Close => Ok(()),
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn take_head(&mut self, bytes: &mut &[u8]) -> io::Result<Option<Head>> {
        let before = self.head.len();
        self.head.extend_from_slice(bytes);
        let Some(end) = end_of_head(&self.head) else {
            *bytes = &[];
            return Ok(None);
        };
        take(bytes, end - before);
        self.head.truncate(end);
        // Thousands of readers wait, so none keeps the memory of its head.
        let head = Head::parse(mem::take(&mut self.head))?;
        self.state = match head.framing()? {
            _ if mem::take(&mut self.bodiless) => State::Length(0),
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Size(0),
            Framing::Close => State::Close,
        };
        Ok(Some(head))
    }
}

impl State {
    /// The state after this byte of the lines around chunks.
    fn after(self, byte: u8) -> io::Result<Self> {
        let after_size = |size| match size {
            0 => Self::Break { last: true },
            size => Self::Chunk(size),
        };
        Ok(match (self, byte) {
            (Self::Size(size) | Self::Extension(size), b'\n') => after_size(size),
            (Self::Size(size), b'\r' | b';') => Self::Extension(size),
            (Self::Size(size), digit) => char::from(digit)
                .to_digit(16)
                .and_then(|digit| size.checked_mul(16)?.checked_add(digit as usize))
                .map(Self::Size)
                .ok_or_else(|| io::Error::other("a chunk without a size"))?,
            (Self::Break { last: true }, b'\n') => Self::Length(0),
            (Self::Break { last: false }, b'\n') => Self::Size(0),
            (Self::Extension(_), _) | (Self::Break { .. }, b'\r') => self,
            (_, other) => {
                let byte = char::from(other);
                return Err(io::Error::other(format!("{byte:?} after a chunk")));
            }
        })
    }
}

/// Takes at most `length` bytes off the front.
fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (front, rest) = bytes.split_at(length.min(bytes.len()));
    *bytes = rest;
    front
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read if `step` bytes come at a time, with a bar at the end of each answer.
    fn read(bytes: &[u8], step: usize) -> String {
        let mut reading = Reading::default();
        let mut text = String::new();
        for mut part in bytes.chunks(step) {
            while let Some(piece) = reading.next(&mut part).unwrap() {
                match piece {
                    Part::Head(head) => text.extend([&head.status().to_string(), " "]),
                    Part::Data(data) => text += str::from_utf8(data).unwrap(),
                    Part::End => text.push('|'),
                }
            }
        }
        text
    }

    #[test]
    fn answers_are_put_together_however_they_are_cut() {
        let bytes = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello\
            HTTP/1.1 204 No Content\r\nvia-ack: 7\r\n\r\n\
            HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
            5\r\nhello\r\n1;why=not\r\n \r\n5\r\nworld\r\n0\r\n\r\n\
            HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\nuntil the end";
        for step in 1..=bytes.len() {
            let expected = "200 hello|204 |200 hello world|404 until the end";
            assert_eq!(read(bytes, step), expected, "by {step} bytes");
        }
    }

    #[test]
    fn only_a_body_without_a_length_ends_with_the_connection() {
        let end = |mut bytes: &[u8]| {
            let mut reading = Reading::default();
            while reading.next(&mut bytes).unwrap().is_some() {}
            reading.end().is_ok()
        };
        assert!(end(b"HTTP/1.1 200 OK\r\n\r\nhello"));
        assert!(!end(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello"));
        assert!(!end(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n"
        ));
        assert!(!end(b"HTTP/1.1 200"));
        assert!(!end(b""));
    }

    #[test]
    fn the_answer_to_a_head_request_has_no_body() {
        let mut bytes = &b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"[..];
        let mut reading = Reading::default();
        reading.expect_no_body();
        assert!(matches!(reading.next(&mut bytes), Ok(Some(Part::Head(_)))));
        assert!(matches!(reading.next(&mut bytes), Ok(Some(Part::End))));
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        for text in [
            "nonsense\r\n\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nabc",
        ] {
            let (mut reading, mut bytes) = (Reading::default(), text.as_bytes());
            let error = loop {
                match reading.next(&mut bytes) {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            assert!(error.is_some(), "{text:?} was read");
        }
    }
}
