//! Signals: typed values that the browser holds.

mod value;

use std::{fmt, marker::PhantomData};

use maud::Render;

pub use value::{SignalError, SignalValue};

/// The handle of a `#[signal]` field, made by `cx.step()`; prints the signal's name where the
/// attribute wants a name, and `$name` where it wants an expression.
pub struct Signal<T> {
    name: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<T> Signal<T> {
    /// Called by generated code with the name of the field.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            of: PhantomData,
        }
    }

    /// The name of the signal in the browser.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
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

/// Prints `$name`: an expression. `data-bind` takes it as well as a bare name.
impl<T> Render for Signal<T> {
    fn render_to(&self, buffer: &mut String) {
        // Names are Rust identifiers, so nothing in them needs escaping.
        buffer.push('$');
        buffer.push_str(self.name);
    }
}
