//! Reading Server-Sent Events: bytes in, events out.
//!
//! Lines end with LF, CR or CRLF, wherever the network cuts the bytes; a byte order mark in front
//! is skipped; an event without an end is not an event.

use std::{fmt, mem};

use serde_json::Value;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Its name, or nothing for an unnamed one.
    pub name: String,
    /// Its `id` field, if it has one.
    pub id: Option<String>,
    /// Its data lines, joined by line feeds.
    pub data: String,
    /// Its `retry` field, in milliseconds.
    pub retry: Option<u64>,
}

/// The parts of an id `<tab>/<number>` or `<tab>/<number>/<hash>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FrameId {
    /// Which tab of the stream.
    pub tab: String,
    /// The number of the frame; numbers have no gaps.
    pub number: u64,
    /// The hash of what the tab shows afterwards.
    pub hash: Option<String>,
}

impl Event {
    /// The value of a field of a Datastar event that has one line per value: `elements`, `selector`,
    /// `signals`. Lines with the same key are joined by line feeds.
    #[must_use]
    pub fn field(&self, key: &str) -> Option<String> {
        let lines: Vec<&str> = self
            .data
            .lines()
            .filter_map(|line| line.split_once(' '))
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value)
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// The data as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.data)
            .unwrap_or_else(|error| panic!("the data of an event is not JSON ({error}): {self}"))
    }

    /// The parts of the event's id.
    #[must_use]
    pub fn frame(&self) -> Option<FrameId> {
        let mut parts = self.id.as_deref()?.splitn(3, '/');
        Some(FrameId {
            tab: parts.next()?.to_owned(),
            number: parts.next()?.parse().ok()?,
            hash: parts.next().map(str::to_owned),
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {:?}: {}", self.name, self.id, self.data)
    }
}

/// The lines of one event as they arrived, up to the empty line that ends it.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a>(&'a [u8]);

impl<'a> Block<'a> {
    /// The name, if the first line has it, or nothing. Servers write it there, so that a reader that
    /// only counts events finds it at once.
    #[must_use]
    pub fn name(&self) -> &'a [u8] {
        self.lines()
            .next()
            .and_then(|line| line.strip_prefix(b"event: "))
            .unwrap_or_default()
    }

    /// The event, if its lines contain anything. A browser drops an event without data; here it is
    /// kept, because tests check everything that a server sends.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        let mut event = Event::default();
        let mut data: Vec<String> = Vec::new();
        for line in self.lines() {
            let line = String::from_utf8_lossy(line);
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut event.name),
                "data" => data.push(value.to_owned()),
                "id" if !value.contains('\0') => event.id = Some(value.to_owned()),
                "retry" => event.retry = value.parse().ok().or(event.retry),
                _ => {}
            }
        }
        event.data = data.join("\n");
        (event != Event::default()).then_some(event)
    }

    fn comments(&self) -> usize {
        self.lines().filter(|line| line.starts_with(b":")).count()
    }

    fn lines(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.0
            .split(|byte| is_line_end(*byte))
            .filter(|line| !line.is_empty())
    }
}

/// Splits bytes into events. It buffers at most one incomplete event.
#[derive(Debug, Default)]
pub struct Parser {
    pending: Vec<u8>,
    /// Whether the current line contains anything.
    in_line: bool,
    after_cr: bool,
    begun: bool,
    comments: u64,
}

impl Parser {
    /// The events that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        let mut comments = 0;
        self.each(bytes, |block| {
            comments += block.comments() as u64;
            events.extend(block.event());
        });
        self.comments += comments;
        events
    }

    /// Passes on the events that `bytes` complete, without parsing them.
    pub fn each(&mut self, bytes: &[u8], mut show: impl FnMut(Block<'_>)) {
        // Where the current event begins, and where its next line does.
        let (mut begin, mut at) = (0, 0);
        while let Some(length) = bytes[at..].iter().position(|byte| is_line_end(*byte)) {
            let end = at + length;
            at = end + 1;
            let is_empty = length == 0 && !self.in_line;
            let ends_crlf = length == 0 && self.after_cr && bytes[end] == b'\n';
            self.after_cr = bytes[end] == b'\r';
            self.in_line = false;
            if ends_crlf || !is_empty {
                continue;
            }
            let mut pending = mem::take(&mut self.pending);
            let block = if pending.is_empty() {
                &bytes[begin..end]
            } else {
                pending.extend_from_slice(&bytes[begin..end]);
                &pending
            };
            let is_first = !mem::replace(&mut self.begun, true);
            let unmarked = block.strip_prefix(b"\xef\xbb\xbf").filter(|_| is_first);
            show(Block(unmarked.unwrap_or(block)));
            begin = at;
        }
        if at < bytes.len() {
            self.in_line = true;
            self.after_cr = false;
        }
        self.pending.extend_from_slice(&bytes[begin..]);
    }

    /// How many comment lines there were in events of [`push`](Self::push): with comments, a stream
    /// shows that it is alive.
    #[must_use]
    pub fn comments(&self) -> u64 {
        self.comments
    }
}

fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Vec<Event> {
        Parser::default().push(text.as_bytes())
    }

    #[test]
    fn an_event_has_a_name_an_id_and_lines_of_data() {
        let events = parse(
            "event: datastar-patch-elements\nid: 0/7/ab\ndata: selector #a\ndata: elements <p>\ndata: elements </p>\n\n",
        );
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].name, "datastar-patch-elements");
        assert_eq!(events[0].field("elements").as_deref(), Some("<p>\n</p>"));
        assert_eq!(events[0].field("selector").as_deref(), Some("#a"));
        assert_eq!(events[0].field("mode"), None);
        let frame = FrameId {
            tab: "0".into(),
            number: 7,
            hash: Some("ab".into()),
        };
        assert_eq!(events[0].frame(), Some(frame));
    }

    #[test]
    fn all_line_ends_mean_the_same_however_the_bytes_are_cut() {
        let expected = parse("data: a\ndata: b\n\ndata: c\n\n");
        assert_eq!(expected.len(), 2);
        for text in [
            "data: a\ndata: b\n\ndata: c\n\n",
            "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
            "data: a\rdata: b\r\rdata: c\r\r",
            "\u{feff}data: a\ndata: b\n\ndata: c\n\n",
        ] {
            for step in 1..=text.len() {
                let mut parser = Parser::default();
                let parts = text.as_bytes().chunks(step);
                let events: Vec<_> = parts.flat_map(|part| parser.push(part)).collect();
                assert_eq!(events, expected, "{text:?} by {step} bytes");
            }
        }
    }

    #[test]
    fn comments_are_counted_and_an_unfinished_event_is_none() {
        let mut parser = Parser::default();
        assert!(parser.push(b": alive\n\n:\n\ndata: a\n").is_empty());
        assert_eq!(parser.comments(), 2);
        assert_eq!(parser.push(b"\n").len(), 1);
    }

    #[test]
    fn one_space_after_the_colon_is_no_data() {
        assert_eq!(parse("data:a\ndata: a\ndata:  a\n\n")[0].data, "a\na\n a");
    }

    #[test]
    fn the_name_is_found_without_taking_the_event_apart() {
        let mut names = Vec::new();
        let text = b"event: via-hello\ndata: {}\n\n:\n\nevent: via-bye\ndata: {}\n\n";
        Parser::default().each(text, |block| names.push(block.name().to_vec()));
        assert_eq!(names, [&b"via-hello"[..], b"", b"via-bye"]);
    }
}
