//! Modifiers of an event handler, as in Datastar: when it runs, and what then happens to the event.

use std::{fmt, time::Duration};

use super::action_handle::{ActionHandle, percent_encode};

/// Modifiers in the order of the calls that added them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Modifiers(Vec<(&'static str, String)>);

impl Modifiers {
    /// Adds a modifier, and replaces an earlier one with the same name.
    fn set(&mut self, name: &'static str, options: String) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, options));
    }

    pub(super) fn extend(&mut self, others: Self) {
        for (name, options) in others.0 {
            self.set(name, options);
        }
    }

    /// Prints the modifiers as in the name of an attribute: `__debounce.500ms__prevent `.
    pub(super) fn print(&self, out: &mut impl fmt::Write) -> fmt::Result {
        for (name, options) in &self.0 {
            write!(out, "__{name}{options}")?;
        }
        if self.0.is_empty() {
            Ok(())
        } else {
            out.write_str(" ")
        }
    }
}

/// Modifiers apply to the whole handler, in whatever order you call them. A repeated call replaces the
/// earlier one.
impl ActionHandle {
    fn with(mut self, name: &'static str, options: String) -> Self {
        self.modifiers.set(name, options);
        self
    }

    /// Prevents the default action of the browser.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use via::prelude::*;
    ///
    /// #[via::page("/")]
    /// struct Search {
    ///     #[signal]
    ///     query: String,
    /// }
    ///
    /// #[via::actions]
    /// impl Search {
    ///     fn search(&mut self) {}
    /// }
    ///
    /// impl View for Search {
    ///     fn view(&self, cx: &Cx<Self>) -> Markup {
    ///         let clear = cx.query().set("").key("Escape").prevent();
    ///         assert_eq!(clear.to_string(), "__key.Escape__prevent $query = ''");
    ///         let search = cx.search().debounce(Duration::from_millis(300));
    ///         html! { input data-on:keydown=(clear) data-on:input=(search); }
    ///     }
    /// }
    /// # via::__private::render(&Search { query: String::new() });
    /// ```
    pub fn prevent(self) -> Self {
        self.with("prevent", String::new())
    }

    /// Stops the propagation of the event to the elements around this one.
    pub fn stop(self) -> Self {
        self.with("stop", String::new())
    }

    /// Handles only the first event.
    pub fn once(self) -> Self {
        self.with("once", String::new())
    }

    /// Listens to events outside of this element.
    pub fn outside(self) -> Self {
        self.with("outside", String::new())
    }

    /// Listens to events of the window.
    pub fn window(self) -> Self {
        self.with("window", String::new())
    }

    /// Handles the event in the capture phase, before the elements inside receive it.
    pub fn capture(self) -> Self {
        self.with("capture", String::new())
    }

    /// Registers a passive listener, so that scrolling need not wait for it.
    pub fn passive(self) -> Self {
        self.with("passive", String::new())
    }

    /// Debounces: handles the last event of a burst, after no further event came for this long.
    pub fn debounce(self, quiet: Duration) -> Self {
        self.with("debounce", millis(quiet))
    }

    /// Throttles: handles the first event, and then ignores events for this long.
    pub fn throttle(self, rest: Duration) -> Self {
        self.with("throttle", millis(rest))
    }

    /// Handles only the key with this name, such as `a`, `Enter` or `ArrowDown`. `prevent` and `stop` then
    /// also apply only to this key. Call it again to add a key.
    pub fn key(mut self, name: &str) -> Self {
        let before = self.modifiers.0.iter().find(|(name, _)| *name == "key");
        let mut options = before.map_or_else(String::new, |(_, options)| options.clone());
        options.push('.');
        percent_encode(name, "._", &mut options);
        self.modifiers.set("key", options);
        self
    }
}

fn millis(duration: Duration) -> String {
    format!(".{}ms", duration.as_millis())
}
