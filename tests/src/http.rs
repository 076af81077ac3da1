//! A visitor without a browser: a cookie jar, numbered actions and a parsed event stream.
//!
//! ```no_run
//! # async fn example(address: std::net::SocketAddr) {
//! use via_tests::http::{Action, Visitor};
//!
//! let visitor = Visitor::new(address);
//! visitor.get("/").await.assert_ok();
//! let tab = visitor.attach("/").await;
//! let mut stream = visitor.stream(&[&tab]).await;
//! let answer = tab.act(Action::new("Counter::increment").signal("step", 1)).await;
//! assert_eq!(answer.ack(), Some(1));
//! let patch = stream.named("datastar-patch-elements").await;
//! # }
//! ```
//!
//! Each request has a connection of its own, unless it is sent over a [`Line`]: what one request does
//! to its connection is then no matter to the next.

mod action;
mod answer;
mod stream;
mod tab;
mod visitor;
mod wire;

pub use action::Action;
pub use answer::Answer;
pub use stream::Stream;
pub use tab::Tab;
pub use visitor::Visitor;
pub(crate) use wire::{Connection, send};
pub use wire::{Line, bytes, raw};
