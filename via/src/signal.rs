#![doc = include_str!("../docs/expressions.md")]

pub(crate) mod action_handle;
mod expr;
pub(crate) mod first;
mod modifiers;
mod signals;
mod value;
mod write;

use std::{fmt, marker::PhantomData};

use maud::Render;

pub use expr::{
    AnyNumber, Condition, Container, Definition, Equal, Expr, Integer, IntoExpr, Many, Optional,
    Ordered, Signed, Textual,
};
pub(crate) use expr::{Level, Source, text_of};
#[doc(hidden)]
pub use expr::{Operand, Operator, marker};
pub(crate) use signals::Signals;
#[doc(hidden)]
pub use value::{Parts, Reading, Tagged, list, object, tagged};
pub use value::{SignalError, SignalValue};

/// The handle of a `#[signal]` field. `cx.step()` returns it, and it prints `$name`.
pub struct Signal<T> {
    name: &'static str,
    local: bool,
    of: PhantomData<fn() -> T>,
}

impl<T> Signal<T> {
    /// Called by generated code with the name of the field.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            local: false,
            of: PhantomData,
        }
    }

    /// Called by generated code for a signal that never leaves the browser.
    #[doc(hidden)]
    #[must_use]
    pub const fn local(name: &'static str) -> Self {
        Self {
            name,
            local: true,
            of: PhantomData,
        }
    }
}

impl<T> Signal<T> {
    /// `$name`. The name of a local signal has a `_` before it, which by Datastar's convention
    /// keeps it in the browser.
    pub(crate) fn in_browser(self) -> String {
        let sign = if self.local { "$_" } else { "$" };
        format!("{sign}{}", self.name)
    }
}

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Signal<T> {}

impl<T> fmt::Debug for Signal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signal({})", self.name)
    }
}

/// Prints `$name`, an expression; `data-bind` takes it as well as a bare name.
impl<T> Render for Signal<T> {
    fn render_to(&self, buffer: &mut String) {
        // Names are Rust identifiers, so nothing in them needs escaping.
        buffer.push_str(&self.in_browser());
    }
}
