//! Reading Server-Sent Events: bytes in, events out.
//!
//! Lines end with LF, CR or CRLF, wherever the network cuts the bytes; a byte order mark in front
//! is skipped; an event without an end is not an event.

use std::fmt;

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
    /// The dense number of the frame.
    pub number: u64,
    /// The hash of what the tab shows afterwards.
    pub hash: Option<String>,
}

impl Event {
    /// The value of a line-wise field of a Datastar event: `elements`, `selector`, `signals`. Lines
    /// with the same key are joined by line feeds.
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
            .unwrap_or_else(|error| panic!("the data of an event is no JSON ({error}): {self}"))
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

/// Cuts bytes into events.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    begun: bool,
    event: Event,
    data: Vec<String>,
    comments: u64,
}

impl Parser {
    /// The events that `bytes` complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for byte in bytes {
            let second_half = self.after_cr && *byte == b'\n';
            self.after_cr = *byte == b'\r';
            match byte {
                b'\n' if second_half => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.line(&String::from_utf8_lossy(&line)));
                }
                byte => self.line.push(*byte),
            }
        }
        events
    }

    /// How many comment lines there were: a stream says by them that it is alive.
    #[must_use]
    pub fn comments(&self) -> u64 {
        self.comments
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        let line = if self.begun {
            line
        } else {
            line.trim_start_matches('\u{feff}')
        };
        self.begun = true;
        if line.is_empty() {
            return self.finish();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "" => self.comments += 1,
            "event" => value.clone_into(&mut self.event.name),
            "data" => self.data.push(value.to_owned()),
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "retry" => self.event.retry = value.parse().ok().or(self.event.retry),
            _ => {}
        }
        None
    }

    /// A browser drops an event without data; here it is kept if anything was said, because tests
    /// want to see all that a server sends.
    fn finish(&mut self) -> Option<Event> {
        let mut event = std::mem::take(&mut self.event);
        event.data = std::mem::take(&mut self.data).join("\n");
        (event != Event::default()).then_some(event)
    }
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
            "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
            "data: a\rdata: b\r\rdata: c\r\r",
            "\u{feff}data: a\ndata: b\n\ndata: c\n\n",
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
            let mut parser = Parser::default();
            let bytewise: Vec<_> = text.bytes().flat_map(|byte| parser.push(&[byte])).collect();
            assert_eq!(bytewise, expected, "{text:?} byte by byte");
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
}
