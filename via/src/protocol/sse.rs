//! Framing of Server-Sent Events.
//!
//! No text can end its field early: a value of several lines becomes several `data` lines, and a field of
//! one line accepts only text without line breaks.

/// The MIME type of an event stream.
pub(crate) const CONTENT_TYPE: &str = "text/event-stream";

/// A comment that tells the browser, and all proxies on the way, that the stream is alive.
pub(crate) const HEARTBEAT: &[u8] = b":\n\n";

/// A value for a field of one line.
///
/// Constants of the program use [`Line::constant`], other texts [`Line::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Line<'t>(&'t str);

impl<'t> Line<'t> {
    /// `None` if the text has a line break or a NUL, which would end the field or make it invalid.
    pub(crate) fn new(text: &'t str) -> Option<Self> {
        (!text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0))).then_some(Self(text))
    }

    /// A constant of the program.
    ///
    /// # Panics
    ///
    /// If it has a line break or a NUL. In a constant this is a compile error.
    pub(crate) const fn constant(text: &'static str) -> Self {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            assert!(
                !matches!(bytes[at], b'\r' | b'\n' | 0),
                "a field of one line has no line break and no NUL"
            );
            at += 1;
        }
        Self(text)
    }
}

/// Appends fields of an event to a buffer. [`EventWriter::finish`] ends the event.
#[derive(Debug)]
pub(crate) struct EventWriter<'b> {
    buffer: &'b mut Vec<u8>,
}

impl<'b> EventWriter<'b> {
    pub(crate) fn new(buffer: &'b mut Vec<u8>) -> Self {
        Self { buffer }
    }

    /// The name of the event.
    pub(crate) fn event(&mut self, name: Line<'_>) -> &mut Self {
        self.field("event: ", name.0)
    }

    /// The id that a browser sends when it reconnects.
    pub(crate) fn id(&mut self, id: Line<'_>) -> &mut Self {
        self.field("id: ", id.0)
    }

    /// One `data` line for each line of the text. CR, LF and CRLF all break lines, and arrive as LF.
    pub(crate) fn data(&mut self, text: &str) -> &mut Self {
        self.keyed_data("", text)
    }

    /// Like [`EventWriter::data`], with `key` before each line.
    pub(crate) fn keyed_data(&mut self, key: &str, text: &str) -> &mut Self {
        for line in lines(text) {
            self.buffer.extend_from_slice(b"data: ");
            self.buffer.extend_from_slice(key.as_bytes());
            self.buffer.extend_from_slice(line.as_bytes());
            self.buffer.push(b'\n');
        }
        self
    }

    /// Ends the event. The browser handles an event only after this.
    pub(crate) fn finish(&mut self) {
        self.buffer.push(b'\n');
    }

    fn field(&mut self, name: &str, value: &str) -> &mut Self {
        self.buffer.extend_from_slice(name.as_bytes());
        self.buffer.extend_from_slice(value.as_bytes());
        self.buffer.push(b'\n');
        self
    }
}

/// The lines of a text between CR, LF and CRLF. There is always at least one.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some(end) = text.bytes().position(|byte| matches!(byte, b'\r' | b'\n')) else {
            rest = None;
            return Some(text);
        };
        let after = &text[end..];
        rest = after.strip_prefix("\r\n").or_else(|| after.get(1..));
        Some(&text[..end])
    })
}

/// A reader like that of a browser, after the WHATWG description of the format.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod decoder {
    #[derive(Debug, Default, PartialEq, Eq)]
    pub(crate) struct Event {
        pub(crate) name: String,
        pub(crate) id: String,
        pub(crate) data: String,
    }

    pub(crate) fn decode(stream: &[u8]) -> Vec<Event> {
        let text = String::from_utf8_lossy(stream);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut events = Vec::new();
        let (mut name, mut data, mut id) = (String::new(), String::new(), String::new());
        // The text after the last line break is not a line.
        let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
        for line in complete.split('\n') {
            if line.is_empty() {
                if !data.is_empty() {
                    data.pop();
                    events.push(Event {
                        name: std::mem::take(&mut name),
                        id: id.clone(),
                        data: std::mem::take(&mut data),
                    });
                }
                name.clear();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut name),
                "data" => {
                    data.push_str(value);
                    data.push('\n');
                }
                "id" if !value.contains('\0') => value.clone_into(&mut id),
                _ => {}
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::decoder::{Event, decode};
    use super::*;

    fn normal(text: &str) -> String {
        text.replace("\r\n", "\n").replace('\r', "\n")
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => prop::sample::select(vec![
                "\r", "\n", "\r\n", "\0", ":", " ", "data: ", "id: 7", "event: x", "retry: 1", "\u{feff}", "é",
            ]).prop_map(str::to_owned),
            1 => any::<String>(),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    #[test]
    fn a_heartbeat_is_no_event() {
        assert_eq!(decode(HEARTBEAT), []);
    }

    #[test]
    fn a_line_break_does_not_fit_into_one_line() {
        for text in ["a\nb", "a\rb", "a\0b", "\n"] {
            assert_eq!(Line::new(text), None);
        }
        assert!(Line::new("a: b").is_some());
    }

    #[test]
    fn every_kind_of_line_break_ends_a_line() {
        let lines: Vec<_> = lines("a\nb\rc\r\nd\n\re\r\n").collect();
        assert_eq!(lines, ["a", "b", "c", "d", "", "e", ""]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_arrives_as_the_data_of_one_event(texts in prop::collection::vec((text(), text(), text()), 1..4)) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            let mut last_id = String::new();
            for (name, id, data) in &texts {
                let mut writer = EventWriter::new(&mut stream);
                let mut event = Event { data: normal(data), ..Event::default() };
                if let Some(line) = Line::new(name) {
                    writer.event(line);
                    event.name = name.clone();
                }
                if let Some(line) = Line::new(id) {
                    writer.id(line);
                    last_id.clone_from(id);
                }
                writer.data(data).finish();
                event.id.clone_from(&last_id);
                expected.push(event);
                stream.extend_from_slice(HEARTBEAT);
            }
            prop_assert_eq!(decode(&stream), expected);
        }
    }
}
