#![doc = include_str!("../docs/crate.md")]

extern crate self as via;

#[doc(hidden)]
pub mod __private;
pub mod action;
mod context;
#[doc(hidden)]
pub mod diff;
mod page;
pub mod prelude;
mod protocol;
pub mod signal;
mod state;
pub mod store;

pub use action::{ActionHandle, Effects, Task};
pub use context::Cx;
pub use maud::{Markup, PreEscaped, html};
pub use page::{Page, View};
pub use signal::{Signal, SignalValue};
pub use state::State;
pub use via_macros::{actions, page};
