//! Events of a stream, as the server writes them and as the client reads them.

use serde_json::json;

use super::browser::ask;
use crate::protocol::sse::{
    EventWriter, HEARTBEAT, Line,
    decoder::{Event, decode},
};

/// The first two bytes of the input say where a stream is cut, and the third what the rest is: a stream,
/// or a name, an id and data of two events for the server to write.
pub(super) fn check(input: &[u8]) {
    let [first, second, how, rest @ ..] = input else {
        return;
    };
    let cuts = [*first, *second].map(usize::from);
    if *how == b'r' {
        read(&String::from_utf8_lossy(rest), cuts);
    } else {
        written(super::parts(rest), cuts);
    }
}

/// What the server writes arrives as it was.
fn written([name, id, data]: [String; 3], cuts: [usize; 2]) {
    let mut stream = Vec::new();
    let mut expected = Event {
        data: data.replace("\r\n", "\n").replace('\r', "\n"),
        ..Event::default()
    };
    for _ in 0..2 {
        let mut writer = EventWriter::new(&mut stream);
        if let Some(line) = Line::new(&name) {
            writer.event(line);
            expected.name.clone_from(&name);
        }
        if let Some(line) = Line::new(&id) {
            writer.id(line);
            expected.id.clone_from(&id);
        }
        writer.data(&data).finish();
        stream.extend_from_slice(HEARTBEAT);
    }
    let stream = String::from_utf8(stream).expect("the server writes UTF-8");
    for event in read(&stream, cuts) {
        assert_eq!(event, expected);
    }
}

/// Reads a stream in pieces with the client, and as a whole like a browser. Both must find the same events,
/// but for one difference: to the client, an id belongs to its own event alone.
fn read(stream: &str, cuts: [usize; 2]) -> Vec<Event> {
    let found = decode(stream.as_bytes());
    // A decoder of UTF-8 drops it.
    let stream = stream.strip_prefix('\u{feff}').unwrap_or(stream);
    let [first, second] = cuts.map(|cut| stream.floor_char_boundary(cut));
    let (first, second) = (first.min(second), first.max(second));
    let pieces = [&stream[..first], &stream[first..second], &stream[second..]];
    let answer = ask("events", &pieces);
    let answers = answer.as_array().expect("the client reads every stream");
    assert_eq!(answers.len(), found.len(), "{stream:?}: {answer}");
    for (answer, event) in answers.iter().zip(&found) {
        assert_eq!(answer["event"], event.name, "{stream:?}");
        assert_eq!(answer["data"], json!(event.data), "{stream:?}");
        // The server writes no NUL.
        let id = &answer["id"];
        assert!(id == "" || *id == event.id || id.as_str().is_some_and(|id| id.contains('\0')));
    }
    found
}
