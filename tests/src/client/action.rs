//! A call of an action, before it is sent.

use serde_json::{Map, Value, json};

/// What a click sends: the name of an action with its arguments and the page's signals.
#[derive(Debug, Clone)]
pub struct Action {
    name: String,
    args: Vec<Value>,
    signals: Map<String, Value>,
    dirty: Vec<String>,
    number: Option<u64>,
}

impl Action {
    /// A call of `name`, such as `Counter::increment`, without arguments and signals.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            args: Vec::new(),
            signals: Map::new(),
            dirty: Vec::new(),
            number: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, value: impl Into<Value>) -> Self {
        self.args.push(value.into());
        self
    }

    /// Adds the value of a signal that the visitor has not edited.
    #[must_use]
    pub fn signal(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.signals.insert(name.to_owned(), value.into());
        self
    }

    /// Adds the value of a signal that the visitor has edited.
    #[must_use]
    pub fn edited(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.dirty.push(name.to_owned());
        self.signal(name, value)
    }

    /// Sends the call under this number instead of the tab's next one.
    #[must_use]
    pub fn number(mut self, number: u64) -> Self {
        self.number = Some(number);
        self
    }

    /// The number that was set.
    pub(super) fn own_number(&self) -> Option<u64> {
        self.number
    }

    /// The body of the request.
    pub(super) fn body(&self, token: &str, number: u64) -> Value {
        json!({
            "token": token,
            "number": number,
            "action": self.name,
            "args": self.args,
            "signals": self.signals,
            "dirty": self.dirty,
        })
    }
}
