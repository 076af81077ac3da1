//! Event handlers: they call actions of the page and write signals.

use std::{fmt, io};

use maud::{Escaper, Render};
use serde::Serialize;

use super::{Level, Source, modifiers::Modifiers};

/// A handler for an event, in one or more steps: `cx.increment()` calls an action of the page with its
/// arguments, [`set`](crate::Signal::set) and [`toggle`](crate::Signal::toggle) write a signal, and
/// [`then`](Self::then) joins two handlers.
///
/// It prints an expression for `data-on:..`. An action is a Datastar `@post` to the path of its page.
/// Arguments are percent-encoded JSON, so text from a user cannot end the string that contains them.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "it does nothing until it is printed: `data-on:click=(..)`"]
pub struct ActionHandle {
    first: Source,
    /// The steps after the first.
    then: Vec<Source>,
    pub(super) modifiers: Modifiers,
}

impl ActionHandle {
    /// Creates a handler that calls an action. Generated code passes the stable name of the action and a
    /// tuple of its arguments (`()` if it has none).
    ///
    /// # Panics
    ///
    /// Panics if an argument cannot be written as JSON. Only a hand-written `Serialize` can cause this.
    #[doc(hidden)]
    pub fn new<A: Serialize>(name: &'static str, arguments: &A) -> Self {
        // Each row of a table may have a handler, so this avoids further allocations.
        let mut expression = String::with_capacity(name.len() + 32);
        expression.push_str("@post('?via=");
        expression.push_str(name);
        let bare = expression.len();
        expression.push_str("&args=");
        let begin = expression.len();
        serde_json::to_writer(Percent(&mut expression), arguments)
            .unwrap_or_else(|error| panic!("an argument of `{name}` is not JSON: {error}"));
        if &expression[begin..] == "null" {
            expression.truncate(bare);
        }
        expression.push_str("')");
        Self::step(Source::atom(expression))
    }

    /// Creates a handler with a single step.
    pub(crate) fn step(source: Source) -> Self {
        Self {
            first: source,
            then: Vec::new(),
            modifiers: Modifiers::default(),
        }
    }

    /// Runs `next` after this handler. The [modifiers](Self::prevent) of either apply to both.
    ///
    /// # Examples
    ///
    /// ```
    /// use via::prelude::*;
    ///
    /// #[via::page("/")]
    /// struct Todos {
    ///     #[state]
    ///     all: Vec<String>,
    ///     #[signal]
    ///     draft: String,
    /// }
    ///
    /// #[via::actions]
    /// impl Todos {
    ///     fn add(&mut self) {
    ///         self.all.push(self.draft.clone());
    ///     }
    /// }
    ///
    /// impl View for Todos {
    ///     fn view(&self, cx: &Cx<Self>) -> Markup {
    ///         let add = cx.add().then(cx.draft().set(""));
    ///         assert_eq!(add.to_string(), "@post('?via=Todos::add'); $draft = ''");
    ///         html! { button data-on:click=(add) { "Add" } }
    ///     }
    /// }
    /// # via::__private::render(&Todos { all: vec![], draft: String::new() });
    /// ```
    pub fn then(mut self, next: Self) -> Self {
        self.then.push(next.first);
        self.then.extend(next.then);
        self.modifiers.extend(next.modifiers);
        self
    }

    /// Runs this handler only if a condition is true.
    pub(crate) fn when(mut self, condition: &Source) -> Self {
        if !self.then.is_empty() {
            let steps = [&self.first].into_iter().chain(&self.then);
            let steps: Vec<_> = steps.map(Source::text).collect();
            self.first = Source::atom(format!("[{}]", steps.join(", ")));
            self.then.clear();
        }
        self.first = condition.infix(Level::AND, "&&", &self.first);
        self
    }

    fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        self.modifiers.print(out)?;
        out.write_str(self.first.text())?;
        for step in &self.then {
            out.write_str("; ")?;
            out.write_str(step.text())?;
        }
        Ok(())
    }
}

/// Prints the expression as the browser reads it.
impl fmt::Display for ActionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

impl Render for ActionHandle {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a string never fails.
        let _ = self.print(&mut Escaper::new(buffer));
    }
}

impl fmt::Debug for ActionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Percent-encodes all characters except unreserved ones, and also those in `besides`.
pub(super) fn percent_encode(text: &str, besides: &str, out: &mut String) {
    for byte in text.bytes() {
        if besides.as_bytes().contains(&byte) {
            percent_escape(byte, out);
        } else {
            percent_encode_byte(byte, out);
        }
    }
}

fn percent_encode_byte(byte: u8, out: &mut String) {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            out.push(char::from(byte));
        }
        _ => percent_escape(byte, out),
    }
}

fn percent_escape(byte: u8, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(HEX[usize::from(byte >> 4)]));
    out.push(char::from(HEX[usize::from(byte & 15)]));
}

/// A writer that percent-encodes all bytes except unreserved characters.
struct Percent<'a>(&'a mut String);

impl io::Write for Percent<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for &byte in bytes {
            percent_encode_byte(byte, self.0);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
