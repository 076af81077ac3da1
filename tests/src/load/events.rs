//! Counts what arrives on an event stream, as cheaply as possible.

use std::io;

use crate::client::reading::{Part, Reading};
use crate::sse::{Block, Parser};

/// What some bytes of a stream contained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Patches of elements.
    pub(super) patches: u32,
    /// Greetings: the stream is live.
    pub(super) hellos: u32,
    /// Farewells, and tabs that the server does not serve: the stream is useless from here on.
    pub(super) byes: u32,
}

impl Seen {
    pub(super) fn count(&mut self, block: Block<'_>) {
        match block.name() {
            b"datastar-patch-elements" => self.patches += 1,
            b"via-hello" => self.hellos += 1,
            b"via-bye" | b"via-tab" => self.byes += 1,
            _ => {}
        }
    }
}

/// The reader of one stream. It buffers at most one incomplete event.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    reading: Reading,
    parser: Parser,
}

impl EventReader {
    /// Counts the events that the next bytes of the connection complete.
    ///
    /// # Errors
    ///
    /// The server opened no stream, or ended it.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> io::Result<Seen> {
        let mut seen = Seen::default();
        while let Some(part) = self.reading.next(&mut bytes)? {
            match part {
                Part::Head(head) if head.status() == 200 => {}
                Part::Head(head) => {
                    let (status, rest) = (head.status(), String::from_utf8_lossy(bytes));
                    return Err(io::Error::other(format!("no stream: {status} {rest}")));
                }
                Part::Data(data) => self.parser.each(data, |block| seen.count(block)),
                Part::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
        Ok(seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: &str = "event: via-hello\ndata: {}\n\n:\n\nevent: datastar-patch-elements\nid: 0/1/ab\ndata: elements <p>\n\n\
        event: datastar-patch-signals\ndata: signals {}\n\nevent: via-bye\ndata: {}\n\n";
    const EXPECTED: Seen = Seen {
        patches: 1,
        hellos: 1,
        byes: 1,
    };

    fn read(text: &str, step: usize) -> Seen {
        let mut reader = EventReader::default();
        let mut seen = Seen::default();
        for part in text.as_bytes().chunks(step) {
            let more = reader.push(part).unwrap();
            seen.patches += more.patches;
            seen.hellos += more.hellos;
            seen.byes += more.byes;
        }
        seen
    }

    #[test]
    fn events_are_counted_however_the_bytes_are_cut() {
        let plain = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{EVENTS}");
        let mut chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned();
        for part in EVENTS.as_bytes().chunks(37) {
            let part = std::str::from_utf8(part).unwrap();
            chunked = [chunked, format!("{:x}\r\n{part}\r\n", part.len())].concat();
        }
        for step in [1, 2, 7, 64, 4096] {
            assert_eq!(read(&plain, step), EXPECTED, "plain, {step}");
            assert_eq!(read(&chunked, step), EXPECTED, "chunked, {step}");
        }
    }

    #[test]
    fn an_answer_that_is_no_stream_is_told() {
        let mut reader = EventReader::default();
        let seen = reader.push(b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 2\r\n\r\n{}");
        assert!(seen.unwrap_err().to_string().contains("429 {}"));
    }

    #[test]
    fn the_end_of_a_stream_is_told() {
        let mut reader = EventReader::default();
        let stream = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        assert!(reader.push(stream).is_err());
    }
}
