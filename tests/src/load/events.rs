//! What arrives on an event stream, counted as cheaply as it can be.

use super::wire::{end_of_head, header};

/// What some bytes of a stream brought.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Patches of elements.
    pub(super) patches: u32,
    /// Greetings: the stream is live.
    pub(super) hellos: u32,
    /// Farewells, and tabs that are not served: the stream is of no more use.
    pub(super) byes: u32,
}

/// The reader of one stream. It holds no more than an event that has not arrived in full.
#[derive(Debug, Default)]
pub(super) struct EventReader {
    body: Body,
    pending: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy)]
enum Body {
    /// The head of the answer is still to come.
    #[default]
    Head,
    /// Until the connection ends.
    Plain,
    /// The size of a chunk, as far as it was read.
    Size(usize),
    /// After the size of a chunk.
    Extension(usize),
    /// So much of a chunk is still to come.
    Chunk(usize),
    /// The line break after a chunk.
    Break,
}

impl EventReader {
    /// Counts what the next bytes of the connection complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Seen {
        let mut seen = Seen::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = self.step(rest, &mut seen);
        }
        seen
    }

    /// The status of the answer that is shown where there is no stream at all.
    pub(super) fn refusal(&self) -> Option<String> {
        matches!(self.body, Body::Head).then(|| String::from_utf8_lossy(&self.pending).into_owned())
    }

    fn step<'b>(&mut self, bytes: &'b [u8], seen: &mut Seen) -> &'b [u8] {
        match self.body {
            Body::Head => {
                let before = self.pending.len();
                self.pending.extend_from_slice(bytes);
                let Some(end) = end_of_head(&self.pending) else {
                    return &[];
                };
                let head = String::from_utf8_lossy(&self.pending[..end]);
                if head.get(9..12) != Some("200") {
                    return &[];
                }
                self.body = match header(&head, "transfer-encoding") {
                    Some(_) => Body::Size(0),
                    None => Body::Plain,
                };
                self.pending = Vec::new();
                &bytes[end - before..]
            }
            Body::Plain => {
                self.text(bytes, seen);
                &[]
            }
            Body::Size(size) => {
                self.body = match bytes[0] {
                    b'\n' => Body::Chunk(size),
                    b'\r' | b';' => Body::Extension(size),
                    digit => {
                        let digit = char::from(digit).to_digit(16).unwrap_or(0);
                        Body::Size(size * 16 + digit as usize)
                    }
                };
                &bytes[1..]
            }
            Body::Extension(size) => {
                if bytes[0] == b'\n' {
                    self.body = Body::Chunk(size);
                }
                &bytes[1..]
            }
            Body::Chunk(left) => {
                let (now, later) = bytes.split_at(left.min(bytes.len()));
                self.text(now, seen);
                self.body = match left - now.len() {
                    0 => Body::Break,
                    left => Body::Chunk(left),
                };
                later
            }
            Body::Break => {
                if bytes[0] == b'\n' {
                    self.body = Body::Size(0);
                }
                &bytes[1..]
            }
        }
    }

    fn text(&mut self, bytes: &[u8], seen: &mut Seen) {
        if self.pending.is_empty() {
            let rest = count(bytes, seen);
            self.pending.extend_from_slice(rest);
        } else {
            self.pending.extend_from_slice(bytes);
            let rest = count(&self.pending, seen).len();
            self.pending.drain(..self.pending.len() - rest);
        }
        if self.pending.is_empty() {
            // Thousands of readers wait; none keeps the room of its largest event.
            self.pending = Vec::new();
        }
    }
}

/// Counts whole events and returns what comes after them.
fn count<'b>(bytes: &'b [u8], seen: &mut Seen) -> &'b [u8] {
    let mut rest = bytes;
    while let Some(end) = end_of_event(rest) {
        let event = &rest[..end];
        if event.starts_with(b"event: datastar-patch-elements") {
            seen.patches += 1;
        } else if event.starts_with(b"event: via-hello") {
            seen.hellos += 1;
        } else if event.starts_with(b"event: via-bye") || event.starts_with(b"event: via-tab") {
            seen.byes += 1;
        }
        rest = &rest[end..];
    }
    rest
}

fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = from + bytes[from..].iter().position(|byte| *byte == b'\n')?;
        if bytes.get(found + 1)? == &b'\n' {
            return Some(found + 2);
        }
        from = found + 1;
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
            let more = reader.push(part);
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
        assert_eq!(seen, Seen::default());
        assert!(reader.refusal().unwrap().contains("429"));
    }
}
