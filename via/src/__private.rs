//! The contract between `via-macros` and this crate. Nothing in here is for hands.

pub use crate::{
    action::{
        ActionEntry, ActionError, ActionHandle, ActionResult, Argument, ArgumentError,
        ArgumentJson, ArgumentList, Arguments, Effects, Run, Task, TaskFuture, task_future,
    },
    field::{
        FieldDescriptor, FieldKind, PageDescriptor, Segment, SignalScope, StateScope, TypeInfo,
        assert_not_a_signal, assert_own_key,
    },
    page::{ActionHandles, Actions, Cx, Page, Probe, View, WithActions, WithoutActions},
    signal::{
        Equal, Parts, Reading, Signal, SignalError, SignalValue, Tagged, list, object, tagged,
    },
    state::{
        FieldReader, FieldWriter, HasDefault, Migration, Param, ReadError, State, StateClone,
        StateDecode, StateEncode,
    },
};
pub use maud::Markup;
pub use serde_json::Value;

/// What the view of a page prints; for benchmarks.
#[must_use]
pub fn render<P: View>(page: &P) -> String {
    page.view(&Cx::new(None, "")).into_string()
}

/// The events of patches as they travel, with this id; for benchmarks.
#[must_use]
pub fn encode(patches: &[crate::diff::Patch], id: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for patch in patches {
        let event = crate::protocol::datastar::patch_elements(patch);
        event.write(crate::protocol::sse::Line::new(id), &mut bytes);
    }
    bytes
}
