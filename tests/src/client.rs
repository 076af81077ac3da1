//! A visitor without a browser: a cookie jar, tabs with numbered actions, and a parsed event stream.
//!
//! ```no_run
//! # async fn example(address: std::net::SocketAddr) {
//! use via_tests::client::{Action, Visitor};
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
//! It has layers, and a test uses as many as it needs:
//!
//! 1. `reading` and [`sse`](crate::sse) turn bytes into answers and events and do no I/O;
//!    `bytes` is the text of a request;
//! 2. [`Line`] and [`Stream`] are connections of an async runtime, and read only when a test asks them
//!    to;
//! 3. [`Visitor`] and [`Tab`] know the protocol: the requests, and which cookies to keep.
//!
//! The load generator has its own sockets. It uses the first layer, and the requests of the third.
//! Each request of a visitor has its own connection, unless it is sent over a [`Line`]. So what
//! happens to one request's connection cannot affect the next request.

mod action;
mod answer;
pub(crate) mod head;
mod line;
pub(crate) mod reading;
mod request;
mod stream;
mod tab;
mod visitor;

pub use action::Action;
pub use answer::Answer;
pub(crate) use answer::Answers;
pub use line::{Line, Socket, raw};
pub use request::bytes;
pub use stream::Stream;
pub use tab::Tab;
pub use visitor::Visitor;
