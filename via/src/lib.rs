#![doc = include_str!("../docs/crate.md")]

extern crate self as via;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod __fuzz;
#[doc(hidden)]
pub mod __private;
pub mod action;
mod address;
mod app;
mod backoff;
mod client;
mod clock;
mod command;
#[doc(hidden)]
pub mod diff;
mod error;
pub mod event;
mod field;
mod first_html;
mod frames;
#[cfg(any(doc, doctest))]
pub mod guide;
mod hex;
mod hub;
mod incident;
mod limits;
mod lock;
mod log_text;
mod page;
pub mod prelude;
mod protocol;
mod random;
mod refusal;
mod runtime;
mod session;
mod sessions;
#[cfg(feature = "testing")]
mod shape;
pub mod signal;
mod state;
pub mod store;
mod stream;
mod task;
#[cfg(feature = "testing")]
pub mod testing;
mod transaction;

pub use action::{ActionHandle, Effects, Task};
pub use app::{App, Running, Server};
pub use clock::Clock;
pub use error::{EffectError, Error, Result};
pub use hub::rollbacks;
pub use maud::{Markup, PreEscaped, html};
pub use page::{Cx, Page, View};
pub use session::Session;
pub use sessions::{SessionHandle, SessionInfo, Sessions};
pub use signal::{Expr, Signal, SignalValue};
pub use state::{State, unreadable_values};
pub use via_macros::{SignalValue, actions, page};

/// Compiles the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
