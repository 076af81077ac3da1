//! Datastar's events, as bytes.
//!
//! Many tabs receive the same frame, and only the `id` line differs. So an [`EncodedEvent`] is encoded once
//! and its bytes are shared. It has two parts, and the `id` line goes between them.

use std::fmt::Write as _;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::sse::{EventWriter, Line};
use crate::diff::{CONTAINER_ID, Op, Patch, Target};

const PATCH_ELEMENTS: &str = "event: datastar-patch-elements\n";
const PATCH_SIGNALS: &str = "event: datastar-patch-signals\n";

/// An event without its `id` line.
///
/// To send it, write `head`, then an `id` line (or none), then `tail`. Cloning shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EncodedEvent {
    /// The `event` line.
    pub(crate) head: &'static str,
    /// The `data` lines and the empty line that ends the event.
    pub(crate) tail: Bytes,
}

impl EncodedEvent {
    /// Appends the event, with the `id` line of one tab.
    pub(crate) fn write(&self, id: Option<Line<'_>>, buffer: &mut Vec<u8>) {
        buffer.extend_from_slice(self.head.as_bytes());
        if let Some(id) = id {
            EventWriter::new(buffer).id(id);
        }
        buffer.extend_from_slice(&self.tail);
    }

    /// `length` is the approximate length of its data.
    fn new(
        head: &'static str,
        length: usize,
        write_data: impl FnOnce(&mut EventWriter<'_>),
    ) -> Self {
        let mut tail = Vec::with_capacity(length);
        let mut writer = EventWriter::new(&mut tail);
        write_data(&mut writer);
        writer.finish();
        // Slow connections keep it for a long time.
        tail.shrink_to_fit();
        Self {
            head,
            tail: tail.into(),
        }
    }
}

/// The event that changes one element.
///
/// Line breaks of the HTML arrive as LF. An HTML parser would convert them anyway.
pub(crate) fn patch_elements(patch: &Patch) -> EncodedEvent {
    let (mode, html) = match &patch.op {
        Op::Outer(html) => (None, Some(html)),
        Op::Inner(html) => (Some("inner"), Some(html)),
        Op::Append(html) => (Some("append"), Some(html)),
        Op::Prepend(html) => (Some("prepend"), Some(html)),
        Op::Before(html) => (Some("before"), Some(html)),
        Op::After(html) => (Some("after"), Some(html)),
        Op::Remove => (Some("remove"), None),
    };
    let length = 96 + html.map_or(0, String::len);
    EncodedEvent::new(PATCH_ELEMENTS, length, |writer| {
        // The client finds the element to replace by its id.
        let finds_itself = mode.is_none() && matches!(patch.target, Target::Id(_));
        if !finds_itself {
            writer.keyed_data("selector ", &selector(&patch.target));
        }
        if let Some(mode) = mode {
            writer.keyed_data("mode ", mode);
        }
        if let Some(html) = html {
            writer.keyed_data("elements ", html);
        }
    })
}

/// The event that changes signals: an object with the changed ones, and `null` for removed ones.
pub(crate) fn patch_signals<'s>(
    signals: impl IntoIterator<Item = (&'s str, &'s Value)>,
) -> EncodedEvent {
    let signals = Changed(signals.into_iter().collect());
    let signals = serde_json::to_string(&signals).unwrap_or_default();
    EncodedEvent::new(PATCH_SIGNALS, 24 + signals.len(), |writer| {
        writer.keyed_data("signals ", &signals);
    })
}

/// A JSON object.
struct Changed<'s>(Vec<(&'s str, &'s Value)>);

impl Serialize for Changed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().copied())
    }
}

/// The CSS selector that finds the target in a page.
fn selector(target: &Target) -> String {
    match target {
        Target::Root => format!("#{CONTAINER_ID}"),
        Target::Id(id) => format!("#{id}"),
        Target::Path { anchor, steps } => {
            let mut selector = format!("#{}", anchor.as_deref().unwrap_or(CONTAINER_ID));
            for step in steps {
                // Writing to a string cannot fail.
                let _ = write!(selector, ">:nth-child({step})");
            }
            selector
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::sse::decoder::{Event, decode};

    fn text(event: &EncodedEvent, id: Option<&str>) -> String {
        let mut buffer = Vec::new();
        event.write(id.map(|id| Line::new(id).unwrap()), &mut buffer);
        String::from_utf8(buffer).unwrap()
    }

    fn signals(values: &Value) -> EncodedEvent {
        let values = values.as_object().unwrap();
        patch_signals(values.iter().map(|(name, value)| (&**name, value)))
    }

    fn elements(target: Target, op: Op) -> EncodedEvent {
        patch_elements(&Patch { target, op })
    }

    fn id(id: &str) -> Target {
        Target::Id(id.to_owned())
    }

    #[test]
    fn an_element_with_an_id_needs_no_selector() {
        let event = elements(id("a"), Op::Outer("<div id=\"a\">Merge</div>".to_owned()));
        assert_eq!(
            text(&event, None),
            "event: datastar-patch-elements\ndata: elements <div id=\"a\">Merge</div>\n\n"
        );
    }

    #[test]
    fn every_line_of_html_is_a_line_of_its_own() {
        let html = "<div id=\"a\">\n  <span>Merge</span>\r\n\r</div>".to_owned();
        assert_eq!(
            text(&elements(id("a"), Op::Outer(html)), None),
            "event: datastar-patch-elements\n\
             data: elements <div id=\"a\">\n\
             data: elements   <span>Merge</span>\n\
             data: elements \n\
             data: elements </div>\n\n"
        );
    }

    #[test]
    fn only_what_is_not_the_default_is_said() {
        assert_eq!(
            text(
                &elements(id("div"), Op::Append("<div>Merge</div>".to_owned())),
                Some("event1")
            ),
            "event: datastar-patch-elements\n\
             id: event1\n\
             data: selector #div\n\
             data: mode append\n\
             data: elements <div>Merge</div>\n\n"
        );
        assert_eq!(
            text(&elements(id("target"), Op::Remove), None),
            "event: datastar-patch-elements\ndata: selector #target\ndata: mode remove\n\n"
        );
    }

    #[test]
    fn signals_are_one_object() {
        assert_eq!(
            text(&signals(&json!({"one": 1, "two": 2})), None),
            "event: datastar-patch-signals\ndata: signals {\"one\":1,\"two\":2}\n\n"
        );
        assert_eq!(
            text(
                &signals(&json!({"one": "first\n signal", "two": null})),
                Some("event1")
            ),
            "event: datastar-patch-signals\n\
             id: event1\n\
             data: signals {\"one\":\"first\\n signal\",\"two\":null}\n\n"
        );
    }

    #[test]
    fn positions_become_a_selector_below_an_id_or_the_container() {
        let path = |anchor: Option<&str>| Target::Path {
            anchor: anchor.map(str::to_owned),
            steps: vec![2, 1],
        };
        assert_eq!(selector(&path(None)), "#via>:nth-child(2)>:nth-child(1)");
        assert_eq!(selector(&path(Some("a"))), "#a>:nth-child(2)>:nth-child(1)");
        assert_eq!(selector(&Target::Root), "#via");
    }

    #[test]
    fn tabs_share_all_but_the_id() {
        let events = [
            signals(&json!({"n": 1})),
            elements(id("a"), Op::Outer("<p id=\"a\">1</p>".to_owned())),
        ];
        let send = |id: &str| -> Vec<Event> {
            let mut stream = Vec::new();
            for (event, n) in events.iter().zip(1..) {
                event.write(Line::new(&format!("{id}/{n}")), &mut stream);
            }
            decode(&stream)
        };
        let (first, second) = (send("1"), send("2"));
        assert_eq!(first[1].id, "1/2");
        assert_eq!(second[1].id, "2/2");
        assert_eq!(first[0].data, second[0].data);
        assert_eq!(first[1].data, "elements <p id=\"a\">1</p>");
    }
}
