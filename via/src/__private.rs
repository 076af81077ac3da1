//! The contract between `via-macros` and this crate. Nothing in here is for hands.

pub use crate::{
    action::{
        ActionEntry, ActionError, ActionHandle, ActionResult, ArgumentError, Arguments, Effects,
        Run, Task, TaskFuture,
    },
    page::{
        Actions, FieldDescriptor, FieldKind, Page, PageDescriptor, Probe, SignalScope, StateScope,
        View, WithActions, WithoutActions, assert_not_a_signal,
    },
    signal::{Signal, SignalValue},
    state::{FieldReader, FieldWriter, Param, ReadError, State},
};
