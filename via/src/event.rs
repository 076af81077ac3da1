//! What has happened, in expressions: for `data-on:..` attributes.
//!
//! These have a value only while something happens, so that the server knows none of them.
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

/// What the field holds in which something happened.
pub fn value() -> Expr<String> {
    Expr::of_browser("evt.target.value")
}

/// Whether the checkbox is on in which something happened.
pub fn checked() -> Expr<bool> {
    Expr::of_browser("evt.target.checked")
}

/// The name of the key that was pressed: `a`, `Enter`, `ArrowDown`.
pub fn key() -> Expr<String> {
    Expr::of_browser("evt.key")
}

/// Whether Shift was held.
pub fn shift() -> Expr<bool> {
    Expr::of_browser("evt.shiftKey")
}

/// Whether Ctrl was held.
pub fn ctrl() -> Expr<bool> {
    Expr::of_browser("evt.ctrlKey")
}

/// Whether Alt was held.
pub fn alt() -> Expr<bool> {
    Expr::of_browser("evt.altKey")
}

/// Whether the key of the system was held: Command, or the Windows key.
pub fn meta() -> Expr<bool> {
    Expr::of_browser("evt.metaKey")
}
