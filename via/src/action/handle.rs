//! What happens on an event: actions of the page, and writes to signals.

use std::fmt::{self, Write as _};

use maud::{Escaper, Render};
use serde::Serialize;

use super::modifiers::Modifiers;
use crate::signal::{Level, Source};

/// What happens on an event, step by step: `cx.increment()` is an action of the page with its
/// arguments, [`set`](crate::Signal::set) and [`toggle`](crate::Signal::toggle) write a signal,
/// [`then`](Self::then) puts one after the other.
///
/// It prints an expression for `data-on:..`. An action is a Datastar `@post` on the page's own path.
/// Arguments are JSON in percent encoding, so no text of a user can end the string that holds them.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "it does nothing until it is printed: `data-on:click=(..)`"]
pub struct ActionHandle {
    steps: Vec<Source>,
    pub(super) modifiers: Modifiers,
}

impl ActionHandle {
    /// Called by generated code with the action's stable name and a tuple of its arguments
    /// (`()` where there is none).
    ///
    /// # Panics
    ///
    /// Panics if an argument cannot be written as JSON, which only a hand-written `Serialize`
    /// can bring about.
    #[doc(hidden)]
    pub fn new<A: Serialize>(name: &'static str, arguments: &A) -> Self {
        let json = serde_json::to_string(arguments)
            .unwrap_or_else(|error| panic!("an argument of `{name}` is not JSON: {error}"));
        let mut expression = format!("@post('?via={name}");
        if json != "null" {
            expression.push_str("&args=");
            percent_encode(&json, "", &mut expression);
        }
        expression.push_str("')");
        Self::step(Source::atom(expression))
    }

    /// A single step.
    pub(crate) fn step(source: Source) -> Self {
        Self {
            steps: vec![source],
            modifiers: Modifiers::default(),
        }
    }

    /// Does something else after this. Its [modifiers](Self::prevent) hold for both.
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
        self.steps.extend(next.steps);
        self.modifiers.extend(next.modifiers);
        self
    }

    /// The same, where a condition is true.
    pub(crate) fn when(mut self, condition: &Source) -> Self {
        let all = match &*self.steps {
            [single] => single.clone(),
            steps => {
                let steps: Vec<_> = steps.iter().map(Source::text).collect();
                Source::atom(format!("[{}]", steps.join(", ")))
            }
        };
        self.steps = vec![condition.infix(Level::AND, "&&", &all)];
        self
    }
}

/// The expression as the browser reads it.
impl fmt::Display for ActionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.modifiers)?;
        for (place, step) in self.steps.iter().enumerate() {
            let separator = if place == 0 { "" } else { "; " };
            write!(f, "{separator}{}", step.text())?;
        }
        Ok(())
    }
}

impl Render for ActionHandle {
    fn render_to(&self, buffer: &mut String) {
        // Writing to a string does not fail.
        let _ = write!(Escaper::new(buffer), "{self}");
    }
}

impl fmt::Debug for ActionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Escapes all but unreserved characters, and those of them that are in `besides`.
pub(super) fn percent_encode(text: &str, besides: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~'
                if !besides.as_bytes().contains(&byte) =>
            {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}
