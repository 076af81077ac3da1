//! The events that `via` adds to those of Datastar.

use serde_json::json;

use super::{
    datastar::EncodedEvent,
    sse::{EventWriter, Line},
};
use crate::{command::Command, hub::StreamId, refusal::Refusal, session::IdentityMark};

/// The first event of every stream. Actions send its id if their answers may carry frames. It also says
/// who is logged in as far as the first frame of each tab shows.
pub(crate) fn hello(out: &mut Vec<u8>, heartbeat_ms: u64, id: StreamId, identity: IdentityMark) {
    let data = json!({
        "heartbeat_ms": heartbeat_ms,
        "stream": id.to_string(),
        "identity": identity.to_string(),
    });
    let data = data.to_string();
    event(out, "via-hello", None, &data);
}

/// The last event of a stream that the browser should open again.
pub(crate) fn bye(out: &mut Vec<u8>, reconnect_ms: u64) {
    let data = json!({ "reconnect_ms": reconnect_ms }).to_string();
    event(out, "via-bye", None, &data);
}

/// An event that tells the browser of one tab to do something.
pub(crate) fn command_event(out: &mut Vec<u8>, index: usize, command: &Command) {
    let data = serde_json::to_string(command).unwrap_or_default();
    event(out, "via-cmd", Some(&format!("{index}/0")), &data);
}

/// An event that says why the server sends no frames for one tab.
pub(crate) fn tab_event(out: &mut Vec<u8>, index: usize, refusal: &Refusal) {
    event(
        out,
        "via-tab",
        Some(&format!("{index}/0")),
        &refusal.to_json(),
    );
}

/// The event of a frame that says who is logged in as far as the frame shows. Clients that do not know it
/// apply the rest of the frame.
pub(crate) fn identity_event(mark: IdentityMark) -> EncodedEvent {
    EncodedEvent {
        head: "event: via-identity\n",
        tail: format!("data: {mark}\n\n").into(),
    }
}

/// Writes an event. The callers above make sure that name and id have no line break.
fn event(out: &mut Vec<u8>, name: &'static str, id: Option<&str>, data: &str) {
    let mut writer = EventWriter::new(out);
    writer.event(Line::constant(name));
    if let Some(id) = id.and_then(Line::new) {
        writer.id(id);
    }
    writer.data(data).finish();
}
