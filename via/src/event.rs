//! The event that an element received, as expressions for `data-on:..` attributes.
//!
//! They have a value only in the browser, while it handles an event. The server never knows it.
//!
//! ```
//! use via::prelude::*;
//!
//! #[via::page("/")]
//! struct Search {
//!     #[signal]
//!     query: String,
//! }
//!
//! impl View for Search {
//!     fn view(&self, cx: &Cx<Self>) -> Markup {
//!         let typed = cx.query().set(event::value());
//!         assert_eq!(typed.to_string(), "$query = evt.target.value");
//!         html! { input data-on:input=(typed); }
//!     }
//! }
//! # via::__private::render(&Search { query: String::new() });
//! ```

use crate::signal::Expr;

/// The value of the field that fired the event.
pub fn value() -> Expr<String> {
    Expr::of_browser("evt.target.value")
}

/// Whether the checkbox that fired the event is checked.
pub fn checked() -> Expr<bool> {
    Expr::of_browser("evt.target.checked")
}

/// The name of the key that the user pressed: `a`, `Enter`, `ArrowDown`.
pub fn key() -> Expr<String> {
    Expr::of_browser("evt.key")
}

/// Whether the user held Shift.
pub fn shift() -> Expr<bool> {
    Expr::of_browser("evt.shiftKey")
}

/// Whether the user held Ctrl.
pub fn ctrl() -> Expr<bool> {
    Expr::of_browser("evt.ctrlKey")
}

/// Whether the user held Alt.
pub fn alt() -> Expr<bool> {
    Expr::of_browser("evt.altKey")
}

/// Whether the user held the system key: Command, or the Windows key.
pub fn meta() -> Expr<bool> {
    Expr::of_browser("evt.metaKey")
}
