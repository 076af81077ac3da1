//! When and how what happens on an event happens: the modifiers of Datastar.

use std::{fmt, time::Duration};

use super::action_handle::{ActionHandle, percent_encode};

/// Modifiers in the order in which they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Modifiers(Vec<(&'static str, String)>);

impl Modifiers {
    /// A modifier of the same name is replaced.
    fn set(&mut self, name: &'static str, options: String) {
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, options));
    }

    pub(super) fn extend(&mut self, others: Self) {
        for (name, options) in others.0 {
            self.set(name, options);
        }
    }

    /// Prints `__debounce.500ms__prevent `, as in the name of an attribute.
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

/// Modifiers hold for everything that happens on the event, however often and in whatever order they
/// are asked for.
impl ActionHandle {
    fn with(mut self, name: &'static str, options: String) -> Self {
        self.modifiers.set(name, options);
        self
    }

    /// Keeps the browser from doing what it does by itself on the event.
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

    /// Keeps the event from the elements around this one.
    pub fn stop(self) -> Self {
        self.with("stop", String::new())
    }

    /// Happens only the first time.
    pub fn once(self) -> Self {
        self.with("once", String::new())
    }

    /// Listens to events anywhere but in this element.
    pub fn outside(self) -> Self {
        self.with("outside", String::new())
    }

    /// Listens to events of the whole window.
    pub fn window(self) -> Self {
        self.with("window", String::new())
    }

    /// Happens before anything inside of the element hears of the event.
    pub fn capture(self) -> Self {
        self.with("capture", String::new())
    }

    /// Promises not to prevent anything, so that scrolling need not wait.
    pub fn passive(self) -> Self {
        self.with("passive", String::new())
    }

    /// Happens once after a burst of events, when there was none for that long.
    pub fn debounce(self, quiet: Duration) -> Self {
        self.with("debounce", millis(quiet))
    }

    /// Happens on the first event, and then not again for that long.
    pub fn throttle(self, rest: Duration) -> Self {
        self.with("throttle", millis(rest))
    }

    /// Happens, and prevents or stops, only for the key of that name, such as `a`, `Enter` or
    /// `ArrowDown`; when called again, for that one too.
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
